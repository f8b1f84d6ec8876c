"""``recent_projects``: an entry of the feed of recent projects."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._feeds import project_path, published_at, summary
from source_pypi.streams.stream import ProjectDocuments, Row, Stream


class RecentProject(Struct, frozen=True, kw_only=True, gc=False):
    """A project that is new on the index: it lists the last forty."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="item.link")]
    title: Annotated[str | None, describe("What is shown of it.", source="item.title", null="the entry has none")]
    summary: Annotated[
        str | None,
        describe("What the project is, in one line.", source="item.description", null="the project does not say"),
    ]
    author_email: Annotated[
        str | None, describe("The author's address.", source="item.author", null="the project does not say")
    ]
    link: Annotated[str, describe("The project's page on the index.", source="item.link")]
    published_at: Annotated[
        datetime | None,
        describe("When it came to the index.", source="item.pubDate", null="the entry has no such time"),
    ]


def recent_projects_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """A row for each entry that leads to a project, each project once, newest first."""
    seen: set[str] = set()
    for entry in visit.recent_projects.content.entries if visit.recent_projects is not None else ():
        path = project_path(entry)
        if not path or entry.link is None:
            continue
        project = canonicalize_name(path[0])
        if project not in seen:
            seen.add(project)
            yield RecentProject(
                project=project,
                title=entry.title,
                summary=summary(entry),
                author_email=entry.author,
                link=entry.link,
                published_at=published_at(entry),
            )


STREAM = Stream(
    name="recent_projects",
    row="an entry of the feed of recent projects",
    record=RecentProject,
    key=("project",),
    documents=(DocumentKind.RECENT_PROJECTS,),
    cost="1 in all",
    rows=recent_projects_rows,
)
