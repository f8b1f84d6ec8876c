"""api.py: the Python library."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

import source_pypi
from source_pypi.errors import NotOfferedError, SettingError, UnknownProjectsError, UnknownStreamError
from source_pypi.streams.files import File
from tests.fake_index import FakeIndex, World


def test_rows_are_records(world: World, fake: FakeIndex) -> None:
    """Rows of flat streams are instances of their record, project by project."""
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


def test_raw_rows_are_dicts(world: World, fake: FakeIndex) -> None:
    """Rows of raw documents are dicts, with their nesting and nulls."""
    world.add("flask", releases=["1.0"], summary="A framework")
    (row,) = source_pypi.read("project", ["flask"], index_url=fake.url)
    assert row["project"] == "flask"
    assert row["info"]["summary"] == "A framework"
    assert row["info"]["author"] is None
    assert list(row["releases"]) == ["1.0"]


def test_range_selects_the_highest_release(world: World, fake: FakeIndex) -> None:
    """A name may have a range of versions, of which the highest release is read."""
    world.add("flask", releases=["1.0", "2.0", "2.1", "3.0"])
    rows = source_pypi.read("release", ["flask>=2,<3"], index_url=fake.url)
    assert [row["version"] for row in rows] == ["2.1"]


def test_statistics_need_no_projects(fake: FakeIndex) -> None:
    """A stream of the index as a whole is read without projects."""
    (row,) = source_pypi.read("stats", index_url=fake.url)
    assert row == {"top_packages": {}, "total_packages_size": 0}


def test_nothing_is_requested_before_the_first_row(world: World, fake: FakeIndex) -> None:
    """Nothing is requested before the first row is taken."""
    world.add("flask")
    rows = source_pypi.read("files", ["flask"], index_url=fake.url)
    assert fake.requests == []
    next(rows)
    assert len(fake.requests) == 1


def test_each_stream_requests_the_projects(world: World, fake: FakeIndex) -> None:
    """A call requests the document of each project once; calls share nothing."""
    world.add("flask")
    world.add("click")
    for stream in ("projects", "versions", "files"):
        assert list(source_pypi.read(stream, ["flask", "click"], index_url=fake.url, requests_per_second=0))
        assert len(fake.requests) == 2
        fake.new_run()


def test_errors_come_after_all_rows(world: World, fake: FakeIndex) -> None:
    """A missing project is raised after all rows of the other projects."""
    world.add("flask")
    rows = source_pypi.read("projects", ["nope", "flask"], index_url=fake.url)
    assert next(rows).project == "flask"
    with pytest.raises(UnknownProjectsError, match="nope"):
        next(rows)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: source_pypi.read("nope", ["flask"]), UnknownStreamError),
        (lambda: source_pypi.read("files", ["flask"], max_concurrency="many"), SettingError),
    ],
)
def test_errors_of_invalid_input(call: Callable[[], object], error: type[Exception]) -> None:
    """Invalid input raises an error of this package."""
    with pytest.raises(error):
        list(call())  # type: ignore[call-overload]


def test_unavailable_stream_is_an_error(world: World, fake: FakeIndex) -> None:
    """A stream that the index does not provide is an error with its reason, not an empty list."""
    world.add("flask")
    world.override("/pypi/flask/json", b"{}", status=404)
    with pytest.raises(NotOfferedError) as caught:
        list(source_pypi.read("roles", ["flask"], index_url=fake.url))
    assert caught.value.reason == (f"this index offers no project documents ({fake.url}/pypi/flask/json answered 404)")


def test_public_names() -> None:
    """Every name in __all__ exists, they are sorted, and other names raise AttributeError."""
    assert sorted(source_pypi.__all__) == source_pypi.__all__
    assert all(getattr(source_pypi, name) for name in source_pypi.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = source_pypi.nope


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: source_pypi.read("files", "flask"), "must be a list of names"),
        (lambda: source_pypi.read("files", ["flask"], request_per_second=1), "there is no such setting"),
        (lambda: source_pypi.read("nope"), r"no such stream: nope \(available: projects, "),
        (
            lambda: source_pypi.read("all", ["flask"]),
            r"all \(read returns the rows of one stream; available: projects, ",
        ),
        (lambda: source_pypi.read(["files", "urls"], ["flask"]), "read returns the rows of one stream"),  # type: ignore[arg-type]
    ],
)
def test_invalid_input_is_raised_by_the_call(call: Callable[[], object], reason: str) -> None:
    """Invalid input is raised by the call, not by the first row."""
    with pytest.raises(source_pypi.ConfigError, match=reason):
        call()


#: A program that takes one row, and ends.
_STOPS_EARLY = """
import sys, source_pypi
rows = source_pypi.read("files", ["a", "b", "c", "d"], index_url=sys.argv[1], requests_per_second=0)
print(next(rows).project)
"""


def test_program_that_stops_early_ends_soon(world: World, fake: FakeIndex) -> None:
    """A program that stops taking rows ends soon, whatever was still to come."""
    for name in "abcd":
        world.add(name)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _STOPS_EARLY, fake.url], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("a\n", "")
    assert time.monotonic() - began < 6
