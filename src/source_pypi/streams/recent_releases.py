"""``recent_releases``: an entry of the feed of new releases."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.fields import describe
from source_pypi.services.index.documents.feed import project_path
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._feeds import published_at, summary
from source_pypi.streams._fields import EntryAuthorEmail, EntrySummary, EntryTitle, LinkedProject, PublishedAt
from source_pypi.streams.stream import ProjectDocuments, Row, Stream


class RecentRelease(Struct, frozen=True, kw_only=True, gc=False):
    """A new release. The feed has the last hundred, which cover about ten minutes on the public index."""

    project: LinkedProject
    version: Annotated[str, describe("The version, as the index writes it.", source="item.link")]
    title: EntryTitle
    summary: EntrySummary
    author_email: EntryAuthorEmail
    link: Annotated[str, describe("URL of the release's page on the index.", source="item.link")]
    published_at: PublishedAt


def recent_releases_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """A row for each entry that links to a release, each release once, newest first."""
    seen: set[tuple[str, str]] = set()
    for entry in documents.recent_releases.content.entries if documents.recent_releases is not None else ():
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
    row="an entry of the feed of new releases",
    record=RecentRelease,
    key=("project", "version"),
    documents=(DocumentKind.RECENT_RELEASES,),
    cost="1 in total",
    rows=recent_releases_rows,
)
