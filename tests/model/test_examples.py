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
    history.sync(trouble=Trouble(path="/*/alpha/*", fault=faults.stale()))
    history.sync()


@FRONTS
def test_an_old_page_beside_a_new_document(begin: Begin, front: str) -> None:
    """The newest of a project's documents does not vouch for the others."""
    history = begin(front, whole_index=True)
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


@FRONTS
def test_other_terms_in_between(begin: Begin, front: str) -> None:
    """That the list has not changed means nothing for projects that were read on other terms since."""
    history = begin(front, whole_index=True, releases="all")
    history.happen("upload", "alpha", 0)
    history.sync()
    history.decide(whole_index=False, releases="latest")
    history.sync()
    history.decide(whole_index=True, releases="all")
    history.sync()


@FRONTS
def test_a_pin_that_comes_and_goes(begin: Begin, front: str) -> None:
    """The same, where the project was pinned for a while."""
    history = begin(front, whole_index=True)
    history.happen("upload", "alpha", 0)
    history.sync()
    history.decide(projects={"alpha": ("1.0",)})
    history.sync()
    history.decide(projects=ONE)
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
    history.happen("advisory", "alpha", 0)
    history.sync()
    history.sync(8 * DAY)
