"""Which releases of a project are meant, and the URLs of documents about their files."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import UNKNOWN, Document, File, Fingerprint, Page, Project
from source_pypi.services.index.documents.fingerprint import listed_fingerprint
from source_pypi.standards.versions import parse_version, same_version, sort_key
from source_pypi.standards.wheels import kind_of
from source_pypi.streams._values import absolute, is_url

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class MetadataSource(Struct, frozen=True):
    """The METADATA that describes a release (PEP 658).

    :ivar filename: the file that it is taken from.
    :ivar url: its URL, which ends in its SHA-256 if the index lists that, as links of PEP 503 do (``#sha256=...``).
    :ivar fingerprint: of the digest that the index lists of METADATA, else of the file; ``UNKNOWN``: it lists neither.
    :ivar verified: whether the index lists the digest of METADATA itself, so that it cannot change unnoticed.
    """

    filename: str
    url: str
    fingerprint: Fingerprint = UNKNOWN
    verified: bool = False


def is_pinned(version: str, pins: Iterable[str]) -> bool:
    """Return whether one of the pins means this version, in any spelling."""
    return any(same_version(version, pin) for pin in pins)


def is_range(versions: str) -> bool:
    """Return whether a text of versions is a range (PEP 440), not a pin."""
    return versions[:1] in ("<", ">", "=", "!", "~")


def is_satisfied(versions: str, by: Collection[str]) -> bool:
    """Return whether one of these versions is the pin, or is in the range. Pre-releases count."""
    return is_pinned(versions, by) if not is_range(versions) else bool(_admitted(versions, by, prereleases=True))


def highest_admitted(versions: str, of: Iterable[str]) -> str | None:
    """Return the highest of these versions that a range admits; None: it admits none.

    A pre-release is admitted if the range names one, or admits nothing else, as by pip.
    """
    return max(_admitted(versions, of), key=sort_key, default=None)


def selected_release(versions: str, document: Project) -> str | None:
    """Return the release that a range selects; None: none.

    It is the highest one that the range admits and that was not yanked, which only pins select (PEP 592). A release
    without files is selected only if no release with files is admitted. ``requires_python`` is ignored.
    """
    listed = document.listed()
    admitted = _admitted(versions, (version for version, files in listed.items() if files))
    available = [version for version in admitted if not _is_yanked(listed[version])]
    return max(available, key=sort_key, default=None) if admitted else highest_admitted(versions, listed)


def _admitted(versions: str, of: Iterable[str], *, prereleases: bool | None = None) -> list[str]:
    from packaging.specifiers import SpecifierSet

    valid = [version for version in of if parse_version(version) is not None]
    return list(SpecifierSet(versions).filter(valid, prereleases=prereleases))


def _is_yanked(files: Sequence[File]) -> bool:
    """Whether every file of a release was yanked."""
    return all(file.yanked for file in files)


def selected_versions(project: SelectedProject, document: Project, listing: Project) -> dict[str, str | None]:
    """Return the version that each pin and each range selects, and, under an empty text, the latest if that is read.

    Versions have the index's spelling; a pin that the index does not list keeps its own. None: a range selects none.

    :param listing: the document, with all versions that the index lists, to which ranges are applied.
    """
    listed, latest = list(document.releases or {}), document.info.version
    selected: dict[str, str | None] = {}
    for pin in project.pins:
        known = [*([latest] if latest else []), *listed]
        spellings = [pin] if pin in listed else [version for version in known if same_version(version, pin)]
        selected[pin] = spellings[0] if spellings else pin
    selected |= {versions: selected_release(versions, listing) for versions in project.ranges}
    return selected | ({"": latest or None} if project.unpinned else {})


def wanted_versions(
    selected: Mapping[str, str | None], document: Project, releases: Literal["latest", "all"]
) -> dict[str, bool]:
    """Return the versions to read, and whether a pin or a range selects each.

    :param selected: of ``selected_versions``.
    :param releases: which ones, if a requirement without versions selects the project.
    """
    wanted = {version: True for versions, version in selected.items() if versions and version is not None}
    if "" in selected:
        latest = [document.info.version] if document.info.version else []
        for version in latest + (list(document.releases or {}) if releases == "all" else []):
            wanted.setdefault(version, False)
    return wanted


def files_of(document: Project, version: str) -> Sequence[File]:
    """Return a version's files; those of the latest version even if the index lists no releases (index-api.md 19)."""
    return document.listed().get(version, ())


def metadata_urls(document: Document[Project], versions: Iterable[str]) -> dict[str, str]:
    """Return the URL of each version's METADATA (``MetadataSource``), by the name of the file that it is taken from."""
    return {source.filename: source.url for source in metadata_sources(document, versions).values()}


def metadata_sources(document: Document[Project], versions: Iterable[str]) -> dict[str, MetadataSource]:
    """Return where the METADATA of each version is, by version; those whose files have none are missing."""
    files = {version: _metadata_file(files_of(document.content, version)) for version in versions}
    found = {version: _source(file, document.url) for version, file in files.items() if file is not None}
    return {version: source for version, source in found.items() if source is not None}


def _source(file: File, base: str) -> MetadataSource | None:
    """Where the METADATA of a file is; None: the file has no name, or no URL that can be requested."""
    url, filename = absolute(file.url, base), file.name()
    if not filename or url is None or not is_url(url):
        return None
    path, question, query = url.partition("#")[0].partition("?")  # a signed URL has a query
    digest = _metadata_digest(file)
    digests = file.digests
    listed = digest or (digests and (digests.sha256 or digests.blake2b_256 or digests.md5)) or file.md5_digest
    return MetadataSource(
        filename,
        f"{path}.metadata{question}{query}{digest and f'#sha256={digest}'}",
        listed_fingerprint(filename, listed) if listed else UNKNOWN,
        verified=bool(digest),
    )


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
    kinds = [(file, file.packagetype or kind_of(file.name() or "") or "") for file in files]
    usable = [(order[kind], file) for file, kind in kinds if file.core_metadata not in (None, False) and kind in order]
    usable.sort(key=lambda pair: (pair[0], not _is_for_any_platform(pair[1]), pair[1].name() or ""))
    return usable[0][1] if usable else None


def _metadata_digest(file: File) -> str:
    """The SHA-256 of its METADATA; empty if the index gives no digest, or something that is not a SHA-256."""
    digest = file.core_metadata.get("sha256") if isinstance(file.core_metadata, dict) else None
    return digest.lower() if digest and _SHA256.fullmatch(digest) else ""


def _is_for_any_platform(file: File) -> bool:
    return (file.name() or "").endswith("-none-any.whl")
