"""``dependency_clauses``: a row for each clause of a requirement's specifier."""

from collections.abc import Callable

from source_pypi.services.index.api import Index
from source_pypi.standards.clauses import clauses_of
from source_pypi.standards.versions import sort_key
from source_pypi.streams import choose_streams
from source_pypi.streams.dependency_clauses import DependencyClause, dependency_clauses_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.streams import documents_of
from tests.sync.helpers import read

Connect = Callable[..., Index]


def rows(*requirements: str) -> list[DependencyClause]:
    """The rows of a release with these requirements."""
    world = World()
    world.add("foo", requires_dist=list(requirements))
    made = list(dependency_clauses_rows(documents_of(world, "foo")))
    return [row for row in made if isinstance(row, DependencyClause)]


def test_each_clause_is_a_row() -> None:
    """A requirement has a row for each clause; one without versions, or an invalid one, has none."""
    made = rows("click", "Werkzeug>=2.2,!=2.3.*,<3; python_version > '3'", "(broken", "x @ https://example.com/x.whl")
    assert [(one.position, one.clause, one.name, one.operator, one.clause_version, one.excluded) for one in made] == [
        (1, 0, "werkzeug", "!=", "2.3.*", True),
        (1, 1, "werkzeug", "<", "3", False),
        (1, 2, "werkzeug", ">=", "2.2", False),
    ]


def test_row_has_the_interval_of_its_clause() -> None:
    """A row has the bounds of the clause as sort keys."""
    (clause,) = clauses_of("~=2.2")
    assert rows("werkzeug~=2.2") == [
        DependencyClause(
            project="foo",
            version="1.0",
            position=0,
            clause=0,
            name="werkzeug",
            operator="~=",
            clause_version="2.2",
            lower_sort_key=sort_key("2.2"),
            upper_sort_key=sort_key("3.dev0"),
            excluded=False,
        )
    ]
    assert (clause.lower, clause.upper) == (sort_key("2.2"), sort_key("3.dev0"))


def test_same_requests_as_dependencies(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Both streams are made of one document."""
    world.add("foo", requires_dist=["click>=8,<9"])
    (batch,) = read(connect(fake), ["foo"], choose_streams(["dependencies", "dependency_clauses"]))
    assert {name: len(made) for name, made in rows_in(batch).items()} == {"dependencies": 1, "dependency_clauses": 2}
    assert fake.counts == {"/pypi/foo/json": 1}


def test_missing_document_has_no_rows() -> None:
    """Without a document there are no rows."""
    assert list(dependency_clauses_rows(ProjectDocuments(project="foo"))) == []
