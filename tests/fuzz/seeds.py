"""The valid inputs that are mutated: documents of the fake index, recordings, and files of every kind."""

import json
from functools import cache
from typing import Any

import msgspec

from source_pypi.services.index.documents import ABSENT, Fingerprint
from source_pypi.sync.state import Partition, ProjectState
from source_pypi.sync.state_codec import pack_text
from tests.fake_index import World, feeds
from tests.fake_index.documents import View, listing_json, page_json, project_document, release_document, stats_json
from tests.recordings import NAMES, recorded
from tests.streams import ROOT
from tests.streams.provenance import attestation, bundle, provenance
from tests.streams.test_streams import INVALID, rich

#: Versions that are kept of a recorded document; the others are similar.
_KEPT = 3


@cache
def world() -> World:
    """A world with one project that has all kinds of data."""
    return rich()


def projects() -> list[bytes]:
    """Project documents: complete, invalid, minimal and recorded."""
    found = world().projects["foo"]
    made = [project_document(found, View(ROOT, poverty=poverty)) for poverty in (False, True)]
    real = [json.loads(recorded(name).body) for name in NAMES]
    for document in real:
        document["releases"] = dict(list(document["releases"].items())[:_KEPT])
        document["info"]["description"] = document["info"]["description"][:200]
    return [body for body in made if body] + [
        json.dumps(document).encode() for document in (*real, _invalid_field_warnings())
    ]


def _invalid_field_warnings() -> Any:
    """The invalid document without the number that ``json`` refuses."""
    return {key: value for key, value in INVALID.items() if key != "releases"}


def releases() -> list[bytes]:
    """Release documents."""
    found = world().projects["foo"]
    return [release_document(found, release, View(ROOT)) for release in found.releases.values()]


def pages() -> list[bytes]:
    """Project pages."""
    return [page_json(world().projects["foo"], View(ROOT))]


def listings() -> list[bytes]:
    """Lists of projects."""
    return [listing_json(world().projects.values(), world().serial)]


def statistics() -> list[bytes]:
    """Statistics."""
    return [stats_json(world().projects.values())]


def provenances() -> list[bytes]:
    """Provenance documents."""
    return [json.dumps(provenance(bundle(attestation()), bundle(attestation(), {}))).encode()]


def rss() -> list[bytes]:
    """Both feeds."""
    found = world().projects.values()
    return [feeds.updates(found, ROOT), feeds.packages(found, ROOT)]


def metadata() -> list[bytes]:
    """METADATA files."""
    return [
        b"Metadata-Version: 2.4\nName: a\nVersion: 1.0\nSummary: x\nKeywords: a,b\nProject-URL: Docs, http://x.test\n"
        b"Requires-Dist: b[c]>=1; extra == 'd'\nProvides-Extra: d\nDynamic: License-File\nClassifier: A :: B\n"
        b"Description-Content-Type: text/markdown\nX-Odd: 1\n\n# a\n\nText\n",
        b"Metadata-Version: 1.1\nName: a\nVersion: 1\nDescription: UNKNOWN\n        more\nContent-Type: text/plain\n",
    ]


# Files --------------------------------------------------------------------------------------------------------

REQUIREMENTS = (
    b"# comment\nflask==3.0.0 ; python_version >= '3.8' \\\n    --hash=sha256:00\nrequests[socks]>=2,<3  # why\n"
    b"-e git+https://user:pw@host.test/x.git#egg=x\n-r other.txt\n-c constraints.txt\n./local\n"
    b"a @ https://host.test/a.whl\n--index-url https://host.test/simple\n${HOME}/x\nb.whl\n"
)
LOCKS: dict[str, bytes] = {
    "pyproject.toml": b"""[project]
name = "x"
dependencies = ["a>=1", "b[c]; extra == 'd'", "e @ https://host.test/e.whl"]
optional-dependencies = { d = ["f==1"] }
dynamic = ["version"]
[dependency-groups]
dev = ["g", { include-group = "test" }]
test = ["h==2"]
[tool.poetry.dependencies]
python = "^3.9"
i = "1.0"
j = { git = "https://host.test/j.git" }
k = [{ version = "1", python = "<3" }, { version = "2" }]
[tool.poetry.group.docs.dependencies]
l = { version = "==1", extras = ["m"] }
[tool.uv.sources]
a = { path = "../a" }
""",
    "uv.lock": b"""version = 1
[[package]]
name = "a"
version = "1.0"
source = { registry = "https://host.test/simple" }
[[package]]
name = "b"
version = "2"
source = { editable = "." }
""",
    "poetry.lock": b"""[[package]]
name = "a"
version = "1.0"
[[package]]
name = "b"
version = "2"
[package.source]
type = "git"
url = "https://host.test/b.git"
""",
    "pdm.lock": b"""[[package]]
name = "a"
version = "1.0"
extras = ["x"]
[[package]]
name = "b"
git = "https://host.test/b.git"
""",
    "pylock.toml": b"""lock-version = "1.0"
created-by = "x"
[[packages]]
name = "a"
version = "1.0"
marker = "sys_platform == 'win32'"
wheels = [{ url = "https://host.test/a-1.0-py3-none-any.whl", hashes = { sha256 = "00" } }]
[[packages]]
name = "b"
vcs = { type = "git", url = "https://host.test/b.git", commit-id = "00" }
""",
    "Pipfile.lock": b'{"_meta":{"hash":{}},"default":{"a":{"version":"==1.0","extras":["x"]},"b":{"git":"https://x"}},'
    b'"develop":{"c":{"version":"*"}}}',
}
CONFIG = {
    "projects": ["flask", "requests==2.31.0"], "project_name": "a", "version": "1.0", "requirements": "b>=1\nc==2",
    "exclude": ["d*"], "releases": "all", "index_url": "https://user:pw@host.test/simple", "index_username": "u",
    "index_password": "p", "contact": "a@b.test", "requests_per_second": 5, "max_concurrency": 2,
    "request_timeout_seconds": 30, "full_check_days": 7, "follow_dependencies": 1, "whole_index": False,
}  # fmt: skip
CATALOG = {
    "streams": [
        {"stream": {"name": name, "json_schema": {}}, "sync_mode": mode, "destination_sync_mode": "append"}
        for name, mode in (("files", "incremental"), ("stats", "full_refresh"), ("unknown", "incremental"))
    ]
}


def seen() -> ProjectState:
    """A state of a stream, with all kinds of data."""
    fingerprint = Fingerprint(b"~" + bytes(16), 7)
    times = ((1_699_000_000, bytes(16)), (1_700_000_000, bytes(range(8))))
    parts = {"1.0": Partition(b"123456", fingerprint, (("a.whl",), ("b.whl",))), "": Partition(b"000000")}
    return ProjectState(1_700_000_000, b"term", True, 7, {"d": fingerprint, "p": ABSENT}, parts, ("a>=1",), times)


def states() -> list[bytes]:
    """State files of a platform."""
    told = {"version": 1, "index": ROOT, "unfinished": 1_700_000_000, "projects": {"foo": pack_text(seen()), "": "x"}}
    streams = [{"stream_descriptor": {"name": name}, "stream_state": told} for name in ("files", "versions")]
    by_stream = [{"type": "STREAM", "stream": stream} for stream in streams]
    at_once = [{"type": "GLOBAL", "global": {"shared_state": None, "stream_states": streams}}]
    return [msgspec.json.encode(by_stream), msgspec.json.encode(at_once)]
