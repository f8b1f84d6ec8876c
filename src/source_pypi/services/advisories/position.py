"""Where a sync of advisories ended: the cursor of a stream.

Late data
    An export may list an advisory after others that were modified later. The cursor therefore has, besides the newest
    time, the advisories that were modified in the ``WINDOW`` before it: a listed one that is not among them is new.
"""

import zlib
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

#: How long before the newest time an advisory that was not there yet is noticed, in microseconds: 14 days.
WINDOW = 14 * 86_400 * 1_000_000
#: Bytes of a cursor when it is decompressed.
_LARGEST = 64 * 1024 * 1024


class Position(Struct, frozen=True, array_like=True, kw_only=True):
    """A cursor.

    :ivar modified: the newest time at which a read advisory was modified, in microseconds since 1970.
    :ivar recent: when each of the advisories in the ``WINDOW`` was modified, by identifier.
    :ivar archive: what identifies the zip that was last read: an ETag or a digest; empty: nothing does.
    :ivar done: how many members of that zip were read; -1: all.
    :ivar full_at: when a zip was last read in full, in seconds since 1970.
    :ivar listing: the ETag of the list of modified advisories; empty: unknown.
    :ivar projects: the projects whose advisories were read; None: all.
    :ivar ids: the advisories that have rows; empty unless the stream notices that they disappear.
    :ivar gone: those of them that the export no longer has.
    :ivar unread: why advisories that the export has could not be read, or not in full, by identifier.
    """

    modified: int = 0
    recent: dict[str, int] = {}
    archive: str = ""
    done: int = -1
    full_at: int = 0
    listing: str = ""
    projects: tuple[str, ...] | None = None
    ids: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unread: dict[str, str] = {}

    def covers(self, projects: Iterable[str] | None) -> bool:
        """Whether the advisories of these projects were read; None: of all projects."""
        if self.projects is None:
            return True
        return projects is not None and set(projects) <= set(self.projects)

    def is_new(self, identifier: str, modified: int) -> bool:
        """Whether an advisory that was modified then has not been read."""
        if modified > self.modified:
            return True
        return modified > self.modified - WINDOW and self.recent.get(identifier, 0) < modified


def recent_of(modified: Mapping[str, int], newest: int) -> dict[str, int]:
    """Those of these advisories that were modified in the ``WINDOW`` before a time."""
    return {identifier: time for identifier, time in modified.items() if time > newest - WINDOW}


def pack(position: Position) -> bytes:
    """Return a position as bytes."""
    return zlib.compress(msgspec.msgpack.encode(position), 9)


def unpack(packed: bytes) -> Position | None:
    """Return the position that ``pack`` encoded; None: it is of another release, so that everything is read again."""
    try:
        plain = zlib.decompressobj().decompress(packed, _LARGEST)
        return msgspec.msgpack.decode(plain, type=Position)
    except (zlib.error, msgspec.DecodeError, ValueError):
        return None
