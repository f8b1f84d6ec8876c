"""airbyte/state.py: what was seen, as Airbyte keeps it, and when it is written."""

import base64
import itertools
import json
import random
from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from msgspec.structs import replace

from source_pypi.airbyte.state import PROJECTS, SECONDS, VERSION, Checkpoints, StreamState, StreamStates
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.sync.resume import RESUME_WITHIN, begins
from source_pypi.sync.state import Partition, ProjectState, ProjectSummary

ROOT = "http://index.test"
NOW = 1_795_332_577
BEGAN = begins(NOW)
SEEN = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"one"', b"", 7)}, {"": Partition(b"digest", None, (("a.whl",),))}
)
OTHER = ProjectState(NOW + 1, b"term", True, None, {}, {})


def states(handed: dict[str, Any] | None = None, *streams: str, root: str = ROOT, now: float = NOW) -> StreamStates:
    """The memory of a sync of some streams."""
    return StreamStates(streams or ("files", "versions"), handed or {}, root, keys=True, now=now)


def handed_back(memory: StreamStates, *streams: str) -> dict[str, Any]:
    """What a platform hands over that was given this state."""
    return {name: json.loads(json.dumps(memory.told(name))) for name in streams or ("files", "versions")}


# What is kept -------------------------------------------------------------------------------------------------


def test_it_comes_back() -> None:
    """What was noted by stream and project is recalled in the next sync; the index has a place of its own."""
    memory = states()
    memory.save("files", "foo", SEEN)
    memory.save("files", "bar", OTHER)
    memory.save("versions", "foo", OTHER)
    memory.save("files", None, OTHER)
    memory.finish()
    again = states(handed_back(memory))
    assert again.load(["foo", "bar", "", "baz"]) == {
        "foo": {"files": SEEN, "versions": OTHER},
        "bar": {"files": OTHER},
        "": {"files": OTHER},
        "baz": {},
    }
    assert (again.unfinished, again.foreign, again.keys) == (None, {}, True)


def test_again() -> None:
    """Of what was seen again only the time is new; it takes as much room as before, and comes back as it was."""
    memory = states()
    memory.save("files", "foo", SEEN)
    size = memory.size
    memory.save("files", "foo", replace(SEEN, checked_at=NOW + 9), again=True)
    assert (memory.size, memory.load(["foo"])) == (size, {"foo": {"files": replace(SEEN, checked_at=NOW + 9)}})


def test_its_shape() -> None:
    """A stream's state has a version, the index, and a text a project; one of the moment says it has none."""
    memory = states()
    memory.save("files", "foo", SEEN)
    memory.save("stats", None, SEEN)
    told = handed_back(memory, "files", "stats")
    assert told["stats"] == {"__ab_no_cursor_state_message": True}
    assert told["files"].keys() == {"version", "index", "unfinished", "projects"}
    assert (told["files"]["version"], told["files"]["index"], told["files"]["unfinished"]) == (VERSION, ROOT, BEGAN)
    assert list(told["files"]["projects"]) == ["foo"]
    memory.finish()
    assert "unfinished" not in handed_back(memory)["files"]


def test_its_size() -> None:
    """The size that is kept count of is about that of the message, also after something was noted again."""
    memory = states(None, "files")
    for number in range(100):
        memory.save("files", f"project-{number}", SEEN)
        memory.save("files", f"project-{number}", OTHER)
    written = len(json.dumps(memory.told("files"), separators=(",", ":")))
    assert abs(written - memory.size) < 200
    assert states(handed_back(memory, "files"), "files").size == memory.size


def test_glances() -> None:
    """Projects that streams have seen are told in a few words, settled if on these terms; the index itself is none."""
    memory = states()
    for stream, project, seen in (
        ("files", "foo", SEEN),
        ("versions", "foo", SEEN),
        ("files", "bar", SEEN),
        ("files", None, SEEN),
        ("versions", None, SEEN),
    ):
        memory.save(stream, project, seen)
    both = {"files": b"term", "versions": b"term"}
    bar = ProjectSummary("bar", 7, NOW, False, comparable=False)
    assert sorted(memory.summaries(both)) == [bar, ProjectSummary("foo", 7, NOW, False)]
    assert sorted(summary.project for summary in memory.summaries({"files": b"term"})) == ["bar", "foo"]
    assert not any(summary.comparable for summary in memory.summaries({**both, "versions": b"else"}))


# What cannot be read ------------------------------------------------------------------------------------------

HOW = "; reset the stream to read it in full (in Airbyte: clear its data; elsewhere: omit its state)"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"cursor": "2024-01-01"}, "it is not of this connector"),
        ([1], "it is not of this connector"),
        ("text", "it is not of this connector"),
        ({"version": "1", "projects": {}}, "it is not of this connector"),
        ({"version": 1, "index": ROOT}, "it is not of this connector"),
        ({"version": 1, "index": ROOT, "projects": []}, "it is not of this connector"),
        ({"version": VERSION + 1, "index": ROOT, "projects": {}}, "a newer release wrote it"),
    ],
)
def test_a_state_that_is_not_ours(told: Any, reason: str) -> None:
    """A state of another connector, or of a newer release, is an error that says in one line how to go on.

    It is told again as it was; the other streams have theirs.
    """
    memory = states({"files": told})
    assert {name: str(error) for name, error in memory.broken.items()} == {
        "files": f"the state of files cannot be read: {reason}{HOW}"
    }
    memory.save("files", "foo", SEEN)
    memory.save("versions", "foo", SEEN)
    memory.finish()
    assert memory.told("files") == told
    assert memory.load(["foo"]) == {"foo": {"versions": SEEN}}


@pytest.mark.parametrize(
    "text", ["", "x", "not base 64 \x00", "00000", base64.b64encode(b"1garbage").decode(), 7, [], {}]
)
def test_a_broken_project(text: Any) -> None:
    """What is broken for one project breaks its stream when it is needed, not before; what it had noted stays."""
    memory = states({"files": {"version": 1, "index": ROOT, "projects": {"foo": text}}})
    memory.save("versions", "foo", SEEN)
    memory.save("files", "bar", OTHER)
    assert memory.load(["bar"]) == {"bar": {"files": OTHER}}
    assert memory.broken == {}
    assert memory.load(["foo"]) == {"foo": {"versions": SEEN}}
    assert {name: str(error) for name, error in memory.broken.items()} == {
        "files": f"the state of files cannot be read: what it says of foo is broken{HOW}"
    }
    memory.save("files", "foo", SEEN)
    assert memory.told("files")["projects"] == {"foo": text, "bar": ANY}


def test_a_glance_at_a_broken_project() -> None:
    """A project that a stream's state is broken for has not been seen by all streams."""
    memory = states({"files": {"version": 1, "index": ROOT, "projects": {"foo": "broken"}}}, "files")
    memory.save("files", "bar", SEEN)
    assert [summary.project for summary in memory.summaries({"files": b"term"})] == ["bar"]
    assert list(memory.broken) == ["files"]


def test_a_null_project() -> None:
    """A project of which the state says nothing was not seen."""
    memory = states({"files": {"version": 1, "index": ROOT, "projects": {"foo": None}}}, "files")
    assert memory.load(["foo"]) == {"foo": {}}
    memory.save("files", "foo", OTHER)
    assert memory.load(["foo"]) == {"foo": {"files": OTHER}}


def test_keys_that_a_newer_minor_release_adds() -> None:
    """Further keys in a state of our version do not matter."""
    memory = states()
    memory.save("files", "foo", SEEN)
    handed = handed_back(memory)
    assert states({"files": {**handed["files"], "more": 1}}).load(["foo"]) == {"foo": {"files": SEEN}}


def test_another_index() -> None:
    """State of another index is set aside, and said; that of the other streams is taken."""
    memory = states()
    memory.save("files", "foo", SEEN)
    memory.save("versions", "foo", SEEN)
    handed = {**handed_back(memory), "files": {**memory.told("files"), "index": "http://other.test"}}
    again = states(handed)
    assert again.foreign == {"files": "http://other.test"}
    assert again.load(["foo"]) == {"foo": {"versions": SEEN}}
    assert (again.told("files")["index"], again.told("files")["projects"]) == (ROOT, {})


# Runs that ended early ----------------------------------------------------------------------------------------


def test_unfinished() -> None:
    """A sync that did not come to its end is taken up within the hour, and keeps its beginning if it ends again."""
    handed = handed_back(states())
    again = states(handed, now=NOW + 60)
    assert again.unfinished == BEGAN
    assert again.told("files")["unfinished"] == BEGAN
    later = states(handed_back(again), now=BEGAN + RESUME_WITHIN)
    assert later.unfinished is None
    assert later.told("files")["unfinished"] == begins(BEGAN + RESUME_WITHIN)


def test_unfinished_and_another_stream() -> None:
    """A stream that is selected since takes part in the sync that is taken up."""
    memory = states({"files": handed_back(states())["files"]}, now=NOW + 60)
    assert memory.unfinished == BEGAN
    assert memory.told("versions")["unfinished"] == BEGAN


# Checkpoints --------------------------------------------------------------------------------------------------


def checkpoints(
    projects: int, seconds: float, size: Callable[[int], int], rest: int = 0
) -> list[tuple[int, float, int]]:
    """After how many projects, when, and with how many bytes a sync writes its states; ``rest``: it had so many."""
    policy = Checkpoints(0.0)
    return [
        (done, done * seconds, size(done) + rest)
        for done in range(1, projects + 1)
        if policy.is_due(done * seconds, size(done) + rest, done / projects)
    ]


@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.2, 3.0, 60.0])
@pytest.mark.parametrize("projects", [10, 3_000, 20_000])
@pytest.mark.parametrize("each", [50, 500, 5_000])
@pytest.mark.parametrize("rest", [0, 20_000_000])
def test_the_policy(projects: int, seconds: float, each: int, rest: int) -> None:
    """States are written at most every so many seconds or projects, and in all no more than a few times their size."""
    written = checkpoints(projects, seconds, lambda done: done * each, rest)
    size = projects * each + rest
    assert sum(bytes_ for _, _, bytes_ in written) + size <= 4 * size + 1_000_000
    befores = [(0, 0.0, 0), *written]
    for (done, at, _), (done_later, later, _) in itertools.pairwise(befores):
        assert done_later - done >= PROJECTS or later - at >= SECONDS


def test_small_states_are_written_often() -> None:
    """As long as states are small they are written as often as they may be."""
    assert [done for done, _, _ in checkpoints(20, 5.0, lambda done: done * 500)] == list(range(2, 21, 2))
    assert [done for done, _, _ in checkpoints(1_500, 0.001, lambda done: done)] == [500, 1000, 1500]


def test_large_states_are_written_now_and_then() -> None:
    """Over a long run so many checkpoints are made that one that is killed has lost a third of its work at most."""
    written = [done for done, _, _ in checkpoints(20_000, 0.2, lambda done: done * 500)]
    befores = [0, *written]
    assert max(later - before for before, later in zip(befores, [*written, 20_000], strict=True)) < 20_000 / 3
    assert len(written) >= 8


def records(count: int) -> list[tuple[str, list[str], list[str]]]:
    """Projects as the public index has them: names, versions (eleven on the average), files (twenty-two)."""
    chance, made = random.Random(1), []
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(count):
        name = "".join(chance.choice(letters) for _ in range(chance.randint(3, 12))) + f"-{number}"
        releases = min(200, max(1, round(chance.lognormvariate(1.8, 1.1))))
        versions = [f"{minor // 12}.{minor % 12}.{chance.randrange(5)}" for minor in range(releases)]
        spelt = name.replace("-", "_")
        files = [f"{spelt}-{v}{end}" for v in versions for end in (".tar.gz", "-py3-none-any.whl")]
        made.append((name, versions, files))
    return made


def test_twenty_thousand_projects() -> None:
    """A sync of 20,000 projects writes below 40 MB of state in all, and so does the next one, which begins with it."""
    chance, projects = random.Random(2), records(20_000)
    streams = ("projects", "versions", "files")
    handed: dict[str, Any] = {}
    for run in range(2):
        memory, policy, written = states(handed, *streams, now=NOW + run), Checkpoints(NOW), 0
        for done, (name, versions, files) in enumerate(projects, start=1):
            fingerprint = fingerprint_of(
                f'"{base64.b64encode(chance.randbytes(16)).decode().rstrip("=")}"', b"", 20_000_000 + done
            )
            keys = (None, tuple((version,) for version in versions), tuple((file,) for file in files))
            for stream, told in zip(streams, keys, strict=True):
                parts = {"": Partition(chance.randbytes(6), None, told)}
                memory.save(
                    stream,
                    name,
                    ProjectState(NOW + done // 5, b"term", True, fingerprint.serial, {"d": fingerprint}, parts),
                )
            if policy.is_due(NOW + done / 5, memory.size, done / len(projects)):
                written += memory.size
        written += memory.size
        assert (
            abs(sum(len(json.dumps(memory.told(name), separators=(",", ":"))) for name in streams) - memory.size) < 999
        )
        assert 10_000_000 < written < 40_000_000
        handed = {name: memory.told(name) for name in streams}


def test_one_stream() -> None:
    """A stream that is told nothing has seen nothing."""
    state = StreamState("files", None, ROOT)
    assert (state.projects, state.size, state.unfinished, state.foreign) == ({}, 0, None, None)
    assert state.load("foo") is None
