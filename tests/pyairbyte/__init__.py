"""The connector under PyAirbyte, which loads from the fake index into DuckDB.

No request leaves the machine: PyAirbyte runs offline, and its home, logs and caches are in folders of the tests. It has
its own environment and lock (``requirements/pyairbyte.txt``), since its pins conflict with those of the connector.
``PYAIRBYTE_BIN`` names another folder with its executables. The tests are skipped on Python 3.13 and newer, where it
cannot be installed.

``inside.py`` runs in PyAirbyte's environment, ``environment.py`` starts it, ``connector.py`` records how the executable
is called, and ``user.py`` uses them.
"""
