"""What is left of a run that was killed: the real command in a process of its own, killed at any moment, and again.

A reader's way: worlds.py (an index, and what changes in it) -> command.py (the command, and how it is killed) ->
tables.py (what a DuckDB file holds), platform.py (what an Airbyte destination makes of lines) -> syncing.py, reading.py
(rounds: killed several times, then left to end, then compared) -> test_*.py (few rounds), __main__.py (many).
"""
