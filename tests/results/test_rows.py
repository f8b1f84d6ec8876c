"""results/rows.py: the rows of one stream, and what needs a library that is not installed."""

import sys
from collections.abc import Callable

import pytest

import source_pypi
from source_pypi import records
from source_pypi.errors import ExtraMissingError, LibraryMissingError, RowsTakenError, SourceError
from tests.fake_index import FakeIndex, World


def test_rows_are_taken_once(world: World, fake: FakeIndex) -> None:
    """Rows are an iterator: a loop continues where the last one ended, and after the end there is no other one."""
    world.add("flask", releases=["1.0"])
    rows = source_pypi.read("files", ["flask"], index_url=fake.url)
    assert repr(rows) == "<rows of files>"
    assert next(rows).packagetype == "bdist_wheel"
    assert [row.packagetype for row in rows] == ["sdist"]
    assert next(rows, None) is None
    for take in (iter, list, lambda one: sum(1 for _ in one)):
        with pytest.raises(RowsTakenError):
            take(rows)


@pytest.mark.parametrize(
    ("method", "library", "error"),
    [
        (lambda rows: rows.to_pandas(), "pandas", LibraryMissingError("pandas", "to_pandas")),
        (lambda rows: rows.to_polars(), "polars", LibraryMissingError("polars", "to_polars")),
        (lambda rows: rows.to_arrow(), "pyarrow", ExtraMissingError("arrow", "reading rows as Arrow")),
        (lambda rows: rows.__arrow_c_stream__(), "pyarrow", ExtraMissingError("arrow", "reading rows as Arrow")),
        (lambda rows: rows.__arrow_c_schema__(), "pyarrow", ExtraMissingError("arrow", "reading rows as Arrow")),
    ],
)
def test_library_that_is_missing(
    fake: FakeIndex,
    monkeypatch: pytest.MonkeyPatch,
    method: Callable[[source_pypi.Rows[records.File]], object],
    library: str,
    error: SourceError,
) -> None:
    """A library that is not installed is an error that says how to install it; nothing is requested."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(type(error)) as caught:
        method(source_pypi.read("files", ["flask"], index_url=fake.url))
    assert str(caught.value) == str(error)
    assert fake.requests == []


def test_scan_without_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    """``scan_pypi`` needs Polars, and says so."""
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(LibraryMissingError, match="scan_pypi needs polars: pip install polars"):
        source_pypi.scan_pypi("files", ["flask"])
