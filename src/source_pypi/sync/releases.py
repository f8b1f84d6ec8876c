"""Which releases of a project are meant, and where the documents of their files are."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import Document, File, Page, Project
from source_pypi.standards.versions import same_version
from source_pypi.streams._values import absolute, is_url

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def metadata_urls(document: Document[Project], versions: Iterable[str]) -> dict[str, str]:
    """The address of the METADATA of the file that speaks for each version, by file name (PEP 658).

    Its SHA-256 stands behind it, as in links of PEP 503: ``#sha256=...``, where the index tells it.
    """
    files = [_metadata_file(files_of(document.content, version)) for version in versions]
    named = {f.filename: (absolute(f.url, document.url), f) for f in files if f is not None and f.filename}
    return {
        filename: f"{place.partition('#')[0]}.metadata{_digest_of_metadata(file)}"
        for filename, (place, file) in named.items()
        if place is not None and is_url(place)
    }


def _digest_of_metadata(file: File) -> str:
    """What stands behind the address; nothing where the index tells no digest, or something that is no SHA-256."""
    told = file.core_metadata.get("sha256") if isinstance(file.core_metadata, dict) else None
    return f"#sha256={told.lower()}" if told and _SHA256.fullmatch(told) else ""


def tells_of_core_metadata(document: Project) -> bool:
    """Whether any file says that it has core metadata, or that it has none; older indexes say neither."""
    files = [file for files in (document.releases or {}).values() for file in files or ()] or document.urls or []
    return not files or any(file.core_metadata is not None for file in files)


def provenance_urls(document: Project, page: Document[Page], versions: Iterable[str]) -> dict[str, str]:
    """The address of the provenance document of each file that has one, by file name."""
    names = {file.filename for version in versions for file in files_of(document, version)}
    named = {f.filename: absolute(f.provenance, page.url) for f in page.content.files if f.filename in names}
    return {name: place for name, place in named.items() if name and place is not None and is_url(place)}


def files_of(document: Project, version: str) -> Sequence[File]:
    """The files of a version; those of the latest one also where an index lists no releases (index-api.md 19)."""
    return document.listed().get(version, ())


def _metadata_file(files: Sequence[File]) -> File | None:
    """The file whose METADATA speaks for a release: a wheel for any platform, or any wheel, or the sdist.

    PEP 658 is about wheels; an sdist's metadata counts only where there is nothing better (PEP 643).
    """
    order = {"bdist_wheel": 0, "sdist": 1}
    able = [file for file in files if file.core_metadata not in (None, False) and file.packagetype in order]
    return min(
        able,
        key=lambda file: (order[file.packagetype or ""], not _for_any_platform(file), file.filename or ""),
        default=None,
    )


def _for_any_platform(file: File) -> bool:
    return (file.filename or "").endswith("-none-any.whl")


def wanted_versions(target: SelectedProject, document: Project, releases: Literal["latest", "all"]) -> dict[str, bool]:
    """Versions to read, in the index's spelling where it has one, and whether each was pinned."""
    listed = list(document.releases or {})
    latest = [] if document.info.version is None else [document.info.version]
    wanted: dict[str, bool] = {}
    for pin in target.pins:
        spellings = [pin] if pin in listed else [version for version in latest + listed if same_version(version, pin)]
        wanted[spellings[0] if spellings else pin] = True
    if target.unpinned:
        for version in latest + (listed if releases == "all" else []):
            wanted.setdefault(version, False)
    return wanted
