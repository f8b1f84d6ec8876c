"""Project pages and the list of projects as an index sends them: ``/simple/<name>/`` and ``/simple/``.

These are the types of the JSON form; ``html_page.py`` reads the HTML form into the same types.

Everything but ``files`` and ``projects`` is optional in practice (index-api.md 7.4).

Reading on
    PEP 691, PEP 592 (yanked), PEP 700 (versions, size, upload-time), PEP 714 (core-metadata), PEP 740 (provenance),
    PEP 792 (project-status), PEP 752 (namespaces); index-api.md 6 and 7.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Struct, field

from source_pypi.fields import Integer, describe
from source_pypi.standards.wheels import name_in_url

#: The media type of JSON pages.
JSON_PAGE = "application/vnd.pypi.simple.v1+json"
#: The media types of pages, JSON first. An index that has only one form answers with it; some answer 406 to a request
#: that does not accept theirs.
PAGE = f"{JSON_PAGE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


class Meta(Struct, frozen=True, gc=False):
    """The page's own metadata."""

    api_version: Annotated[str | None, describe("Version of the format.")] = field(default=None, name="api-version")
    last_serial: Annotated[Integer | str | None, describe("The project's or the index's serial.")] = field(
        default=None, name="_last-serial"
    )


class ProjectStatus(Struct, frozen=True, gc=False):
    """The status of a project (PEP 792)."""

    status: Annotated[str | None, describe("active, archived, quarantined or deprecated.")] = None
    reason: Annotated[str | None, describe("Reason for the status.")] = None


class Namespace(Struct, frozen=True, gc=False):
    """A namespace that a project's name belongs to (PEP 752)."""

    name: Annotated[str | None, describe("The namespace's normalised name.")] = None
    owned: Annotated[bool | None, describe("Whether its owner owns the project as well.")] = None


class PageFile(Struct, frozen=True):
    """A distribution file in a project page."""

    filename: Annotated[str | None, describe("The file's name.")] = None
    url: Annotated[str | None, describe("URL of the file; relative on some mirrors.")] = None
    hashes: Annotated[dict[str, str | None] | None, describe("Digests of the file, in hexadecimal, by algorithm.")] = (
        None
    )
    requires_python: Annotated[str | None, describe("Supported Python versions (PEP 440).")] = field(
        default=None, name="requires-python"
    )
    size: Annotated[Integer | None, describe("Size of the file (PEP 700).", unit="bytes")] = None
    upload_time: Annotated[datetime | None, describe("Time of the upload (PEP 700).")] = field(
        default=None, name="upload-time"
    )
    yanked: Annotated[bool | str | None, describe("Whether it was yanked, or the reason (PEP 592).")] = None
    core_metadata: Annotated[
        bool | dict[str, str | None] | None, describe("Digests of the METADATA file (PEP 714); false: there is none.")
    ] = field(default=None, name="core-metadata")
    dist_info_metadata: Annotated[
        bool | dict[str, str | None] | None, describe("The same, as older indexes call it (PEP 658).")
    ] = field(default=None, name="dist-info-metadata")
    gpg_sig: Annotated[bool | None, describe("Whether there is a signature at <url>.asc.")] = field(
        default=None, name="gpg-sig"
    )
    provenance: Annotated[str | None, describe("URL of its provenance document (PEP 740).")] = None

    def name(self) -> str | None:
        """The file's name, else the end of its URL; None: neither."""
        return self.filename or (None if self.url is None else name_in_url(self.url))


class Page(Struct, frozen=True):
    """A project page."""

    files: Annotated[list[PageFile], describe("The project's files.")]
    meta: Annotated[Meta | None, describe("The page's own metadata.")] = None
    name: Annotated[str | None, describe("The project's normalized name.")] = None
    versions: Annotated[list[str] | None, describe("Versions that have files (PEP 700).")] = None
    status: Annotated[ProjectStatus | None, describe("The project's status (PEP 792).")] = field(
        default=None, name="project-status"
    )
    namespaces: Annotated[
        list[Namespace] | None, describe("The namespaces of the project's name (PEP 752); null: none.")
    ] = None


class Listed(Struct, frozen=True, gc=False):
    """A project in the list."""

    name: Annotated[str | None, describe("The project's name as its owners write it.")] = None
    last_serial: Annotated[Integer | str | None, describe("The project's serial.")] = field(
        default=None, name="_last-serial"
    )


class Listing(Struct, frozen=True):
    """The list of projects."""

    projects: Annotated[list[Listed], describe("All projects of the index.")]
    meta: Annotated[Meta | None, describe("The page's own metadata.")] = None


def unsupported_version(meta: Meta | None) -> str | None:
    """The version of the format if its major part is not 1, which a client must reject (PEP 629); else None."""
    version = meta.api_version if meta is not None else None
    major = (version or "1").partition(".")[0]
    return None if major == "1" else version


def serial_of(value: int | str | None) -> int | None:
    """A serial as a number; a header has it as text, as some mirrors do. None: absent, or not a number of 64 bits."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    return value
