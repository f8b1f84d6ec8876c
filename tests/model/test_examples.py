"""Histories that went wrong once, shortened."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fake_index import faults
from tests.model.history import DAY, HOUR, History, Trouble
from tests.model.tables import NAMES

Begin = Callable[..., History]
COMMANDS = pytest.mark.parametrize("command", ["sync", "read"])
#: One project, not pinned.
ONE = {"alpha": (None,)}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Start a history of the project alpha, with one command."""
    with ExitStack() as stack:

        def make(command: str, **settings: object) -> History:
            history = stack.enter_context(History(tmp_path, (command,), **settings))
            history.happen("create", "alpha", 1)
            history.decide(projects=ONE)
            return history

        yield make


@COMMANDS
def test_listed_project_that_is_missing_once_is_requested_again(begin: Begin, command: str) -> None:
    """An old copy says that the project does not exist, the list says that it does: the next sync requests it again."""
    history = begin(command, whole_index=True)
    history.sync(trouble=Trouble(path="/*/alpha/*", fault=faults.stale()))
    history.sync()


@COMMANDS
def test_known_project_that_is_missing_once_is_requested_again(begin: Begin, command: str) -> None:
    """The same, if the project was read before the list was used."""
    history = begin(command)
    history.sync()
    history.decide(whole_index=True)
    history.sync(8 * DAY, Trouble(path="/*/alpha/*", fault=faults.stale()))
    history.sync()


@COMMANDS
@pytest.mark.parametrize("changes", [("upload",), ()], ids=["old", "missing"])
def test_old_page_beside_a_new_document_is_requested_again(
    begin: Begin, command: str, changes: tuple[str, ...]
) -> None:
    """The newest of a project's documents says nothing of the others."""
    history = begin(command, whole_index=True)
    for change in changes:
        history.happen(change)
    history.decide(streams=("files", "statuses"))  # attestations would fail without a page
    history.sync(trouble=Trouble(path="/simple/alpha/", fault=faults.stale()))
    history.sync()


@COMMANDS
def test_page_that_is_missing_once_makes_rows_of_its_absence(begin: Begin, command: str) -> None:
    """Rows are made of the page's absence and of the document, although that one has not changed."""
    history = begin(command)
    history.sync()
    history.sync(trouble=Trouble(path="/simple/alpha/", fault=faults.stale()))
    (row,) = history.destinations[0].tables()["statuses", "alpha"].values()
    assert (row["has_document"], row["has_page"], row["status"]) == (True, False, "active")
    history.sync()


def test_other_settings_in_between_read_a_listed_project_again(begin: Begin) -> None:
    """A project that was read with other settings in between is requested, though its serial has not moved."""
    history = begin("sync", whole_index=True, releases="all")
    history.happen("upload", "alpha", 0)
    history.sync()
    history.decide(whole_index=False, releases="latest")
    history.sync()
    history.decide(whole_index=True, releases="all")
    history.sync()


def test_pin_in_between_reads_a_listed_project_again(begin: Begin) -> None:
    """The same, if the project was pinned in between."""
    history = begin("sync", whole_index=True)
    history.happen("upload", "alpha", 0)
    history.sync()
    history.decide(projects={"alpha": ("1.0",)})
    history.sync()
    history.decide(projects=ONE)
    history.sync()


@COMMANDS
def test_named_project_that_is_missing_once_is_requested_again(begin: Begin, command: str) -> None:
    """A project that was read as an old copy while it was named is requested once the list is used again."""
    history = begin(command, whole_index=True, track_removed=False)  # the same settings with and without the list
    history.sync()
    history.decide(whole_index=False)
    history.sync(trouble=Trouble(path="/*/alpha/*", fault=faults.stale()))
    history.decide(whole_index=True)
    history.sync()


@COMMANDS
def test_project_that_is_no_longer_excluded_is_read(begin: Begin, command: str) -> None:
    """A project that was excluded when the list was read is requested later."""
    history = begin(command, whole_index=True, exclude=["alpha"])
    history.happen("create", "beta", 1)
    history.sync()
    history.decide(exclude=[])
    history.sync()


@COMMANDS
def test_change_during_an_interrupted_run_is_read_by_the_next_one(begin: Begin, command: str) -> None:
    """A continued run does not read what changed after the interrupted one had read it; the run after it does."""
    history = begin(command, whole_index=True)
    history.happen("create", "beta", 1)
    history.sync()
    for name in ("alpha", "beta"):
        history.happen("upload", name, 1)
    history.sync(trouble=Trouble(cut={"sync": 2, "read": 2 * len(NAMES) + 60}[command]))
    history.happen("upload", "alpha", 1)
    history.sync(HOUR / 2)
    history.sync(2 * HOUR)


@COMMANDS
def test_advisory_of_an_old_release_comes_with_the_full_check(begin: Begin, command: str) -> None:
    """What only release documents show comes with the project's full check, at the latest."""
    history = begin(command, releases="all")
    history.happen("upload", "alpha", 0)
    history.sync()
    history.happen("advisory", "alpha", 1)  # of the one that is not the latest
    history.sync()
    history.sync(8 * DAY)


@COMMANDS
def test_change_between_two_requests_reads_the_page_again(begin: Begin, command: str) -> None:
    """If the document changes after the page was requested, the rows of both are made again: there still is a page."""
    history = begin(command)
    history.decide(projects={"alpha": ("0.9",)})
    history.sync()
    history.sync(trouble=Trouble(change=("rename user", "alpha", 1), before_request=6))
    (row,) = history.destinations[0].tables()["statuses", "alpha"].values()
    assert row["has_page"]
    history.sync()


def test_tracking_deleted_rows_again_reads_the_keys(begin: Begin) -> None:
    """Rows that were read without their keys are read again to track deleted rows."""
    history = begin("read", releases="all", track_removed=False)
    history.sync()
    history.decide(track_removed=True)
    history.sync()
    history.decide(releases="latest")
    history.sync()


@COMMANDS
def test_release_document_that_is_missing_once_comes_with_the_full_check(begin: Begin, command: str) -> None:
    """A listed release without document is requested again by the project's full check."""
    history = begin(command, releases="all")
    history.sync(trouble=Trouble(path="/pypi/alpha/*/json", fault=faults.stale()))
    history.sync(8 * DAY)


def test_project_removed_while_a_stream_is_added_deletes_its_rows(begin: Begin) -> None:
    """A project that is no longer listed is requested even if a stream has never read it: the others have rows."""
    history = begin("sync", whole_index=True)
    history.decide(streams=("versions",))
    history.sync()
    history.happen("delete project")
    history.decide(streams=("release", "versions"))
    history.sync()


def test_project_removed_while_settings_change_deletes_its_rows(begin: Begin) -> None:
    """The same, if all streams have read it with other settings."""
    history = begin("sync", whole_index=True, releases="latest")
    history.sync()
    history.happen("delete project")
    history.decide(releases="all")
    history.sync()


def test_project_removed_while_a_stream_is_not_selected_deletes_its_rows(begin: Begin) -> None:
    """The same, if one stream has read that it was removed, and another one has not."""
    history = begin("sync", whole_index=True)
    history.decide(streams=("release", "versions"))
    history.sync()
    history.happen("delete project")
    history.decide(streams=("release",))
    history.sync()
    history.decide(streams=("release", "versions"))
    history.sync()
