"""Warehouses for real: PostgreSQL started on the loopback, SQLite, Parquet, loaded through dlt from an index like ours.

A reader's way: postgres.py (the server) -> places.py (a place to load into, and what is in it) -> syncing.py (a sync,
and what a plain read gives) -> test_*.py. They run in an environment of their own: ``make warehouses``.
"""
