"""The command where it may find itself: other Pythons, other locales, no home, no room, closed streams, Windows' paths.

A reader's way: surroundings.py (a command in odd surroundings) -> test_surroundings.py; pythons.py -> test_pythons.py.
test_windows.py needs no Windows: it holds the code paths against what Windows has and lacks.
"""
