"""The command in unusual environments: other Pythons and locales, no home, full disks, closed streams, Windows' paths.

Read in this order: surroundings.py (runs a command), test_surroundings.py; pythons.py, test_pythons.py.
test_windows.py needs no Windows: it tests the code without what Windows lacks, and with Windows' paths.
"""
