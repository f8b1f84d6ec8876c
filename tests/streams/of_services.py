"""Documents of services other than the index, of which their streams make rows, by service."""

from collections.abc import Callable, Sequence
from typing import Any

from source_pypi.services.events.entries import JournalEntry, JournalPage


def _journal() -> Sequence[JournalPage]:
    """Pages of the journal: with every field, without events."""
    entries = (
        JournalEntry("Foo", "1.0", 1_725_534_675, "add py3 file foo-1.0-py3-none-any.whl", 5),
        JournalEntry("Foo", None, 1_725_534_675, "add Owner alice", 7),
        JournalEntry("", None, -1, "something else", 8),
        JournalEntry("user:bob", None, 2**62, "nuke user", 9),
    )
    return JournalPage(entries), JournalPage(())


#: What the function ``rows`` of the streams of each service takes.
DOCUMENTS: dict[str, Callable[[], Sequence[Any]]] = {"events": _journal}
