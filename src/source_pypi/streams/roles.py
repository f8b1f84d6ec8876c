"""``roles``: a role of a user in a project."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import ProjectName
from source_pypi.streams.stream import ONE_PER_PROJECT, ProjectDocuments, Row, Stream


class Role(Struct, frozen=True, kw_only=True, gc=False):
    """A role. The index does not list permissions that come from a team or an organization (index-api.md 4.4)."""

    project: ProjectName
    role: Annotated[str, describe("Owner or Maintainer.", source="ownership.roles[].role")]
    user: Annotated[str, describe("The user's name on the index.", source="ownership.roles[].user")]


def roles_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The roles in the project, each once; no rows if the index does not publish ownership."""
    ownership = None if documents.document is None else documents.document.content.ownership
    if documents.project is None or ownership is None:
        return
    pairs = dict.fromkeys((role.role, role.user) for role in ownership.roles or ())
    for role, user in pairs:
        if role and user:
            yield Role(project=documents.project, role=role, user=user)


STREAM = Stream(
    name="roles",
    row="a role of a user in a project",
    record=Role,
    key=("project", "role", "user"),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_PER_PROJECT,
    rows=roles_rows,
    required_key="ownership.roles",
)
