"""A package index on the loopback, for tests and benchmarks: a real HTTP server over a described world.

    world = World()
    world.add("Flask", releases=["1.0", "2.0"], summary="A framework", owner="alice")
    with FakeIndex(world) as index:
        index.fault("/pypi/flask/json", faults.too_many("1"))
        ... read from index.url ...
        assert index.repeated == []

A reader's way: model.py (what there is) -> world.py (how it changes) -> versions.py, documents.py, feeds.py
(what is shown of it) -> negotiation.py, headers.py, site.py (which address shows what) -> prepare.py (ETag,
gzip) -> wire.py, server.py (sockets); faults.py (what goes wrong); generate.py, __main__.py (large worlds);
client.py (a plain client, for the fake's own tests: test_lifecycle.py, test_serving.py, ../test_fake_index.py).
Behaviour is that of index-api.md, the reference; comments name its sections.
"""

from tests.fake_index import faults
from tests.fake_index.faults import Fault
from tests.fake_index.generate import generated_world
from tests.fake_index.model import (
    File,
    JournalEntry,
    Project,
    Release,
    Role,
    Vulnerability,
    advisory,
    normalize,
)
from tests.fake_index.prepare import etag_of
from tests.fake_index.server import FakeIndex, Request
from tests.fake_index.world import World

__all__ = [
    "FakeIndex",
    "Fault",
    "File",
    "JournalEntry",
    "Project",
    "Release",
    "Request",
    "Role",
    "Vulnerability",
    "World",
    "advisory",
    "etag_of",
    "faults",
    "generated_world",
    "normalize",
]
