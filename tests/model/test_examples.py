"""Histories that went wrong once, shortened to be read."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fake_index import faults
from tests.model.history import DAY, HOUR, History, Trouble
from tests.model.tables import NAMES

Begin = Callable[..., History]
FRONTS = pytest.mark.parametrize("front", ["sync", "read"])
#: Names of one project each, not pinned.
ONE = {"alpha": (None,)}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begin a history of the project alpha, through one front."""
    with ExitStack() as stack:

        def make(front: str, **settings: object) -> History:
            history = stack.enter_context(History(tmp_path, (front,), **settings))
            history.happen("create", "alpha", 1)
            history.decide(projects=ONE)
            return history

        yield make


@FRONTS
def test_a_listed_project_that_is_missing_for_once(begin: Begin, front: str) -> None:
    """An old copy says that there is no project, the list says that there is: the next sync asks again."""
    history = begin(front, whole_index=True)
    history.sync(trouble=Trouble(path="/*/alpha/*", fault=faults.stale()))
    history.sync()


@FRONTS
def test_a_project_that_was_read_and_is_missing_for_once(begin: Begin, front: str) -> None:
    """The same, when it had been read before it was to be told by the list."""
    history = begin(front)
    history.sync()
    history.decide(whole_index=True)
    history.sync(8 * DAY, Trouble(path="/*/alpha/*", fault=faults.stale()))
    history.sync()


@FRONTS
@pytest.mark.parametrize("changes", [("upload",), ()], ids=["old", "missing"])
def test_an_old_page_beside_a_new_document(begin: Begin, front: str, changes: tuple[str, ...]) -> None:
    """The newest of a project's documents does not vouch for the others."""
    history = begin(front, whole_index=True)
    for change in changes:
        history.happen(change)
    history.decide(streams=("files", "statuses"))  # attestations would fail without a page
    history.sync(trouble=Trouble(path="/simple/alpha/", fault=faults.stale()))
    history.sync()


@FRONTS
def test_a_page_that_is_missing_for_once(begin: Begin, front: str) -> None:
    """Rows are made from the page's absence and from the document, although that one has not changed."""
    history = begin(front)
    history.sync()
    history.sync(trouble=Trouble(path="/simple/alpha/", fault=faults.stale()))
    (row,) = history.destinations[0].tables()["statuses", "alpha"].values()
    assert (row["has_document"], row["has_page"], row["status"]) == (True, False, "active")
    history.sync()


def test_other_terms_in_between(begin: Begin) -> None:
    """That the list has not changed means nothing for projects that were read on other terms since."""
    history = begin("sync", whole_index=True, releases="all")
    history.happen("upload", "alpha", 0)
    history.sync()
    history.decide(whole_index=False, releases="latest")
    history.sync()
    history.decide(whole_index=True, releases="all")
    history.sync()


def test_a_pin_that_comes_and_goes(begin: Begin) -> None:
    """The same, where the project was pinned for a while."""
    history = begin("sync", whole_index=True)
    history.happen("upload", "alpha", 0)
    history.sync()
    history.decide(projects={"alpha": ("1.0",)})
    history.sync()
    history.decide(projects=ONE)
    history.sync()


@FRONTS
def test_missing_for_once_when_named(begin: Begin, front: str) -> None:
    """Nor for those of which old copies were read, while the list did not tell what to visit."""
    history = begin(front, whole_index=True, track_removed=False)  # terms that hold for both ways to choose
    history.sync()
    history.decide(whole_index=False)
    history.sync(trouble=Trouble(path="/*/alpha/*", fault=faults.stale()))
    history.decide(whole_index=True)
    history.sync()


@FRONTS
def test_excluded_no_longer(begin: Begin, front: str) -> None:
    """Nor for those that were not meant when the list was read."""
    history = begin(front, whole_index=True, exclude=["alpha"])
    history.happen("create", "beta", 1)
    history.sync()
    history.decide(exclude=[])
    history.sync()


@FRONTS
def test_changed_while_a_run_was_interrupted(begin: Begin, front: str) -> None:
    """What a killed run has read, changes; the next one takes the run up without it, and the one after that has it."""
    history = begin(front, whole_index=True)
    history.happen("create", "beta", 1)
    history.sync()
    for name in ("alpha", "beta"):
        history.happen("upload", name, 1)
    history.sync(trouble=Trouble(cut={"sync": 2, "read": 2 * len(NAMES) + 60}[front]))
    history.happen("upload", "alpha", 1)
    history.sync(HOUR / 2)
    history.sync(2 * HOUR)


@FRONTS
def test_advisories_of_old_releases_take_their_time(begin: Begin, front: str) -> None:
    """What only release documents tell comes with the project's full check, at the latest."""
    history = begin(front, releases="all")
    history.happen("upload", "alpha", 0)
    history.sync()
    history.happen("advisory", "alpha", 1)  # of the one that is not the latest
    history.sync()
    history.sync(8 * DAY)


@FRONTS
def test_changed_between_two_questions(begin: Begin, front: str) -> None:
    """A document that has changed since the page was asked for makes the rows of both anew: there still is a page."""
    history = begin(front)
    history.decide(projects={"alpha": ("0.9",)})
    history.sync()
    history.sync(trouble=Trouble(change=("rename user", "alpha", 1), before_request=6))
    (row,) = history.destinations[0].tables()["statuses", "alpha"].values()
    assert row["has_page"]
    history.sync()


def test_removals_that_are_tracked_again(begin: Begin) -> None:
    """Rows that were read without their keys are read again for these: else nobody could tell later which are gone."""
    history = begin("read", releases="all", track_removed=False)
    history.sync()
    history.decide(track_removed=True)
    history.sync()
    history.decide(releases="latest")
    history.sync()


@FRONTS
def test_a_release_document_that_is_missing_for_once(begin: Begin, front: str) -> None:
    """What the index lists and does not have for once is asked for again at the project's full check."""
    history = begin(front, releases="all")
    history.sync(trouble=Trouble(path="/pypi/alpha/*/json", fault=faults.stale()))
    history.sync(8 * DAY)


def test_gone_while_a_stream_is_added(begin: Begin) -> None:
    """A project that is not listed any more is visited, also if a stream has never seen it: the others have rows."""
    history = begin("sync", whole_index=True)
    history.decide(streams=("versions",))
    history.sync()
    history.happen("delete project")
    history.decide(streams=("release", "versions"))
    history.sync()


def test_gone_while_the_terms_change(begin: Begin) -> None:
    """The same where all streams have seen it, on other terms than those of now."""
    history = begin("sync", whole_index=True, releases="latest")
    history.sync()
    history.happen("delete project")
    history.decide(releases="all")
    history.sync()


def test_gone_while_a_stream_is_not_selected(begin: Begin) -> None:
    """The same where one stream has seen that it is gone, and another one has not."""
    history = begin("sync", whole_index=True)
    history.decide(streams=("release", "versions"))
    history.sync()
    history.happen("delete project")
    history.decide(streams=("release",))
    history.sync()
    history.decide(streams=("release", "versions"))
    history.sync()
