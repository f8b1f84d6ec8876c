"""The connector under PyAirbyte, a user of the Airbyte protocol that others wrote: into DuckDB, from the fake index.

Nothing leaves the machine, and nothing is left behind in it: PyAirbyte is told to be offline, and its home, its logs
and its caches lie in folders of the tests. It comes from an environment and a lock of its own
(``requirements/pyairbyte.txt``: its pins fight ours); ``PYAIRBYTE_BIN`` names another folder with its executables.
Where it does not install (Python 3.13 and newer), the tests are skipped.

A reader's way: inside.py (what runs in PyAirbyte's environment) -> environment.py (how that is started and asked) ->
connector.py (our executable, and what is handed to it) -> user.py (somebody who uses both) -> conftest.py ->
test_commands.py, test_loading.py, test_failing.py, test_messages.py.
"""
