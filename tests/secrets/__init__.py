"""Secrets, searched for in everything that every command writes: whole, in pieces, percent-encoded, in base64.

A reader's way: hidden.py (the secrets, and the search) -> command.py (a command in an environment full of them, and all
that it wrote) -> the tests. Those of databases and of dlt are beside the others of the warehouses.
"""
