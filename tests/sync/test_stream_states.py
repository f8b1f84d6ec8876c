"""sync/stream_states.py: the state of streams as JSON, and when it is written."""

import base64
import itertools
import json
import random
from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from msgspec.structs import replace

from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.sync.resume import RESUME_WITHIN, begins
from source_pypi.sync.state import Partition, ProjectState, ProjectSummary
from source_pypi.sync.stream_states import (
    CHECKPOINT_PROJECTS,
    CHECKPOINT_SECONDS,
    VERSION,
    Checkpoints,
    StreamState,
    StreamStates,
)

ROOT = "http://index.test"
NOW = 1_795_332_577
BEGAN = begins(NOW)
STATE = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"one"', b"", 7)}, {"": Partition(b"digest", None, (("a.whl",),))}
)
OTHER_STATE = ProjectState(NOW + 1, b"term", True, None, {}, {})


def states(previous: dict[str, Any] | None = None, *streams: str, root: str = ROOT, now: float = NOW) -> StreamStates:
    """Return the states of a sync of some streams."""
    return StreamStates(streams or ("files", "versions"), previous or {}, root, keys=True, now=now)


def passed_back(saved: StreamStates, *streams: str) -> dict[str, Any]:
    """Return the states as a platform passes them to the next sync."""
    return {name: json.loads(json.dumps(saved.to_message(name))) for name in streams or ("files", "versions")}


# Saved state --------------------------------------------------------------------------------------------------


def test_state_is_loaded_in_the_next_sync() -> None:
    """State saved by stream and project, and of the index, is loaded in the next sync."""
    saved = states()
    saved.save("files", "foo", STATE)
    saved.save("files", "bar", OTHER_STATE)
    saved.save("versions", "foo", OTHER_STATE)
    saved.save("files", None, OTHER_STATE)
    saved.finish()
    later = states(passed_back(saved))
    assert later.load(["foo", "bar", "", "baz"]) == {
        "foo": {"files": STATE, "versions": OTHER_STATE},
        "bar": {"files": OTHER_STATE},
        "": {"files": OTHER_STATE},
        "baz": {},
    }
    assert (later.unfinished, later.other_index, later.keys) == (None, {}, True)


def test_only_the_time_changes() -> None:
    """Saving with only_time_changed replaces the time and keeps the rest and the size."""
    saved = states()
    saved.save("files", "foo", STATE)
    size = saved.size
    saved.save("files", "foo", replace(STATE, checked_at=NOW + 9), only_time_changed=True)
    assert (saved.size, saved.load(["foo"])) == (size, {"foo": {"files": replace(STATE, checked_at=NOW + 9)}})


def test_format_of_a_message() -> None:
    """A message has a version, the index and a text per project; a full-refresh stream says it has no state."""
    saved = states()
    saved.save("files", "foo", STATE)
    saved.save("stats", None, STATE)
    messages = passed_back(saved, "files", "stats")
    assert messages["stats"] == {"__ab_no_cursor_state_message": True}
    projects = messages["files"].pop("projects")
    assert messages["files"] == {"version": VERSION, "index": ROOT, "unfinished": BEGAN}
    assert list(projects) == ["foo"]
    saved.finish()
    assert "unfinished" not in passed_back(saved)["files"]


def test_size() -> None:
    """The size is about that of the message, also after an entry was replaced."""
    saved = states(None, "files")
    for number in range(100):
        saved.save("files", f"project-{number}", STATE)
        saved.save("files", f"project-{number}", OTHER_STATE)
    written = len(json.dumps(saved.to_message("files"), separators=(",", ":")))
    assert abs(written - saved.size) < 200
    assert states(passed_back(saved, "files"), "files").size == saved.size


def test_summaries() -> None:
    """Projects are summarised; comparable ones have the same settings in all streams, and the index is none."""
    saved = states()
    for stream, project, state in (
        ("files", "foo", STATE),
        ("versions", "foo", STATE),
        ("files", "bar", STATE),
        ("files", None, STATE),
        ("versions", None, STATE),
    ):
        saved.save(stream, project, state)
    both = {"files": b"term", "versions": b"term"}
    bar = ProjectSummary("bar", 7, NOW, False, comparable=False)
    assert sorted(saved.summaries(both)) == [bar, ProjectSummary("foo", 7, NOW, False)]
    assert sorted(summary.project for summary in saved.summaries({"files": b"term"})) == ["bar", "foo"]
    assert not any(summary.comparable for summary in saved.summaries({**both, "versions": b"else"}))


# Unreadable state ----------------------------------------------------------------------------------------------

NEWER = (
    "a newer release wrote it; upgrade source-pypi, or reset the stream to read it in full (in Airbyte: clear its data)"
)
ADVICE = "; reset the stream to read it in full (in Airbyte: clear its data; elsewhere: omit its state)"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"cursor": "2024-01-01"}, "another connector wrote it"),
        ([1], "another connector wrote it"),
        ("text", "another connector wrote it"),
        ({"version": "1", "projects": {}}, "another connector wrote it"),
        ({"version": 1, "index": ROOT}, "another connector wrote it"),
        ({"version": 1, "index": ROOT, "projects": []}, "another connector wrote it"),
        ({"version": VERSION + 1, "index": ROOT, "projects": {}}, NEWER),
    ],
)
def test_foreign_state(message: Any, reason: str) -> None:
    """State of another connector or a newer release is an error of one line, and is passed back unchanged.

    The other streams are not affected.
    """
    saved = states({"files": message})
    assert {name: str(error) for name, error in saved.unreadable.items()} == {
        "files": f"the state of files cannot be read: {reason}{ADVICE if reason != NEWER else ''}"
    }
    saved.save("files", "foo", STATE)
    saved.save("versions", "foo", STATE)
    saved.finish()
    assert saved.to_message("files") == message
    assert saved.load(["foo"]) == {"foo": {"versions": STATE}}


@pytest.mark.parametrize(
    "text", ["", "x", "not base 64 \x00", "00000", base64.b64encode(b"1garbage").decode(), 7, [], {}]
)
def test_damaged_entry(text: Any) -> None:
    """A damaged entry makes its stream unreadable when it is loaded, not before; nothing is saved after that."""
    saved = states({"files": {"version": 1, "index": ROOT, "projects": {"foo": text}}})
    saved.save("versions", "foo", STATE)
    saved.save("files", "bar", OTHER_STATE)
    assert saved.load(["bar"]) == {"bar": {"files": OTHER_STATE}}
    assert saved.unreadable == {}
    assert saved.load(["foo"]) == {"foo": {"versions": STATE}}
    assert {name: str(error) for name, error in saved.unreadable.items()} == {
        "files": f"the state of files cannot be read: its entry of foo is damaged{ADVICE}"
    }
    saved.save("files", "foo", STATE)
    assert saved.to_message("files")["projects"] == {"foo": text, "bar": ANY}


def test_summaries_with_a_damaged_entry() -> None:
    """A damaged entry is not summarised, and makes its stream unreadable."""
    saved = states({"files": {"version": 1, "index": ROOT, "projects": {"foo": "broken"}}}, "files")
    saved.save("files", "bar", STATE)
    assert [summary.project for summary in saved.summaries({"files": b"term"})] == ["bar"]
    assert list(saved.unreadable) == ["files"]


def test_null_entry() -> None:
    """A null in place of a project's state means that it was never read."""
    saved = states({"files": {"version": 1, "index": ROOT, "projects": {"foo": None}}}, "files")
    assert saved.load(["foo"]) == {"foo": {}}
    saved.save("files", "foo", OTHER_STATE)
    assert saved.load(["foo"]) == {"foo": {"files": OTHER_STATE}}


def test_additional_keys_are_ignored() -> None:
    """Additional keys in a state of the same version are ignored."""
    saved = states()
    saved.save("files", "foo", STATE)
    previous = passed_back(saved)
    assert states({"files": {**previous["files"], "more": 1}}).load(["foo"]) == {"foo": {"files": STATE}}


def test_state_of_another_index() -> None:
    """State of another index is set aside and reported; the other streams keep theirs.

    It is passed back unchanged until the index has answered: a project that it does not have is no answer.
    """
    saved = states()
    saved.save("files", "foo", STATE)
    saved.save("versions", "foo", STATE)
    previous = {**passed_back(saved), "files": {**saved.to_message("files"), "index": "http://other.test"}}
    later = states(previous)
    assert later.other_index == {"files": "http://other.test"}
    assert later.load(["foo"]) == {"foo": {"versions": STATE}}
    assert later.to_message("files") == previous["files"]
    later.save("files", "bar", replace(OTHER_STATE, existed=False))
    assert later.to_message("files") == previous["files"]
    later.save("versions", "foo", STATE)
    assert (later.to_message("files")["index"], list(later.to_message("files")["projects"])) == (ROOT, ["bar"])


# Runs that ended early ----------------------------------------------------------------------------------------


def test_unfinished_sync_is_resumed_within_an_hour() -> None:
    """A sync that did not end is resumed within an hour, and keeps the time when it began."""
    previous = passed_back(states())
    later = states(previous, now=NOW + 60)
    assert later.unfinished == BEGAN
    assert later.to_message("files")["unfinished"] == BEGAN
    later = states(passed_back(later), now=BEGAN + RESUME_WITHIN)
    assert later.unfinished is None
    assert later.to_message("files")["unfinished"] == begins(BEGAN + RESUME_WITHIN)


def test_new_stream_joins_a_resumed_sync() -> None:
    """A stream that is new takes part in the sync that is resumed."""
    saved = states({"files": passed_back(states())["files"]}, now=NOW + 60)
    assert saved.unfinished == BEGAN
    assert saved.to_message("versions")["unfinished"] == BEGAN


def test_earliest_of_several_unfinished_syncs_is_resumed() -> None:
    """If the streams have states of different syncs that did not end, the one that began first is resumed."""
    messages = passed_back(states())
    messages["files"] = {**messages["files"], "unfinished": BEGAN + 30}
    messages["versions"] = {**messages["versions"], "unfinished": BEGAN + 10}
    assert states(messages, now=NOW + 60).unfinished == BEGAN + 10


# Checkpoints --------------------------------------------------------------------------------------------------


def checkpoints(
    projects: int, seconds: float, size: Callable[[int], int], rest: int = 0
) -> list[tuple[int, float, int]]:
    """Return the checkpoints of a sync: projects read, seconds, and bytes; ``rest``: bytes of earlier projects."""
    checkpoints_ = Checkpoints(0.0)
    return [
        (done, done * seconds, size(done) + rest)
        for done in range(1, projects + 1)
        if checkpoints_.is_due(done * seconds, size(done) + rest, done / projects)
    ]


@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.2, 3.0, 60.0])
@pytest.mark.parametrize("projects", [10, 3_000, 20_000])
@pytest.mark.parametrize("each", [50, 500, 5_000])
@pytest.mark.parametrize("rest", [0, 20_000_000])
def test_checkpoints_are_limited(projects: int, seconds: float, each: int, rest: int) -> None:
    """Checkpoints are at least some seconds or projects apart, and write a few times the state's size in all."""
    written = checkpoints(projects, seconds, lambda done: done * each, rest)
    size = projects * each + rest
    assert sum(bytes_ for _, _, bytes_ in written) + size <= 4 * size + 1_000_000
    befores = [(0, 0.0, 0), *written]
    for (done, at, _), (done_later, later, _) in itertools.pairwise(befores):
        assert done_later - done >= CHECKPOINT_PROJECTS or later - at >= CHECKPOINT_SECONDS


def test_small_states_are_written_often() -> None:
    """Small states are written at every checkpoint."""
    assert [done for done, _, _ in checkpoints(20, 5.0, lambda done: done * 500)] == list(range(2, 21, 2))
    assert [done for done, _, _ in checkpoints(1_500, 0.001, lambda done: done)] == [500, 1000, 1500]


def test_long_run_loses_a_third_at_most() -> None:
    """A long run has so many checkpoints that a third of its work is lost at most."""
    written = [done for done, _, _ in checkpoints(20_000, 0.2, lambda done: done * 500)]
    befores = [0, *written]
    assert max(later - before for before, later in zip(befores, [*written, 20_000], strict=True)) < 20_000 / 3
    assert len(written) >= 8


def records(count: int) -> list[tuple[str, list[str], list[str]]]:
    """Return projects like those of the public index: name, about 11 versions, about 22 files."""
    chance, made = random.Random(1), []
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(count):
        name = "".join(chance.choice(letters) for _ in range(chance.randint(3, 12))) + f"-{number}"
        releases = min(200, max(1, round(chance.lognormvariate(1.8, 1.1))))
        versions = [f"{minor // 12}.{minor % 12}.{chance.randrange(5)}" for minor in range(releases)]
        file_name = name.replace("-", "_")
        files = [f"{file_name}-{v}{end}" for v in versions for end in (".tar.gz", "-py3-none-any.whl")]
        made.append((name, versions, files))
    return made


def test_state_of_20_000_projects() -> None:
    """A sync of 20,000 projects writes less than 40 MB of state, and so does the next one."""
    chance, projects = random.Random(2), records(20_000)
    streams = ("projects", "versions", "files")
    previous: dict[str, Any] = {}
    for run in range(2):
        saved, checkpoints_, written = states(previous, *streams, now=NOW + run), Checkpoints(NOW), 0
        for done, (name, versions, files) in enumerate(projects, start=1):
            fingerprint = fingerprint_of(
                f'"{base64.b64encode(chance.randbytes(16)).decode().rstrip("=")}"', b"", 20_000_000 + done
            )
            keys = (None, tuple((version,) for version in versions), tuple((file,) for file in files))
            for stream, rows in zip(streams, keys, strict=True):
                parts = {"": Partition(chance.randbytes(6), None, rows)}
                saved.save(
                    stream,
                    name,
                    ProjectState(NOW + done // 5, b"term", True, fingerprint.serial, {"d": fingerprint}, parts),
                )
            if checkpoints_.is_due(NOW + done / 5, saved.size, done / len(projects)):
                written += saved.size
        written += saved.size
        sizes = [len(json.dumps(saved.to_message(name), separators=(",", ":"))) for name in streams]
        assert abs(sum(sizes) - saved.size) < 999
        assert 10_000_000 < written < 40_000_000
        previous = {name: saved.to_message(name) for name in streams}


def test_stream_without_state() -> None:
    """A stream without state has read nothing."""
    state = StreamState("files", None, ROOT)
    assert (state.projects, state.size, state.unfinished, state.other_index) == ({}, 0, None, None)
    assert state.load("foo") is None
