"""``stats``: the index's statistics as it sends them."""

import json

from source_pypi.services.index.documents import Statistics, open_document
from source_pypi.streams.stats import stats_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.streams import ROOT, statistics_of, values


def test_statistics_of_the_index() -> None:
    """The row is the document: the largest projects by name, and the size of all files."""
    world = World()
    world.upload("Big", "1.0", filename="big-1.0.tar.gz", size=1000)
    world.upload("small", "1.0", filename="small-1.0.tar.gz", size=10)
    documents = ProjectDocuments(project=None, statistics=statistics_of(world))
    expected = {"top_packages": {"Big": {"size": 1000}, "small": {"size": 10}}, "total_packages_size": 1010}
    assert [values(row) for row in stats_rows(documents)] == [expected]


def test_unknown_keys_are_kept() -> None:
    """Unknown keys are in the row."""
    sent = {"top_packages": {"a": {"size": 1, "new": 2}}, "new": [None]}
    document = open_document(json.dumps(sent).encode(), Statistics, f"{ROOT}/stats/")
    assert [values(row) for row in stats_rows(ProjectDocuments(project=None, statistics=document))] == [sent]


def test_missing_statistics_have_no_row() -> None:
    """Without statistics there is no row."""
    assert list(stats_rows(ProjectDocuments(project=None))) == []
    assert list(stats_rows(ProjectDocuments(project="foo"))) == []
