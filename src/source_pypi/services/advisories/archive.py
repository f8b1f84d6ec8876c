"""``all.zip``: one JSON file for each advisory, read one after another, so that few of them are in memory.

Limits
    The directory of a zip is read as a whole, so its size is checked first. A member that is larger than its limit, is
    damaged or encrypted, or has a name that no advisory has, is left out and counted.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from msgspec import Struct

from source_pypi.services.advisories.records import LONGEST_ID, InvalidRecordError, Record, parse_record

#: Bytes of the directory; that of 30,000 members has 2 million. One entry takes up to 20 times its size in memory.
LARGEST_DIRECTORY = 16 * 1024 * 1024
#: Bytes of a member; the largest advisories have some 300,000.
LARGEST_MEMBER = 8 * 1024 * 1024
#: Bytes of all members together.
LARGEST_CONTENT = 2 * 1024 * 1024 * 1024
_END, _END64 = b"PK\x05\x06", b"PK\x06\x06"
#: Bytes at the end of a zip that have the position of its directory: two records, and a comment.
_TAIL = 22 + 65_535 + 20 + 56
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class BrokenArchiveError(Exception):
    """What is no zip, or one that is too large; the text says why."""


class Member(Struct, frozen=True):
    """A member of a zip.

    :ivar name: its name.
    :ivar record: the advisory; None: there is none.
    :ivar reason: why there is none; empty: there is one.
    :ivar invalid: the fields of the advisory that had a wrong type.
    """

    name: str
    record: Record | None = None
    reason: str = ""
    invalid: tuple[str, ...] = ()


def read_archive(file: BinaryIO) -> Iterator[Member]:
    """Yield each member of a zip, in the order of its directory.

    :raises BrokenArchiveError: when it is no zip, its directory is too large, or its members are together.
    """
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGED as error:
        raise BrokenArchiveError(f"it is not a valid zip: {error}") from error
    size, seen = 0, set[str]()
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            size += info.file_size if info.file_size <= LARGEST_MEMBER else 0
            if size > LARGEST_CONTENT:
                raise BrokenArchiveError(f"its members have more than {LARGEST_CONTENT // 2**30} GB")
            repeated = info.filename in seen
            seen.add(info.filename)
            yield Member(info.filename, reason="its name is repeated") if repeated else _member(archive, info)


def identifier_of(name: str) -> str:
    """The identifier of the advisory that a member with this name has; empty: its name is not that of an advisory."""
    path = PurePosixPath(name)
    identifier = path.name.removesuffix(".json")
    return identifier if path.suffix == ".json" and len(identifier) <= LONGEST_ID else ""


def _check_directory(file: BinaryIO) -> None:
    """Check the size of the directory that the end of the file states.

    :raises BrokenArchiveError: when it is too large, or nothing states it.
    """
    length = file.seek(0, 2)
    file.seek(max(0, length - _TAIL))
    tail = file.read(_TAIL)
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + 22:
        raise BrokenArchiveError("it is not a zip, or its end is missing")
    (size,) = struct.unpack_from("<L", tail, end + 12)
    end64 = tail.rfind(_END64, 0, end)
    if size == 0xFFFFFFFF and end64 >= 0 and len(tail) >= end64 + 56:
        (size,) = struct.unpack_from("<Q", tail, end64 + 40)
    if size > LARGEST_DIRECTORY:
        raise BrokenArchiveError(f"its directory has more than {LARGEST_DIRECTORY // 2**20} MB")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    identifier = identifier_of(info.filename)
    if not identifier:
        return Member(info.filename, reason="its name is not that of an advisory")
    if info.file_size > LARGEST_MEMBER:
        return Member(info.filename, reason=f"it has more than {LARGEST_MEMBER // 2**20} MB")
    try:
        with archive.open(info) as opened:
            content = opened.read(LARGEST_MEMBER + 1)
    except _DAMAGED as error:
        return Member(info.filename, reason=f"it is damaged: {error}")
    if len(content) > LARGEST_MEMBER:
        return Member(info.filename, reason=f"it has more than {LARGEST_MEMBER // 2**20} MB")
    try:
        record, invalid = parse_record(content, identifier)
    except InvalidRecordError as error:
        return Member(info.filename, reason=str(error))
    return Member(info.filename, record, invalid=invalid)
