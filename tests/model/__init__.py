"""The model test: random histories of an index; after every sync, the tables must be those of a full sync.

Read in this order: changes.py (what can happen to an index), destinations.py (where rows go: ``sync`` into DuckDB,
``read`` into a destination that deduplicates), tables.py (how tables are compared), history.py (a history, and what
should be in the tables after each sync), machine.py (random histories), test_histories.py (hundreds, the same ones
every time), __main__.py (``make histories``: thousands, others every time), test_examples.py (short ones),
test_services.py (an index with other services).

The tables may differ from those of a full sync in these ways
    A stream whose documents could not be read, or only as old copies, keeps its rows. So do projects that are no longer
    selected, streams that are not selected, and projects that a continued run had read.
    If full checks are made once in some days only, changes that only a release document shows (advisories of an old
    release) may come with that check; with the whole index, so may all changes that do not move the serial.
    If deleted rows are not tracked, ``read`` leaves them in place.
"""
