"""api.py: the Python library."""

import asyncio
import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import source_pypi
from source_pypi import api, records
from source_pypi.errors import (
    NotOfferedError,
    ServiceRefusedError,
    SettingError,
    UnknownProjectsError,
    UnknownStreamError,
)
from source_pypi.services.downloads.progress import source_day
from source_pypi.streams import NAMES, files
from tests.fake_advisories import Database, FakeAdvisories, Fault, record
from tests.fake_downloads import Downloads, FakePypistats
from tests.fake_index import FakeIndex, World


def test_rows_are_records(world: World, fake: FakeIndex) -> None:
    """Rows of flat streams are instances of their type in ``records``, project by project."""
    world.add("Flask", releases=["1.0"])
    world.add("click", releases=["7.0"])
    rows = list(source_pypi.read("files", ["Flask", "click"], index_url=fake.url, requests_per_second=0))
    assert {type(row) for row in rows} == {records.File}
    assert isinstance(rows[0], files.File)
    assert [(row.project, row.packagetype) for row in rows] == [
        ("flask", "bdist_wheel"),
        ("flask", "sdist"),
        ("click", "bdist_wheel"),
        ("click", "sdist"),
    ]


def test_raw_rows_are_dicts(world: World, fake: FakeIndex) -> None:
    """Rows of raw documents are dicts, with their nesting and nulls, and the time of the visit."""
    world.add("flask", releases=["1.0"], summary="A framework")
    (row,) = source_pypi.read("project", ["flask"], index_url=fake.url)
    assert row["project"] == "flask"
    assert row["info"]["summary"] == "A framework"
    assert row["info"]["author"] is None
    assert list(row["releases"]) == ["1.0"]
    assert isinstance(row["seen_at"], datetime)
    assert row.as_dict() == row


def test_range_selects_the_highest_release(world: World, fake: FakeIndex) -> None:
    """A name may have a range of versions, of which the highest release is read."""
    world.add("flask", releases=["1.0", "2.0", "2.1", "3.0"])
    rows = source_pypi.read("release", ["flask>=2,<3"], index_url=fake.url)
    assert [row["version"] for row in rows] == ["2.1"]


def test_statistics_need_no_projects(fake: FakeIndex) -> None:
    """A stream of the index as a whole is read without projects."""
    (row,) = source_pypi.read("stats", index_url=fake.url)
    assert row == {"top_packages": {}, "total_packages_size": 0}


def test_streams_of_other_services(world: World, fake: FakeIndex) -> None:
    """They are read like those of the index, from their own URLs; one that fails is its error."""
    world.add("flask", owner="ann")
    downloads = Downloads(source_day(time.time()))
    downloads.add("flask", 2, 5)
    database = Database()
    database.publish(record("PYSEC-1", "flask", events=[{"introduced": "0"}, {"fixed": "2.0"}]))
    with FakePypistats(downloads, once_a_day=False) as stats, FakeAdvisories(database) as osv:
        settings: dict[str, Any] = {"index_url": fake.url, "downloads_url": stats.url, "advisories_url": osv.url}
        settings |= {"events_since": "0", "requests_per_second": 0}
        counts = [(row.category, row.downloads) for row in source_pypi.read("downloads", ["flask"], **settings)]
        assert counts == [("with_mirrors", 5), ("without_mirrors", 5)]
        ranges = source_pypi.read("advisory_ranges", ["flask"], **settings)
        assert [(row.id, row.fixed) for row in ranges] == [("PYSEC-1", "2.0")]
        events = source_pypi.read("events", ["flask"], **settings)
        assert [row.serial for row in events] == [entry.serial for entry in world.journal]
        osv.fault("all.zip", Fault(403))
        with pytest.raises(ServiceRefusedError, match="check advisories_url"):
            list(source_pypi.read("advisory_ranges", ["flask"], **settings))


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
        (lambda: source_pypi.read("nope", ["flask"]), UnknownStreamError),  # type: ignore[call-overload]
        (lambda: source_pypi.read("files", ["flask"], max_concurrency="many"), SettingError),  # type: ignore[call-overload]
    ],
)
def test_errors_of_invalid_input(call: Callable[[], object], error: type[Exception]) -> None:
    """Invalid input raises an error of this package."""
    with pytest.raises(error):
        call()


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
        _ = source_pypi.nope  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: source_pypi.read("files", "flask"), "must be a list of names"),
        (lambda: api.read("files", ["flask"], request_per_second=1), "there is no such setting"),
        (lambda: api.read("nope"), r"no such stream: nope \(available: projects, "),
        (lambda: api.read("all", ["flask"]), r"all \(read returns the rows of one stream; available: projects, "),
        (lambda: api.read(["files", "urls"], ["flask"]), "read returns the rows of one stream"),  # type: ignore[arg-type]
        (lambda: api.open(["flask"], streams=["nope"]), "no such stream: nope"),
        (lambda: api.open(["flask"], streams="files"), r"must be a list of names, such as \['files'\], not 'files'"),
        (lambda: api.open(["flask"], streams=5), r"'streams': must be a list of names, such as \['projects'\], not 5"),  # type: ignore[arg-type]
        (lambda: api.open(["flask"], streams=[5, "files"]), r"no such stream: 5 \(available: projects"),  # type: ignore[list-item]
        (
            lambda: api.open(["flask"], streams=[]),
            "'streams': is empty: leave it out to read projects, versions, files",
        ),
        (lambda: api.read("files", None), "no projects named"),
        (lambda: api.read("files", 5), r"'projects': must be a list of names, such as \['flask'\], not 5"),  # type: ignore[arg-type]
        (lambda: api.read("files", b"flask"), "'projects': must be a list of names, .* not b'flask'"),  # type: ignore[arg-type]
        (lambda: api.read("files", [5]), r"'projects\[0\]': Expected `str`, got `int`"),  # type: ignore[list-item]
        (lambda: api.read(5, ["flask"]), r"no such stream: 5 \(read returns the rows of one stream"),  # type: ignore[arg-type]
        (lambda: api.open(["flask"], state=5), "'state': must be the path of a file, or a mapping .*, not int"),  # type: ignore[arg-type]
        (lambda: api.open(["flask"], state=[]), "'state': must be the path of a file, or a mapping .*, not list"),  # type: ignore[arg-type]
        (lambda: api.open(["flask"], state=b"x"), "'state': must be the path of a file, or a mapping .*, not bytes"),  # type: ignore[arg-type]
        (lambda: api.open(["flask"], state={"files": datetime}), "'state': cannot be stored as JSON: Object of type"),
        (lambda: api.open(["flask"], state={"nonsense": 1}), "the state of nonsense cannot be read: it is not an obj"),
        (
            lambda: api.open(["flask"], missing_projects="no"),
            "'missing_projects': must be auto, fail or warn, not 'no'",
        ),
        (lambda: api.open(["flask"], request_per_second=1), "there is no such setting"),
        (api.open, "no projects"),
        (lambda: api.schema("all"), "schema takes one stream"),
    ],
)
def test_invalid_input_is_raised_by_the_call(call: Callable[[], object], reason: str) -> None:
    """Invalid input is raised by the call, not by the first row."""
    with pytest.raises(source_pypi.ConfigError, match=reason):
        call()


def test_no_projects_of_a_whole_index(world: World, fake: FakeIndex) -> None:
    """``None`` for projects is as if it was left out."""
    world.add("flask", releases=["1.0"])
    rows = api.read("projects", None, whole_index=True, index_url=fake.url, requests_per_second=0)
    assert [row.project for row in rows] == ["flask"]


def test_as_dict(world: World, fake: FakeIndex) -> None:
    """A row as a dict has every column of the stream's table, with its value."""
    world.add("flask", releases=["1.0"])
    row = next(source_pypi.read("files", ["flask"], index_url=fake.url))
    values = row.as_dict()
    assert set(values) == set(source_pypi.schema("files")["properties"]) - {"_ab_cdc_deleted_at"}
    assert values == {name: getattr(row, name) for name in values}
    assert isinstance(values["seen_at"], datetime)


def test_rows_of_snapshots_have_no_seen_at(world: World, fake: FakeIndex) -> None:
    """Rows of a stream that is no incremental one have no time of the visit, as documented."""
    world.add("flask", releases=["1.0"])
    row = next(source_pypi.read("recent_releases", index_url=fake.url))
    assert "seen_at" not in row.as_dict()


def test_asynchronous_iteration(world: World, fake: FakeIndex) -> None:
    """``async for`` yields the same rows; other tasks go on while the index answers."""
    world.add("flask", releases=["1.0"])
    world.add("click", releases=["1.0"])

    async def read() -> tuple[list[str], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        rows = source_pypi.read("projects", ["flask", "click"], index_url=fake.url, requests_per_second=20)
        found = [row.project async for row in rows]
        ticking.cancel()
        return found, ticks

    found, ticks = asyncio.run(read())
    assert found == ["flask", "click"]
    assert ticks > 100


def test_three_streams_of_two_projects_take_two_requests(world: World, fake: FakeIndex) -> None:
    """``open`` requests each project once, however many streams are read, by batch or by stream."""
    for name in ("flask", "click"):
        world.add(name, releases=["1.0"])
    with source_pypi.open(["flask", "click"], streams=["projects", "versions", "files"], index_url=fake.url) as reader:
        assert fake.requests == []
        assert [(batch.project, len(batch["versions"]), len(batch["files"])) for batch in reader] == [
            ("flask", 1, 2),
            ("click", 1, 2),
        ]
    assert len(fake.requests) == 2
    fake.new_run()
    with api.open(["flask", "click"], streams=["projects", "versions", "files"], index_url=fake.url) as reader:
        assert [len(list(reader[name])) for name in reader.streams] == [2, 2, 4]
    assert len(fake.requests) == 2


def test_streams_describes_each_stream() -> None:
    """``streams()`` lists every stream with its fields; ``schema`` returns its JSON Schema."""
    assert [stream["name"] for stream in source_pypi.streams()] == list(NAMES)
    files_of = next(stream for stream in source_pypi.streams() if stream["name"] == "files")
    schema = source_pypi.schema("files")
    assert [field["name"] for field in files_of["fields"]] == [
        name for name in schema["properties"] if name != "_ab_cdc_deleted_at"
    ]


def test_functions_and_modules_of_the_same_name() -> None:
    """``streams`` and ``schema`` are functions and modules, in whatever order they are imported."""
    program = (
        "import source_pypi{first}; import source_pypi.streams as a; import source_pypi.schema as b; "
        "from source_pypi import streams, schema; "
        "assert a.NAMES and b.stream_schema and a is streams is source_pypi.streams and b is schema; "
        "print(len(source_pypi.streams()), source_pypi.schema('files')['type'])"
    )
    for first in ("", ".streams", ".schema", ".api"):
        command = [sys.executable, "-W", "error", "-c", program.format(first=first)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == f"{len(NAMES)} object\n"


def test_import_is_cheap() -> None:
    """Importing the package imports none of its modules, and no library."""
    program = "import source_pypi, sys; print(sorted(name for name in sys.modules if name.startswith('source_pypi')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['source_pypi', 'source_pypi._version']\n"


def test_every_error_can_be_imported() -> None:
    """Every error that the package raises is in ``source_pypi.errors``, and its tree names it."""
    errors = importlib.import_module("source_pypi.errors")
    names = [name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)]
    assert [name for name in names if name not in (errors.__doc__ or "")] == []


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
