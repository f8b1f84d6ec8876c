"""Readers of state: the state file of a platform, and the table ``_state``."""

import atexit
import shutil
import tempfile
from functools import cache

import duckdb
import msgspec

from source_pypi.airbyte.inputs import read_state
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.preparation import VERSION
from source_pypi.destinations.state import forget
from source_pypi.destinations.store import RunRow
from source_pypi.errors import StateError
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.sync.state_codec import PackedState, pack_row, unpack_text
from source_pypi.sync.stream_states import StreamStates
from tests.fuzz.files import placed
from tests.fuzz.seeds import seen
from tests.streams import ROOT

_NAMES = [stream.name for stream in STREAMS if stream.incremental]
_TERMS = dict.fromkeys(("files", "versions"), b"term")


def state(body: bytes) -> None:
    """The state of a platform: read, asked, added to and written."""
    states = StreamStates(_NAMES, read_state(placed("state.json", body)), ROOT, keys=True, now=1_700_000_100.0)
    for error in states.unreadable.values():
        assert isinstance(error, StateError)
        assert str(error).isprintable()
    states.load(["foo", "", "bar"])
    list(states.summaries({name: term for name, term in _TERMS.items() if name not in states.unreadable}))
    for name in set(_NAMES) - states.unreadable.keys():  # the others are not read
        states.save(name, "foo", seen())
        msgspec.json.encode(states.to_message(name))


def packed_text(body: bytes) -> None:
    """The state of a project, as text."""
    try:
        unpack_text(body.decode("latin-1"))
    except ValueError as error:  # which those who read it tell as a StateError, with the place
        raise StateError("files", "broken") from error


@cache
def _loader() -> Loader:
    """A loader into a DuckDB file that stays open: to open one takes most of the time."""
    folder = tempfile.mkdtemp(prefix="source-pypi-fuzz-")
    loader = Loader(DuckdbStore(f"{folder}/x.duckdb"), choose_streams(["files", "versions"]), root=ROOT)
    loader.__enter__()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(loader.__exit__, None, None, None)
    return loader


def row_seed() -> bytes:
    """A row of ``_state``, as JSON: its bytes in hexadecimal."""
    row = pack_row("foo", {"files": seen(), "versions": seen()})
    return msgspec.json.encode({**row._asdict(), "packed": row.packed.hex()})


def table_row(body: bytes) -> None:
    """A row of the table ``_state`` that somebody else changed; what its columns cannot hold was never in it."""
    loader = _loader()
    assert isinstance(loader._store, DuckdbStore)
    connection = loader._store.connection
    try:
        row = msgspec.json.decode(body)
        values = [row[name] for name in PackedState._fields[:-1]]
        packed = bytes.fromhex(row["packed"])
        connection.execute("DELETE FROM _state")
        connection.execute("INSERT INTO _state VALUES (?, ?, ?, ?, ?, ?)", [*values, packed])
    except (msgspec.DecodeError, duckdb.Error, ValueError, TypeError, KeyError, RuntimeError, RecursionError):
        return
    loader.load(["foo"])
    list(loader.summaries(_TERMS))
    forget(loader._store, RunRow(VERSION, ROOT, None), {"files"})
