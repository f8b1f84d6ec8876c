"""OSV's export and API on the loopback, for tests and benchmarks.

    database = Database()
    database.publish(record("PYSEC-2024-1", "flask", events=[{"introduced": "0"}, {"fixed": "2.0"}]))
    with FakeAdvisories(database) as fake:
        fake.fault("all.zip", Fault(503))
        ... read from fake.url ...

database.py (records and exports), records.py (records, also random ones), evaluation.py (which versions a record
affects, after the specification), server.py (the bucket and the API).
"""

from tests.fake_advisories.database import Database
from tests.fake_advisories.records import random_records, record
from tests.fake_advisories.server import FakeAdvisories, Fault

__all__ = ["Database", "FakeAdvisories", "Fault", "random_records", "record"]
