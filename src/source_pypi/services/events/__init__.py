"""The index's journal of events, by XML-RPC (beyond-index.md 2)."""
