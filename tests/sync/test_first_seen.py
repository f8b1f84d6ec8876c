"""sync/first_seen.py: when a sync first saw a file of which the index gives no upload time, in several runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from source_pypi.api import read
from source_pypi.sync.first_seen import DIGEST, packed, times_of
from source_pypi.sync.state_codec import pack_row, pack_text, unpack_row, unpack_text
from tests.fake_index import FakeIndex
from tests.fake_index.documents import View, page_html, page_json
from tests.memory_store import DAY, NOW, MemoryStore
from tests.sync.helpers import Connect

SHOWN = ["versions", "files"]
FIRST = datetime.fromtimestamp(NOW, UTC).isoformat().replace("+00:00", "Z")
NEXT = datetime.fromtimestamp(NOW + DAY, UTC).isoformat().replace("+00:00", "Z")
LATER = datetime.fromtimestamp(NOW + 2 * DAY, UTC).isoformat().replace("+00:00", "Z")


def publish(fake: FakeIndex, *filenames: str) -> None:
    """Serve a page as HTML, which has no upload times, with these files of foo, and no project document."""
    for filename in filenames:
        if fake.world.file(filename) is None:
            fake.world.upload("foo", filename.split("-")[1], filename=filename)
    fake.world.override("/pypi/foo/json", b"{}", status=404)
    show(fake, *filenames)


def show(fake: FakeIndex, *filenames: str) -> None:
    """Serve the page with these files alone."""
    lines = page_html(fake.world.projects["foo"], View(fake.url)).decode().splitlines()
    shown = [line for line in lines if "<a " not in line or any(f">{name}<" in line for name in filenames)]
    fake.world.override("/simple/foo/", "\n".join(shown).encode(), "text/html")


def seen(store: MemoryStore, stream: str = "files") -> dict[str, Any]:
    """``first_seen_at`` by file name or version."""
    field = {"files": "filename", "versions": "version"}[stream]
    return {row[field]: row["first_seen_at"] for row in store.tables()[stream]}


#: The media type of a page as JSON.
PAGE_TYPE = "application/vnd.pypi.simple.v1+json"
A, B, C = "foo-1.0-py3-none-any.whl", "foo-1.0-py2-none-any.whl", "foo-2.0-py3-none-any.whl"


def test_new_files_have_the_time_of_their_sync(fake: FakeIndex, connect: Connect) -> None:
    """Files of the first sync have its time, later ones their own; a version has the earliest of its files."""
    publish(fake, A)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], SHOWN)
    assert (seen(store), seen(store, "versions")) == ({A: FIRST}, {"1.0": FIRST})
    publish(fake, A, B, C)
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + DAY)
    assert seen(store) == {A: FIRST, B: NEXT, C: NEXT}
    assert seen(store, "versions") == {"1.0": FIRST, "2.0": NEXT}
    assert store.tables()["files"] == store.merged()["files"]


def test_time_survives_changes(fake: FakeIndex, connect: Connect) -> None:
    """A yank, an unchanged sync and a full check do not change the time."""
    publish(fake, A, C)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], SHOWN)
    for days, full_check_days in ((1, 7), (2, 0)):
        store.sync(fake, index, ["foo"], SHOWN, at=NOW + days * DAY, full_check_days=full_check_days)
        assert store.rows == {}
    fake.world.yank("foo", "1.0", "bad")
    show(fake, A, C)
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + 3 * DAY)
    assert store.rows == {"versions": 2, "files": 2}
    assert seen(store) == {A: FIRST, C: FIRST}


def test_file_that_comes_back_has_a_new_time(fake: FakeIndex, connect: Connect) -> None:
    """A file that disappeared and is there again is a new one."""
    publish(fake, A, C)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], SHOWN)
    show(fake, C)
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + DAY)
    assert seen(store) == {C: FIRST}
    show(fake, A, C)
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + 2 * DAY)
    assert seen(store) == {A: LATER, C: FIRST}


def test_upload_time_that_comes_and_goes_keeps_the_time(fake: FakeIndex, connect: Connect) -> None:
    """While the index gives the upload time of a file, the column is null; afterwards it has the first time again."""
    publish(fake, A)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], SHOWN)
    fake.world.override("/simple/foo/", page_json(fake.world.projects["foo"], View(fake.url)), PAGE_TYPE)
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + DAY)
    assert (seen(store), seen(store, "versions")) == ({A: None}, {"1.0": None})
    publish(fake, A, C)
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + 2 * DAY)
    assert seen(store) == {A: FIRST, C: LATER}


def test_upload_time_of_the_index_is_enough(fake: FakeIndex, connect: Connect) -> None:
    """Where the index gives upload times, the column is null, and state keeps nothing."""
    fake.world.add("foo")
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], SHOWN)
    assert set(seen(store).values()) == set(seen(store, "versions").values()) == {None}
    assert {state.first_seen for state in store.states["foo"].values()} == {()}


def test_stream_that_is_added_later_has_the_same_times(fake: FakeIndex, connect: Connect) -> None:
    """A stream that joins takes the times of the other one."""
    publish(fake, A)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    store.sync(fake, index, ["foo"], ["versions"], at=NOW + DAY)
    assert seen(store, "versions") == {"1.0": FIRST}


def test_clock_that_ran_ahead(fake: FakeIndex, connect: Connect) -> None:
    """A time in the future is never later than the row's seen_at."""
    publish(fake, A)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + 400 * DAY)
    publish(fake, A, C)
    store.sync(fake, index, ["foo"], SHOWN, at=NOW)
    assert seen(store) == {A: FIRST, C: FIRST}
    assert [batch.seen_at.timestamp() for batch in store.batches] == [NOW]


def test_state_of_an_earlier_version(fake: FakeIndex, connect: Connect) -> None:
    """State without times is read on: all files have the time of this sync."""
    publish(fake, A)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], SHOWN)
    for name, state in store.states["foo"].items():
        store.states["foo"][name] = replace(state, settings_digest=b"old.", first_seen=())
    store.sync(fake, index, ["foo"], SHOWN, at=NOW + DAY)
    assert seen(store) == {A: NEXT}


def test_states_are_encoded_with_times(fake: FakeIndex, connect: Connect) -> None:
    """Both encodings keep the times; of a thousand files they take some eight bytes each."""
    publish(fake, A, C)
    store = MemoryStore(keys=False)
    store.sync(fake, connect(fake), ["foo"], [*SHOWN, "projects"])
    states = store.states["foo"]
    assert states["files"].first_seen == packed({A: NOW, C: NOW})
    assert unpack_row(pack_row("foo", states)) == states
    assert {name: unpack_text(pack_text(state)) for name, state in states.items()} == states
    many = packed({f"foo-{number}.tar.gz": NOW + number // 500 for number in range(1000)})
    assert sum(len(digests) for _, digests in many) == 1000 * DIGEST
    without = len(pack_row("foo", states).packed)
    large = {name: replace(state, first_seen=many) for name, state in states.items()}
    assert len(pack_row("foo", large).packed) - without < 1000 * DIGEST + 100


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], 9),
        ([packed({"a": 5})], 5),
        ([packed({"a": 7}), packed({"a": 5})], 5),
        ([packed({"a": 12})], 9),
        ([packed({"b": 5})], 9),
        ([((-4, packed({"a": 0})[0][1]),)], 0),
        ([((5, b"odd"),)], 9),
    ],
    ids=str,
)
def test_times(known: list[Any], expected: int) -> None:
    """The earliest known time counts, but none before 1970 or in the future."""
    assert times_of(["a"], known, 9) == {"a": expected}


def test_library(serve: Callable[..., FakeIndex]) -> None:
    """The library keeps no state: the time is that of the read."""
    fake = serve()
    publish(fake, A)
    before = datetime.now(UTC).replace(microsecond=0)
    (row,) = read("files", ["foo"], index_url=fake.url, requests_per_second=0)
    assert row.uploaded_at is None
    assert before <= row.first_seen_at <= datetime.now(UTC)
