"""The model test: random histories of an index, and after every sync the tables of a fresh full one.

A reader's way: changes.py (what can happen to an index) -> destinations.py (where rows go: ``sync`` into DuckDB,
``read`` into a destination that deduplicates) -> tables.py (how tables are compared) -> history.py (a history, and what
should be in the tables after each sync) -> machine.py (random histories) -> test_histories.py (hundreds, the same ones
every time), __main__.py (``make histories``: thousands, others every time), test_examples.py (short ones to read).

What a fresh full sync would not give, and the model expects all the same
    A stream whose documents could not be had, or only as old copies, keeps the rows that it had. So do names that were
    dropped from the choice, streams that are not selected, and, of a run that is taken up again, what it had read.
    Where everything is checked once in some days only, what release documents alone tell of an old release (its
    advisories) may come with that check; with the whole index, so may all that leaves the serial where it was.
    Where removals are not tracked, ``read`` leaves rows behind that are gone.
"""
