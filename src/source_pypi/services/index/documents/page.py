"""Project pages and the list of projects, as they are on the wire: ``/simple/<name>/`` and ``/simple/`` as JSON.

Everything but ``files`` and ``projects`` is optional in practice (index-api.md 7.4), and mirrors have been seen to
write the serial as text.

Reading on
    PEP 691, PEP 700 (versions), PEP 740 (provenance), PEP 792 (project-status); index-api.md 6 and 7.
"""

from typing import Annotated

from msgspec import Struct, field

from source_pypi.fields import Integer, describe

#: The media type to ask for; an index that does not know it answers with HTML.
JSON_PAGE = "application/vnd.pypi.simple.v1+json"


class Meta(Struct, frozen=True, gc=False):
    """What a page says of itself."""

    api_version: Annotated[str | None, describe("Version of the interface.")] = field(default=None, name="api-version")
    last_serial: Annotated[Integer | str | None, describe("The project's or the index's serial.")] = field(
        default=None, name="_last-serial"
    )


class ProjectStatus(Struct, frozen=True, gc=False):
    """What became of a project (PEP 792)."""

    status: Annotated[str | None, describe("active, archived, quarantined or deprecated.")] = None
    reason: Annotated[str | None, describe("Why.")] = None


class PageFile(Struct, frozen=True):
    """A distribution file, as a project page lists it."""

    filename: Annotated[str | None, describe("The file's name.")] = None
    url: Annotated[str | None, describe("Where the file is; relative on some mirrors.")] = None
    provenance: Annotated[str | None, describe("Where its provenance document is (PEP 740).")] = None


class Page(Struct, frozen=True):
    """A project page."""

    files: Annotated[list[PageFile], describe("The project's files.")]
    meta: Annotated[Meta | None, describe("What the page says of itself.")] = None
    name: Annotated[str | None, describe("The project's normalised name.")] = None
    versions: Annotated[list[str] | None, describe("Versions that have files (PEP 700).")] = None
    status: Annotated[ProjectStatus | None, describe("What became of the project (PEP 792).")] = field(
        default=None, name="project-status"
    )


class Listed(Struct, frozen=True, gc=False):
    """A project that the index has."""

    name: Annotated[str | None, describe("The project's name as its owners write it.")] = None
    last_serial: Annotated[Integer | str | None, describe("The project's serial.")] = field(
        default=None, name="_last-serial"
    )


class Listing(Struct, frozen=True):
    """The list of projects."""

    projects: Annotated[list[Listed], describe("Every project that the index has.")]
    meta: Annotated[Meta | None, describe("What the page says of itself.")] = None


def newer_than_known(meta: Meta | None) -> str | None:
    """The version of the interface where it is none that we know: a client must not go on then (PEP 629)."""
    version = meta.api_version if meta is not None else None
    major = (version or "1").partition(".")[0]
    return None if major == "1" else version


def serial_of(value: int | str | None) -> int | None:
    """A serial as a number, also where a mirror writes it as text; None where there is none."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    return value
