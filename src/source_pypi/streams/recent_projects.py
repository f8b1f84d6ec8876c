"""``recent_projects``: an entry of the feed of new projects."""

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


class RecentProject(Struct, frozen=True, kw_only=True, gc=False):
    """A project that is new on the index. The feed has the last forty."""

    project: LinkedProject
    title: EntryTitle
    summary: EntrySummary
    author_email: EntryAuthorEmail
    link: Annotated[str, describe("URL of the project's page on the index.", source="item.link")]
    published_at: PublishedAt


def recent_projects_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """A row for each entry that links to a project, each project once, newest first."""
    seen: set[str] = set()
    for entry in documents.recent_projects.content.entries if documents.recent_projects is not None else ():
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
    row="an entry of the feed of new projects",
    record=RecentProject,
    key=("project",),
    documents=(DocumentKind.RECENT_PROJECTS,),
    cost="1 in total",
    rows=recent_projects_rows,
)
