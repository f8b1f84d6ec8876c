"""Which releases of a project are meant, and the URLs of documents about their files."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import Document, File, Page, Project
from source_pypi.standards.versions import parse_version, same_version
from source_pypi.streams._values import absolute, is_url

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def is_pinned(version: str, pins: Iterable[str]) -> bool:
    """Return whether one of the pins means this version, in any spelling."""
    return any(same_version(version, pin) for pin in pins)


def unsatisfied(requested: Iterable[str], versions: Collection[str]) -> list[str]:
    """Return the pins and ranges that none of these versions satisfies. Prereleases count."""
    from packaging.specifiers import SpecifierSet

    parsed = [one for one in map(parse_version, versions) if one is not None]

    def is_satisfied(text: str) -> bool:
        if text[:1] not in "<>=!~":
            return is_pinned(text, versions)
        return any(SpecifierSet(text).contains(one, prereleases=True) for one in parsed)

    return [text for text in requested if not is_satisfied(text)]


def wanted_versions(project: SelectedProject, document: Project, releases: Literal["latest", "all"]) -> dict[str, bool]:
    """Return the versions to read, in the index's spelling if it has one, and whether each is pinned."""
    listed = list(document.releases or {})
    latest = [document.info.version] if document.info.version else []
    wanted: dict[str, bool] = {}
    for pin in project.pins:
        spellings = [pin] if pin in listed else [version for version in latest + listed if same_version(version, pin)]
        wanted[spellings[0] if spellings else pin] = True
    if project.unpinned:
        for version in latest + (listed if releases == "all" else []):
            wanted.setdefault(version, False)
    return wanted


def files_of(document: Project, version: str) -> Sequence[File]:
    """Return a version's files; those of the latest version even if the index lists no releases (index-api.md 19)."""
    return document.listed().get(version, ())


def metadata_urls(document: Document[Project], versions: Iterable[str]) -> dict[str, str]:
    """Return the URL of each version's METADATA (PEP 658), by the name of the file that it is taken from.

    The URL ends in the SHA-256 of the METADATA, as links of PEP 503 do (``#sha256=...``), if the index gives it.
    """
    files = [_metadata_file(files_of(document.content, version)) for version in versions]
    named = {f.filename: (absolute(f.url, document.url), f) for f in files if f is not None and f.filename}
    return {
        filename: f"{url.partition('#')[0]}.metadata{_metadata_digest(file)}"
        for filename, (url, file) in named.items()
        if url is not None and is_url(url)
    }


def provenance_urls(document: Project, page: Document[Page], versions: Iterable[str]) -> dict[str, str]:
    """Return the URL of each file's provenance document, by file name, of the files that have one."""
    names = {file.filename for version in versions for file in files_of(document, version)}
    named = {f.filename: absolute(f.provenance, page.url) for f in page.content.files if f.filename in names}
    return {name: url for name, url in named.items() if name and url is not None and is_url(url)}


def declares_core_metadata(document: Project) -> bool:
    """Return whether any file says if it has core metadata; older indexes do not. True if there are no files."""
    files = [file for files in (document.releases or {}).values() for file in files or ()] or document.urls or []
    return not files or any(file.core_metadata is not None for file in files)


def _metadata_file(files: Sequence[File]) -> File | None:
    """The file whose METADATA a release is described by: a wheel for any platform, else any wheel, else the sdist.

    PEP 658 covers wheels; an sdist's metadata is used only where there is none (PEP 643).
    """
    order = {"bdist_wheel": 0, "sdist": 1}
    usable = [file for file in files if file.core_metadata not in (None, False) and file.packagetype in order]
    return min(
        usable,
        key=lambda file: (order[file.packagetype or ""], not _is_for_any_platform(file), file.filename or ""),
        default=None,
    )


def _metadata_digest(file: File) -> str:
    """The URL's fragment; empty if the index gives no digest, or something that is not a SHA-256."""
    digest = file.core_metadata.get("sha256") if isinstance(file.core_metadata, dict) else None
    return f"#sha256={digest.lower()}" if digest and _SHA256.fullmatch(digest) else ""


def _is_for_any_platform(file: File) -> bool:
    return (file.filename or "").endswith("-none-any.whl")
