"""``roles``: one role that a user has in a project."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ONE_A_PROJECT, ProjectDocuments, Row, Stream


class Role(Struct, frozen=True, kw_only=True, gc=False):
    """A role. Rights that come from a team or an organization are not listed by the index (index-api.md 4.4)."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    role: Annotated[str, describe("Owner or Maintainer.", source="ownership.roles[].role")]
    user: Annotated[str, describe("The user's name on the index.", source="ownership.roles[].user")]


def roles_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """The roles of the project, each once; none where the index does not tell of ownership."""
    ownership = None if visit.document is None else visit.document.content.ownership
    if visit.project is None or ownership is None:
        return
    named = dict.fromkeys((role.role, role.user) for role in ownership.roles or ())
    for role, user in named:
        if role and user:
            yield Role(project=visit.project, role=role, user=user)


STREAM = Stream(
    name="roles",
    row="one role that a user has",
    record=Role,
    key=("project", "role", "user"),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_A_PROJECT,
    rows=roles_rows,
    required_key="ownership",
)
