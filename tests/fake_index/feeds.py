"""The RSS feeds. index-api.md 10"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime, getaddresses
from xml.sax.saxutils import escape

from tests.fake_index.model import Project, Release


def updates(projects: Iterable[Project], base: str) -> bytes:
    """`/rss/updates.xml`: the hundred newest releases of all projects."""
    pairs = [(project, release) for project in projects for release in project.releases.values()]
    items = [
        _item(f"{project.name} {release.version}", _release_link(base, project, release), release)
        for project, release in _newest(pairs, 100)
    ]
    return _channel("PyPI recent updates", base, "Recent updates to the Python Package Index", items)


def packages(projects: Iterable[Project], base: str) -> bytes:
    """`/rss/packages.xml`: the forty newest projects, those without a release left out."""
    newest = sorted(projects, key=lambda project: project.created_at, reverse=True)[:40]
    items = []
    for project in newest:
        if project.releases:
            link = f"{base}/project/{project.normalized}/"
            release = max(project.releases.values(), key=lambda release: release.created_at)
            title = f"{project.name} added to PyPI"
            items.append(_item(title, link, release, guid=True, date=project.created_at))
    return _channel("PyPI newest packages", base, "Newest packages registered at the Python Package Index", items)


def project_releases(project: Project, base: str) -> bytes:
    """`/rss/project/<name>/releases.xml`: the forty newest releases of one project."""
    pairs = _newest(((project, release) for release in project.releases.values()), 40)
    items = [_item(release.version, _release_link(base, project, release), release) for _, release in pairs]
    title = f"PyPI recent updates for {project.name}"
    about = f"Recent updates to the Python Package Index for {project.name}"
    return _channel(title, f"{base}/project/{project.normalized}/", about, items)


def _newest(pairs: Iterable[tuple[Project, Release]], count: int) -> list[tuple[Project, Release]]:
    return sorted(pairs, key=lambda pair: pair[1].created_at, reverse=True)[:count]


def _release_link(base: str, project: Project, release: Release) -> str:
    return f"{base}/project/{project.normalized}/{release.version}/"


def _item(title: str, link: str, release: Release, *, guid: bool = False, date: datetime | None = None) -> str:
    """One item. A release without a summary says `None`: the template renders Python's. index-api.md 10"""
    lines = [f"<title>{escape(title)}</title>", f"<link>{escape(link)}</link>"]
    if guid:
        lines.append(f"<guid>{escape(link)}</guid>")
    lines.append(f"<description>{escape(str(release.info.get('summary')))}</description>")
    author = _author(release.info.get("author_email"))
    if author:
        lines.append(f"<author>{escape(author)}</author>")
    published = (date or release.created_at).replace(microsecond=0, tzinfo=UTC)
    lines.append(f"<pubDate>{format_datetime(published, usegmt=True)}</pubDate>")
    inside = "".join(f"      {line}\n" for line in lines)
    return f"    <item>\n{inside}    </item>\n"


def _author(author_email: str | None) -> str | None:
    """The addresses alone; nothing at all when one of them is none."""
    urls = [url for _, url in getaddresses([author_email or ""])]
    if not urls or any("@" not in url for url in urls):
        return None
    return ", ".join(urls)


def _channel(title: str, link: str, description: str, items: Iterable[str]) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0">\n  <channel>\n'
        f"    <title>{escape(title)}</title>\n    <link>{escape(link)}</link>\n"
        f"    <description>{escape(description)}</description>\n    <language>en</language>\n"
        f"{''.join(items)}  </channel>\n</rss>\n"
    ).encode()
