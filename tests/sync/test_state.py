"""sync/state.py: what a stream read of a project, its summary, and the digest of the settings it depends on."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.state import (
    CODES,
    WHOLE_INDEX,
    NoState,
    Partition,
    ProjectState,
    ProjectSummary,
    is_absent,
    settings_digest_of,
    summary_for,
    summary_of,
)

FOO = SelectedProject(NormalizedName("foo"))
PINNED = SelectedProject(NormalizedName("foo"), ("1.0",), unpinned=False)
VERSIONS, FILES, DEPENDENCIES, RELEASE = choose_streams(["versions", "files", "dependencies", "release"])


def state(
    fingerprint: Fingerprint = UNKNOWN, *, checked_at: int = 100, serial: int | None = 7, **partitions: Partition
) -> ProjectState:
    """The state of a stream that read the project document."""
    fingerprints = {CODES[DocumentKind.PROJECT]: fingerprint}
    return ProjectState(checked_at, b"term", True, serial, fingerprints, partitions)


def test_fingerprints_of_documents_and_partitions() -> None:
    """A document that a project has once has its fingerprint by kind, the others by name; unknown ones have none."""
    one, other = Fingerprint(b"one", 1), Fingerprint(b"other", 2)
    found = state(one, first=Partition(b"digest", other), second=Partition(b"digest"))
    assert [found.fingerprint(DocumentKind.PROJECT), found.fingerprint(DocumentKind.PAGE)] == [one, UNKNOWN]
    assert [found.fingerprint(DocumentKind.RELEASES, name) for name in ("first", "second", "third", "")] == [
        other,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
    ]


def test_summary_has_the_lowest_serial_and_the_earliest_time() -> None:
    """A summary has the lowest serial and the earliest time; a project is absent if it was to all streams."""
    states = [state(checked_at=100, serial=7), state(checked_at=90, serial=9)]
    assert summary_of("foo", states) == ProjectSummary("foo", 7, 90, absent=False)
    assert summary_of("foo", [*states, state(serial=None)]) == ProjectSummary("foo", None, 90, absent=False)
    assert summary_of("foo", [*states, state(ABSENT)]) == ProjectSummary("foo", 7, 90, absent=False)
    assert summary_of("foo", [state(ABSENT), state(ABSENT)]).absent
    assert [is_absent(state(ABSENT)), is_absent(state(UNKNOWN))] == [True, False]


def test_summary_is_comparable_if_all_selected_streams_have_these_settings() -> None:
    """A selected stream without state, or with other settings, makes a summary incomparable; others do not count."""
    both = {"files": state(checked_at=100, serial=7), "versions": state(checked_at=90, serial=9)}
    digests = {"files": b"term", "versions": b"term"}
    comparable = ProjectSummary("foo", 7, 90, absent=False)
    assert summary_for("foo", both, digests) == comparable
    assert summary_for("foo", both, {"files": b"term"}) == ProjectSummary("foo", 7, 100, absent=False)
    for others in (digests | {"files": b"else"}, digests | {"roles": b"term"}):
        assert summary_for("foo", both, others) == comparable._replace(comparable=False)


def test_no_summary_without_state_of_a_selected_stream() -> None:
    """There is no summary of a project that no selected stream has read, nor of the whole index."""
    states = {"files": state()}
    assert summary_for("foo", states, {"roles": b"term"}) is None
    assert summary_for(WHOLE_INDEX, states, {"files": b"term"}) is None


def test_store_without_states() -> None:
    """``NoState`` has no states, no interrupted run, and keeps no keys."""
    store = NoState()
    store.finish()
    assert (store.load(["foo"]), list(store.summaries({"files": b""}))) == ({}, [])
    assert (store.keys, store.unfinished) == (False, None)


# The digest of settings ---------------------------------------------------------------------------------------


def digest(stream: Stream = RELEASE, project: SelectedProject = FOO, releases: str = "latest", **more: Any) -> bytes:
    """The digest of a stream's settings."""
    return settings_digest_of(stream, project, releases, **{"use_core_metadata": False, "keys": True, **more})


@pytest.mark.parametrize(
    "other",
    [
        lambda: digest(releases="all"),
        lambda: digest(project=PINNED),
        lambda: digest(project=replace(PINNED, unpinned=True)),
        lambda: digest(keys=False),
        lambda: digest(replace(RELEASE, revision=1)),
        lambda: digest(replace(RELEASE, record=VERSIONS.record)),
    ],
)
def test_settings_that_change_the_digest(other: Callable[[], bytes]) -> None:
    """Rows of releases depend on which are read, on the record, and on whether keys are kept."""
    assert other() != digest()


def test_settings_that_do_not_change_the_digest() -> None:
    """Streams that read no releases do not depend on which are read; the order of pins has no effect."""
    assert digest(FILES) == digest(FILES, PINNED) == digest(FILES, releases="all")
    assert digest(FILES) == digest(FILES, use_core_metadata=True)
    two = replace(PINNED, pins=("1.0", "2.0"))
    assert digest(project=two) == digest(project=replace(two, pins=("2.0", "1.0")))
    assert digest(project=PINNED) == digest(project=PINNED, releases="all")
    assert digest() == digest(project=replace(FOO, project=NormalizedName("bar"), depth=3, named=False))
    assert digest() == digest(use_core_metadata=True)
    assert digest(DEPENDENCIES) != digest(DEPENDENCIES, use_core_metadata=True)


def test_digests_are_those_of_earlier_versions() -> None:
    """Digests stay the same in every version: otherwise everything would be read in full again."""
    assert [digest().hex(), digest(project=PINNED, use_core_metadata=True).hex()] == ["af3de021", "88ef8ef6"]
    assert digest(FILES, follow=True) != digest(FILES, follow=False)


def test_partition_field_is_part_of_the_key() -> None:
    """Rows that are replaced by partition have it in their key: otherwise a row could move, and count as deleted.

    Streams of other services emit no deleted keys.
    """
    partitioned = [stream for stream in STREAMS if stream.partition_field is not None and not stream.service]
    assert {stream.partition_field in stream.key for stream in partitioned} == {True}
