"""The rows that are made of the index as a whole: the list, the feeds, the statistics."""

from collections.abc import Callable

from tests.oracle.simulator import documents
from tests.oracle.simulator.documents import Site
from tests.oracle.simulator.model import Index
from tests.oracle.values import Row, text


def _listing(site: Site, index: Index) -> list[Row]:
    """The list. As HTML it has no serials; what its rows have as name is tested apart."""
    if site.style.pages == "html":
        return [{"project": one.key, "serial": None} for one in index.listed]
    return [{"project": one.key, "name": one.name, "serial": site.style.serial(one.serial)} for one in index.listed]


def _recent_releases(site: Site, index: Index) -> list[Row]:
    return [
        {
            "project": project.key,
            "version": release.version,
            "title": f"{project.name} {release.version}",
            "summary": text(release.metadata.summary),
            "author_email": documents.feed_author(release),
            "link": f"{site.root}/project/{project.key}/{release.version}/",
            "published_at": release.created.replace(microsecond=0),
        }
        for project, release in documents.recent_releases(index)
    ]


def _recent_projects(site: Site, index: Index) -> list[Row]:
    return [
        {
            "project": project.key,
            "title": f"{project.name} added",
            "summary": text(documents.newest(project).metadata.summary),
            "author_email": documents.feed_author(documents.newest(project)),
            "link": f"{site.root}/project/{project.key}/",
            "published_at": project.created.replace(microsecond=0),
        }
        for project in documents.recent_projects(index)
    ]


def _stats(_: Site, index: Index) -> list[Row]:
    return [dict(documents.statistics(index))]


OF_INDEX: dict[str, Callable[[Site, Index], list[Row]]] = {
    "listing": _listing,
    "recent_releases": _recent_releases,
    "recent_projects": _recent_projects,
    "stats": _stats,
}
"""The streams of the index as a whole, each with what makes its rows."""
