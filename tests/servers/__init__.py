"""The main paths against index servers that others wrote: pypiserver and devpi-server, on the loopback.

Nothing leaves the machine: the servers know no other index. They come from an environment and a lock of their own
(``requirements/servers.txt``); ``SERVERS_BIN`` names another folder with their executables.

A reader's way: packages.py (what is uploaded) -> servers.py (how the servers are started and filled) -> conftest.py ->
claims.py (what every stream must do) -> test_pypiserver.py, test_devpi.py.
"""
