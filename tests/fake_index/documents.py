"""The documents of the index, from the data of the world: pure functions that return bytes.

Key for key as index-api.md 4 (project and release document), 6 (list), 7 (project page) and 8 (statistics).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from tests.fake_index.model import INFO_DEFAULTS, File, Project, Release, Role, Vulnerability
from tests.fake_index.versions import latest, visible

API_VERSION = "1.4"


@dataclass(frozen=True, slots=True)
class View:
    """How this index presents its data."""

    #: Address of the index, without a slash at the end.
    base: str
    #: Path in front of everything, "" or "/root/mirror".
    prefix: str = ""
    #: A poor mirror: relative file URLs, no metadata files, no vulnerabilities (index-api.md 0).
    poverty: bool = False
    #: Keys of `info` that a deployment added.
    deployed: Mapping[str, Any] = field(default_factory=dict)
    #: Keys of files that project documents lack, and pages have: `core-metadata` before 2026-07-06 (index-api.md 4.3).
    file_gaps: frozenset[str] = frozenset()
    #: The version of pages as JSON; "1.5" has namespaces (PEP 752). HTML stays at 1.4 (PEP 833).
    api_version: str = API_VERSION

    def url(self, file: File) -> str:
        """The file's address."""
        return f"../../{file.path()}" if self.poverty else f"{self.base}/{file.path()}"

    def core_metadata(self, file: File) -> dict[str, str] | bool:
        """The value of both APIs for the separate metadata file."""
        if self.poverty or file.core_metadata is None:
            return False
        return {"sha256": file.core_metadata}


def dump(document: Any) -> bytes:
    """As the JSON API and the project pages are written. index-api.md 2.5"""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{text}\n".encode()


def dump_plain(document: Any) -> bytes:
    """As statistics and provenance are written: ASCII, no newline at the end. index-api.md 2.5"""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def project_document(project: Project, view: View) -> bytes | None:
    """`/pypi/<name>/json`; None when there is no release to describe. index-api.md 4"""
    release = latest(project)
    if release is None:
        return None
    document = _document(project, release, view)
    document["releases"] = {one.version: _files(one, view) for one in visible(project)}
    return dump(document)


def release_document(project: Project, release: Release, view: View) -> bytes:
    """`/pypi/<name>/<version>/json`: the same without `releases`. index-api.md 5"""
    return dump(_document(project, release, view))


def iso(time_of: datetime) -> str:
    """A time as the index writes it: no microseconds when they are 0. index-api.md 4.3"""
    return f"{time_of.isoformat()}Z"


def _document(project: Project, release: Release, view: View) -> dict[str, Any]:
    return {
        "info": _info(project, release, view),
        "last_serial": project.last_serial,
        "ownership": _ownership(project),
        "urls": _files(release, view),
        "vulnerabilities": [] if view.poverty else [_vulnerability(item) for item in release.advisories],
    }


def _info(project: Project, release: Release, view: View) -> dict[str, Any]:
    """The 30 keys of index-api.md 4.2; values of the release override the defaults."""
    url = f"{view.base}/project/{project.name}/"
    given = {**INFO_DEFAULTS, **release.info}
    made = {
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "name": project.name,
        "package_url": url,
        "project_url": url,
        "release_url": f"{url}{release.version}/",
        "version": release.version,
        "yanked": release.yanked,
        "yanked_reason": release.yanked_reason or None,
    }
    return {**made, **given, "project_urls": _project_urls(given), **view.deployed}


def _project_urls(given: Mapping[str, Any]) -> Any:
    """Home page and download address are part of it; null when empty. index-api.md 4.2"""
    urls = given["project_urls"]
    if urls is not None and not isinstance(urls, Mapping):
        return urls
    made = {"Homepage": given["home_page"], "Download": given["download_url"]}
    return {**{label: url for label, url in made.items() if url}, **(urls or {})} or None


def _ownership(project: Project) -> dict[str, Any]:
    """Owners first, then by user. index-api.md 4.4"""

    def rank(role: Role) -> tuple[bool, str]:
        return role.role != "Owner", role.user

    roles = [{"role": role.role, "user": role.user} for role in sorted(project.roles, key=rank)]
    return {"organization": project.organization, "roles": roles}


def _vulnerability(item: Vulnerability) -> dict[str, Any]:
    return {
        "aliases": None if item.aliases is None else list(item.aliases),
        "details": item.details,
        "fixed_in": None if item.fixed_in is None else list(item.fixed_in),
        "id": item.id,
        "link": item.link,
        "source": item.source,
        "summary": item.summary,
        "withdrawn": item.withdrawn,
    }


def _files(release: Release, view: View) -> list[dict[str, Any]]:
    return [_file(release.files[name], release, view) for name in sorted(release.files)]


def _file(file: File, release: Release, view: View) -> dict[str, Any]:
    """The 16 keys of index-api.md 4.3."""
    digests = file.all_digests()
    made = {
        "comment_text": file.comment_text,
        "core-metadata": view.core_metadata(file),
        "digests": digests,
        "downloads": -1,
        "filename": file.filename,
        "has_sig": False,
        "md5_digest": digests["md5"],
        "packagetype": file.packagetype,
        "python_version": file.python_version,
        "requires_python": release.info.get("requires_python"),
        "size": file.size,
        "upload_time": file.uploaded_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "upload_time_iso_8601": iso(file.uploaded_at),
        "url": view.url(file),
        "yanked": release.yanked,
        "yanked_reason": release.yanked_reason or None,
    }
    return {key: value for key, value in made.items() if key not in view.file_gaps}


# The project page, index-api.md 7 --------------------------------------------------------------------------


def page_json(project: Project, view: View) -> bytes:
    """`/simple/<name>/` as JSON. index-api.md 7.1"""
    releases = [release for release in visible(project) if release.files]
    files = [_page_file(project, release, file, view) for release, file in _page_files(project)]
    page: dict[str, Any] = {
        "files": files,
        "meta": {"_last-serial": project.last_serial, "api-version": view.api_version},
        "name": project.normalized,
        "project-status": {"status": project.status},
        "versions": [release.version for release in releases],
    }
    if view.api_version == "1.5":
        page["namespaces"] = [{"name": name, "owned": owned} for name, owned in project.namespaces] or None
    return dump(page)


def page_html(project: Project, view: View) -> bytes:
    """`/simple/<name>/` as HTML, with the template's own white space. index-api.md 7.3"""
    name = escape(project.normalized)
    links = "".join(
        f"<a {_link(_page_file(project, release, file, view))}>{escape(file.filename)}</a><br />\n"
        for release, file in _page_files(project)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n  <head>\n'
        f'    <meta name="pypi:repository-version" content="{API_VERSION}">\n'
        f'<meta name="pypi:project-status" content="{project.status}">    <title>Links for {name}</title>\n'
        f"  </head>\n  <body>\n    <h1>Links for {name}</h1>\n{links}</body>\n</html>\n"
        f"<!--SERIAL {project.last_serial}-->"
    ).encode()


def _page_files(project: Project) -> Iterable[tuple[Release, File]]:
    for release in visible(project):
        for name in sorted(release.files):
            yield release, release.files[name]


def _page_file(project: Project, release: Release, file: File, view: View) -> dict[str, Any]:
    metadata = view.core_metadata(file)
    url = f"{view.base}/integrity/{project.normalized}/{release.version}/{file.filename}/provenance"
    return {
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "filename": file.filename,
        "hashes": {"sha256": file.all_digests()["sha256"]},
        "provenance": None if view.poverty or file.provenance is None else url,
        "requires-python": release.info.get("requires_python"),
        "size": file.size,
        "upload-time": iso(file.uploaded_at),
        "url": view.url(file),
        "yanked": (release.yanked_reason or True) if release.yanked else False,
    }


def _link(file: Mapping[str, Any]) -> str:
    """The attributes of one link, in the template's order. index-api.md 7.3"""
    pairs = {"href": f"{file['url']}#sha256={file['hashes']['sha256']}"}
    if file["requires-python"]:
        pairs["data-requires-python"] = file["requires-python"]
    if file["yanked"]:
        pairs["data-yanked"] = "" if file["yanked"] is True else file["yanked"]
    if file["core-metadata"]:
        digest = f"sha256={file['core-metadata']['sha256']}"
        pairs["data-dist-info-metadata"] = pairs["data-core-metadata"] = digest
    if file["provenance"]:
        pairs["data-provenance"] = file["provenance"]
    return " ".join(f'{key}="{escape(value)}"' for key, value in pairs.items())


# The list, index-api.md 6 ----------------------------------------------------------------------------------


def listing_json(projects: Iterable[Project], serial: int) -> bytes:
    """`/simple/` as JSON: display names, by normalised name."""
    rows = [{"_last-serial": one.last_serial, "name": one.name} for one in _listed(projects)]
    return dump({"meta": {"_last-serial": serial, "api-version": API_VERSION}, "projects": rows})


def listing_html(projects: Iterable[Project], view: View) -> bytes:
    """`/simple/` as HTML: no serial in it."""
    links = "".join(
        f'<a href="{view.prefix}/simple/{one.normalized}/">{escape(one.name)}</a>\n' for one in _listed(projects)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n  <head>\n'
        f'    <meta name="pypi:repository-version" content="{API_VERSION}">\n'
        f"    <title>Simple index</title>\n  </head>\n  <body>\n{links}</body>\n</html>\n"
    ).encode()


def _listed(projects: Iterable[Project]) -> list[Project]:
    """All but the quarantined; those without releases are listed. index-api.md 3"""
    return sorted((one for one in projects if one.status != "quarantined"), key=lambda one: one.normalized)


# Statistics, index-api.md 8 --------------------------------------------------------------------------------


def stats_json(projects: Iterable[Project]) -> bytes:
    """`/stats/`: the hundred largest projects, as an object sorted by name."""
    sizes = {
        one.name: sum(file.size for release in one.releases.values() for file in release.files.values())
        for one in projects
    }
    top = sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0]))[:100]
    return dump_plain(
        {
            "top_packages": {name: {"size": size} for name, size in top},
            "total_packages_size": sum(sizes.values()),
        }
    )
