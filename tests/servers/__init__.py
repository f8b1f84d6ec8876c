"""The main paths against index servers that others wrote, on the loopback, and against simulations of other products.

Nothing leaves the machine: the servers know no other index. They come from an environment and a lock of their own
(``requirements/servers.txt``); ``SERVERS_BIN`` names another folder with their executables. nginx is the system's.

A reader's way: packages.py (what is uploaded) -> servers.py, trees.py (how the servers are started and filled),
simulated.py (products that cannot be installed) -> expected.py (what each of them says of the uploads) -> plain.py,
test_expected.py (a client that shares no code with the product asks them, and compares) -> conftest.py ->
test_page_only.py (the product reads them); claims.py (what every stream must do) -> test_pypiserver.py, test_devpi.py.
"""
