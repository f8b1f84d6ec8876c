"""``dependency_clauses``: a clause of the versions that a release requires of another project."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.clauses import clauses_of
from source_pypi.streams._fields import ProjectName, ReleaseVersion
from source_pypi.streams.dependencies import Dependency, dependencies_rows
from source_pypi.streams.stream import ONE_PER_RELEASE_OR_METADATA, ProjectDocuments, Row, Stream

_SOURCE = "info.requires_dist"
_INVALID = "the clause is invalid"


class DependencyClause(Struct, frozen=True, kw_only=True, gc=False):
    """A clause of a specifier (PEP 440), as an interval of sort keys.

    A version with the sort key k satisfies it if (k >= lower_sort_key AND k < upper_sort_key) <> excluded.
    """

    project: ProjectName
    version: ReleaseVersion
    position: Annotated[int, describe("The requirement's position, as in dependencies.", source=_SOURCE)]
    clause: Annotated[int, describe("The clause's position in the specifier, from 0.", source=_SOURCE)]
    name: Annotated[
        str | None,
        describe(
            "The required project's normalised name (PEP 503).",
            source=_SOURCE,
            null="the requirement has no valid name",
        ),
    ]
    operator: Annotated[str | None, describe("The operator, e.g. >= or ~=.", source=_SOURCE, null=_INVALID)]
    clause_version: Annotated[
        str | None, describe("The version behind the operator, e.g. 1.2.*.", source=_SOURCE, null=_INVALID)
    ]
    lower_sort_key: Annotated[
        str | None,
        describe(
            "The lowest sort key in the clause's interval, which compares with versions.sort_key. It may be the key of "
            "no version. With < and <= it leaves out invalid versions.",
            source=_SOURCE,
            null=f"no lower bound, or {_INVALID}",
        ),
    ]
    upper_sort_key: Annotated[
        str | None,
        describe(
            "The lowest sort key above the interval.",
            source=_SOURCE,
            null=f"no upper bound, or {_INVALID}",
        ),
    ]
    excluded: Annotated[
        bool | None,
        describe(
            "Whether the clause (!=) admits the versions outside of the interval, instead of those inside.",
            source=_SOURCE,
            null=_INVALID,
        ),
    ]


def dependency_clauses_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The clauses of each requirement that has a specifier."""
    for row in dependencies_rows(documents):
        assert isinstance(row, Dependency)
        for number, clause in enumerate(clauses_of(row.specifier or "")):
            yield DependencyClause(
                project=row.project,
                version=row.version,
                position=row.position,
                clause=number,
                name=row.name,
                operator=clause.operator,
                clause_version=clause.version,
                lower_sort_key=clause.lower,
                upper_sort_key=clause.upper,
                excluded=clause.excluded,
            )


STREAM = Stream(
    name="dependency_clauses",
    row="a clause of a requirement's specifier",
    record=DependencyClause,
    key=("project", "version", "position", "clause"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_PER_RELEASE_OR_METADATA,
    rows=dependency_clauses_rows,
    required_key="info.requires_dist",
    from_metadata=True,
    fallback_documents=(DocumentKind.CORE_METADATA,),
)
