"""An export of OSV's database: over HTTP, or in a local folder or zip.

Reading on
    beyond-index.md 3.1 (what is in the bucket, and which headers it sends).
"""

import base64
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from hashlib import md5, sha256
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from source_pypi.errors import ChecksumError, DestinationError, ServiceDocumentError, ServiceError, ServiceRefusedError
from source_pypi.http.client import Client
from source_pypi.safety.redaction import without_credentials
from source_pypi.services.advisories.archive import (
    LARGEST_MEMBER,
    BrokenArchiveError,
    Member,
    read_archive,
)
from source_pypi.services.advisories.listing import Listing, parse_listing
from source_pypi.services.advisories.records import ECOSYSTEM, InvalidRecordError, parse_record

#: The setting that names the export.
SETTING = "advisories_url"
_MD5 = re.compile(r"md5=([A-Za-z0-9+/]{22}==)")
_BLOCK = 1024 * 1024


class ListingAnswer(Struct, frozen=True):
    """A list of advisories and its ETag; empty: the service sent none."""

    listing: Listing
    etag: str = ""


class Archive(Struct, frozen=True):
    """All advisories of an export.

    :ivar tag: what identifies its content: an ETag or a digest.
    :ivar members: each advisory; it can be iterated once.
    """

    tag: str
    members: Iterator[Member]


class Export(Protocol):
    """Where advisories are read from. Methods raise a ``SourceError`` when the export cannot be read."""

    #: Its URL without credentials.
    url: str

    def close(self) -> None:
        """Send nothing more, and end all waits."""
        ...

    def listing(self, etag: str) -> ListingAnswer | bool:
        """The list of modified advisories; True: it is unchanged; False: the export has none."""
        ...

    def advisory(self, identifier: str) -> Member | None:
        """An advisory; None: the export does not have it."""
        ...

    def archive(self, tag: str) -> "AbstractContextManager[Archive | None]":
        """All advisories; None: they are those that the tag identifies."""
        ...


class RemoteExport:
    """An export over HTTP.

    :param client: sends the requests.
    :param root: the URL of the folder that has ``PyPI/``, without a trailing slash.
    """

    def __init__(self, client: Client, root: str) -> None:
        self._client, self._root = client, root
        self.url = without_credentials(root)

    def close(self) -> None:
        """As of ``Export``."""
        self._client.close()

    def listing(self, etag: str) -> ListingAnswer | bool:
        """As of ``Export``."""
        response = self._client.get(self._at("modified_id.csv"), accept="text/csv, */*", etag=etag or None)
        if response.status == 304:
            return True
        if response.status != 200:
            return False
        listing = parse_listing(response.body)
        if not listing.modified:
            found = "an empty file" if not response.body.strip() else "no line of that format"
            raise ServiceDocumentError(response.url, "lines with a time and an identifier", found, SETTING)
        return ListingAnswer(listing, response.etag or "")

    def advisory(self, identifier: str) -> Member | None:
        """As of ``Export``."""
        response = self._client.get(self._at(f"{quote(identifier, safe='')}.json"))
        if response.status != 200:
            return None
        return _member(identifier, response.body)

    @contextmanager
    def archive(self, tag: str) -> Iterator[Archive | None]:
        """As of ``Export``; the zip is in a temporary file while it is read.

        :raises ServiceError: when there is none.
        :raises ChecksumError: when it differs from its checksum.
        """
        url = self._at("all.zip")
        with _temporary_file() as file:
            response = self._client.get(url, accept="application/zip, */*", etag=tag or None, into=file)
            if response.status == 304:
                yield None
                return
            if response.status != 200:
                raise ServiceError(response.url, f"answered {response.status}", SETTING)
            _check_md5(file, response.headers, response.url)
            found = response.etag or _digest(file)
            yield None if found == tag else Archive(found, _members(file, response.url))

    def _at(self, name: str) -> str:
        return f"{self._root}/{ECOSYSTEM}/{name}"


class LocalExport:
    """An export in a folder, as ``PyPI/all.zip``, ``all.zip`` or one JSON file for each advisory, or in a zip.

    :param path: the folder or the zip.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.url = path, f"file:{path}"

    def close(self) -> None:
        """Nothing is requested, and nothing waits."""

    def listing(self, etag: str) -> ListingAnswer | bool:  # noqa: ARG002 - of the protocol
        """False: the zip is read each time that it has changed."""
        return False

    def advisory(self, identifier: str) -> Member | None:  # noqa: ARG002 - of the protocol
        """None: without a list, no single record is read."""
        return None

    @contextmanager
    def archive(self, tag: str) -> Iterator[Archive | None]:
        """As of ``Export``.

        :raises ServiceRefusedError: when nothing is there, or it cannot be read.
        """
        paths = (self._path, self._path / ECOSYSTEM / "all.zip", self._path / "all.zip")
        try:
            found = next((path for path in paths if path.is_file()), None)
            if found is None:
                yield self._folder(tag)
                return
            with found.open("rb") as file:
                digest = _digest(file)
                yield None if digest == tag else Archive(digest, _members(file, f"file:{found}"))
        except OSError as error:
            raise ServiceRefusedError(self.url, f"cannot be read: {error.strerror}", SETTING) from error

    def _folder(self, tag: str) -> Archive | None:
        """The advisories in files; their names, sizes and times identify them."""
        folder = self._path / ECOSYSTEM if (self._path / ECOSYSTEM).is_dir() else self._path
        files = sorted(folder.glob("*.json"))
        if not files:
            raise ServiceRefusedError(self.url, "has no all.zip and no advisories", SETTING)
        stats = ((file.name, file.stat()) for file in files)
        digest = sha256(repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]).encode()).hexdigest()
        return None if digest == tag else Archive(digest, map(_read, files))


def local_path(url: str) -> Path:
    """The path that a ``file:`` URL names: ``file:advisories``, ``file:/srv/advisories`` or ``file:///srv/...``."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)).absolute()


def _read(path: Path) -> Member:
    if path.stat().st_size > LARGEST_MEMBER:
        return Member(path.name, reason=f"it has more than {LARGEST_MEMBER // 2**20} MB")
    return _member(path.stem, path.read_bytes())


def _member(identifier: str, content: bytes) -> Member:
    name = f"{identifier}.json"
    try:
        record, invalid = parse_record(content, identifier)
    except InvalidRecordError as error:
        return Member(name, reason=str(error))
    return Member(name, record, invalid=invalid)


def _members(file: BinaryIO, url: str) -> Iterator[Member]:
    """The members of a zip.

    :raises ServiceDocumentError: when it is none, or too large.
    """
    try:
        yield from read_archive(file)
    except BrokenArchiveError as error:
        raise ServiceDocumentError(url, "a zip of advisories", f"something else: {error}", SETTING) from error


@contextmanager
def _temporary_file() -> Iterator[BinaryIO]:
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    except OSError as error:
        raise DestinationError("a temporary file", f"cannot be created: {error.strerror}") from error
    with closing(file):
        yield file


def _check_md5(file: BinaryIO, headers: Mapping[str, str], url: str) -> None:
    """Compare a file with the checksum in the header ``x-goog-hash``, if there is one."""
    stated = _MD5.search(headers.get("x-goog-hash", ""))
    if stated is None:
        return
    digest = md5(usedforsecurity=False)
    for block in _blocks(file):
        digest.update(block)
    found = base64.b64encode(digest.digest()).decode()
    if found != stated[1]:
        raise ChecksumError(url, stated[1], found)


def _digest(file: BinaryIO) -> str:
    digest = sha256()
    for block in _blocks(file):
        digest.update(block)
    return digest.hexdigest()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(_BLOCK):
        yield block
