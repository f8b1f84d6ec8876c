"""``core_metadata``: the metadata in a distribution file.

The index publishes the metadata of a release's first file, in keys of its own. This stream has the METADATA of a file,
parsed with ``packaging.metadata`` and not validated. Headers that cannot be parsed are kept in ``unparsed``.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from source_pypi.fields import describe, fields_of
from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents import Document
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import NOT_GIVEN, ListedVersion, ProjectName
from source_pypi.streams._metadata import versions_of_files
from source_pypi.streams._values import keywords, text
from source_pypi.streams.stream import ProjectDocuments, Row, Stream


def _header(name: str, meaning: str) -> Meta:
    return describe(meaning, source=name, null=NOT_GIVEN)


class CoreMetadata(Struct, frozen=True, kw_only=True, gc=False):
    """The metadata in a distribution file: the fields of core metadata up to version 2.6, and other headers."""

    project: ProjectName
    version: ListedVersion
    filename: Annotated[
        str,
        describe("The file: a wheel of the release, or its sdist if it has no wheel.", source="releases[].filename"),
    ]
    metadata_version: Annotated[str | None, _header("Metadata-Version", "Version of the metadata format.")]
    declared_name: Annotated[str | None, _header("Name", "The project's name, as the file writes it.")]
    declared_version: Annotated[str | None, _header("Version", "The version, as the file writes it.")]
    dynamic: Annotated[
        list[str] | None,
        _header(
            "Dynamic",
            "Fields of an sdist that wheels may change (PEP 643). If such a field has values, which metadata 2.6 "
            "allows, wheels have at least these (PEP 808).",
        ),
    ]
    platforms: Annotated[list[str] | None, _header("Platform", "Platforms that it supports.")]
    supported_platforms: Annotated[list[str] | None, _header("Supported-Platform", "Platforms that it was built for.")]
    summary: Annotated[str | None, _header("Summary", "One-line summary.")]
    description: Annotated[str | None, _header("Description, or the text below the headers", "The long description.")]
    description_content_type: Annotated[
        str | None, _header("Description-Content-Type", "Media type of the description.")
    ]
    keywords: Annotated[list[str] | None, _header("Keywords", "Keywords, split at commas or else at white space.")]
    author: Annotated[str | None, _header("Author", "The author's name.")]
    author_email: Annotated[str | None, _header("Author-email", "The author's email address.")]
    maintainer: Annotated[str | None, _header("Maintainer", "The maintainer's name.")]
    maintainer_email: Annotated[str | None, _header("Maintainer-email", "The maintainer's email address.")]
    license: Annotated[str | None, _header("License", "Licence as free text, possibly its full text.")]
    license_expression: Annotated[str | None, _header("License-Expression", "Licence as an SPDX expression (PEP 639).")]
    license_files: Annotated[list[str] | None, _header("License-File", "Names of the licence files (PEP 639).")]
    classifiers: Annotated[list[str] | None, _header("Classifier", "Trove classifiers.")]
    requires_dist: Annotated[list[str] | None, _header("Requires-Dist", "Dependencies (PEP 508).")]
    requires_python: Annotated[str | None, _header("Requires-Python", "Supported Python versions (PEP 440).")]
    requires_external: Annotated[list[str] | None, _header("Requires-External", "Dependencies outside of Python.")]
    provides_extra: Annotated[list[str] | None, _header("Provides-Extra", "Names of the extras.")]
    provides_dist: Annotated[list[str] | None, _header("Provides-Dist", "Distributions that it contains.")]
    obsoletes_dist: Annotated[list[str] | None, _header("Obsoletes-Dist", "Distributions that it replaces.")]
    requires: Annotated[list[str] | None, _header("Requires", "Required modules (PEP 314, deprecated).")]
    provides: Annotated[list[str] | None, _header("Provides", "Provided modules (PEP 314, deprecated).")]
    obsoletes: Annotated[list[str] | None, _header("Obsoletes", "Replaced modules (PEP 314, deprecated).")]
    import_names: Annotated[
        list[str] | None,
        _header("Import-Name", "Names that can be imported from it (PEP 794). Empty: it states that there are none."),
    ]
    import_namespaces: Annotated[list[str] | None, _header("Import-Namespace", "Namespaces of its modules (PEP 794).")]
    home_page: Annotated[str | None, _header("Home-page", "URL of the home page.")]
    download_url: Annotated[str | None, _header("Download-URL", "URL of the download.")]
    project_urls: Annotated[
        dict[str, str | None] | None, _header("Project-URL", "URLs by label; null for a label without a URL.")
    ]
    unparsed: Annotated[
        dict[str, list[str]] | None,
        describe(
            "Headers that could not be parsed, by their lower-case names: unknown ones, repeated ones that must not be "
            "repeated, and text that is not UTF-8 (decoded as Latin-1).",
            source="every other header",
            null="all headers were parsed",
        ),
    ]


#: Fields that :func:`_row` sets one by one.
_SET_ALONE = {"project", "version", "filename", "declared_name", "declared_version", "description", "keywords"}
_TEXTS = [field.name for field in fields_of(CoreMetadata) if field.type is str and field.name not in _SET_ALONE]
_LISTS = [field.name for field in fields_of(CoreMetadata) if field.type == list[str] and field.name not in _SET_ALONE]


def core_metadata_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """A row for each file whose core metadata was fetched."""
    listed = documents.listed
    if documents.project is None or listed is None:
        return
    versions = versions_of_files(listed.content)
    for filename, metadata in documents.core_metadata.items():
        if filename in versions:
            yield _row(documents.project, versions[filename], filename, metadata)


def _row(project: str, version: str, filename: str, metadata: Document[wire.CoreMetadata]) -> CoreMetadata:
    raw: Mapping[str, Any] = metadata.content.raw
    fields: dict[str, Any] = {name: text(raw.get(name)) for name in _TEXTS}
    fields |= {name: _texts(raw.get(name)) for name in _LISTS}
    return CoreMetadata(
        project=project,
        version=version,
        filename=filename,
        declared_name=text(raw.get("name")),
        declared_version=text(raw.get("version")),
        description=_description(raw.get("description")),
        keywords=keywords(",".join(raw.get("keywords", ()))),
        project_urls=_urls(raw.get("project_urls")),
        unparsed=metadata.content.unparsed or None,
        **fields,
    )


def _description(body: str | None) -> str | None:
    """The description, unchanged; None if it is UNKNOWN, which old tools wrote with empty lines around it."""
    return None if body is None or text(body.strip()) is None else body


def _texts(values: Iterable[str] | None) -> list[str] | None:
    """The texts that are not empty or UNKNOWN. An empty list stays one: ``Import-Name:`` states: none."""
    if values is None:
        return None
    every = list(values)
    return [value for value in every if text(value) is not None] or (None if every else [])


def _urls(urls: Mapping[str, str] | None) -> dict[str, str | None] | None:
    return None if urls is None else {label: text(url) for label, url in urls.items()}


STREAM = Stream(
    name="core_metadata",
    row="the metadata in a distribution file",
    record=CoreMetadata,
    key=("project", "filename"),
    documents=(DocumentKind.PROJECT, DocumentKind.CORE_METADATA),
    cost="1 per selected release whose wheel or sdist has it, beyond the project document",
    rows=core_metadata_rows,
    from_metadata=True,
)
