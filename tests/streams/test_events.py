"""streams/events.py: rows of events, with what their actions name."""

from datetime import UTC, datetime

import pytest

from source_pypi.services.events.entries import JournalEntry, JournalPage
from source_pypi.streams._actions import Action, EventKind, parse_action
from source_pypi.streams.events import STREAM, Event

KIND = EventKind


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("create", Action(KIND.CREATE)),
        ("new release", Action(KIND.NEW_RELEASE)),
        ("add source file a-1.tar.gz", Action(KIND.ADD_FILE, None, None, "a-1.tar.gz", "source")),
        ("add cp312 file a-1 b.whl", Action(KIND.ADD_FILE, None, None, "a-1 b.whl", "cp312")),
        ("add 2.7 file a.egg", Action(KIND.ADD_FILE, None, None, "a.egg", "2.7")),
        ("add file a.zip", Action(KIND.ADD_FILE, filename="a.zip")),
        ("remove file a-1.tar.gz", Action(KIND.REMOVE_FILE, filename="a-1.tar.gz")),
        ("remove release", Action(KIND.REMOVE_RELEASE)),
        ("remove project", Action(KIND.REMOVE_PROJECT)),
        ("yank release", Action(KIND.YANK_RELEASE)),
        ("unyank release", Action(KIND.UNYANK_RELEASE)),
        ("add Owner alice", Action(KIND.ADD_ROLE, "Owner", "alice")),
        ("add Maintainer Core Team", Action(KIND.ADD_ROLE, "Maintainer", "Core Team")),
        ("add Owner file", Action(KIND.ADD_ROLE, "Owner", "file")),
        ("remove Owner bob", Action(KIND.REMOVE_ROLE, "Owner", "bob")),
        ("change Maintainer bob to Owner", Action(KIND.CHANGE_ROLE, "Owner", "bob")),
        ("change Owner to be or not to Maintainer", Action(KIND.CHANGE_ROLE, "Maintainer", "to be or not")),
        ("invite Owner carol", Action(KIND.INVITE, "Owner", "carol")),
        ("revoke_invite Maintainer carol", Action(KIND.REVOKE_INVITE, "Maintainer", "carol")),
        ("accepted Owner carol", Action(KIND.ACCEPT_INVITE, "Owner", "carol")),
        ("project quarantined", Action(KIND.PROJECT_QUARANTINED)),
        ("project quarantine cleared", Action(KIND.PROJECT_QUARANTINE_CLEARED)),
        ("release quarantined", Action(KIND.RELEASE_QUARANTINED)),
        ("release quarantine cleared", Action(KIND.RELEASE_QUARANTINE_CLEARED)),
        ("remove", Action(KIND.REMOVE)),
        ("rename from Old-Name", Action(KIND.RENAME)),
        ("update classifiers, hidden", Action(KIND.UPDATE)),
        ("docupdate", Action(KIND.DOCUPDATE)),
        ("docdestroy", Action(KIND.DOCDESTROY)),
        ("nuke user", Action(KIND.NUKE_USER)),
        ("keyrotate ", Action(KIND.KEYROTATE)),
        ("project archived", Action(KIND.OTHER)),
        ("add", Action(KIND.OTHER)),
        ("", Action(KIND.OTHER)),
        ("add Owner " + "x" * 20_000, Action(KIND.OTHER)),
    ],
)
def test_actions(action: str, expected: Action) -> None:
    """Every action that the index writes, or once wrote, has a kind; others are ``other``."""
    assert parse_action(action) == expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("add Owner file x", Action(KIND.ADD_ROLE, "Owner", "file x")),
        ("add source file a.zip", Action(KIND.ADD_FILE, None, None, "a.zip", "source")),
        ("add file a.zip", Action(KIND.ADD_FILE, filename="a.zip")),
    ],
)
def test_actions_without_version(action: str, expected: Action) -> None:
    """A role is added to a project, and a file to a release: without a version, a team may be called ``file x``."""
    assert parse_action(action, of_release=False) == expected
    row = next(iter(STREAM.rows(JournalPage((JournalEntry("a", None, 0, action, 1),)))))
    assert isinstance(row, Event)
    assert (row.kind, row.user) == (expected.kind, expected.user)


def test_every_kind_is_parsed() -> None:
    """No kind is without an action in the test above."""
    (mark,) = [mark for mark in test_actions.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {expected.kind for _, expected in mark.args[1]} == set(EventKind)


def test_rows() -> None:
    """A row has the event as the journal has it, the normalised name, and what the action names."""
    page = JournalPage(
        (
            JournalEntry("Django.Rest", "1.0", 1_725_534_675, "add py3 file d.whl", 24_891_358),
            JournalEntry("Flask", None, 1_725_534_676, "add Owner Caf\u00e9 Team", 24_891_359),
        )
    )
    time = datetime(2024, 9, 5, 11, 11, 15, tzinfo=UTC)
    first = Event(
        serial=24_891_358,
        project="django-rest",
        name="Django.Rest",
        version="1.0",
        time=time,
        action="add py3 file d.whl",
        kind="add_file",
        role=None,
        user=None,
        filename="d.whl",
        python_version="py3",
    )
    second = Event(
        serial=24_891_359,
        project="flask",
        name="Flask",
        version=None,
        time=time.replace(second=16),
        action="add Owner Caf\u00e9 Team",
        kind="add_role",
        role="Owner",
        user="Caf\u00e9 Team",
        filename=None,
        python_version=None,
    )
    assert list(STREAM.rows(page)) == [first, second]


@pytest.mark.parametrize("name", ["", "user:alice"])
def test_events_without_project(name: str) -> None:
    """Early events of users and keys concern no project."""
    (row,) = STREAM.rows(JournalPage((JournalEntry(name, None, 0, "nuke user", 1),)))
    assert isinstance(row, Event)
    assert (row.project, row.name) == (None, name)


def test_impossible_time() -> None:
    """A time that no calendar has is null."""
    (row,) = STREAM.rows(JournalPage((JournalEntry("a", None, 2**62, "create", 1),)))
    assert isinstance(row, Event)
    assert row.time is None
