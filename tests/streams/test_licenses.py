"""``licenses``: a row for each release."""

from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.licenses import License, licenses_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.streams import documents_of
from tests.sync.helpers import read

Connect = Callable[..., Index]
MIT = "License :: OSI Approved :: MIT License"
BSD = "License :: OSI Approved :: BSD License"


def row(**info: Any) -> License:
    """The row of a release with this metadata."""
    world = World()
    world.add("foo", **info)
    (made,) = licenses_rows(documents_of(world, "foo"))
    assert isinstance(made, License)
    return made


@pytest.mark.parametrize(
    ("info", "expression", "source"),
    [
        ({"license_expression": "mit or apache-2.0"}, "MIT OR Apache-2.0", "license_expression"),
        ({"license_expression": "MIT", "license": "ISC", "classifiers": [BSD]}, "MIT", "license_expression"),
        ({"license_expression": "Ours", "license": "ISC"}, "ISC", "license"),
        ({"license": "isc", "classifiers": [MIT]}, "ISC", "license"),
        ({"license": "The MIT License", "classifiers": [MIT]}, "MIT", "classifiers"),
        ({"license": "BSD", "classifiers": [BSD]}, None, None),
        ({"license": "", "classifiers": []}, None, None),
        ({"classifiers": [MIT, BSD]}, None, None),
        ({}, None, None),
    ],
)
def test_expression_is_of_the_first_field_that_has_one(
    info: dict[str, Any], expression: str | None, source: str | None
) -> None:
    """The expression is from License-Expression, else License, else the only licence classifier."""
    made = row(**info)
    assert (made.expression, made.expression_source) == (expression, source)


def test_raw_values_stay() -> None:
    """A row has what was uploaded, and of the classifiers those about the licence, each once."""
    made = row(license_expression="mit", license="The MIT License", classifiers=["Typing :: Typed", MIT, MIT, BSD])
    assert made == License(
        project="foo",
        version="1.0",
        expression="MIT",
        expression_source="license_expression",
        license_expression="mit",
        license="The MIT License",
        classifiers=[MIT, BSD],
        source="document",
    )


def test_pinned_release_has_its_own_licence(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The licence is that of the selected release, for the requests of a release."""
    world.add("foo", ["1.0"], license="MIT")
    world.add("foo", ["2.0"], license="ISC")
    (batch,) = read(connect(fake), ["foo==1.0"], choose_streams(["licenses"]))
    assert [(one.version, one.expression) for one in rows_in(batch)["licenses"]] == [("1.0", "MIT")]
    assert fake.counts == {"/pypi/foo/json": 1, "/pypi/foo/1.0/json": 1}


def test_missing_document_has_no_rows() -> None:
    """Without a document there are no rows."""
    assert list(licenses_rows(ProjectDocuments(project="foo"))) == []
    assert list(licenses_rows(ProjectDocuments(project=None))) == []
