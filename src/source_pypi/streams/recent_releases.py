"""``recent_releases``: an entry of the feed of recent releases."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._feeds import project_path, published_at, summary
from source_pypi.streams.stream import ProjectDocuments, Row, Stream


class RecentRelease(Struct, frozen=True, kw_only=True, gc=False):
    """A release that was made lately: the index lists the last hundred, which is about ten minutes of them."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="item.link")]
    version: Annotated[str, describe("The version, as the index has it.", source="item.link")]
    title: Annotated[
        str | None, describe("Name and version, as shown.", source="item.title", null="the entry has none")
    ]
    summary: Annotated[
        str | None,
        describe("What the project is, in one line.", source="item.description", null="the release does not say"),
    ]
    author_email: Annotated[
        str | None, describe("The author's address.", source="item.author", null="the release does not say")
    ]
    link: Annotated[str, describe("The release's page on the index.", source="item.link")]
    published_at: Annotated[
        datetime | None, describe("Time of the release.", source="item.pubDate", null="the entry has no such time")
    ]


def recent_releases_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """A row for each entry that leads to a release, each release once, newest first."""
    seen: set[tuple[str, str]] = set()
    for entry in visit.recent_releases.content.entries if visit.recent_releases is not None else ():
        path = project_path(entry)
        if len(path) < 2 or entry.link is None:
            continue
        project, version = canonicalize_name(path[0]), path[1]
        if (project, version) not in seen:
            seen.add((project, version))
            yield RecentRelease(
                project=project,
                version=version,
                title=entry.title,
                summary=summary(entry),
                author_email=entry.author,
                link=entry.link,
                published_at=published_at(entry),
            )


STREAM = Stream(
    name="recent_releases",
    row="an entry of the feed of recent releases",
    record=RecentRelease,
    key=("project", "version"),
    documents=(DocumentKind.RECENT_RELEASES,),
    cost="1 in all",
    rows=recent_releases_rows,
)
