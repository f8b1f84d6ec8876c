"""METADATA of a file as the metadata of a release: what it states, in the type of the project document."""

from collections.abc import Iterable, Mapping
from typing import Any

from source_pypi.services.index.documents import CoreMetadata, Info, Project
from source_pypi.streams._values import text

#: Where a row is from (``_pages.py`` has the other values).
METADATA = "metadata"


def info_of(metadata: CoreMetadata) -> Info:
    """What METADATA states of a release, in the type of a project document.

    What it does not state is None.
    """
    raw: Mapping[str, Any] = metadata.raw
    return Info(
        name=raw.get("name"),
        version=raw.get("version"),
        summary=raw.get("summary"),
        keywords=",".join(raw.get("keywords", ())) or None,
        license=raw.get("license"),
        license_expression=raw.get("license_expression"),
        license_files=_list(raw.get("license_files")),
        classifiers=_list(raw.get("classifiers")),
        author=raw.get("author"),
        author_email=raw.get("author_email"),
        maintainer=raw.get("maintainer"),
        maintainer_email=raw.get("maintainer_email"),
        requires_python=raw.get("requires_python"),
        requires_dist=_list(raw.get("requires_dist")),
        provides_extra=_list(raw.get("provides_extra")),
        home_page=raw.get("home_page"),
        download_url=raw.get("download_url"),
        project_urls=_urls(metadata) or None,
    )


def versions_of_files(document: Project) -> dict[str, str]:
    """The version of each file that a project document lists; the first one of a file that is listed twice."""
    latest = {} if document.info.version is None else {document.info.version: document.urls}
    versions: dict[str, str] = {}
    # Some indexes list no releases, only the files of the latest one (index-api.md 19).
    for listed in (document.releases or {}, latest):
        for version, files in listed.items():
            for file in files or ():
                if file.filename:
                    versions.setdefault(file.filename, version)
    return versions


def _list(values: Iterable[str] | None) -> list[str] | None:
    """The values that are not empty or the ``UNKNOWN`` of old tools."""
    return None if values is None else [value for value in values if text(value) is not None]


def _urls(metadata: CoreMetadata) -> dict[str, str | None]:
    """URLs by label. ``packaging`` parses none of them if a label occurs twice: then the first URL counts."""
    urls: dict[str, str | None] = dict(metadata.raw.get("project_urls", {}))
    for line in metadata.unparsed.get("project-url", ()):
        label, _, url = line.partition(",")
        urls.setdefault(label.strip(), url.strip())
    return urls
