"""``events``: an event of the index's journal.

Archiving, the reason of a yank, advisories and attestations are not in the journal, nor is who did something.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.fields import Integer, describe
from source_pypi.services.events.entries import JournalEntry, JournalPage
from source_pypi.streams._actions import EventKind, parse_action
from source_pypi.streams.stream import Row, Stream

_NAMES_NONE = "the action names none"


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """An event: something that happened to a project or a release."""

    serial: Annotated[
        Integer, describe("The event's number. Later events have higher numbers, with gaps.", source="serial")
    ]
    project: Annotated[
        str | None,
        describe("The project's normalised name (PEP 503).", source="name", null="the event concerns no project"),
    ]
    name: Annotated[str, describe("The project's name as spelled at the time.", source="name")]
    version: Annotated[
        str | None, describe("The version.", source="version", null="the event concerns the whole project")
    ]
    time: Annotated[
        datetime | None,
        describe(
            "Time of the event. Of events with serials below 628,000 it may be wrong by years.",
            source="timestamp",
            null="the journal has no valid time",
        ),
    ]
    action: Annotated[str, describe("What happened, as the journal writes it.", source="action")]
    kind: Annotated[
        str, describe(f"What happened: {', '.join(EventKind)} (an action that is not known).", source="action")
    ]
    role: Annotated[
        str | None,
        describe("The role that is added, removed or offered: the new one.", source="action", null=_NAMES_NONE),
    ]
    user: Annotated[
        str | None, describe("The user, or the team, that has the role.", source="action", null=_NAMES_NONE)
    ]
    filename: Annotated[str | None, describe("The file's name.", source="action", null=_NAMES_NONE)]
    python_version: Annotated[
        str | None,
        describe("The Python version of an added file: source, py3, cp312, 2.7.", source="action", null=_NAMES_NONE),
    ]


def events_rows(page: JournalPage) -> Iterator[Row]:
    """A row for each event, in the order of the journal."""
    return map(_row, page.entries)


def _row(entry: JournalEntry) -> Event:
    action = parse_action(entry.action, of_release=entry.version is not None)
    of_project = bool(entry.name) and not entry.name.startswith("user:")
    return Event(
        serial=entry.serial,
        project=canonicalize_name(entry.name) if of_project else None,
        name=entry.name,
        version=entry.version,
        time=_time(entry.timestamp),
        action=entry.action,
        kind=action.kind.value,
        role=action.role,
        user=action.user,
        filename=action.filename,
        python_version=action.python_version,
    )


def _time(seconds: int) -> datetime | None:
    """The time in UTC; None: it is out of range."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


STREAM = Stream(
    name="events",
    row="an event of the index's journal",
    record=Event,
    key=("serial",),
    documents=(),
    cost="1 for 50,000 events, at most 1 per second",
    rows=events_rows,
    service="events",
    by_index=True,
    merged_by="serial",
)
