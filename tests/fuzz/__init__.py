"""Fuzzing: whatever stands in a document or a file, it makes rows that their schema knows, or one line of an error.

    python -m tests.fuzz COUNT [SEED] [--target NAME]

A reader's way: nasty.py (what is put in) -> mutation.py (how) -> seeds.py (into what) -> documents.py, files.py,
states.py (who reads it, and what must hold) -> targets.py (all of them) -> running.py (so many, and how long each
took) -> __main__.py. A seed gives the same inputs again; what was found is a test in the test file of its module.
"""
