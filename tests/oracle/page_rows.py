"""The rows that are made of a project's page alone, where the index has no project document."""

from collections.abc import Callable

from tests.oracle.simulator.documents import Site, core_metadata, metadata_digest
from tests.oracle.simulator.model import DistFile, Project, Release
from tests.oracle.values import Row, parsed, text, version_parts, wheel_parts

_ONLY_IN_DOCUMENTS = (
    *("summary", "author", "author_email", "maintainer", "maintainer_email", "license", "license_expression"),
    *("license_files", "keywords", "classifiers", "requires_dist", "extras", "project_urls", "home_page"),
    "organization",
)


def _releases(project: Project) -> list[Release]:
    """The releases that a page shows: those that have files."""
    return [release for release in project.visible if release.files]


def _yanked(site: Site, release: Release) -> bool:
    return release.yanked and site.style.page_has_marks


def _latest(site: Site, project: Project) -> Release:
    """The highest stable release that is not yanked, else the highest that is not yanked, else the highest."""

    def rank(release: Release) -> tuple[object, ...]:
        read = parsed(release.version)
        stable = read is not None and not read.is_prerelease
        return (not _yanked(site, release), stable and not _yanked(site, release), release.order)

    return max(_releases(project), key=rank)


def _totals(site: Site, files: list[DistFile]) -> Row:
    times = [file.uploaded for file in files] if site.style.page_has_times else []
    return {
        "file_count": len(files),
        "total_size": sum(file.size for file in files) if site.style.page_has_times else None,
        "first_upload_at": min(times, default=None),
        "last_upload_at": max(times, default=None),
    }


def _marks(site: Site, release: Release) -> Row:
    """What a page says of all files of a release."""
    return {
        "requires_python": text(release.metadata.requires_python) if site.style.page_has_marks else None,
        "yanked": _yanked(site, release),
        "yanked_reason": text(release.yanked_reason) if _yanked(site, release) else None,
    }


def _projects(site: Site, project: Project) -> list[Row]:
    if not _releases(project):
        return []
    row: Row = {"project": project.key, "latest_version": _latest(site, project).version, "source": "page"}
    row |= _totals(site, [file for release in _releases(project) for file in release.files])
    row |= {"version_count": len(_releases(project)), "serial": site.style.serial(project.serial)}
    return [row | dict.fromkeys(_ONLY_IN_DOCUMENTS)]


def _versions(site: Site, project: Project) -> list[Row]:
    return [
        {
            "project": project.key,
            "version": release.version,
            **version_parts(release.version),
            **_totals(site, release.files),
            **_marks(site, release),
            "has_sdist": any(file.packagetype == "sdist" for file in release.files),
            "has_wheel": any(file.packagetype == "bdist_wheel" for file in release.files),
            "is_latest": release is _latest(site, project),
            "source": "page",
        }
        for release in _releases(project)
    ]


def _metadata(site: Site, file: DistFile) -> Row:
    """What a page says of METADATA; left out where it says nothing, which may mean that there is none."""
    if not site.style.page_has_marks or (site.style.pages == "html" and file.metadata is None):
        return {"core_metadata_sha256": None}
    return {"has_core_metadata": core_metadata(file) is not False, "core_metadata_sha256": metadata_digest(file)}


def _file(site: Site, project: Project, release: Release, file: DistFile) -> Row:
    nothing = dict.fromkeys(("md5", "blake2b_256", "comment_text", "downloads"))
    return nothing | {
        "filename": file.filename,
        "project": project.key,
        "version": release.version,
        **wheel_parts(file.filename),
        "size": file.size if site.style.page_has_times else None,
        "url": f"{site.root}/{file.path}",
        "sha256": file.digest("sha256") if site.style.page_has_hashes else None,
        **_metadata(site, file),
        "uploaded_at": file.uploaded if site.style.page_has_times else None,
        **_marks(site, release),
        "source": "page",
    }


def _files(site: Site, project: Project) -> list[Row]:
    return [_file(site, project, release, file) for release in _releases(project) for file in release.files]


def _statuses(site: Site, project: Project) -> list[Row]:
    """The status; whether page and document agree is tested apart, where there is no document."""
    empty = project.status == "active" and not _releases(project)
    return [
        {
            "project": project.key,
            "status": "empty" if empty else project.status,
            "reason": project.status_reason,
            "has_document": False,
            "has_page": True,
            "file_count": len(project.paged),
            "serial": site.style.serial(project.serial),
        }
    ]


OF_PAGE: dict[str, Callable[[Site, Project], list[Row]]] = {
    "projects": _projects,
    "versions": _versions,
    "files": _files,
    "statuses": _statuses,
}
"""The streams that a page supplies, each with what makes its rows."""
