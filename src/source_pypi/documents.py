"""What an index may answer, as it is on the wire, odd as it is; checked once, here, at the door.

Flow
    ``open_document`` decodes an answer's body into one of the types below in a single typed pass. Where that fails,
    the body is decoded without types and mended (``repair.py``): a field of a wrong type becomes null and is noted,
    and what is no such document at all raises ``DocumentError``. Behind the door nothing has to be checked again.

Scope
    Every key is optional and nullable, although the public index promises most of them: mirrors leave out what they
    like (index-api.md 19). Keys that are not listed here are kept in the body and ignored in the content.

Reading on
    index-api.md 4 (project document), 5 (release document), 8 (statistics), 13 (vulnerabilities), 14 (deprecated keys).
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from source_pypi.errors import DocumentError
from source_pypi.record import Integer, about
from source_pypi.repair import Oddity, repair

T = TypeVar("T", bound=Struct)


class Digests(Struct, frozen=True, gc=False):
    """Checksums of a file."""

    md5: Annotated[str | None, about("MD5 of the file, in hexadecimal.")] = None
    sha256: Annotated[str | None, about("SHA-256 of the file, in hexadecimal.")] = None
    blake2b_256: Annotated[str | None, about("BLAKE2b-256 of the file, in hexadecimal; since 2023.")] = None


class File(Struct, frozen=True):
    """A distribution file, as ``urls`` and ``releases`` list it."""

    filename: Annotated[str | None, about("The file's name, unique on the index.")] = None
    packagetype: Annotated[
        str | None,
        about("sdist, bdist_wheel, bdist_egg, bdist_wininst, bdist_msi, bdist_dumb, bdist_rpm or bdist_dmg."),
    ] = None
    python_version: Annotated[str | None, about("'source' for an sdist, else the tag of the file's name.")] = None
    size: Annotated[Integer | None, about("Size of the file.", unit="bytes")] = None
    url: Annotated[str | None, about("Where the file is; relative on some mirrors.")] = None
    digests: Annotated[Digests | None, about("Checksums of the file.")] = None
    md5_digest: Annotated[str | None, about("Deprecated: digests.md5 once more.")] = None
    core_metadata: Annotated[
        bool | dict[str, str | None] | None,
        about("Checksums of the file's METADATA, which then stands at <url>.metadata (PEP 658); else false."),
    ] = field(default=None, name="core-metadata")
    upload_time: Annotated[datetime | None, about("Time of the upload in UTC, to the second, without zone.")] = None
    upload_time_iso_8601: Annotated[datetime | None, about("Time of the upload, ISO 8601.")] = None
    requires_python: Annotated[str | None, about("Python versions that the release supports (PEP 440).")] = None
    yanked: Annotated[bool | None, about("Whether the release was yanked (PEP 592).")] = None
    yanked_reason: Annotated[str | None, about("Why the release was yanked.")] = None
    comment_text: Annotated[str | None, about("The uploader's comment.")] = None
    downloads: Annotated[Integer | None, about("Deprecated: always -1.")] = None
    has_sig: Annotated[bool | None, about("Deprecated: always false since May 2023.")] = None


class Downloads(Struct, frozen=True, gc=False):
    """Deprecated counts, always -1."""

    last_day: Annotated[Integer | None, about("Deprecated: always -1.")] = None
    last_week: Annotated[Integer | None, about("Deprecated: always -1.")] = None
    last_month: Annotated[Integer | None, about("Deprecated: always -1.")] = None


class Info(Struct, frozen=True):
    """Metadata of one release: the core metadata of the file that was uploaded first."""

    name: Annotated[str | None, about("The project's name as its owners write it.")] = None
    version: Annotated[str | None, about("Version of the release that this describes, as uploaded.")] = None
    summary: Annotated[str | None, about("What the project is, in one line.")] = None
    description: Annotated[str | None, about("The long description, as it was uploaded.")] = None
    description_content_type: Annotated[str | None, about("Media type of the description.")] = None
    keywords: Annotated[str | None, about("Keywords, joined with commas (older ones: with anything).")] = None
    license: Annotated[str | None, about("Licence, as free text; may be a whole licence.")] = None
    license_expression: Annotated[str | None, about("Licence, as an SPDX expression (PEP 639).")] = None
    license_files: Annotated[list[str] | None, about("Names of the licence files (PEP 639).")] = None
    classifiers: Annotated[list[str] | None, about("Trove classifiers.")] = None
    author: Annotated[str | None, about("Author's name.")] = None
    author_email: Annotated[str | None, about("Author's address.")] = None
    maintainer: Annotated[str | None, about("Maintainer's name.")] = None
    maintainer_email: Annotated[str | None, about("Maintainer's address.")] = None
    requires_python: Annotated[str | None, about("Supported Python versions (PEP 440).")] = None
    requires_dist: Annotated[list[str] | None, about("Dependencies (PEP 508), as uploaded.")] = None
    provides_extra: Annotated[list[str] | None, about("Names of the extras.")] = None
    dynamic: Annotated[list[str] | None, about("Core metadata fields that a build may change (PEP 643).")] = None
    platform: Annotated[str | None, about("The first platform named.")] = None
    home_page: Annotated[str | None, about("Deprecated: address of the home page.")] = None
    download_url: Annotated[str | None, about("Deprecated: address to download from.")] = None
    docs_url: Annotated[str | None, about("Address of documentation hosted with the index, long ago.")] = None
    bugtrack_url: Annotated[str | None, about("Deprecated: always null.")] = None
    project_urls: Annotated[dict[str, str | None] | None, about("Addresses by label.")] = None
    project_url: Annotated[str | None, about("The project's page on the index.")] = None
    package_url: Annotated[str | None, about("The project's page on the index, once more.")] = None
    release_url: Annotated[str | None, about("The release's page on the index.")] = None
    downloads: Annotated[Downloads | None, about("Deprecated: always -1.")] = None
    yanked: Annotated[bool | None, about("Whether the release was yanked (PEP 592).")] = None
    yanked_reason: Annotated[str | None, about("Why the release was yanked.")] = None


class Vulnerability(Struct, frozen=True):
    """An advisory that touches the release, from OSV."""

    id: Annotated[str | None, about("The advisory's identifier, e.g. PYSEC-2021-9.")] = None
    source: Annotated[str | None, about("Who reported it.")] = None
    link: Annotated[str | None, about("Where to read it.")] = None
    aliases: Annotated[list[str] | None, about("Other identifiers of the same flaw.")] = None
    details: Annotated[str | None, about("The advisory's text.")] = None
    summary: Annotated[str | None, about("The advisory in one line.")] = None
    fixed_in: Annotated[list[str] | None, about("Versions that fix it.")] = None
    withdrawn: Annotated[str | None, about("When it was withdrawn.")] = None


class Role(Struct, frozen=True, gc=False):
    """A role that a user has in a project."""

    role: Annotated[str | None, about("Owner or Maintainer.")] = None
    user: Annotated[str | None, about("The user's name.")] = None


class Ownership(Struct, frozen=True):
    """Who owns a project."""

    roles: Annotated[list[Role] | None, about("Roles of users, owners first.")] = None
    organization: Annotated[str | None, about("Organization that owns the project.")] = None


class Release(Struct, frozen=True):
    """A release document: ``/pypi/<name>/<version>/json``."""

    info: Annotated[Info, about("Metadata of the release.")]
    last_serial: Annotated[Integer | None, about("The project's serial: goes up with each journalled change.")] = None
    ownership: Annotated[Ownership | None, about("Who owns the project; since February 2026.")] = None
    urls: Annotated[list[File] | None, about("The release's files.")] = None
    vulnerabilities: Annotated[list[Vulnerability] | None, about("Advisories that touch the release.")] = None


class Project(Release, frozen=True):
    """A project document: ``/pypi/<name>/json``, the document of its latest release and the list of all of them."""

    releases: Annotated[
        dict[str, list[File] | None] | None, about("Files by version; an empty list where a release has none.")
    ] = None


class PackageSize(Struct, frozen=True, gc=False):
    """What the statistics tell of a project."""

    size: Annotated[Integer | None, about("Size of all its files.", unit="bytes")] = None


class Statistics(Struct, frozen=True):
    """The index's statistics: ``/stats/``."""

    top_packages: Annotated[dict[str, PackageSize | None], about("The 100 largest projects, by display name.")]
    total_packages_size: Annotated[Integer | None, about("Size of all files of the index.", unit="bytes")] = None


#: What each type is called in a message, and the key without which an answer is not that document.
NAMES: dict[type[Struct], tuple[str, str]] = {
    Project: ("a project document (JSON with 'info')", "info"),
    Release: ("a release document (JSON with 'info')", "info"),
    Statistics: ("the index's statistics (JSON with 'top_packages')", "top_packages"),
}


@dataclass(frozen=True, slots=True)
class Document(Generic[T]):
    """A checked answer.

    ``address`` it came from, ``content`` typed, ``body`` the same as JSON (one object, valid UTF-8, wrong fields
    nulled), ``etag`` and ``serial`` as the index sent them (None: it does not), ``oddities`` what was mended.
    """

    address: str
    content: T
    body: bytes
    etag: str | None
    serial: int | None
    oddities: tuple[Oddity, ...]

    def sections(self) -> dict[str, Raw]:
        """The document's top-level keys, each value as the JSON that the index sent, known to us or not."""
        return _SECTIONS.decode(self.body)


_SECTIONS = msgspec.json.Decoder(dict[str, Raw])
_DECODERS: dict[type[Struct], msgspec.json.Decoder[Any]] = {type_: msgspec.json.Decoder(type_) for type_ in NAMES}


def open_document(
    body: bytes, type_: type[T], address: str, *, etag: str | None = None, serial: int | None = None
) -> Document[T]:
    """Check an answer's body at the door.

    :raises DocumentError: when it is not JSON, or not such a document.
    """
    try:
        content: T = _DECODERS[type_].decode(body)
        body.decode()  # keys that the types do not know reach the rows too, so they must be UTF-8 as well
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _mended(body, type_, address, etag, serial)
    return Document(address, content, one_line(body), etag, serial, ())


def _mended(body: bytes, type_: type[T], address: str, etag: str | None, serial: int | None) -> Document[T]:
    expected, essential = NAMES[type_]
    try:
        tree = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise DocumentError(address, expected, _sketch(body)) from error
    if not isinstance(tree, dict) or not isinstance(tree.get(essential), dict):
        raise DocumentError(address, expected, _sketch(body))
    mended, oddities = repair(without_surrogates(tree), type_)
    return Document(address, msgspec.convert(mended, type_), msgspec.json.encode(mended), etag, serial, tuple(oddities))


def one_line(body: bytes) -> bytes:
    """The same JSON on one line: a mirror may serve it pretty-printed, and a row is a line."""
    body = body.strip()
    return msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body


def without_surrogates(value: Any) -> Any:
    """Replace what JSON can escape but UTF-8 cannot hold (half a surrogate pair) by U+FFFD, in texts and keys."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


def _sketch(body: bytes) -> str:
    """The beginning of an answer, printable, to tell the user what came instead."""
    text = re.sub(r"[^ -~]+", " ", body[:200].decode("utf-8", "replace")).strip()
    return f"{text[:60]!r}" if text else "an empty body"
