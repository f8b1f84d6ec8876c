"""A project page as a project document: what a page says of versions and files, in the types of the document."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from source_pypi.services.index.documents import Digests, Document, File, Info, Page, PageFile, Project
from source_pypi.standards.versions import parse_version, sort_key
from source_pypi.standards.wheels import begins_with, kind_of, python_version_in, version_in
from source_pypi.streams._values import absolute

#: Where a row is from.
DOCUMENT, PAGE = "document", "page"


class ListedProject(Project, frozen=True):
    """A project document that a page completes, or replaces.

    :ivar page_versions: the versions that only the page lists.
    :ivar page_files: the names of the files that only the page lists.
    :ivar has_document: whether there is a project document.
    :ivar has_metadata: whether ``info`` is from the METADATA of the latest release.
    """

    page_versions: frozenset[str] = frozenset()
    page_files: frozenset[str] = frozenset()
    has_document: bool = True
    has_metadata: bool = False


def from_page(page: Document[Page], project: str) -> ListedProject:
    """What a page alone says of a project, as a project document; what it does not say is None."""
    releases = releases_of(page, project)
    latest = _latest(releases)
    return ListedProject(
        info=_info(page.content.name, latest, releases.get(latest or "") or ()),
        last_serial=page.best_serial,
        releases=releases,
        page_versions=frozenset(releases),
        page_files=frozenset(_names(releases.values())),
        has_document=False,
    )


def with_page(document: Project, page: Document[Page], project: str) -> ListedProject:
    """A project document, with versions and files that only the page lists, and values that only the page has."""
    of_page = releases_of(page, project)
    by_name = {name: file for files in of_page.values() for file in files or () if (name := file.name()) is not None}
    listed = document.listed()
    releases: dict[str, list[File] | None] = {
        version: [_completed(file, by_name.get(file.name() or "")) for file in files]
        for version, files in listed.items()
    }
    known = set(_names(listed.values()))
    for version, files in of_page.items():
        added = [file for file in files or () if file.name() not in known]
        releases[version] = [*(releases.get(version) or ()), *added]
    return ListedProject(
        info=document.info,
        last_serial=document.last_serial,
        ownership=document.ownership,
        urls=document.urls,
        vulnerabilities=document.vulnerabilities,
        releases=releases,
        page_versions=frozenset(of_page.keys() - listed.keys()),
        page_files=frozenset(by_name.keys() - known),
    )


def needs_page(document: Project) -> bool:
    """Whether a project document leaves to the page what it usually has: releases, digests, or who has METADATA."""
    if document.releases is None:
        return True
    files = [file for listed in document.releases.values() for file in listed or ()]
    has_digests = any(file.digests or file.md5_digest for file in files)
    return bool(files) and not (has_digests and any(file.core_metadata is not None for file in files))


def releases_of(page: Document[Page], project: str) -> dict[str, list[File] | None]:
    """The files of a page by version, in the order of versions; a version without files has an empty list.

    The versions are spelled as the page lists them (PEP 700), else as they are in the names of files. A file whose name
    tells no version of the project is left out (``unreadable_names``). Of a file that is listed twice, the first entry
    counts.
    """
    spellings = {_identity(version): version for version in page.content.versions or ()}
    releases: dict[str, list[File]] = {version: [] for version in page.content.versions or ()}
    seen: set[str] = set()
    for file in page.content.files:
        name = file.name()
        written = None if name is None or name in seen else _version_of(name, page.content, project)
        if name is not None and written is not None:
            seen.add(name)
            version = spellings.setdefault(_identity(written), written)
            releases.setdefault(version, []).append(_file(file, name, page.url))
    return {version: releases[version] for version in sorted(releases, key=sort_key)}


def unreadable_names(page: Page, project: str) -> list[str]:
    """The names of files on a page that tell no version of the project, each once."""
    names = dict.fromkeys(name for file in page.files if (name := file.name()) is not None)
    return [name for name in names if _version_of(name, page, project) is None]


def _version_of(name: str, page: Page, project: str) -> str | None:
    """The version in the name of a file; None: it has none, or is that of another project.

    A page that names its project says that its files are the project's. One that does not, as HTML or a folder, may
    lead to files of others, which pip leaves out as well.
    """
    return version_in(name, project) if page.name or begins_with(name, project) else None


def _info(name: str | None, version: str | None, files: Sequence[File]) -> Info:
    """What the files of the latest release tell of it: all of them carry its Python versions and its yank."""
    yanked = bool(files) and all(file.yanked for file in files)
    return Info(
        name=name,
        version=version,
        requires_python=next((file.requires_python for file in files if file.requires_python), None),
        yanked=yanked if files else None,
        yanked_reason=next((file.yanked_reason for file in files if file.yanked_reason), None) if yanked else None,
    )


def _file(file: PageFile, name: str, base: str) -> File:
    hashes = file.hashes or {}
    digests = Digests(*(hashes.get(algorithm) for algorithm in ("md5", "sha256", "blake2b_256")))
    url = None if file.url is None else file.url.partition("#")[0]
    metadata = file.core_metadata if file.core_metadata is not None else file.dist_info_metadata
    return File(
        filename=name,
        packagetype=kind_of(name),
        python_version=python_version_in(name),
        size=file.size,
        url=absolute(url, base),
        digests=digests,
        core_metadata=metadata,
        upload_time_iso_8601=file.upload_time,
        requires_python=file.requires_python,
        yanked=file.yanked not in (None, False),
        yanked_reason=file.yanked if isinstance(file.yanked, str) else None,
        has_sig=file.gpg_sig,
    )


def _completed(file: File, other: File | None) -> File:
    """A file of the document, with the page's values where it has none."""
    if other is None:
        return file
    absent = [name for name in File.__struct_fields__ if getattr(file, name) is None]
    return replace(file, **{name: getattr(other, name) for name in absent})


def _latest(releases: dict[str, list[File] | None]) -> str | None:
    """The highest stable version that is not yanked; else the highest pre-release, else the highest version."""
    usable = [version for version, files in releases.items() if not files or not all(file.yanked for file in files)]
    stable = [version for version in usable if (parsed := parse_version(version)) and not parsed.is_prerelease]
    return max(stable or usable or releases, key=sort_key, default=None)


def _names(listed: Iterable[Iterable[File] | None]) -> Iterator[str]:
    for files in listed:
        yield from (name for file in files or () if (name := file.name()) is not None)


def _identity(version: str) -> object:
    """What is the same for all spellings of a version."""
    return parse_version(version) or version
