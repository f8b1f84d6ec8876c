"""What costs rows although the promises hold: left out of the random histories, and shown in the scenarios."""

HISTORIES = frozenset({"releases-missing", "releases-null", "releases-type"})
"""Faults that cost rows by what is documented: versions without files go with a document's `releases`."""
