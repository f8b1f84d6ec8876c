"""Fuzzing: any document or file gives rows that match their schema, or an error of one line.

    python -m tests.fuzz COUNT [SEED] [--target NAME]

A reader's way: nasty.py (what is put in) -> mutation.py (how) -> seeds.py (into what) -> documents.py, files.py,
states.py (who reads it, and what must hold) -> targets.py (all of them) -> running.py (so many, and how long each
took) -> __main__.py. A seed gives the same inputs again; what was found is a test in the test file of its module.
"""
