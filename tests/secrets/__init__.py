"""The output of every command is searched for secrets: whole, in pieces, percent-encoded, in base64.

Read hidden.py first (the secrets and the search), then command.py (a command with secrets in its environment, and its
output), then the tests. Those of databases and dlt are in tests/warehouses.
"""
