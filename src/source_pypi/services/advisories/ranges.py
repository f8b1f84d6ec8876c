"""Ranges of affected versions: intervals from the events of an OSV range.

OSV's specification walks the events in the order of their versions: ``introduced`` makes that version and later ones
affected, ``fixed`` ends that before the version, ``last_affected`` after it. A version is affected only if it is below
one of the limits, if there are any. Events of one version come in the order introduced, last_affected, fixed.

Reading on
    beyond-index.md 3.2.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from source_pypi.services.advisories.records import Event, Range
from source_pypi.standards.versions import sort_key

#: As a version in ``introduced``: below all versions.
FROM_THE_BEGINNING = "0"
#: As a version in ``limit``: above all versions.
NO_LIMIT = "*"
#: The kinds of ranges whose versions are those of the ecosystem. GIT has commits.
_KINDS = ("ECOSYSTEM", "SEMVER")
_NAMES = ("introduced", "last_affected", "fixed")


class Interval(Struct, frozen=True, kw_only=True):
    """Versions from ``introduced`` on: below ``fixed``, or up to and including ``last_affected``, and below ``limit``.

    :ivar introduced: the first version; None: all from the first one on.
    :ivar fixed: the version that ends it; None: another field does, or nothing.
    :ivar last_affected: the last version; None: another field says the end, or nothing does.
    :ivar limit: the version below which the interval holds; None: everywhere.
    """

    introduced: str | None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


def intervals(ranges: Iterable[Range]) -> Iterator[Interval]:
    """The intervals of affected versions, of each range in the order of versions."""
    for one in ranges:
        if one.type in _KINDS:
            yield from _intervals(one.events)


def key_of_introduced(version: str | None) -> str:
    """The sort key of the first version of an interval: an empty text, below all others, if there is none."""
    return "" if version is None else sort_key(version)


def _intervals(events: Iterable[Event]) -> Iterator[Interval]:
    turns = [(*_turn(name, version), name, version) for event in events for name, version in _given(event)]
    turns.sort(key=lambda turn: turn[:2])
    limit = _limit(event.limit for event in events if event.limit is not None)
    begin: str | None = None
    is_open = False
    for _, group in groupby(turns, key=lambda turn: turn[0]):
        at = {name: version for _, _, name, version in reversed(list(group))}
        starts = not is_open and "introduced" in at
        if starts:
            is_open, begin = True, None if at["introduced"] == FROM_THE_BEGINNING else at["introduced"]
        if is_open and "fixed" in at:
            if not starts:
                yield Interval(introduced=begin, fixed=at["fixed"], limit=limit)
            is_open = False
        elif is_open and "last_affected" in at:
            yield Interval(introduced=begin, last_affected=at["last_affected"], limit=limit)
            is_open = False
    if is_open:
        yield Interval(introduced=begin, limit=limit)


def _given(event: Event) -> Iterator[tuple[str, str]]:
    return ((name, version) for name in _NAMES if (version := getattr(event, name)) is not None)


def _turn(name: str, version: str) -> tuple[str, int]:
    """Where an event stands among others: by version, then by kind."""
    from_the_beginning = name == "introduced" and version == FROM_THE_BEGINNING
    return "" if from_the_beginning else sort_key(version), _NAMES.index(name)


def _limit(limits: Iterable[str]) -> str | None:
    """The highest limit: a version below any of them is below it. None: there is no limit."""
    known = list(limits)
    return None if not known or NO_LIMIT in known else max(known, key=sort_key)
