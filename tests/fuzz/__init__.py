"""Fuzzing: any document or file gives rows that match their schema, or an error of one line.

    python -m tests.fuzz COUNT [SEED] [--target NAME]

Read in this order: nasty.py (hostile values), mutation.py (changes), seeds.py (valid inputs), documents.py, files.py
and states.py (readers, and what must hold), targets.py (all of them), running.py (counts and times), __main__.py. A
seed gives the same inputs again. Each find has become a test in the test file of its module.
"""
