"""``vulnerabilities``: a row for each advisory that touches a release."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from source_pypi.streams.vulnerabilities import Vulnerability, vulnerabilities_rows
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, advisory
from tests.streams import visit_with
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
STREAMS = choose_streams(["vulnerabilities"])


def rows(*advisories: Any) -> list[Any]:
    """The rows of a release with these advisories."""
    document = visit_with({"info": {}, "vulnerabilities": list(advisories)}).document
    assert document is not None
    return list(
        vulnerabilities_rows(
            ProjectDocuments(project="foo", releases=(ReleaseView("1.0", document.content, document),))
        )
    )


def a_row(identifier: str, **given: Any) -> Vulnerability:
    """A row of foo 1.0 with nothing in it, but for what is given."""
    nothing = ("aliases", "summary", "details", "fixed_in", "link", "source", "withdrawn_at")
    plain: dict[str, Any] = {"project": "foo", "version": "1.0", "id": identifier, **dict.fromkeys(nothing)}
    return Vulnerability(**plain | given)


def test_an_advisory() -> None:
    """An advisory is told with everything that the index says of it."""
    made = rows(
        {
            "id": "PYSEC-2021-9",
            "aliases": ["CVE-2021-1", "GHSA-a"],
            "summary": "In one line",
            "details": "At length.",
            "fixed_in": ["2.0"],
            "link": "https://osv.example/PYSEC-2021-9",
            "source": "osv",
            "withdrawn": "2024-06-01T00:00:00Z",
        }
    )
    assert made == [
        a_row(
            "PYSEC-2021-9",
            aliases=["CVE-2021-1", "GHSA-a"],
            summary="In one line",
            details="At length.",
            fixed_in=["2.0"],
            link="https://osv.example/PYSEC-2021-9",
            source="osv",
            withdrawn_at=datetime(2024, 6, 1, tzinfo=UTC),
        )
    ]


def test_null_and_nothing() -> None:
    """Lists that are empty stay empty, texts that are become null."""
    given: dict[str, Any] = {"id": "A", "aliases": [], "fixed_in": [], "summary": "", "details": None}
    assert rows(given, {"id": "B"}) == [a_row("A", aliases=[], fixed_in=[]), a_row("B")]


@pytest.mark.parametrize(
    ("fixed_in", "expected"),
    [
        (["1.10", "1.9"], ["1.9", "1.10"]),
        (["2.0", "2.0"], ["2.0"]),
        (["2.0", "2.0rc1", "2.0.post1", "2.0.dev1", "1!0.1"], ["2.0.dev1", "2.0rc1", "2.0", "2.0.post1", "1!0.1"]),
        (["1.0", "2004d", "abc"], ["abc", "2004d", "1.0"]),
    ],
)
def test_versions_that_fix_it(fixed_in: list[str], expected: list[str]) -> None:
    """The versions that fix it come once each, in the order of PEP 440; what it does not know comes first."""
    assert rows({"id": "A", "fixed_in": fixed_in}) == [a_row("A", fixed_in=expected)]


def test_spellings_of_one_version() -> None:
    """Spellings of one version stay in the order of the advisory, whatever run it is."""
    spellings = ["2", "2.0", "v2", "2.0.0", "02", "2.00", "v2.0", "2.0.0.0"]
    assert rows({"id": "A", "fixed_in": spellings}) == [a_row("A", fixed_in=spellings)]


def test_order_and_repetition() -> None:
    """Advisories come in the order of their identifiers, since the index has none; of two the first one counts."""
    made = rows({"id": "B"}, {"id": "A", "summary": "first"}, {"id": "A", "summary": "second"})
    assert made == [a_row("A", summary="first"), a_row("B")]


def test_the_order_of_the_index_does_not_matter() -> None:
    """The same advisories in another order are the same rows: the index may turn them around (index-api.md 4.7)."""
    advisories = [{"id": "PYSEC-1"}, {"id": "GHSA-1"}, {"id": "PYSEC-10"}]
    assert rows(*advisories) == rows(*reversed(advisories))


@pytest.mark.parametrize(
    ("given", "identifier"),
    [
        ({"aliases": ["CVE-1", "CVE-2"], "link": "https://a.test"}, "CVE-1"),
        ({"id": "", "link": "https://a.test"}, "https://a.test"),
        ({}, "unknown-0"),
    ],
)
def test_an_advisory_without_identifier(given: dict[str, Any], identifier: str) -> None:
    """An advisory that lacks the identifier that the index promises is still a row."""
    assert rows(given) == [a_row(identifier, aliases=given.get("aliases"), link=given.get("link"))]


def test_no_advisories_no_rows() -> None:
    """Where there is no advisory, or no document, there are no rows."""
    assert rows() == []
    assert list(vulnerabilities_rows(ProjectDocuments(project="foo"))) == []
    assert list(vulnerabilities_rows(ProjectDocuments(project=None))) == []


# Through the index --------------------------------------------------------------------------------------------


def touched(world: World) -> None:
    """A project whose old release has two advisories, one of them withdrawn, and its latest one of them."""
    world.add("foo", ["1.0", "2.0", "3.0"])
    world.set_advisories("foo", "1.0", ["PYSEC-1", advisory("PYSEC-2", fixed_in=["10.0", "9.0"])])
    world.set_advisories("foo", "3.0", ["PYSEC-1"])
    world.withdraw_advisory("foo", "PYSEC-1", "2024-06-01T00:00:00Z")


def told(batch: Any) -> list[tuple[Any, ...]]:
    """What tells the rows apart, and whether they were withdrawn."""
    return [(row.version, row.id, row.fixed_in, row.withdrawn_at) for row in rows_in(batch)["vulnerabilities"]]


WITHDRAWN = datetime(2024, 6, 1, tzinfo=UTC)


def test_all_releases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """With all releases, each has its advisories, for a request each but the latest; withdrawn ones say so."""
    touched(world)
    (batch,) = read(connect(fake), ["foo"], STREAMS, releases="all")
    assert told(batch) == [
        ("3.0", "PYSEC-1", [], WITHDRAWN),
        ("1.0", "PYSEC-1", [], WITHDRAWN),
        ("1.0", "PYSEC-2", ["9.0", "10.0"], None),
    ]
    assert fake.counts == {"/pypi/foo/json": 1, "/pypi/foo/1.0/json": 1, "/pypi/foo/2.0/json": 1}


def test_the_latest_release(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without it, only the advisories of the latest release are told, and cost nothing."""
    touched(world)
    (batch,) = read(connect(fake), ["foo"], STREAMS)
    assert told(batch) == [("3.0", "PYSEC-1", [], WITHDRAWN)]
    assert fake.counts == {"/pypi/foo/json": 1}


def test_a_pinned_release(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin tells of that release, with all releases too."""
    touched(world)
    (batch,) = read(connect(fake), ["foo==1"], STREAMS, releases="all")
    assert [(version, identifier) for version, identifier, *_ in told(batch)] == [
        ("1.0", "PYSEC-1"),
        ("1.0", "PYSEC-2"),
    ]
    assert fake.counts == {"/pypi/foo/json": 1, "/pypi/foo/1.0/json": 1}


def test_a_poor_mirror(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """A mirror that keeps no release documents says that it could not be asked."""
    touched(world)
    (batch,) = read(connect(serve(poverty=True)), ["foo"], STREAMS, releases="all")
    assert counts(batch) == {"vulnerabilities": 0}
    assert batch.warnings == ("foo: the index has no release documents of 2 versions (1.0, 2.0); 1 could be read",)
