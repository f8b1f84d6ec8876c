"""Loads many events of a journal into DuckDB: CPU and memory of a first sync, and of one with a page more.

Usage: ``python -m benchmarks.events [EVENTS]``, by default 500,000 events.

The sync runs in a process of its own, whose CPU time is measured: the fake index makes each response when it is
requested. The rate limit of one request per second is off; with it, a page takes a second at least.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fake_index import FakeIndex, World
from tests.fake_index.model import JournalEntry
from tests.fake_index.xmlrpc import Quota

EVENTS = 500_000
#: Of every hundred events, as in a day of the public index (estimated): most are files.
ACTIONS = (
    *["add py3 file {name}-{version}-py3-none-any.whl"] * 38,
    *["add source file {name}-{version}.tar.gz"] * 28,
    *["new release"] * 24,
    *["create", "add Owner user{number}", "yank release", "remove release", "remove project"] * 2,
)


def journal(count: int) -> list[JournalEntry]:
    """A journal of so many events of 50,000 projects; always the same."""
    random_ = random.Random(1)
    serial, entries = 24_000_000, list[JournalEntry]()
    for number in range(count):
        serial += random_.choice((1, 1, 1, 2))
        name, version = f"Project.{random_.randrange(50_000)}", f"{number % 90}.{number % 7}.0"
        action = random_.choice(ACTIONS).format(name=name.lower(), version=version, number=number)
        of_project = action.startswith(("create", "add Owner", "remove project"))
        entries.append(JournalEntry(name, None if of_project else version, 1_700_000_000 + number, action, serial))
    return entries


def sync(url: str, into: Path) -> None:
    """One sync of all events in this process, without the rate limit; print CPU seconds and peak memory in MB."""
    from source_pypi.config import make_config
    from source_pypi.destinations.duckdb.store import DuckdbStore
    from source_pypi.destinations.loader import Loader
    from source_pypi.http.client import Client
    from source_pypi.selection import Selection
    from source_pypi.services.events.api import Events, journal_url
    from source_pypi.services.events.journal import Journal
    from source_pypi.streams import choose_streams
    from source_pypi.sync.services import service_batches

    streams, config = choose_streams(["events"]), make_config({"index_url": url})
    service = Events(Journal(Client(requests_per_second=0), journal_url(config)), "0")
    with Loader(DuckdbStore(str(into)), streams) as loader:
        for batch in service_batches({"events": service}, streams, Selection(), loader):
            for error in batch.failures.values():
                raise error
            loader.add(batch)
        loader.finish()
        loader.commit()
        rows = loader.totals()["events"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows:,} rows: {time.process_time():.1f} s of CPU, {memory:.0f} MB")


def measure(count: int) -> None:
    """Measure a first sync of a journal, then one with ten thousand events more."""
    entries = journal(count + 10_000)
    shown = [count]
    with tempfile.TemporaryDirectory() as folder, FakeIndex(World(), strict=False) as index:
        assert index.xmlrpc is not None
        index.xmlrpc.journal = lambda: entries[: shown[0]]
        index.xmlrpc.quota = Quota(10**6)
        into = Path(folder) / "events.duckdb"
        for shown[0] in (count, count + 10_000):
            subprocess.run([sys.executable, "-m", "benchmarks.events", index.url, str(into)], check=True)
            print(f"    {index.take_sent()[1] / 1e6:.1f} MB received, file of {into.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        sync(sys.argv[1], Path(sys.argv[2]))
    else:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
