"""Project pages and the list of projects as an index sends them: ``/simple/<name>/`` and ``/simple/`` as JSON.

Everything but ``files`` and ``projects`` is optional in practice (index-api.md 7.4).

Reading on
    PEP 691, PEP 700 (versions), PEP 740 (provenance), PEP 792 (project-status); index-api.md 6 and 7.
"""

from typing import Annotated

from msgspec import Struct, field

from source_pypi.fields import Integer, describe

#: The media type of JSON pages; an index that does not support it answers with HTML.
JSON_PAGE = "application/vnd.pypi.simple.v1+json"


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


class PageFile(Struct, frozen=True):
    """A distribution file in a project page."""

    filename: Annotated[str | None, describe("The file's name.")] = None
    url: Annotated[str | None, describe("URL of the file; relative on some mirrors.")] = None
    provenance: Annotated[str | None, describe("URL of its provenance document (PEP 740).")] = None


class Page(Struct, frozen=True):
    """A project page."""

    files: Annotated[list[PageFile], describe("The project's files.")]
    meta: Annotated[Meta | None, describe("The page's own metadata.")] = None
    name: Annotated[str | None, describe("The project's normalized name.")] = None
    versions: Annotated[list[str] | None, describe("Versions that have files (PEP 700).")] = None
    status: Annotated[ProjectStatus | None, describe("The project's status (PEP 792).")] = field(
        default=None, name="project-status"
    )


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
