"""``python benchmarks/listed_index.py``: an index that lists very many projects, and a database that has seen them all.

The first line that it prints is the index's address, once the database is written. A part of the projects has moved
since they were seen: these are there to be visited; of the others there is nothing but the list.
"""

import argparse
import json
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace
from packaging.utils import NormalizedName

sys.path.insert(0, str(Path(__file__).parent.parent))

from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.state import CODES, DIGEST, Partition, ProjectState, settings_digest_of
from tests.fake_index import FakeIndex, World

#: About where the public index's counter is (index-api.md 15).
SERIAL = 40_000_000
#: Projects whose state is written at once.
AT_ONCE = 50_000
_SYLLABLES = ("py", "data", "lib", "core", "net", "auto", "ml", "io", "api", "kit", "x", "tools", "zen", "flow", "ia")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the database, then serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listed", type=int, required=True)
    parser.add_argument("--moved", type=int, required=True)
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args(arguments)
    names = project_names(options.listed)
    moved = set(random.Random(1).sample(names, options.moved))
    world = World(serial=SERIAL)
    for name in sorted(moved):
        world.add(name)
    world.override("/simple/", listing(names, world), JSON_PAGE)
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    with FakeIndex(world, strict=False, record=False) as index:
        remember(names, options.into, index.url)
        sys.stdout.write(f"{index.url}\n")
        sys.stdout.flush()
        end.wait()


def project_names(count: int) -> list[str]:
    """Names like those of real projects, in their order: 13 characters in the mean."""
    chance = random.Random(0)
    names: set[str] = set()
    while len(names) < count:
        syllables = chance.choices(_SYLLABLES, k=2)
        digits = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=5))
        names.add("-".join((*syllables, digits)))
    return sorted(names)


def serial_of(number: int) -> int:
    """The serial at which the project of this number was seen."""
    return 1_000_000 + number * 50


def listing(names: Sequence[str], world: World) -> bytes:
    """The list, with the serials at which projects were seen, or that of those that have moved since."""
    projects = [
        {"_last-serial": serial_of(number) if (found := world.get(name)) is None else found.last_serial, "name": name}
        for number, name in enumerate(names)
    ]
    listed = {"meta": {"_last-serial": world.serial, "api-version": "1.4"}, "projects": projects}
    return json.dumps(listed, separators=(",", ":")).encode() + b"\n"


def remember(names: Sequence[str], into: Path, root: str) -> None:
    """Write the state of a sync of all projects, a little in the future: no project becomes due meanwhile."""
    store = DuckdbStore(str(into))
    store.limits = replace(store.limits, unchanged_projects=AT_ONCE)
    with Loader(store, choose_streams(None), root=root) as loader:
        for start in range(0, len(names), AT_ONCE):
            for project, states in _states(names, start, int(time.time()) + 3600):
                changes = {stream: Change(state) for stream, state in states.items()}
                loader.add(Batch(project, datetime.now(UTC), changes))
        loader.finish()


def _states(names: Sequence[str], start: int, checked_at: int) -> Iterator[tuple[str, dict[str, ProjectState]]]:
    chance = random.Random(start)
    digests = {
        stream.name: settings_digest_of(
            stream, SelectedProject(NormalizedName("")), "latest", use_core_metadata=False, keys=False
        )
        for stream in choose_streams(None)
    }
    for number, name in enumerate(names[start : start + AT_ONCE], start):
        serial = serial_of(number)
        fingerprints = {CODES[DocumentKind.PROJECT]: Fingerprint(b"~" + chance.randbytes(16), serial)}
        yield (
            name,
            {
                stream: ProjectState(
                    checked_at, one, True, serial, fingerprints, {"": Partition(chance.randbytes(DIGEST))}
                )
                for stream, one in digests.items()
            },
        )


if __name__ == "__main__":
    main()
