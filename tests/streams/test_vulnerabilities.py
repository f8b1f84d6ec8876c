"""``vulnerabilities``: a row for each advisory that affects a release."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.services.index.api import Index
from source_pypi.standards.versions import sort_key
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from source_pypi.streams.vulnerabilities import Vulnerability, vulnerabilities_rows
from source_pypi.sync.batch import Notice
from source_pypi.sync.notices import NoticeKind
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, advisory
from tests.streams import documents_with
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
STREAMS = choose_streams(["vulnerabilities"])


def rows(*advisories: Any) -> list[Any]:
    """The rows of a release with these advisories."""
    document = documents_with({"info": {}, "vulnerabilities": list(advisories)}).document
    assert document is not None
    return list(
        vulnerabilities_rows(
            ProjectDocuments(project="foo", releases=(ReleaseView("1.0", document.content, document),))
        )
    )


def row_with(identifier: str, **changes: Any) -> Vulnerability:
    """A row of foo 1.0 in which everything else is null."""
    nothing = ("aliases", "summary", "details", "fixed_in", "link", "source", "withdrawn_at")
    plain: dict[str, Any] = {"project": "foo", "version": "1.0", "id": identifier, **dict.fromkeys(nothing)}
    fixed = changes.get("fixed_in")
    keys = None if fixed is None else [sort_key(version) for version in fixed]
    return Vulnerability(**plain | {"fixed_in_sort_keys": keys} | changes)


def test_advisory() -> None:
    """A row has every value that the index gives for an advisory."""
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
        row_with(
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


def test_empty_texts_are_null_and_empty_lists_stay() -> None:
    """Empty lists stay empty; empty texts become null."""
    advisory: dict[str, Any] = {"id": "A", "aliases": [], "fixed_in": [], "summary": "", "details": None}
    assert rows(advisory, {"id": "B"}) == [row_with("A", aliases=[], fixed_in=[]), row_with("B")]


@pytest.mark.parametrize(
    ("fixed_in", "expected"),
    [
        (["1.10", "1.9"], ["1.9", "1.10"]),
        (["2.0", "2.0"], ["2.0"]),
        (["2.0", "2.0rc1", "2.0.post1", "2.0.dev1", "1!0.1"], ["2.0.dev1", "2.0rc1", "2.0", "2.0.post1", "1!0.1"]),
        (["1.0", "2004d", "abc"], ["abc", "2004d", "1.0"]),
    ],
)
def test_fixed_versions_are_sorted(fixed_in: list[str], expected: list[str]) -> None:
    """Versions with a fix come once each, in PEP 440 order; invalid ones come first."""
    assert rows({"id": "A", "fixed_in": fixed_in}) == [row_with("A", fixed_in=expected)]


def test_spellings_of_one_version_keep_their_order() -> None:
    """Spellings of one version keep the advisory's order in every run."""
    spellings = ["2", "2.0", "v2", "2.0.0", "02", "2.00", "v2.0", "2.0.0.0"]
    assert rows({"id": "A", "fixed_in": spellings}) == [row_with("A", fixed_in=spellings)]


def test_advisories_are_sorted_by_identifier() -> None:
    """Advisories are sorted by identifier; of a repeated one the first counts."""
    made = rows({"id": "B"}, {"id": "A", "summary": "first"}, {"id": "A", "summary": "second"})
    assert made == [row_with("A", summary="first"), row_with("B")]


def test_order_of_the_index_does_not_matter() -> None:
    """Advisories in another order give the same rows; the index may reorder them (index-api.md 4.7)."""
    advisories = [{"id": "PYSEC-1"}, {"id": "GHSA-1"}, {"id": "PYSEC-10"}]
    assert rows(*advisories) == rows(*reversed(advisories))


@pytest.mark.parametrize(
    ("advisory", "identifier"),
    [
        ({"aliases": ["CVE-1", "CVE-2"], "link": "https://a.test"}, "CVE-1"),
        ({"id": "", "link": "https://a.test"}, "https://a.test"),
        ({}, "unknown-0"),
    ],
)
def test_advisory_without_identifier_is_a_row(advisory: dict[str, Any], identifier: str) -> None:
    """An advisory without the identifier that the index promises is a row."""
    assert rows(advisory) == [row_with(identifier, aliases=advisory.get("aliases"), link=advisory.get("link"))]


def test_missing_advisories_have_no_rows() -> None:
    """Without advisories, or without a document, there are no rows."""
    assert rows() == []
    assert list(vulnerabilities_rows(ProjectDocuments(project="foo"))) == []
    assert list(vulnerabilities_rows(ProjectDocuments(project=None))) == []


# Through the index --------------------------------------------------------------------------------------------


def add_affected_releases(world: World) -> None:
    """Add a project whose old release has two advisories, one of them withdrawn, and its latest release one of them."""
    world.add("foo", ["1.0", "2.0", "3.0"])
    world.set_advisories("foo", "1.0", ["PYSEC-1", advisory("PYSEC-2", fixed_in=["10.0", "9.0"])])
    world.set_advisories("foo", "3.0", ["PYSEC-1"])
    world.withdraw_advisory("foo", "PYSEC-1", "2024-06-01T00:00:00Z")


def keys_and_withdrawals(batch: Any) -> list[tuple[Any, ...]]:
    """The keys of the rows, and whether the advisories were withdrawn."""
    return [(row.version, row.id, row.fixed_in, row.withdrawn_at) for row in rows_in(batch)["vulnerabilities"]]


WITHDRAWN = datetime(2024, 6, 1, tzinfo=UTC)


def test_all_releases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """With ``releases: all``, each release has its advisories, for one request each except the latest."""
    add_affected_releases(world)
    (batch,) = read(connect(fake), ["foo"], STREAMS, releases="all")
    assert keys_and_withdrawals(batch) == [
        ("3.0", "PYSEC-1", [], WITHDRAWN),
        ("1.0", "PYSEC-1", [], WITHDRAWN),
        ("1.0", "PYSEC-2", ["9.0", "10.0"], None),
    ]
    assert fake.counts == {"/pypi/foo/json": 1, "/pypi/foo/1.0/json": 1, "/pypi/foo/2.0/json": 1}


def test_latest_release_takes_no_further_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """By default, only advisories of the latest release are read, without a further request."""
    add_affected_releases(world)
    (batch,) = read(connect(fake), ["foo"], STREAMS)
    assert keys_and_withdrawals(batch) == [("3.0", "PYSEC-1", [], WITHDRAWN)]
    assert fake.counts == {"/pypi/foo/json": 1}


def test_pinned_release(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin selects the advisories of that release, also with ``releases: all``."""
    add_affected_releases(world)
    (batch,) = read(connect(fake), ["foo==1"], STREAMS, releases="all")
    assert [(version, identifier) for version, identifier, *_ in keys_and_withdrawals(batch)] == [
        ("1.0", "PYSEC-1"),
        ("1.0", "PYSEC-2"),
    ]
    assert fake.counts == {"/pypi/foo/json": 1, "/pypi/foo/1.0/json": 1}


def test_mirror_without_release_documents_is_reported(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """A mirror without release documents is reported for the releases that it lacks."""
    add_affected_releases(world)
    (batch,) = read(connect(serve(poverty=True)), ["foo"], STREAMS, releases="all")
    assert counts(batch) == {"vulnerabilities": 0}
    assert batch.notices == (Notice(NoticeKind.UNREAD, count=2),)
