"""``versions``: a version of a project, also one without files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents import File, Info
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.versions import normalized, parse_version, sort_key
from source_pypi.standards.wheels import kind_of
from source_pypi.streams._values import text, total
from source_pypi.streams.stream import ONE_A_PROJECT, ProjectDocuments, Row, Stream

_NOT_PEP_440 = "PEP 440 does not know the version"
_LARGEST = 2**63 - 1


class Version(Struct, frozen=True, kw_only=True, gc=False):
    """A version: what PEP 440 reads in it, and what its files tell."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The version, as the index has it.", source="releases")]
    valid_pep440: Annotated[bool, describe("Whether PEP 440 knows such a version.", source="releases")]
    normalized_version: Annotated[
        str | None, describe("The version in PEP 440's normal form.", source="releases", null=_NOT_PEP_440)
    ]
    sort_key: Annotated[
        str,
        describe(
            "A text that sorts as PEP 440 orders versions; versions that it does not know sort below all others.",
            source="releases",
        ),
    ]
    is_prerelease: Annotated[
        bool | None,
        describe("Whether it is a pre- or development release (PEP 440).", source="releases", null=_NOT_PEP_440),
    ]
    pre: Annotated[
        str | None,
        describe("Pre-release segment, e.g. rc1.", source="releases", null=f"none, or {_NOT_PEP_440}"),
    ]
    post: Annotated[
        Integer | None, describe("Post-release number.", source="releases", null=f"none, or {_NOT_PEP_440}")
    ]
    dev: Annotated[
        Integer | None, describe("Development release number.", source="releases", null=f"none, or {_NOT_PEP_440}")
    ]
    local: Annotated[str | None, describe("Local version label.", source="releases", null=f"none, or {_NOT_PEP_440}")]
    first_upload_at: Annotated[
        datetime | None,
        describe("Time of its first upload.", source="releases[].upload_time_iso_8601", null="no files"),
    ]
    last_upload_at: Annotated[
        datetime | None,
        describe("Time of its last upload.", source="releases[].upload_time_iso_8601", null="no files"),
    ]
    file_count: Annotated[int, describe("Number of its files.", source="releases", unit="files")]
    total_size: Annotated[
        Integer | None,
        describe("Size of its files.", source="releases[].size", unit="bytes", null="the index does not say"),
    ]
    has_sdist: Annotated[bool, describe("Whether it has a source distribution.", source="releases[].packagetype")]
    has_wheel: Annotated[bool, describe("Whether it has a wheel.", source="releases[].packagetype")]
    requires_python: Annotated[
        str | None,
        describe(
            "Supported Python versions (PEP 440).",
            source="releases[].requires_python",
            null="not given, or no files",
        ),
    ]
    yanked: Annotated[
        bool | None,
        describe(
            "Whether it was yanked (PEP 592).", source="releases[].yanked", null="no files, so the index does not say"
        ),
    ]
    yanked_reason: Annotated[
        str | None,
        describe("Why it was yanked.", source="releases[].yanked_reason", null="not yanked, or no reason given"),
    ]
    is_latest: Annotated[
        bool, describe("Whether the index chose it as the project's latest release.", source="info.version")
    ]


def versions_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """A row for each version that the project document lists, in the document's order."""
    if visit.project is None or visit.document is None:
        return
    content = visit.document.content
    for version, files in content.listed().items():
        yield _row(visit.project, version, files, content.info)


def _row(project: str, version: str, files: Sequence[File], info: Info) -> Version:
    is_latest = version == info.version
    parsed = parse_version(version)
    uploads = [when for file in files if (when := file.uploaded()) is not None]
    kinds = {file.packagetype or kind_of(file.name() or "") for file in files}
    return Version(
        project=project,
        version=version,
        valid_pep440=parsed is not None,
        normalized_version=normalized(version),
        sort_key=sort_key(version),
        is_prerelease=None if parsed is None else parsed.is_prerelease,
        pre=None if parsed is None or parsed.pre is None else f"{parsed.pre[0]}{parsed.pre[1]}",
        post=None if parsed is None else _column(parsed.post),
        dev=None if parsed is None else _column(parsed.dev),
        local=None if parsed is None else parsed.local,
        first_upload_at=min(uploads, default=None),
        last_upload_at=max(uploads, default=None),
        file_count=len(files),
        total_size=total([file.size for file in files]),
        has_sdist="sdist" in kinds,
        has_wheel="bdist_wheel" in kinds,
        requires_python=_first(file.requires_python for file in files)
        or (text(info.requires_python) if is_latest else None),
        yanked=_yanked(files, info.yanked if is_latest else None),
        yanked_reason=_first([file.yanked_reason for file in files])
        or (text(info.yanked_reason) if is_latest else None),
        is_latest=is_latest,
    )


def _yanked(files: Sequence[File], of_release: bool | None) -> bool | None:
    """Files and release share one flag (index-api.md 3); without files only the latest release tells it."""
    flags = [file.yanked for file in files if file.yanked is not None]
    return all(flags) if flags else of_release


def _first(values: Iterable[str | None]) -> str | None:
    for value in values:
        if (given := text(value)) is not None:
            return given
    return None


def _column(number: int | None) -> int | None:
    """A number that fits a column of 64 bits; a larger one is still in ``normalized_version``."""
    return number if number is not None and number <= _LARGEST else None


STREAM = Stream(
    name="versions",
    row="a version, also one without files",
    record=Version,
    key=("project", "version"),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_A_PROJECT,
    rows=versions_rows,
)
