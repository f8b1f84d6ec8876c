"""api.py: rows in a Python program."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

import source_pypi
from source_pypi.errors import SettingError, UnknownProjectsError, UnknownStreamError
from source_pypi.streams.files import File
from tests.fake_index import FakeIndex, World


def test_records(world: World, fake: FakeIndex) -> None:
    """Rows of flat streams are records with attributes, project by project."""
    world.add("Flask", releases=["1.0"])
    world.add("click", releases=["7.0"])
    rows = list(source_pypi.read("files", ["Flask", "click"], index_url=fake.url, requests_per_second=0))
    assert {type(row) for row in rows} == {File}
    assert [(row.project, row.packagetype) for row in rows] == [
        ("flask", "bdist_wheel"),
        ("flask", "sdist"),
        ("click", "bdist_wheel"),
        ("click", "sdist"),
    ]


def test_documents(world: World, fake: FakeIndex) -> None:
    """Rows of documents are dicts, nesting and nulls kept."""
    world.add("flask", releases=["1.0"], summary="A framework")
    (row,) = source_pypi.read("project", ["flask"], index_url=fake.url)
    assert row["project"] == "flask"
    assert row["info"]["summary"] == "A framework"
    assert row["info"]["author"] is None
    assert list(row["releases"]) == ["1.0"]


def test_statistics_need_no_projects(fake: FakeIndex) -> None:
    """A stream of the index as a whole is read without naming projects."""
    (row,) = source_pypi.read("stats", index_url=fake.url)
    assert row == {"top_packages": {}, "total_packages_size": 0}


def test_lazy(world: World, fake: FakeIndex) -> None:
    """Nothing is asked for before the first row is."""
    world.add("flask")
    rows = source_pypi.read("files", ["flask"], index_url=fake.url)
    assert fake.requests == []
    next(rows)
    assert len(fake.requests) == 1


def test_what_went_wrong_comes_last(world: World, fake: FakeIndex) -> None:
    """A missing project is an error after all rows of the others."""
    world.add("flask")
    rows = source_pypi.read("projects", ["nope", "flask"], index_url=fake.url)
    assert next(rows).project == "flask"
    with pytest.raises(UnknownProjectsError, match="nope"):
        next(rows)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda: source_pypi.read("nope", ["flask"]), UnknownStreamError),
        (lambda: source_pypi.read("files", ["flask"], max_concurrency="many"), SettingError),
    ],
)
def test_bad_input(ask: Callable[[], object], error: type[Exception]) -> None:
    """Bad input is an error of this package's."""
    with pytest.raises(error):
        list(ask())  # type: ignore[call-overload]


def test_public_names() -> None:
    """Everything in __all__ can be had, sorted, and nothing else is pretended."""
    assert sorted(source_pypi.__all__) == source_pypi.__all__
    assert all(getattr(source_pypi, name) for name in source_pypi.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = source_pypi.nope


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda: source_pypi.read("files", "flask"), "must be a list of names"),
        (lambda: source_pypi.read("files", ["flask"], request_per_second=1), "there is no such setting"),
        (lambda: source_pypi.read("nope"), "no such stream"),
    ],
)
def test_bad_input_is_told_at_once(ask: Callable[[], object], reason: str) -> None:
    """A slip is told by the call, not by the first row."""
    with pytest.raises(source_pypi.ConfigError, match=reason):
        ask()


#: A program that takes one row, and ends.
_LEAVES_OFF = """
import sys, source_pypi
rows = source_pypi.read("files", ["a", "b", "c", "d"], index_url=sys.argv[1], requests_per_second=0)
print(next(rows).project)
"""


def test_a_program_that_leaves_off(world: World, fake: FakeIndex) -> None:
    """A program may leave off in the middle, and ends soon after, whatever was still to come."""
    for name in "abcd":
        world.add(name)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _LEAVES_OFF, fake.url], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("a\n", "")
    assert time.monotonic() - began < 6
