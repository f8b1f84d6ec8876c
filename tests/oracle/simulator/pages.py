"""Project pages and the list of projects, as JSON (PEP 691) and as HTML (PEP 503)."""

from html import escape
from typing import Any
from urllib.parse import quote

from tests.oracle.simulator.documents import Document, Site, core_metadata, metadata_digest, stamp
from tests.oracle.simulator.model import DistFile, Index, Project, Release

API_VERSION = "1.4"


def provenance_path(project: Project, release: Release, file: DistFile) -> str:
    """Where a file's provenance is served, from the root and without a slash in front."""
    return f"integrity/{project.key}/{quote(release.version)}/{quote(file.filename)}/provenance"


def _meta(site: Site, serial: int) -> Document:
    shown = site.style.serial(serial)
    return {"api-version": API_VERSION} | ({} if shown is None else {"_last-serial": shown})


def _yanked(release: Release) -> bool | str:
    return (release.yanked_reason or True) if release.yanked else False


def _file(site: Site, project: Project, release: Release, file: DistFile) -> Document:
    told: Document = {
        "filename": file.filename,
        "url": site.file_url(file, 2),
        "hashes": {"sha256": file.digest("sha256")} if site.style.page_has_hashes else {},
    }
    if site.style.page_has_times:
        told |= {"size": file.size, "upload-time": stamp(file.uploaded)}
    if site.style.page_has_marks:
        told |= {
            "requires-python": release.metadata.requires_python,
            "yanked": _yanked(release),
            "core-metadata": core_metadata(file),
            "data-dist-info-metadata": core_metadata(file),
        }
    if site.style.documents:
        told["provenance"] = f"{site.root}/{provenance_path(project, release, file)}" if file.bundles else None
    return told


def page(site: Site, project: Project) -> Document:
    """The project page as JSON."""
    status: dict[str, Any] = {"status": project.status}
    if project.status_reason is not None:
        status["reason"] = project.status_reason
    versions = list(dict.fromkeys(release.version for release, _ in project.paged))
    return ({"versions": versions} if site.style.page_has_times else {}) | {
        "meta": _meta(site, project.serial),
        "name": project.key,
        "project-status": status,
        "files": [_file(site, project, release, file) for release, file in project.paged],
    }


def _anchor(site: Site, project: Project, release: Release, file: DistFile) -> str:
    digest = f"#sha256={file.digest('sha256')}" if site.style.page_has_hashes else ""
    attributes = {"href": f"{site.file_url(file, 2)}{digest}"}
    if site.style.page_has_marks:
        attributes |= _attributes(release, file)
    if file.bundles and site.style.documents:
        attributes["data-provenance"] = f"{site.root}/{provenance_path(project, release, file)}"
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {written}>{escape(file.filename)}</a><br />\n"


def _attributes(release: Release, file: DistFile) -> dict[str, str]:
    """What an anchor says beside the address."""
    found = {}
    if release.metadata.requires_python:
        found["data-requires-python"] = release.metadata.requires_python
    if release.yanked:
        found["data-yanked"] = release.yanked_reason or ""
    digest = metadata_digest(file)
    if digest:
        found["data-core-metadata"] = found["data-dist-info-metadata"] = f"sha256={digest}"
    return found


def html_page(site: Site, project: Project) -> str:
    """The project page as HTML."""
    title = f"Links for {escape(project.key)}"
    anchors = "".join(_anchor(site, project, release, file) for release, file in project.paged)
    told = {"repository-version": API_VERSION, "project-status": project.status}
    if project.status_reason is not None:
        told["project-status-reason"] = project.status_reason
    serial = site.style.serial(project.serial)
    meta = "".join(f'<meta name="pypi:{name}" content="{escape(value)}">' for name, value in told.items())
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{meta}<title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n{anchors}</body></html>\n{'' if serial is None else f'<!--SERIAL {serial}-->'}"
    )


def listing(site: Site, index: Index) -> Document:
    """The list of projects as JSON."""
    shown = [(project, site.style.serial(project.serial)) for project in index.listed]
    return {
        "meta": _meta(site, index.serial),
        "projects": [
            {"name": project.name} | ({} if serial is None else {"_last-serial": serial}) for project, serial in shown
        ],
    }


def html_listing(index: Index) -> str:
    """The list of projects as HTML, which has no serials."""
    links = "".join(f'<a href="/simple/{project.key}/">{escape(project.name)}</a>\n' for project in index.listed)
    return f"<!DOCTYPE html>\n<html><head><title>Simple index</title></head><body>\n{links}</body></html>"
