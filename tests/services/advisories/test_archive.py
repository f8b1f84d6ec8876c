"""services/advisories/archive.py: members one by one, and what is refused: bombs, broken and misnamed members."""

import io
import json
import struct
import zipfile
import zlib

import pytest

from source_pypi.services.advisories import archive
from source_pypi.services.advisories.archive import BrokenArchiveError, Member, read_archive
from tests.fake_advisories import record
from tests.fake_advisories.database import zip_of


def written(identifier: str) -> bytes:
    """A record as JSON."""
    return json.dumps(record(identifier)).encode()


def read(content: bytes) -> list[tuple[str, str]]:
    """Name and reason of each member; the identifier stands for the reason of a valid one."""
    return [(one.name, one.reason or _id(one)) for one in read_archive(io.BytesIO(content))]


def _id(member: Member) -> str:
    assert member.record is not None
    return member.record.id


def test_members() -> None:
    """Members are read in their order, in any folder; what is no advisory is left out, with the reason."""
    content = zip_of(
        {
            "A-1.json": written("A-1"),
            "PyPI/B-2.json": written("B-2"),
            "C-3.json": written("another"),
            "D.json": b"[]",
            "E.json": b"\xff",
            "F.txt": written("F"),
            ".json": written("G"),
            f"{'H' * 300}.json": written("H" * 300),
        }
    )
    assert read(content) == [
        ("A-1.json", "A-1"),
        ("PyPI/B-2.json", "B-2"),
        ("C-3.json", "its id is 'another'"),
        ("D.json", "it is not a JSON object"),
        ("E.json", "it is not valid JSON"),
        ("F.txt", "its name is not that of an advisory"),
        (".json", "its name is not that of an advisory"),
        (f"{'H' * 300}.json", "its name is not that of an advisory"),
    ]


def test_repeated_names() -> None:
    """Of members with the same name, the first counts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("A.json", written("A"))
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("A.json", written("B"))
    assert read(file.getvalue()) == [("A.json", "A"), ("A.json", "its name is repeated")]


def test_damaged_member() -> None:
    """A member whose content differs from its checksum is left out; the others are read."""
    content = bytearray(zip_of({"A.json": written("A"), "B.json": written("B")}))
    start = content.index(b"A.json") + len("A.json")
    content[start + 20] ^= 0xFF
    [(name, reason), other] = read(bytes(content))
    assert (name, reason.startswith("it is damaged: "), other) == ("A.json", True, ("B.json", "B"))


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that is too large, or larger than it says, is left out; all together have a limit, too."""
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 10_000)
    large = b'{"id": "A", "x": "' + b"x" * 100_000 + b'"}'
    assert read(zip_of({"A.json": large, "B.json": written("B")})) == [
        ("A.json", "it has more than 0 MB"),
        ("B.json", "B"),
    ]
    lying = bytearray(zip_of({"A.json": large}))
    size = struct.pack("<L", len(large))
    lying = bytearray(bytes(lying).replace(size, struct.pack("<L", 100)))
    [(name, reason)] = read(bytes(lying))
    assert (name, reason.startswith("it is damaged: ")) == ("A.json", True)
    monkeypatch.setattr(archive, "LARGEST_CONTENT", 500)
    with pytest.raises(BrokenArchiveError, match="its members have more than"):
        read(zip_of({f"{number}.json": written(str(number)) for number in range(5)}))


def test_large_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip whose directory is too large is refused before the directory is read; so is one that lies about it."""
    content = zip_of({f"{number}.json": written(str(number)) for number in range(100)})
    monkeypatch.setattr(archive, "LARGEST_DIRECTORY", 1_000)
    with pytest.raises(BrokenArchiveError, match="its directory has more than"):
        read(content)
    end = content.rindex(b"PK\x05\x06")
    lying = content[: end + 12] + struct.pack("<L", 10) + content[end + 16 :]
    with pytest.raises(BrokenArchiveError, match="not a valid zip"):
        read(lying)


def test_large_directory_of_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size in the record of a large zip (ZIP64) counts as well."""
    content = zip_of({"A.json": written("A")})
    end = content.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<LL", content, end + 12)
    record64 = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    tail = content[end : end + 12] + struct.pack("<LL", 0xFFFFFFFF, 0xFFFFFFFF) + content[end + 20 :]
    large = content[:end] + record64 + locator + tail
    assert read(large) == [("A.json", "A")]
    monkeypatch.setattr(archive, "LARGEST_DIRECTORY", size - 1)
    with pytest.raises(BrokenArchiveError, match="its directory has more than"):
        read(large)


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x05\x06", zlib.compress(b"x"), b"PK\x05\x06" + b"\xff" * 18])
def test_no_zip(content: bytes) -> None:
    """What is no zip is refused."""
    with pytest.raises(BrokenArchiveError):
        read(content)


def test_any_bytes_are_read_or_refused() -> None:
    """A zip with any byte changed gives members, or is refused."""
    content = zip_of({"A.json": written("A"), "B.json": written("B")})
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 0x55
        try:
            members = read(bytes(changed))
        except BrokenArchiveError:
            continue
        assert len(members) <= 2
