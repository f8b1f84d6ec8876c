"""``classifiers``: a row for each classifier of a release."""

from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.classifiers import Classifier, classifiers_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import FakeIndex, World
from tests.streams import documents_of
from tests.sync.helpers import counts, read


def rows(classifiers: Any) -> list[Any]:
    """The rows of a project whose latest release has these classifiers."""
    world = World()
    world.add("Foo", classifiers=classifiers)
    return list(classifiers_rows(documents_of(world, "foo")))


@pytest.mark.parametrize(
    ("classifier", "category", "parts"),
    [
        ("Programming Language :: Python :: 3 :: Only", "Programming Language", ["Python", "3", "Only"]),
        ("Typing :: Typed", "Typing", ["Typed"]),
        ("Private", "Private", []),
        ("Topic::Internet  ::WWW", "Topic", ["Internet", "WWW"]),
        ("Topic : Internet", "Topic : Internet", []),
        ("Topic :: ", "Topic", [""]),
        (" ", "", []),
    ],
)
def test_classifier_is_split_at_double_colons(classifier: str, category: str, parts: list[str]) -> None:
    """A row has the classifier as uploaded and its parts."""
    expected = Classifier(
        project="foo", version="1.0", classifier=classifier, category=category, parts=parts, source="document"
    )
    assert rows([classifier]) == [expected]


def test_repeated_classifier_is_one_row() -> None:
    """Classifiers keep their order, and a repeated one is one row."""
    assert [row.classifier for row in rows(["b", "a", "b"])] == ["b", "a"]


@pytest.mark.parametrize("classifiers", [None, []])
def test_release_without_classifiers_has_no_rows(classifiers: list[str] | None) -> None:
    """A release without classifiers has no rows."""
    assert rows(classifiers) == []


def test_missing_document_has_no_rows() -> None:
    """Without a document there are no rows."""
    assert list(classifiers_rows(ProjectDocuments(project="foo"))) == []
    assert list(classifiers_rows(ProjectDocuments(project=None))) == []


def test_requests(world: World, fake: FakeIndex, connect: Callable[..., Index]) -> None:
    """The latest release takes no further request, all releases one each."""
    world.add("foo", ["1.0"], classifiers=["a"])
    world.add("foo", ["2.0"], classifiers=["b", "c"])
    streams = choose_streams(["classifiers"])
    (batch,) = read(connect(fake), ["foo"], streams)
    assert (counts(batch), fake.counts) == ({"classifiers": 2}, {"/pypi/foo/json": 1})
    fake.new_run()
    (batch,) = read(connect(fake), ["foo"], streams, releases="all")
    assert (counts(batch), fake.counts) == ({"classifiers": 3}, {"/pypi/foo/json": 1, "/pypi/foo/1.0/json": 1})
