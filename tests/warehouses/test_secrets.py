"""Credentials of databases, and of the index where dlt loads: in nothing that is written, dlt's own files included."""

import logging
import pickle
import subprocess
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import dlt
import pytest

from source_pypi.destinations.address import parse_address
from source_pypi.dlt import pypi
from source_pypi.errors import DestinationError, SettingError
from source_pypi.streams import choose_streams
from tests.connector import sample_world
from tests.fake_index import FakeIndex
from tests.secrets.command import Place as Folder
from tests.secrets.conftest import IN_SETTINGS, WAYS, Given
from tests.secrets.hidden import DATABASE, OPTION, PASSWORD, found
from tests.warehouses import postgres
from tests.warehouses.places import Place, in_postgres
from tests.warehouses.syncing import sync

pytestmark = pytest.mark.warehouses

QUOTED = quote(DATABASE, safe="")


@pytest.fixture
def private(server: str) -> Place:
    """An empty database that a user with a password of the secrets owns."""
    place = in_postgres(server, "private")
    plain = DATABASE.replace("'", "''")
    postgres.execute(f"{server}/postgres", "DROP ROLE IF EXISTS keeper")
    postgres.execute(f"{server}/postgres", f"CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{plain}'")
    return replace(place, into=place.into.replace(f"{postgres.USER}:{postgres.QUOTED}", f"keeper:{QUOTED}"))


@pytest.fixture(params=WAYS)
def given(request: pytest.FixtureRequest) -> Given:
    """Each way to give credentials for the index."""
    return WAYS[request.param]


@pytest.fixture
def guarded(given: Given) -> Iterator[FakeIndex]:
    """An index that answers nobody without them."""
    with FakeIndex(sample_world(), username=given.username, password=given.password, strict=False) as index:
        yield index


def dumped(address: str) -> bytes:
    """Everything that is in a database."""
    done = subprocess.run([_pg_dump(), address], capture_output=True, check=True)
    return done.stdout


def _pg_dump() -> str:
    programs = postgres.programs()
    assert programs is not None
    return str(programs / "pg_dump")


def test_a_database(private: Place, guarded: FakeIndex, given: Given, tmp_path: Path) -> None:
    """Into PostgreSQL: no secret on the terminal, in the folder, or in the database with dlt's own tables."""
    folder = Folder(tmp_path)
    config = folder.write("config.json", given.settings(guarded.url))
    done = folder.run("sync", "--config", config, "--into", f"{private.into}?application_name={OPTION}")
    assert (done.status, done.leaks()) == (0, {})
    assert found([dumped(private.into)]) == {}


@pytest.mark.parametrize("into", ["pypi/", "sqlite:///pypi.db"])
def test_files(into: str, guarded: FakeIndex, given: Given, tmp_path: Path) -> None:
    """Into Parquet and SQLite: no secret on the terminal or in any file."""
    folder = Folder(tmp_path)
    config = folder.write("config.json", given.settings(guarded.url))
    done = folder.run("sync", "--config", config, "--into", into, "--streams", "all")
    assert (done.status, done.leaks()) == (0, {})


ADDRESSES = [
    f"postgresql://ann:{QUOTED}@127.0.0.1:9/db?application_name={OPTION}",
    f"postgresql://ann:{QUOTED}@127.0.0.1:port/db?options={OPTION}",
    f"postgresql://ann:{DATABASE}/x@127.0.0.1:9/db",
    f"postgresql://127.0.0.1:9/db?password={OPTION}",
    f"mysql+pymysql://ann:{QUOTED}@127.0.0.1:9/db?ssl_key={OPTION}",
    f"nosuch+thing://ann:{QUOTED}@127.0.0.1:9/db",
    f"sftp://ann:{QUOTED}@127.0.0.1:9/folder",
    f"s3a://ann:{QUOTED}@bucket/folder",
    f"dlt:postgresql://ann:{QUOTED}@127.0.0.1:9/db",
]


@pytest.mark.parametrize("into", ADDRESSES)
def test_what_cannot_be_written(into: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The error about a place that cannot be written has no secret: printed, logged, and in its fields."""
    with FakeIndex(sample_world()) as index:
        folder = Folder(tmp_path)
        done = folder.run("sync", "requests", "--index-url", index.url, "--into", into)
        assert (done.status, done.leaks()) == (1, {})
        caplog.set_level(logging.DEBUG)
        with pytest.raises((DestinationError, SettingError)) as caught:
            sync(Place("nowhere", into, lambda table: [], set), index, ["requests"], choose_streams(["files"]))
    error = caught.value
    texts = (str(error), repr(error), caplog.text, "".join(traceback.format_exception_only(error)))
    assert found([*(text.encode() for text in texts), pickle.dumps(error)]) == {}


def test_what_a_place_shows() -> None:
    """A place shows no secret of its address."""
    assert found(repr(parse_address(into)).encode() for into in ADDRESSES[:7]) == {}


def test_a_pipeline(
    private: Place, guarded: FakeIndex, given: Given, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a source in somebody's pipeline: no secret of the index in dlt's files, its trace, its log, its tables."""
    caplog.set_level(logging.DEBUG)
    settings = given.settings(guarded.url)
    folder = tmp_path / "pipelines"
    pipeline = dlt.pipeline(
        "packages",
        destination=dlt.destinations.postgres(private.into),
        dataset_name="pypi_data",
        pipelines_dir=str(folder),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = pipeline.run(pypi(settings.pop("projects"), ["all"], **settings))
    of_index = {PASSWORD, given.username, given.password} - {"", "ann"}
    texts = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    texts += [dumped(private.into), repr(told).encode(), str(pipeline.last_trace).encode(), caplog.text.encode()]
    assert found(texts, of_index) == {}
    dlt.pipeline().deactivate()


def test_a_source_that_fails(tmp_path: Path) -> None:
    """A pipeline that fails shows no secret of the index in its traceback and its trace."""
    settings = {**IN_SETTINGS.settings("http://127.0.0.1:9"), "request_timeout_seconds": 1}
    pipeline = dlt.pipeline(
        "failing",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{tmp_path}/pypi.db"),
        pipelines_dir=str(tmp_path / "pipelines"),
    )
    with pytest.raises(Exception, match="cannot be reached") as caught:
        pipeline.run(pypi(settings.pop("projects"), ["files"], **settings))
    texts = [path.read_bytes() for path in (tmp_path / "pipelines").rglob("*") if path.is_file()]
    texts += ["".join(traceback.format_exception(caught.value)).encode(), repr(caught.value).encode()]
    texts += [str(pipeline.last_trace).encode()]
    assert found(texts) == {}
    dlt.pipeline().deactivate()
