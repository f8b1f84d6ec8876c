"""The rows that are made of a project's page and of METADATA, where the index has no project document."""

from collections.abc import Callable
from dataclasses import replace

from tests.oracle import release_rows
from tests.oracle.simulator.documents import Site, core_metadata, metadata_digest
from tests.oracle.simulator.model import DistFile, Project, Release
from tests.oracle.values import NAMESPACES, SOME_TIME, Row, parsed, text, version_parts, wheel_parts

_NOWHERE = (
    *("author", "maintainer", "maintainer_email", "license", "license_files", "keywords", "home_page"),
    "organization",
)
"""What neither pages nor the METADATA of this simulator say of a project."""
_IN_METADATA = (
    *("summary", "author_email", "license_expression", "classifiers", "requires_dist", "extras"),
    "project_urls",
)


def releases(project: Project) -> list[Release]:
    """The releases that a page shows: those that have files."""
    return [release for release in project.visible if release.files]


def offers(site: Site, release: Release) -> bool:
    """Whether the page offers METADATA of the release."""
    return site.style.page_has_marks and bool(release_rows.offering(release))


def _yanked(site: Site, release: Release) -> bool:
    return release.yanked and site.style.page_has_marks


def latest(site: Site, project: Project) -> Release:
    """The highest stable release that is not yanked, else the highest that is not yanked, else the highest."""

    def rank(release: Release) -> tuple[object, ...]:
        read = parsed(release.version)
        stable = read is not None and not read.is_prerelease
        return (not _yanked(site, release), stable and not _yanked(site, release), release.order)

    return max(releases(project), key=rank)


def _totals(site: Site, files: list[DistFile]) -> Row:
    times = [file.uploaded for file in files] if site.style.page_has_times else []
    return {
        "file_count": len(files),
        "total_size": sum(file.size for file in files) if site.style.page_has_times else None,
        "first_upload_at": min(times, default=None),
        "last_upload_at": max(times, default=None),
    }


def _first_seen(site: Site) -> Row:
    """`first_seen_at`: some time where the page gives no time of upload."""
    return {"first_seen_at": None if site.style.page_has_times else SOME_TIME}


def _marks(site: Site, release: Release) -> Row:
    """What a page says of all files of a release."""
    return {
        "requires_python": text(release.metadata.requires_python) if site.style.page_has_marks else None,
        "yanked": _yanked(site, release),
        "yanked_reason": text(release.yanked_reason) if _yanked(site, release) else None,
    }


def _projects(site: Site, project: Project) -> list[Row]:
    if not releases(project):
        return []
    newest = latest(site, project)
    row: Row = dict.fromkeys(_NOWHERE)
    if offers(site, newest):
        row |= _from_metadata(newest)
    else:
        row |= dict.fromkeys(_IN_METADATA) | {"source": "page"}
    row |= {"project": project.key, "latest_version": newest.version}
    row |= _totals(site, [file for release in releases(project) for file in release.files])
    return [row | {"version_count": len(releases(project)), "serial": site.style.serial(project.serial)}]


def _from_metadata(release: Release) -> Row:
    """
    What METADATA of the latest release says of a project. Which name is shown is left open, and how it looks that
    METADATA has none of something.
    """
    told = release.metadata
    several = {
        "classifiers": told.classifiers,
        "requires_dist": [one for one in told.requires_dist or [] if one],
        "extras": told.extras,
        "project_urls": told.project_urls,
    }
    return {name: value for name, value in several.items() if value} | {
        "summary": text((told.summary or "").replace("\n", " ")),
        "author_email": text(told.author_email),
        "license_expression": told.license_expression,
        "requires_python": text(told.requires_python),
        "source": "metadata",
    }


def _versions(site: Site, project: Project) -> list[Row]:
    return [
        {
            "project": project.key,
            "version": release.version,
            **version_parts(release.version),
            **_totals(site, release.files),
            **_first_seen(site),
            **_marks(site, release),
            "has_sdist": any(file.packagetype == "sdist" for file in release.files),
            "has_wheel": any(file.packagetype == "bdist_wheel" for file in release.files),
            "is_latest": release is latest(site, project),
            "source": "page",
        }
        for release in releases(project)
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
        **_first_seen(site),
        "uploaded_at": file.uploaded if site.style.page_has_times else None,
        **_marks(site, release),
        "source": "page",
    }


def _files(site: Site, project: Project) -> list[Row]:
    return [_file(site, project, release, file) for release in releases(project) for file in release.files]


def _statuses(site: Site, project: Project) -> list[Row]:
    """The status; whether page and document agree is tested apart, where there is no document."""
    empty = project.status == "active" and not releases(project)
    return [
        {
            "project": project.key,
            "status": "empty" if empty else project.status,
            "reason": project.status_reason,
            "has_status": True,
            "has_document": False,
            "has_page": True,
            "file_count": len(project.paged),
            "serial": site.style.serial(project.serial),
            **dict.fromkeys(NAMESPACES),
        }
    ]


def _dependencies(_: Site, project: Project, release: Release) -> list[Row]:
    hidden = replace(release, requirements_hidden=True)
    return release_rows.dependencies(project, hidden, from_files=True)


def _classifiers(site: Site, project: Project, release: Release) -> list[Row]:
    return [row | {"source": "metadata"} for row in release_rows.OF_RELEASE["classifiers"](site, project, release)]


def _urls(site: Site, project: Project, release: Release) -> list[Row]:
    rows = release_rows.OF_RELEASE["urls"](site, project, release)
    return [row | {"read_from": "metadata"} for row in rows if row["source"] == "project_urls"]


OF_METADATA: dict[str, Callable[[Site, Project, Release], list[Row]]] = {
    "dependencies": _dependencies,
    "classifiers": _classifiers,
    "urls": _urls,
    "core_metadata": release_rows.OF_RELEASE["core_metadata"],
}
"""The streams that METADATA of a release supplies, each with what makes its rows."""

OF_PAGE: dict[str, Callable[[Site, Project], list[Row]]] = {
    "projects": _projects,
    "versions": _versions,
    "files": _files,
    "statuses": _statuses,
}
"""The streams that a page supplies, each with what makes its rows."""
