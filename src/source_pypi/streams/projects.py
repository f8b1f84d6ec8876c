"""``projects``: a project, flat."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.index import documents
from source_pypi.services.index.documents import Document
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._values import keywords, text, texts, total
from source_pypi.streams.stream import ONE_A_PROJECT, ProjectDocuments, Row, Stream

_NOT_GIVEN = "the release does not say"


class Project(Struct, frozen=True, kw_only=True, gc=False):
    """A project: what its latest release says of it, who owns it, and how much there is of it."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    name: Annotated[
        str | None,
        describe("The name as its owners write it.", source="info.name", null="the index does not say"),
    ]
    latest_version: Annotated[
        str | None,
        describe(
            "The release that the index chose as the latest: the highest stable version that is not yanked, if any.",
            source="info.version",
            null="the index does not say",
        ),
    ]
    summary: Annotated[
        str | None, describe("What the project is, in one line.", source="info.summary", null=_NOT_GIVEN)
    ]
    author: Annotated[str | None, describe("Author's name.", source="info.author", null=_NOT_GIVEN)]
    author_email: Annotated[str | None, describe("Author's address.", source="info.author_email", null=_NOT_GIVEN)]
    maintainer: Annotated[str | None, describe("Maintainer's name.", source="info.maintainer", null=_NOT_GIVEN)]
    maintainer_email: Annotated[
        str | None, describe("Maintainer's address.", source="info.maintainer_email", null=_NOT_GIVEN)
    ]
    license: Annotated[
        str | None,
        describe("Licence as free text; may be a whole licence.", source="info.license", null=_NOT_GIVEN),
    ]
    license_expression: Annotated[
        str | None,
        describe("Licence as an SPDX expression (PEP 639).", source="info.license_expression", null=_NOT_GIVEN),
    ]
    license_files: Annotated[
        list[str] | None,
        describe("Names of the licence files (PEP 639).", source="info.license_files", null=_NOT_GIVEN),
    ]
    keywords: Annotated[
        list[str] | None,
        describe("Keywords, split at commas, or else at white space.", source="info.keywords", null=_NOT_GIVEN),
    ]
    classifiers: Annotated[
        list[str] | None, describe("Trove classifiers.", source="info.classifiers", null="the index does not say")
    ]
    requires_python: Annotated[
        str | None,
        describe("Supported Python versions (PEP 440).", source="info.requires_python", null=_NOT_GIVEN),
    ]
    requires_dist: Annotated[
        list[str] | None, describe("Dependencies (PEP 508), as uploaded.", source="info.requires_dist", null=_NOT_GIVEN)
    ]
    extras: Annotated[list[str] | None, describe("Names of the extras.", source="info.provides_extra", null=_NOT_GIVEN)]
    project_urls: Annotated[
        dict[str, str | None] | None, describe("Addresses by label.", source="info.project_urls", null=_NOT_GIVEN)
    ]
    home_page: Annotated[str | None, describe("Address of the home page.", source="info.home_page", null=_NOT_GIVEN)]
    yanked: Annotated[
        bool | None,
        describe(
            "Whether the latest release was yanked (PEP 592); then all of them are.",
            source="info.yanked",
            null="the index does not say",
        ),
    ]
    yanked_reason: Annotated[
        str | None, describe("Why it was yanked.", source="info.yanked_reason", null="not yanked, or no reason given")
    ]
    organization: Annotated[
        str | None,
        describe(
            "Organization that owns the project.",
            source="ownership.organization",
            null="none, or the index does not say",
        ),
    ]
    version_count: Annotated[
        int | None,
        describe(
            "Number of versions, also those without files.",
            source="releases",
            unit="versions",
            null="the index lists no releases",
        ),
    ]
    file_count: Annotated[
        int | None,
        describe("Number of files.", source="releases", unit="files", null="the index lists no releases"),
    ]
    total_size: Annotated[
        Integer | None,
        describe("Size of all files.", source="releases[].size", unit="bytes", null="the index does not say"),
    ]
    first_upload_at: Annotated[
        datetime | None,
        describe(
            "Time of the first upload that is still there.", source="releases[].upload_time_iso_8601", null="no files"
        ),
    ]
    last_upload_at: Annotated[
        datetime | None,
        describe("Time of the last upload.", source="releases[].upload_time_iso_8601", null="no files"),
    ]
    serial: Annotated[
        Integer | None,
        describe(
            "The index's counter at the last change of the project that it journals.",
            source="last_serial",
            null="the index has none",
        ),
    ]


def projects_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """One row, from the project document."""
    if visit.project is None or visit.document is None:
        return
    yield _row(visit.project, visit.document)


def _row(project: str, document: Document[documents.Project]) -> Project:
    content = document.content
    info, releases, ownership = content.info, content.releases, content.ownership
    files = None if releases is None else [file for listed in releases.values() for file in listed or ()]
    uploads = [when for file in files or () if (when := file.uploaded()) is not None]
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
    )


STREAM = Stream(
    name="projects",
    row="a project, flat",
    record=Project,
    key=("project",),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_A_PROJECT,
    rows=projects_rows,
)
