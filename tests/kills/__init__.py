"""Kill a run at any moment, run again, compare with a run that was not killed.

The command runs in a process of its own. Read in this order: worlds.py (an index, and its changes between two runs);
command.py (the command, and when it is killed); tables.py (the content of a DuckDB file); platform.py (what an Airbyte
destination makes of messages); syncing.py and reading.py (rounds: several kills, then a run to the end, then the
comparison); test_*.py (a few rounds), __main__.py (many).
"""
