"""What a correct fresh load shows: rows made from the model, by the documentation of the streams."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tests.oracle import index_rows, page_rows, release_rows
from tests.oracle.simulator.documents import Site, core_metadata, metadata_digest, project_document
from tests.oracle.simulator.model import DistFile, Index, Project, Release
from tests.oracle.values import NAMESPACES, Row, keywords, same_version, text, version_parts, wheel_parts


@dataclass(frozen=True)
class Wanted:
    """What is loaded: projects by normalised name, each with the version that it is pinned to, or None."""

    projects: Mapping[str, str | None]
    releases: Literal["latest", "all"] = "latest"
    core_metadata: bool = False

    def of(self, project: Project) -> list[Release]:
        """The releases that are read by the streams that read a release at a time."""
        if not project.has_document:
            return []
        pin = self.projects.get(project.key)
        if pin is not None:
            return [release for release in project.visible if same_version(release.version, pin)]
        return [project.latest] if self.releases == "latest" else project.visible


def followed(index: Index, wanted: Wanted, levels: int, excluded: Callable[[str], bool]) -> Wanted:
    """
    The same with the projects that the chosen ones need, so many levels deep: those that their pinned or latest
    releases require on any platform, without extras and addresses of their own.
    """
    names = dict(wanted.projects)
    newest = [*names]
    single = replace(wanted, releases="latest")
    for _ in range(levels):
        found: list[str] = []
        for project in (index.projects[name] for name in newest if name in index.projects):
            for release in single.of(project):
                rows = release_rows.dependencies(project, release, from_files=wanted.core_metadata)
                found += [row["name"] for row in rows if row.get("name") and not row["extra"] and not row["url"]]
        newest = [name for name in dict.fromkeys(found) if name not in names and not excluded(name)]
        names |= dict.fromkeys(newest)
    return replace(wanted, projects=names)


def _flat_metadata(release: Release) -> Row:
    told = release.metadata
    return {
        "summary": text(told.summary),
        "author": text(told.author),
        "author_email": text(told.author_email),
        "maintainer": text(told.maintainer),
        "maintainer_email": text(told.maintainer_email),
        "license": text(told.license),
        "license_expression": text(told.license_expression),
        "license_files": told.license_files,
        "keywords": keywords(told.keywords),
        "classifiers": told.classifiers,
        "requires_python": text(told.requires_python),
        "requires_dist": release.shown_requirements,
        "extras": told.extras,
        "project_urls": told.project_urls,
        "home_page": text(told.home_page),
        "yanked": release.yanked,
        "yanked_reason": text(release.yanked_reason),
    }


def _totals(files: list[DistFile]) -> Row:
    times = [file.uploaded for file in files]
    return {
        "file_count": len(files),
        "total_size": sum(file.size for file in files),
        "first_upload_at": min(times, default=None),
        "last_upload_at": max(times, default=None),
    }


def _projects(site: Site, project: Project) -> list[Row]:
    every = [file for release in project.visible for file in release.files]
    row: Row = {"project": project.key, "name": project.name, "latest_version": project.latest.version}
    row |= _flat_metadata(project.latest) | _totals(every)
    row |= {"organization": project.organization, "version_count": len(project.visible), "source": "document"}
    return [row | {"serial": site.style.serial(project.serial)}]


def _told_by_files(project: Project, release: Release) -> Row:
    """
    What the files of a release say of it: nothing where there are none. Left out for the latest release without
    files, of which the document says the same elsewhere.
    """
    if not release.files:
        nothing = dict.fromkeys(("requires_python", "yanked", "yanked_reason"))
        return {} if release is project.latest else nothing
    return {
        "requires_python": text(release.metadata.requires_python),
        "yanked": release.yanked,
        "yanked_reason": text(release.yanked_reason),
    }


def _versions(_: Site, project: Project) -> list[Row]:
    return [
        {
            "project": project.key,
            "version": release.version,
            **version_parts(release.version),
            **_totals(release.files),
            "first_seen_at": None,
            "has_sdist": any(file.packagetype == "sdist" for file in release.files),
            "has_wheel": any(file.packagetype == "bdist_wheel" for file in release.files),
            **_told_by_files(project, release),
            "is_latest": release is project.latest,
            "source": "document",
        }
        for release in project.visible
    ]


def _file(site: Site, project: Project, release: Release, file: DistFile) -> Row:
    return {
        "filename": file.filename,
        "project": project.key,
        "version": release.version,
        "packagetype": file.packagetype,
        "python_version": file.python_version,
        **wheel_parts(file.filename),
        "size": file.size,
        "url": f"{site.root}/{file.path}",
        "md5": file.digest("md5"),
        "sha256": file.digest("sha256"),
        "blake2b_256": file.digest("blake2b"),
        "has_core_metadata": core_metadata(file) is not False,
        "core_metadata_sha256": metadata_digest(file),
        "uploaded_at": file.uploaded,
        "first_seen_at": None,
        "requires_python": text(release.metadata.requires_python),
        "yanked": release.yanked,
        "yanked_reason": text(release.yanked_reason),
        "comment_text": text(file.comment),
        "has_sig": False,
        "downloads": None,
        "source": "document",
    }


def _files(site: Site, project: Project) -> list[Row]:
    return [_file(site, project, release, file) for release in project.visible for file in release.files]


def _roles(_: Site, project: Project) -> list[Row]:
    return [{"project": project.key, "role": role, "user": user} for role, user in project.roles]


def _project(site: Site, project: Project) -> list[Row]:
    return [{"project": project.key, **project_document(site, project)}]


_OF_PROJECT: dict[str, Callable[[Site, Project], list[Row]]] = {
    "projects": _projects,
    "versions": _versions,
    "files": _files,
    "roles": _roles,
    "project": _project,
}


def statuses(site: Site, index: Index, names: Mapping[str, str | None]) -> list[Row]:
    """A row a project that was asked for, whether the index has it or not."""
    return [_status(site, name, index.projects.get(name)) for name in names]


def _status(site: Site, name: str, project: Project | None) -> Row:
    row: Row = dict.fromkeys(("reason", "file_count", "agree", "disagreement", "serial", *NAMESPACES))
    row |= {"project": name, "status": "missing"}
    row |= dict.fromkeys(("has_status", "has_document", "has_page"), False)
    if project is None:
        return row
    empty = project.status == "active" and not project.has_document
    return row | {
        "status": "empty" if empty else project.status,
        "reason": project.status_reason,
        "has_status": True,
        "has_document": project.has_document,
        "has_page": True,
        "file_count": len(project.paged),
        "agree": True,
        "serial": site.style.serial(project.serial),
    }


def selected_of_page(site: Site, wanted: Wanted, project: Project) -> list[Release]:
    """The releases that are read one at a time, of an index with pages only: those that have METADATA."""
    every = page_rows.releases(project)
    if every and wanted.releases == "latest":
        every = [page_rows.latest(site, project)]
    return [release for release in every if page_rows.offers(site, release)]


def _from_pages(site: Site, index: Index, wanted: Wanted) -> dict[str, list[Row]]:
    """The rows of each stream that an index without project documents supplies."""
    found = [index.projects[name] for name in wanted.projects if name in index.projects]
    rows = {name: [row for one in found for row in make(site, one)] for name, make in page_rows.OF_PAGE.items()}
    for name, of_metadata in page_rows.OF_METADATA.items():
        rows[name] = [
            row
            for project in found
            for release in selected_of_page(site, wanted, project)
            for row in of_metadata(site, project, release)
        ]
    missing = {name: pin for name, pin in wanted.projects.items() if name not in index.projects}
    rows["statuses"] += statuses(site, index, missing)
    return rows | {"listing": index_rows.OF_INDEX["listing"](site, index)}


def known_streams() -> set[str]:
    """The streams that the oracle knows: newer ones are left out of the histories."""
    return {"dependencies", "statuses", *_OF_PROJECT, *release_rows.OF_RELEASE, *index_rows.OF_INDEX}


def expected(site: Site, index: Index, wanted: Wanted) -> dict[str, list[Row]]:
    """The rows of each stream that a correct fresh load of the index shows."""
    if not site.style.documents:
        return _from_pages(site, index, wanted)
    documented = [index.projects[name] for name in wanted.projects if name in index.projects]
    documented = [project for project in documented if project.has_document]
    rows = {name: [row for project in documented for row in make(site, project)] for name, make in _OF_PROJECT.items()}
    for name, of_release in release_rows.OF_RELEASE.items():
        rows[name] = [
            row
            for project in documented
            for release in wanted.of(project)
            for row in of_release(site, project, release)
        ]
    rows["dependencies"] = [
        row
        for project in documented
        for release in wanted.of(project)
        for row in release_rows.dependencies(project, release, from_files=wanted.core_metadata)
    ]
    rows["statuses"] = statuses(site, index, wanted.projects)
    return rows | {name: of_index(site, index) for name, of_index in index_rows.OF_INDEX.items()}
