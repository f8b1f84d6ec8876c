"""dlt.py: a source in a dlt pipeline: what it loads, requests and remembers, and which destinations it refuses."""

import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from source_pypi.dlt import pypi
from source_pypi.errors import DestinationError, NoProjectsError, SettingError, UnknownProjectsError, UnknownStreamError
from source_pypi.services.downloads.progress import source_day
from source_pypi.streams import DEFAULT, STREAMS, choose_streams
from tests.fake_advisories import Database, FakeAdvisories, record
from tests.fake_downloads import Downloads, FakePypistats
from tests.fake_index import FakeIndex, World, faults
from tests.model.changes import CHANGES, PROJECTS, Site
from tests.warehouses.places import Place, in_order
from tests.warehouses.syncing import ALL, read

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]
Load = Callable[..., None]


@pytest.fixture
def load(database: Place, tmp_path: Path) -> Iterator[Load]:
    """Run the source in a pipeline that is the same for the whole test."""
    sqlite = database.name == "sqlite"
    kind = dlt.destinations.sqlalchemy if sqlite else dlt.destinations.postgres
    pipeline = dlt.pipeline(
        "packages",
        destination=kind(database.into),
        dataset_name="main" if sqlite else "pypi_data",
        pipelines_dir=str(tmp_path / "pipelines"),
    )

    def run(fake: FakeIndex, projects: Sequence[str], *selected: str, **settings: Any) -> None:
        fake.new_run()
        source = pypi(projects, ["all"], index_url=fake.url, requests_per_second=0, releases="all", **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dlt's own, of SQLAlchemy
            pipeline.run(source.with_resources(*selected) if selected else source)
        fake.new_run()

    yield run
    dlt.pipeline().deactivate()


def held(place: Place, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What is in a place, by stream, without dlt's own columns."""
    made = {}
    for stream in choose_streams(names):
        rows = place.rows(stream)
        made[stream.name] = in_order({name: row[name] for name in row if name[0] != "_"} for row in rows)
    return made


def in_order_of(fake: FakeIndex, projects: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """What is on the index, by stream."""
    made = read(fake, projects, choose_streams(names))
    fake.new_run()
    return made


def test_range(database: Place, load: Load, world: World, serve: Serve) -> None:
    """A name may have a range of versions, of which the highest release is loaded, and later a higher one."""
    world.add("flask", releases=["1.0", "1.1", "2.0"])
    fake = serve()
    load(fake, ["flask<2"], "release")
    assert [row["version"] for row in database.select("release")] == ["1.1"]
    world.upload("flask", "1.2", filename="flask-1.2.tar.gz")
    load(fake, ["flask<2"], "release")
    assert [row["version"] for row in database.select("release")] == ["1.2"]


def test_selected(database: Place, load: Load, world: World, serve: Serve) -> None:
    """Only selected streams are loaded, and streams that are not cost nothing: one request a project, whatever is."""
    world.add("flask", releases=["1.0", "2.0"], owner="alice")
    world.add("click")
    fake = serve()
    fake.new_run()
    source = pypi(["flask", "click"], ["all"], index_url=fake.url, requests_per_second=0, releases="all")
    assert set(source.with_resources("files", "roles").selected_resources) == {"files", "roles"}
    load(fake, ["flask", "click"], "files", "roles", "vulnerabilities")
    assert {"files", "roles", "vulnerabilities"} <= database.tables()
    assert not {"versions", "stats", "documents"} & database.tables()
    names = ["files", "roles", "vulnerabilities"]
    assert held(database, names) == in_order_of(fake, ["flask", "click"], names)


def test_anything(database: Place, load: Load, world: World, serve: Serve) -> None:
    """Whatever happens to an index: after each load the tables are those of a first one."""
    site = Site(world)
    for number, name in enumerate(PROJECTS):
        site.happen("create", name, number)
    fake = serve()
    names = [stream.name for stream in ALL]
    for number, change in enumerate([*CHANGES, None]):
        if number % 7 == 0 or change is None:
            load(fake, PROJECTS)
            assert held(database, names) == in_order_of(fake, PROJECTS, names)
        if change is not None:
            site.happen(change, PROJECTS[number % len(PROJECTS)], number)


def test_state(database: Place, load: Load, world: World, serve: Serve, tmp_path: Path) -> None:
    """Where nothing has changed, it is asked on condition, and nothing is loaded, also from another folder of dlt's."""
    world.add("flask", owner="alice")
    fake = serve()
    load(fake, ["flask"], "files", "roles")
    before = held(database, ["files", "roles"])
    source = pypi(["flask"], ["files", "roles"], index_url=fake.url, requests_per_second=0)
    sqlite = database.name == "sqlite"
    kind = dlt.destinations.sqlalchemy if sqlite else dlt.destinations.postgres
    fresh = dlt.pipeline(
        "packages",
        destination=kind(database.into),
        dataset_name="main" if sqlite else "pypi_data",
        pipelines_dir=str(tmp_path / "elsewhere"),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh.run(source)
    assert [request.status for request in fake.requests] == [304]
    assert held(database, ["files", "roles"]) == before


def test_settings() -> None:
    """What does not exist is said at once."""
    with pytest.raises(UnknownStreamError):
        pypi(["flask"], ["nosuch"])
    with pytest.raises(SettingError, match="there is no such setting"):
        pypi(["flask"], nosuch=1)
    invalid: list[Any] = ["files", 5, []]
    for streams in invalid:
        with pytest.raises(SettingError, match=r"setting 'streams': (must be a list of names|is empty)"):
            pypi(["flask"], streams)
    with pytest.raises(SettingError, match="must be a list of names"):
        pypi("flask")


def test_every_stream_can_be_selected(world: World, serve: Serve, tmp_path: Path) -> None:
    """Every stream is a resource; those that are loaded by default are selected, unless others are named."""
    world.add("flask", requires_dist=["click"])
    fake = serve()
    source = pypi(["flask"], index_url=fake.url, requests_per_second=0)
    assert set(source.resources) == {"documents", "index_capabilities", *(stream.name for stream in STREAMS)}
    assert set(source.selected_resources) == set(DEFAULT)
    assert set(pypi(["flask"], ["roles"]).selected_resources) == {"roles"}
    pipeline = dlt.pipeline(
        "one", destination=_duckdb(tmp_path), dataset_name="data", pipelines_dir=str(tmp_path / "p")
    )
    pipeline.run(source.with_resources("dependencies"))
    with pipeline.sql_client() as client:
        assert client.execute_sql("select requirement from dependencies") == [("click",)]
    assert {table for table in pipeline.default_schema.tables if table[0] != "_"} == {"dependencies"}


def test_index_capabilities(world: World, serve: Serve, tmp_path: Path) -> None:
    """The resource of this name says which of the selected streams the index provides, and why not, after each run."""
    world.add("flask")
    world.override("/pypi/flask/json", b"{}", status=404)
    fake, pipeline = serve(), _pipeline(tmp_path, _duckdb(tmp_path))
    for streams in (["files", "roles"], ["files"]):
        fake.new_run()
        source = pypi(["flask"], index_url=fake.url, requests_per_second=0)
        pipeline.run(source.with_resources(*streams, "index_capabilities"))
        with pipeline.sql_client() as client:
            query = "select stream, available, reason is null from index_capabilities where available is not null"
            found = client.execute_sql(f"{query} order by all")
        expected = {"files": (True, True), "roles": (False, False)}
        assert [*(found or ())] == [(name, *expected[name]) for name in streams]


def _duckdb(folder: Path) -> Any:
    return dlt.destinations.duckdb(str(folder / "loaded.duckdb"))


def test_streams_of_the_index_need_no_projects() -> None:
    """Projects are needed only if a stream of projects is selected."""
    assert set(pypi(streams=["stats"]).selected_resources) == {"stats"}
    with pytest.raises(NoProjectsError):
        pypi()


def test_configuration(world: World, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Projects and settings come from dlt's configuration, unless they are passed; other variables are no settings."""
    world.add("flask")
    world.add("click")
    fake = serve()
    for name, value in {
        "SOURCES__PYPI__INDEX_URL": fake.url,
        "SOURCES__PYPI__PROJECTS": '["flask", "click"]',
        "SOURCES__PYPI__REQUESTS_PER_SECOND": "0",
        "SOURCES__PYPI__TRACK_REMOVED": "false",
        "VERSION": "1.0",
        "PROJECTS": '["nosuch"]',
    }.items():
        monkeypatch.setenv(name, value)
    assert _loaded(pypi(), tmp_path / "configured") == ["click", "flask"]
    fake.new_run()
    assert _loaded(pypi(["click"]), tmp_path / "passed") == ["click"]
    with pytest.raises(SettingError, match="requests_per_second"):
        pypi(requests_per_second=-1)


#: A program that loads what dlt's configuration in the current folder names, and prints which projects there are.
_PROGRAM = """
import dlt
from source_pypi.dlt import pypi
pipeline = dlt.pipeline("files", destination=dlt.destinations.duckdb("x.duckdb"), dataset_name="d", pipelines_dir="p")
pipeline.run(pypi())
with pipeline.sql_client() as client:
    print(client.execute_sql("select project from projects"))
"""


def test_configuration_in_a_file(world: World, serve: Serve, tmp_path: Path) -> None:
    """A section of dlt's config.toml is read, and secrets.toml has the credentials."""
    world.add("flask")
    fake = serve(username="ann", password="s3cret")
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(
        f'[sources.pypi]\nindex_url = "{fake.url}"\nprojects = ["flask"]\nrequests_per_second = 0\n'
    )
    secrets = '[sources.pypi]\nindex_username = "ann"\nindex_password = "s3cret"\n'
    (tmp_path / ".dlt" / "secrets.toml").write_text(secrets)
    program = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(program, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "[('flask',)]\n"), done.stderr


@pytest.mark.parametrize("place", ["variable", "config.toml", "secrets.toml"])
def test_misspelt_configuration_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A name in dlt's configuration that is close to a setting is an error; other names may be dlt's own."""
    program = (
        "from source_pypi.dlt import pypi\nfrom source_pypi.errors import SettingError\n"
        "try: pypi(['flask'])\nexcept SettingError as error: print(error)"
    )
    (tmp_path / ".dlt").mkdir()
    lines = {"index_ur": '"http://index.test"', "max_table_nesting": "1"}
    if place == "variable":
        for name, value in lines.items():
            monkeypatch.setenv(f"SOURCES__PYPI__{name.upper()}", value)
    else:
        section = "\n".join(["[sources.pypi]", *(f"{name} = {value}" for name, value in lines.items())])
        (tmp_path / ".dlt" / place).write_text(f"{section}\n[sources.pypi.files]\nindex_urls = 1\n")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout == "setting 'index_ur': there is no such setting; did you mean 'index_url'?\n"


def test_setting_that_is_none_is_as_configured(
    world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """None, as of a variable that is not set, does not replace the configured index by the public one."""
    world.add("flask")
    monkeypatch.setenv("SOURCES__PYPI__INDEX_URL", serve().url)
    assert _loaded(pypi(["flask"], index_url=None, requests_per_second=0), tmp_path) == ["flask"]


def test_configured_credentials_are_of_the_configured_index(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the configuration are not used for another index that is passed."""
    for name in ("index_url", "index_username", "index_password"):
        monkeypatch.setenv(f"SOURCES__PYPI__{name.upper()}", "http://index.test/" if name == "index_url" else "secret")
    from source_pypi.dlt import _configured

    assert _configured({}).keys() == {"index_url", "index_username", "index_password"}
    assert _configured({"index_url": "http://index.test/"}).keys() == _configured({}).keys()
    assert _configured({"index_url": "http://other.test/"}).keys() == {"index_url"}
    monkeypatch.delenv("SOURCES__PYPI__INDEX_URL")
    assert _configured({"index_url": "http://other.test/"}).keys() == {"index_username", "index_password"}


def _loaded(source: Any, folder: Path) -> list[str]:
    """Load a source into DuckDB, and return the projects that were loaded."""
    folder.mkdir(exist_ok=True)
    pipeline = dlt.pipeline(
        "configured", destination=_duckdb(folder), dataset_name="data", pipelines_dir=str(folder / "pipelines")
    )
    pipeline.run(source)
    with pipeline.sql_client() as client:
        return sorted(project for (project,) in client.execute_sql("select project from projects") or [])


def _pipeline(folder: Path, destination: Any) -> Any:
    return dlt.pipeline("some", destination=destination, dataset_name="data", pipelines_dir=str(folder / "pipelines"))


def test_no_project_exists(world: World, serve: Serve, tmp_path: Path) -> None:
    """If the index has none of the projects, the load fails; if it has some, these are loaded."""
    fake = serve()
    pipeline = _pipeline(tmp_path, _duckdb(tmp_path))
    with pytest.raises(PipelineStepFailed) as failed:
        pipeline.run(pypi(["nosuch1", "nosuch2"], ["files", "stats"], index_url=fake.url, requests_per_second=0))
    assert any(isinstance(error, UnknownProjectsError) for error in _causes(failed.value))
    world.add("flask")
    fake.new_run()
    assert _loaded(pypi(["nosuch1", "flask"], index_url=fake.url, requests_per_second=0), tmp_path) == ["flask"]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("table_format", [None, "iceberg"])
def test_destination_that_cannot_delete(world: World, serve: Serve, tmp_path: Path, table_format: Any) -> None:
    """Files without a table format, where rows are appended, and Iceberg files, where none are deleted, are refused.

    Nothing is requested. Snapshots are replaced, so that they can be loaded there.
    """
    world.add("flask")
    fake = serve()
    pipeline = _pipeline(tmp_path, dlt.destinations.filesystem(str(tmp_path / "files")))
    source = pypi(["flask"], index_url=fake.url, requests_per_second=0)
    with pytest.raises(PipelineStepFailed) as failed:
        pipeline.extract(source, table_format=table_format)
    (error,) = [one for one in _causes(failed.value) if isinstance(one, DestinationError)]
    assert str(error).startswith("cannot write filesystem: ")
    assert ("changed rows would be appended" in str(error)) is (table_format is None)
    assert "deleted rows of projects would stay: use a database, or run the pipeline with table_format" in str(error)
    assert fake.requests == []
    _pipeline(tmp_path, dlt.destinations.filesystem(str(tmp_path / "files"))).run(source.with_resources("stats"))
    assert list((tmp_path / "files").glob("data/stats/*"))


def test_streams_of_other_services(world: World, serve: Serve, tmp_path: Path) -> None:
    """They are loaded beside those of the index; a later run loads what is new, a service that fails costs its own."""
    world.add("flask")
    fake, downloads, database = serve(), Downloads(source_day(time.time())), Database()
    downloads.add("flask", 2, 5)
    database.publish(record("PYSEC-1", "flask", events=[{"introduced": "0"}]))
    pipeline = _pipeline(tmp_path, _duckdb(tmp_path))
    queries = {
        "files": "select count(*) from files",
        "events": "select count(*) from events",
        "downloads": "select category, downloads from downloads order by category",
        "advisories": "select id, summary from advisories",
    }

    def load() -> dict[str, Any]:
        urls = {"index_url": fake.url, "downloads_url": stats.url, "advisories_url": osv.url}
        pipeline.run(pypi(["flask"], list(queries), requests_per_second=0, events_since="0", full_check_days=0, **urls))
        with pipeline.sql_client() as client:
            return {name: client.execute_sql(query) for name, query in queries.items()}

    with FakePypistats(downloads, once_a_day=False) as stats, FakeAdvisories(database) as osv:
        both = ("with_mirrors", 5), ("without_mirrors", 5)
        events = len(world.journal)
        assert load() == {
            "files": [(2,)],
            "events": [(events,)],
            "downloads": [*both],
            "advisories": [("PYSEC-1", None)],
        }
        world.yank("flask", "1.0")
        database.change("PYSEC-1", summary="new")
        fake.fault("/pypi", faults.forbidden(), times=None)
        fake.new_run()
        assert load() == {
            "files": [(2,)],
            "events": [(events,)],
            "downloads": [*both],
            "advisories": [("PYSEC-1", "new")],
        }


def test_delta_tables_are_accepted(world: World, serve: Serve, tmp_path: Path) -> None:
    """Delta tables merge and delete rows, and are not refused."""
    world.add("flask")
    fake = serve()
    pipeline = _pipeline(tmp_path, dlt.destinations.filesystem(str(tmp_path / "files")))
    pipeline.extract(pypi(["flask"], index_url=fake.url, requests_per_second=0), table_format="delta")
    assert len(fake.requests) == 1


def test_index_that_never_answers_keeps_the_state(world: World, serve: Serve, tmp_path: Path) -> None:
    """A mistyped index URL does not replace the state: the next load of the right index brings no rows."""
    world.add("flask")
    fake = serve()
    pipeline = _pipeline(tmp_path, _duckdb(tmp_path))
    settings: dict[str, Any] = {"requests_per_second": 0}
    pipeline.run(pypi(["flask"], index_url=fake.url, **settings))
    before = pipeline.state["sources"]["pypi"]
    with pytest.raises(PipelineStepFailed):
        pipeline.run(pypi(["flask"], index_url=f"{fake.url}/mistyped", **settings))
    pipeline.run(pypi(["flask"], ["files", "stats"], index_url=fake.url, **settings).with_resources("stats"))
    assert pipeline.state["sources"]["pypi"] == before
    fake.new_run()
    pipeline.run(pypi(["flask"], index_url=fake.url, **settings))
    assert [request.status for request in fake.requests] == [304]
