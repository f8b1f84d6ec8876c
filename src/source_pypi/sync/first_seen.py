"""When a sync first saw each file, for files of which the index gives no upload time.

A state keeps the times of a project's files, grouped by time: the files of one group were seen by the same run, so that
a file costs eight bytes. Of its name a digest is kept, which is long enough that nobody makes a file whose digest is
that of an older one. A file that disappears is forgotten: if it comes back, it has a new time. The time
is kept while the index gives an upload time, since an index may give it in one form of a page and not in the other.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b

#: Bytes of the digest of a file's name.
DIGEST = 8
#: For each time, in seconds since 1970, the digests of the files that were first seen then, sorted and joined.
FirstSeen = tuple[tuple[int, bytes], ...]


def times_of(names: Iterable[str], known: Iterable[FirstSeen], now: int) -> dict[str, int]:
    """Return when each of these files was first seen, in seconds since 1970, by name: ``now`` if it is new.

    :param known: from the states of earlier runs; the earliest time of a file counts.
    :param now: no time is later, whatever the clock said in earlier runs.
    """
    names = tuple(names)
    return dict.fromkeys(names, max(0, now)) | known_times(names, known, now)


def known_times(names: Iterable[str], known: Iterable[FirstSeen], now: int) -> dict[str, int]:
    """Return the same of the files that are known; the others are left out."""
    earliest: dict[bytes, int] = {}
    for groups in known:
        for time, digests in groups:
            for start in range(0, len(digests), DIGEST):
                digest = digests[start : start + DIGEST]
                earliest[digest] = min(time, earliest.get(digest, time))
    times = ((name, earliest.get(_digest(name))) for name in names) if earliest else ()
    return {name: max(0, min(now, time)) for name, time in times if time is not None}


def packed(times: Mapping[str, int]) -> FirstSeen:
    """Return the times of files as they are kept in state."""
    groups: dict[int, list[bytes]] = {}
    for name, time in times.items():
        groups.setdefault(time, []).append(_digest(name))
    return tuple((time, b"".join(sorted(groups[time]))) for time in sorted(groups))


def as_datetimes(times: Mapping[str, int]) -> dict[str, datetime]:
    """Return the times as they stand in rows (UTC)."""
    by_time = {time: datetime.fromtimestamp(time, UTC) for time in set(times.values())}
    return {name: by_time[time] for name, time in times.items()}


def _digest(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "replace"), digest_size=DIGEST).digest()
