"""``projects``: a project."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents import Document
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import NOT_GIVEN, FirstUploadAt, LastUploadAt, ProjectName, TotalSize
from source_pypi.streams._metadata import METADATA
from source_pypi.streams._pages import DOCUMENT, PAGE, ListedProject
from source_pypi.streams._values import keywords, text, texts, total
from source_pypi.streams.stream import ONE_PER_PROJECT, ProjectDocuments, Row, Stream

_NO_RELEASES = "the index lists no releases"


def _info(key: str, meaning: str) -> Meta:
    return describe(meaning, source=f"info.{key}", null=NOT_GIVEN)


class Project(Struct, frozen=True, kw_only=True, gc=False):
    """A project: the metadata of its latest release, its owner, and totals over its releases."""

    project: ProjectName
    name: Annotated[str | None, _info("name", "The name, as its owners write it.")]
    latest_version: Annotated[
        str | None,
        _info(
            "version",
            "The latest release, as the index selects it: the highest stable version that is not yanked, if there is "
            "one.",
        ),
    ]
    summary: Annotated[str | None, _info("summary", "One-line summary.")]
    author: Annotated[str | None, _info("author", "The author's name.")]
    author_email: Annotated[str | None, _info("author_email", "The author's email address.")]
    maintainer: Annotated[str | None, _info("maintainer", "The maintainer's name.")]
    maintainer_email: Annotated[str | None, _info("maintainer_email", "The maintainer's email address.")]
    license: Annotated[str | None, _info("license", "Licence as free text, possibly its full text.")]
    license_expression: Annotated[str | None, _info("license_expression", "Licence as an SPDX expression (PEP 639).")]
    license_files: Annotated[list[str] | None, _info("license_files", "Names of the licence files (PEP 639).")]
    keywords: Annotated[list[str] | None, _info("keywords", "Keywords, split at commas or else at white space.")]
    classifiers: Annotated[list[str] | None, _info("classifiers", "Trove classifiers.")]
    requires_python: Annotated[str | None, _info("requires_python", "Supported Python versions (PEP 440).")]
    requires_dist: Annotated[list[str] | None, _info("requires_dist", "Dependencies (PEP 508), as uploaded.")]
    extras: Annotated[list[str] | None, _info("provides_extra", "Names of the extras.")]
    project_urls: Annotated[dict[str, str | None] | None, _info("project_urls", "URLs by label.")]
    home_page: Annotated[str | None, _info("home_page", "URL of the home page.")]
    yanked: Annotated[
        bool | None,
        _info("yanked", "Whether the latest release is yanked (PEP 592). If it is, all releases are."),
    ]
    yanked_reason: Annotated[
        str | None,
        describe("The reason given for yanking.", source="info.yanked_reason", null="not yanked, or no reason given"),
    ]
    organization: Annotated[
        str | None,
        describe(
            "The organization that owns the project.",
            source="ownership.organization",
            null="no organization, or not given",
        ),
    ]
    version_count: Annotated[
        int | None,
        describe(
            "Number of versions, including versions without files.",
            source="releases",
            unit="versions",
            null=_NO_RELEASES,
        ),
    ]
    file_count: Annotated[int | None, describe("Number of files.", source="releases", unit="files", null=_NO_RELEASES)]
    total_size: TotalSize
    first_upload_at: FirstUploadAt
    last_upload_at: LastUploadAt
    serial: Annotated[
        Integer | None,
        describe(
            "The index's serial at the project's last recorded change.",
            source="last_serial",
            null="the index has no serials",
        ),
    ]
    source: Annotated[
        str,
        describe(
            "Where the row is from: 'document', or 'page' where the index has no project document; 'metadata' where "
            "METADATA of the latest release adds to the page what it states of the release.",
            source="the document that it was read from",
        ),
    ]


def projects_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """One row, from the project document, or from page and METADATA if the index has no project documents."""
    if documents.project is None or documents.described is None:
        return
    yield _row(documents.project, documents.described)


def _row(project: str, document: Document[wire.Project]) -> Project:
    content = document.content
    info, releases, ownership = content.info, content.releases, content.ownership
    files = None if releases is None else [file for listed in releases.values() for file in listed or ()]
    uploads = [time for file in files or () if (time := file.uploaded()) is not None]
    return Project(
        project=project,
        name=text(info.name),
        latest_version=text(info.version),
        summary=text(info.summary),
        author=text(info.author),
        author_email=text(info.author_email),
        maintainer=text(info.maintainer),
        maintainer_email=text(info.maintainer_email),
        license=text(info.license),
        license_expression=text(info.license_expression),
        license_files=texts(info.license_files),
        keywords=keywords(info.keywords),
        classifiers=texts(info.classifiers),
        requires_python=text(info.requires_python),
        requires_dist=texts(info.requires_dist),
        extras=texts(info.provides_extra),
        project_urls=None if info.project_urls is None else {k: text(v) for k, v in info.project_urls.items()},
        home_page=text(info.home_page),
        yanked=info.yanked,
        yanked_reason=text(info.yanked_reason),
        organization=None if ownership is None else text(ownership.organization),
        version_count=None if releases is None else len(releases),
        file_count=None if files is None else len(files),
        total_size=None if files is None else total([file.size for file in files]),
        first_upload_at=min(uploads, default=None),
        last_upload_at=max(uploads, default=None),
        serial=content.last_serial if content.last_serial is not None else document.serial,
        source=_source(content),
    )


def _source(content: wire.Project) -> str:
    if not isinstance(content, ListedProject) or content.has_document:
        return DOCUMENT
    return METADATA if content.has_metadata else PAGE


STREAM = Stream(
    name="projects",
    row="a project",
    record=Project,
    key=("project",),
    documents=(DocumentKind.PROJECT,),
    cost=f"{ONE_PER_PROJECT}; on an index with pages only, 1 more, METADATA of the latest release",
    rows=projects_rows,
    from_page=True,
    from_metadata=True,
)
