"""``core_metadata``: a distribution's own metadata, as in its METADATA.

Scope
    The index tells of a release what its first upload said, in keys of its own; this is what a file says itself. It is
    read as ``packaging.metadata`` reads it, without judgement: what it cannot read, or does not know, is kept in
    ``unparsed`` under the header's own name, so that nothing of the headers is lost.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index import documents
from source_pypi.services.index.documents import Document, Project
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._values import keywords, text
from source_pypi.streams.stream import ProjectDocuments, Row, Stream

_NOT_GIVEN = "not given"


class CoreMetadata(Struct, frozen=True, kw_only=True, gc=False):
    """A distribution's own metadata: the fields of core metadata up to 2.6, and what else stands there."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The version that lists the file, as the index has it.", source="releases")]
    filename: Annotated[
        str, describe("The file whose metadata it is: the release's wheel, or sdist.", source="releases[].filename")
    ]
    metadata_version: Annotated[
        str | None, describe("Version of the metadata's format.", source="Metadata-Version", null=_NOT_GIVEN)
    ]
    declared_name: Annotated[
        str | None, describe("The project's name, as the file writes it.", source="Name", null=_NOT_GIVEN)
    ]
    declared_version: Annotated[
        str | None, describe("The version, as the file writes it.", source="Version", null=_NOT_GIVEN)
    ]
    dynamic: Annotated[
        list[str] | None,
        describe(
            "Fields of an sdist that a wheel built from it may change (PEP 643).",
            source="Dynamic",
            null=_NOT_GIVEN,
        ),
    ]
    platforms: Annotated[list[str] | None, describe("Platforms it is for.", source="Platform", null=_NOT_GIVEN)]
    supported_platforms: Annotated[
        list[str] | None, describe("Platforms it was built for.", source="Supported-Platform", null=_NOT_GIVEN)
    ]
    summary: Annotated[str | None, describe("What it is, in one line.", source="Summary", null=_NOT_GIVEN)]
    description: Annotated[
        str | None,
        describe("What it is, at length.", source="Description, or the text below the headers", null=_NOT_GIVEN),
    ]
    description_content_type: Annotated[
        str | None, describe("Markup of the description.", source="Description-Content-Type", null=_NOT_GIVEN)
    ]
    keywords: Annotated[
        list[str] | None,
        describe("Keywords, split at commas, or else at white space.", source="Keywords", null=_NOT_GIVEN),
    ]
    author: Annotated[str | None, describe("Author's name.", source="Author", null=_NOT_GIVEN)]
    author_email: Annotated[str | None, describe("Author's address.", source="Author-email", null=_NOT_GIVEN)]
    maintainer: Annotated[str | None, describe("Maintainer's name.", source="Maintainer", null=_NOT_GIVEN)]
    maintainer_email: Annotated[
        str | None, describe("Maintainer's address.", source="Maintainer-email", null=_NOT_GIVEN)
    ]
    license: Annotated[
        str | None, describe("Licence as free text; may be a whole licence.", source="License", null=_NOT_GIVEN)
    ]
    license_expression: Annotated[
        str | None, describe("Licence as an SPDX expression (PEP 639).", source="License-Expression", null=_NOT_GIVEN)
    ]
    license_files: Annotated[
        list[str] | None, describe("Names of the licence files (PEP 639).", source="License-File", null=_NOT_GIVEN)
    ]
    classifiers: Annotated[list[str] | None, describe("Trove classifiers.", source="Classifier", null=_NOT_GIVEN)]
    requires_dist: Annotated[
        list[str] | None, describe("Dependencies (PEP 508).", source="Requires-Dist", null=_NOT_GIVEN)
    ]
    requires_python: Annotated[
        str | None, describe("Supported Python versions (PEP 440).", source="Requires-Python", null=_NOT_GIVEN)
    ]
    requires_external: Annotated[
        list[str] | None, describe("What it needs from outside of Python.", source="Requires-External", null=_NOT_GIVEN)
    ]
    provides_extra: Annotated[
        list[str] | None, describe("Names of the extras.", source="Provides-Extra", null=_NOT_GIVEN)
    ]
    provides_dist: Annotated[
        list[str] | None, describe("Distributions that it contains.", source="Provides-Dist", null=_NOT_GIVEN)
    ]
    obsoletes_dist: Annotated[
        list[str] | None,
        describe("Distributions that it takes the place of.", source="Obsoletes-Dist", null=_NOT_GIVEN),
    ]
    requires: Annotated[
        list[str] | None, describe("Modules that it needs (PEP 314, deprecated).", source="Requires", null=_NOT_GIVEN)
    ]
    provides: Annotated[
        list[str] | None, describe("Modules that it has (PEP 314, deprecated).", source="Provides", null=_NOT_GIVEN)
    ]
    obsoletes: Annotated[
        list[str] | None,
        describe("Modules that it takes the place of (PEP 314, deprecated).", source="Obsoletes", null=_NOT_GIVEN),
    ]
    import_names: Annotated[
        list[str] | None,
        describe(
            "Names that can be imported from it (PEP 794); empty: it says that there are none.",
            source="Import-Name",
            null=_NOT_GIVEN,
        ),
    ]
    import_namespaces: Annotated[
        list[str] | None,
        describe("Namespaces that its modules are in (PEP 794).", source="Import-Namespace", null=_NOT_GIVEN),
    ]
    home_page: Annotated[str | None, describe("Address of the home page.", source="Home-page", null=_NOT_GIVEN)]
    download_url: Annotated[
        str | None, describe("Address to download it from.", source="Download-URL", null=_NOT_GIVEN)
    ]
    project_urls: Annotated[
        dict[str, str | None] | None,
        describe("Addresses by label; null for a label without one.", source="Project-URL", null=_NOT_GIVEN),
    ]
    unparsed: Annotated[
        dict[str, list[str]] | None,
        describe(
            "What could not be read, by the header's name in small letters: unknown headers, headers that stand there "
            "more often than they may, and text that is not UTF-8 (read as Latin-1).",
            source="every other header",
            null="everything could be read",
        ),
    ]


_TEXTS = (
    "metadata_version",
    "summary",
    "description_content_type",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license",
    "license_expression",
    "requires_python",
    "home_page",
    "download_url",
)
_LISTS = (
    "dynamic",
    "platforms",
    "supported_platforms",
    "license_files",
    "classifiers",
    "requires_dist",
    "requires_external",
    "provides_extra",
    "provides_dist",
    "obsoletes_dist",
    "requires",
    "provides",
    "obsoletes",
    "import_names",
    "import_namespaces",
)


def core_metadata_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """A row for each file whose metadata the visit brought."""
    if visit.project is None or visit.document is None:
        return
    versions = versions_of_files(visit.document.content)
    for filename, metadata in visit.core_metadata.items():
        if filename in versions:
            yield _row(visit.project, versions[filename], filename, metadata)


def versions_of_files(document: Project) -> dict[str, str]:
    """The version of each file that a project document lists; one that is listed twice counts where it is first."""
    latest = {} if document.info.version is None else {document.info.version: document.urls}
    found: dict[str, str] = {}
    # Some indexes list no releases, only the files of the latest one (index-api.md 19).
    for listed in (document.releases or {}, latest):
        for version, files in listed.items():
            for file in files or ():
                if file.filename:
                    found.setdefault(file.filename, version)
    return found


def _row(project: str, version: str, filename: str, metadata: Document[documents.CoreMetadata]) -> CoreMetadata:
    raw: Mapping[str, Any] = metadata.content.raw
    given: dict[str, Any] = {name: text(raw.get(name)) for name in _TEXTS}
    given |= {name: _texts(raw.get(name)) for name in _LISTS}
    return CoreMetadata(
        project=project,
        version=version,
        filename=filename,
        declared_name=text(raw.get("name")),
        declared_version=text(raw.get("version")),
        description=_description(raw.get("description")),
        keywords=keywords(",".join(raw.get("keywords", ()))),
        project_urls=_addresses(raw.get("project_urls")),
        unparsed=metadata.content.unparsed or None,
        **given,
    )


def _description(written: str | None) -> str | None:
    """The text as it stands below the headers; old tools wrote their UNKNOWN there with empty lines around it."""
    return None if written is None or text(written.strip()) is None else written


def _texts(values: Iterable[str] | None) -> list[str] | None:
    """The texts that say something. An empty list stays one: ``Import-Name:`` alone says that there are none."""
    if values is None:
        return None
    given = list(values)
    return [value for value in given if text(value) is not None] or (None if given else [])


def _addresses(urls: Mapping[str, str] | None) -> dict[str, str | None] | None:
    return None if urls is None else {label: text(url) for label, url in urls.items()}


STREAM = Stream(
    name="core_metadata",
    row="a distribution's own metadata, as in its METADATA",
    record=CoreMetadata,
    key=("filename",),
    documents=(DocumentKind.PROJECT, DocumentKind.CORE_METADATA),
    cost="1 a wanted release that offers it (its wheel, or else its sdist), beyond the project document",
    rows=core_metadata_rows,
)
