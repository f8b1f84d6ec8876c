"""The Dockerfile, replayed where there is no Docker: each stage in a folder and a virtual environment of its own.

A reader's way: dockerfile.py (what the file says) -> replay.py (doing it) -> test_image.py.
"""
