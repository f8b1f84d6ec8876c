"""``versions``: a version of a project, with or without files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from source_pypi.fields import Integer, describe
from source_pypi.safety.limits import cached_if_short
from source_pypi.services.index.documents import File, Info
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.versions import parse_version, sort_key
from source_pypi.standards.wheels import kind_of
from source_pypi.streams._fields import (
    FirstSeenAt,
    FirstUploadAt,
    LastUploadAt,
    ListedVersion,
    ProjectName,
    RowSource,
    TotalSize,
    YankedReason,
)
from source_pypi.streams._pages import DOCUMENT, PAGE, ListedProject
from source_pypi.streams._values import text, total
from source_pypi.streams.stream import ONE_PER_PROJECT, ProjectDocuments, Row, Stream

_LARGEST = 2**63 - 1


def _parsed(meaning: str, absent: str = "") -> Meta:
    return describe(meaning, source="releases", null=f"{absent}the version is not valid in PEP 440")


class Version(Struct, frozen=True, gc=False):
    """A version: its parts according to PEP 440, and a summary of its files."""

    project: ProjectName
    version: ListedVersion
    valid_pep440: Annotated[bool, describe("Whether the version is valid in PEP 440.", source="releases")]
    normalized_version: Annotated[str | None, _parsed("The version in PEP 440's normal form.")]
    sort_key: Annotated[
        str,
        describe(
            "A text that sorts in PEP 440's order. Versions that are not valid in PEP 440 sort below all others.",
            source="releases",
        ),
    ]
    is_prerelease: Annotated[bool | None, _parsed("Whether it is a pre-release or development release.")]
    pre: Annotated[str | None, _parsed("Pre-release segment, e.g. rc1.", "no such segment, or ")]
    post: Annotated[Integer | None, _parsed("Post-release number.", "no such number, or ")]
    dev: Annotated[Integer | None, _parsed("Development release number.", "no such number, or ")]
    local: Annotated[str | None, _parsed("Local version label.", "no such label, or ")]
    first_upload_at: FirstUploadAt
    last_upload_at: LastUploadAt
    first_seen_at: FirstSeenAt
    file_count: Annotated[int, describe("Number of files.", source="releases", unit="files")]
    total_size: TotalSize
    has_sdist: Annotated[bool, describe("Whether it has a source distribution.", source="releases[].packagetype")]
    has_wheel: Annotated[bool, describe("Whether it has a wheel.", source="releases[].packagetype")]
    requires_python: Annotated[
        str | None,
        describe(
            "Supported Python versions (PEP 440).", source="releases[].requires_python", null="not given, or no files"
        ),
    ]
    yanked: Annotated[
        bool | None,
        describe("Whether it is yanked (PEP 592).", source="releases[].yanked", null="not given, or no files"),
    ]
    yanked_reason: YankedReason
    is_latest: Annotated[bool, describe("Whether the index selects it as the latest.", source="info.version")]
    source: RowSource


def versions_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """A row for each version that the index lists, in its order."""
    if documents.project is None or documents.listed is None:
        return
    content = documents.listed.content
    of_page = content.page_versions if isinstance(content, ListedProject) else frozenset()
    for version, files in content.listed().items():
        seen = [time for file in files if (time := documents.first_seen.get(file.name() or "")) is not None]
        first_seen_at = min(seen, default=None)
        source = PAGE if version in of_page else DOCUMENT
        yield _row(documents.project, version, files, content.info, source, first_seen_at)


def _row(
    project: str, version: str, files: Sequence[File], info: Info, source: str, first_seen_at: datetime | None
) -> Version:
    is_latest = version == info.version
    uploads = [time for file in files if (time := file.uploaded()) is not None]
    kinds = {file.packagetype or kind_of(file.name() or "") for file in files}
    yanked = _yanked(files, info.yanked if is_latest else None)
    return Version(  # positional: with this many keywords, msgspec takes seventeen times as long
        project,
        version,
        *_parts(version),
        min(uploads, default=None),
        max(uploads, default=None),
        first_seen_at,
        len(files),
        total([file.size for file in files]),
        "sdist" in kinds,
        "bdist_wheel" in kinds,
        _first(file.requires_python for file in files) or (text(info.requires_python) if is_latest else None),
        yanked,
        None if yanked is False else _yanked_reason(files, info, is_latest=is_latest),
        is_latest,
        source,
    )


@cached_if_short()
def _parts(
    version: str,
) -> tuple[bool, str | None, str, bool | None, str | None, int | None, int | None, str | None]:
    """The fields that the version itself gives, from ``valid_pep440`` to ``local``: the same versions recur."""
    parsed, key = parse_version(version), sort_key(version)
    if parsed is None:
        return False, None, key, None, None, None, None, None
    pre = None if parsed.pre is None else f"{parsed.pre[0]}{parsed.pre[1]}"
    return True, str(parsed), key, parsed.is_prerelease, pre, _column(parsed.post), _column(parsed.dev), parsed.local


def _yanked(files: Sequence[File], release_yanked: bool | None) -> bool | None:
    """Files and release share one flag (index-api.md 3). Without files, only the latest release's is known."""
    flags = [file.yanked for file in files if file.yanked is not None]
    return all(flags) if flags else release_yanked


def _yanked_reason(files: Sequence[File], info: Info, *, is_latest: bool) -> str | None:
    return _first(file.yanked_reason for file in files) or (text(info.yanked_reason) if is_latest else None)


def _first(values: Iterable[str | None]) -> str | None:
    for value in values:
        if (present := text(value)) is not None:
            return present
    return None


def _column(number: int | None) -> int | None:
    """The number if it fits a 64-bit column; a larger one is only in ``normalized_version``."""
    return number if number is not None and number <= _LARGEST else None


STREAM = Stream(
    name="versions",
    row="a version of a project, with or without files",
    record=Version,
    key=("project", "version"),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_PER_PROJECT,
    rows=versions_rows,
    required_key="releases",
    from_page=True,
    says_first_seen=True,
)
