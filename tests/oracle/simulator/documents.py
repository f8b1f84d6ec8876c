"""The JSON documents that an index makes of its model: project, release, statistics, feeds."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal
from xml.sax.saxutils import escape

from tests.oracle.simulator.model import Advisory, DistFile, Index, Project, Release

Document = dict[str, Any]


@dataclass(frozen=True)
class Style:
    """
    What kind of index it is. `serials`: rising ones, the same one everywhere, or none. `documents`: whether it has
    project documents; without them it has no releases, feeds, statistics and provenance either. `told`: how much its
    pages say of a file: all there is; no sizes, times and versions; only its name, address and hash; no hash either.
    """

    etags: Literal["strong", "weak", "none"] = "strong"
    serials: Literal["real", "constant", "none"] = "real"
    relative_urls: bool = False
    pages: Literal["json", "html"] = "json"
    gzip: bool = True
    documents: bool = True
    told: Literal["all", "no-times", "names", "bare"] = "all"

    @property
    def page_has_times(self) -> bool:
        """Whether pages give sizes and times of upload, and list versions: never as HTML."""
        return self.told == "all" and self.pages == "json"

    @property
    def page_has_marks(self) -> bool:
        """Whether pages say which Python a file requires, whether it is yanked, and whether there is METADATA."""
        return self.told in {"all", "no-times"}

    @property
    def page_has_hashes(self) -> bool:
        """Whether pages give hashes."""
        return self.told != "bare"

    def serial(self, serial: int) -> int | None:
        """The serial as this index shows it; None where it shows none."""
        return {"real": serial, "constant": 1000, "none": None}[self.serials]


@dataclass(frozen=True)
class Site:
    """Where the index is served, `root` without a slash at its end, and in which style."""

    root: str
    style: Style

    def file_url(self, file: DistFile, depth: int) -> str:
        """A file's address as a document `depth` folders below the root gives it."""
        return f"{'../' * depth}{file.path}" if self.style.relative_urls else f"{self.root}/{file.path}"


def stamp(time: datetime) -> str:
    """A time as the index writes it: microseconds only where there are any."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def metadata_digest(file: DistFile) -> str | None:
    """The SHA-256 of a file's METADATA; None where there is none."""
    return None if file.metadata is None else hashlib.sha256(file.metadata.encode()).hexdigest()


def core_metadata(file: DistFile) -> Literal[False] | dict[str, str]:
    """What documents and pages say of a file's METADATA."""
    digest = metadata_digest(file)
    return {"sha256": digest} if digest else False


def _file(site: Site, release: Release, file: DistFile, depth: int) -> Document:
    return {
        "filename": file.filename,
        "packagetype": file.packagetype,
        "python_version": file.python_version,
        "size": file.size,
        "url": site.file_url(file, depth),
        "digests": {
            "md5": file.digest("md5"),
            "sha256": file.digest("sha256"),
            "blake2b_256": file.digest("blake2b"),
        },
        "md5_digest": file.digest("md5"),
        "core-metadata": core_metadata(file),
        "upload_time": file.uploaded.strftime("%Y-%m-%dT%H:%M:%S"),
        "upload_time_iso_8601": stamp(file.uploaded),
        "requires_python": release.metadata.requires_python,
        "yanked": release.yanked,
        "yanked_reason": release.yanked_reason or None,
        "comment_text": file.comment,
        "downloads": -1,
        "has_sig": False,
    }


def _files(site: Site, release: Release, depth: int) -> list[Document]:
    return [_file(site, release, file, depth) for file in sorted(release.files, key=lambda one: one.filename)]


def _info(site: Site, project: Project, release: Release) -> Document:
    told = release.metadata
    address = f"{site.root}/project/{project.name}/"
    return {
        "author": told.author,
        "author_email": told.author_email,
        "bugtrack_url": None,
        "classifiers": told.classifiers,
        "description": told.description,
        "description_content_type": "text/markdown",
        "docs_url": None,
        "download_url": told.download_url,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "dynamic": None,
        "home_page": told.home_page,
        "keywords": told.keywords,
        "license": told.license,
        "license_expression": told.license_expression,
        "license_files": told.license_files,
        "maintainer": told.maintainer,
        "maintainer_email": told.maintainer_email,
        "name": project.name,
        "package_url": address,
        "platform": None,
        "project_url": address,
        "project_urls": told.project_urls,
        "provides_extra": told.extras,
        "release_url": f"{address}{release.version}/",
        "requires_dist": release.shown_requirements,
        "requires_python": told.requires_python,
        "summary": told.summary,
        "version": release.version,
        "yanked": release.yanked,
        "yanked_reason": release.yanked_reason or None,
    }


def _advisory(advisory: Advisory) -> Document:
    return {
        "aliases": advisory.aliases,
        "details": advisory.details,
        "fixed_in": advisory.fixed_in,
        "id": advisory.id,
        "link": advisory.link,
        "source": "osv",
        "summary": advisory.summary,
        "withdrawn": None if advisory.withdrawn is None else advisory.withdrawn.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def release_document(site: Site, project: Project, release: Release, depth: int = 3) -> Document:
    """The document of a release, served `depth` folders below the root."""
    return {
        "info": _info(site, project, release),
        "last_serial": site.style.serial(project.serial),
        "ownership": {
            "organization": project.organization,
            "roles": [{"role": role, "user": user} for role, user in project.roles],
        },
        "urls": _files(site, release, depth),
        "vulnerabilities": [_advisory(one) for one in release.advisories],
    }


def project_document(site: Site, project: Project) -> Document:
    """The document of a project, which describes its latest release and lists the files of all."""
    document = release_document(site, project, project.latest, depth=2)
    document["releases"] = {release.version: _files(site, release, 2) for release in project.visible}
    return document


def statistics(index: Index) -> Document:
    """The statistics: the size of all files, and of the largest projects by display name."""
    sizes = {
        project.name: sum(file.size for release in project.releases.values() for file in release.files)
        for project in index.projects.values()
    }
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:100]
    return {
        "top_packages": {name: {"size": sizes[name]} for name in sorted(largest)},
        "total_packages_size": sum(sizes.values()),
    }


def recent_releases(index: Index) -> list[tuple[Project, Release]]:
    """The newest 100 releases, the newest first."""
    every = [(project, release) for project in index.projects.values() for release in project.releases.values()]
    return sorted(every, key=lambda one: (one[1].created, one[1].version), reverse=True)[:100]


def recent_projects(index: Index) -> list[Project]:
    """The newest 40 projects that have a release, the newest first."""
    every = [project for project in index.projects.values() if project.releases]
    return sorted(every, key=lambda one: (one.created, one.key), reverse=True)[:40]


def newest(project: Project) -> Release:
    """The release that was created last, whose summary the feed of projects shows."""
    return max(project.releases.values(), key=lambda one: (one.created, one.version))


def feed_author(release: Release) -> str | None:
    """The addresses of a release's authors as a feed gives them; None unless there are some."""
    addresses = [part.split("<")[-1].strip(" >") for part in (release.metadata.author_email or "").split(",")]
    return ", ".join(addresses) if all("@" in address for address in addresses) else None


def feed_summary(release: Release) -> str:
    """A release's summary as a feed gives it: the text None where there is none."""
    return str(release.metadata.summary)


def _item(title: str, link: str, release: Release, created: datetime) -> str:
    author = feed_author(release)
    written = f"<author>{escape(author)}</author>" if author else ""
    summary = escape(feed_summary(release))
    published = format_datetime(created.astimezone(UTC), usegmt=True)
    return (
        f"<item><title>{escape(title)}</title><link>{escape(link)}</link><description>{summary}</description>"
        f"{written}<pubDate>{published}</pubDate></item>"
    )


def feed(site: Site, index: Index, kind: Literal["updates", "packages"]) -> str:
    """The feed of recent releases ('updates') or recent projects ('packages'), as XML."""
    if kind == "updates":
        items = [
            _item(
                f"{one.name} {release.version}",
                f"{site.root}/project/{one.key}/{release.version}/",
                release,
                release.created,
            )
            for one, release in recent_releases(index)
        ]
    else:
        items = [
            _item(f"{one.name} added", f"{site.root}/project/{one.key}/", newest(one), one.created)
            for one in recent_projects(index)
        ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Recent</title>'
        f"<link>{site.root}/</link><description>Recent</description><language>en</language>{''.join(items)}</channel></rss>"
    )
