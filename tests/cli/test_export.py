"""cli/export.py: tables and views as files."""

import csv
import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from source_pypi.answers.export import file_name
from source_pypi.destinations.runs import RUNS
from source_pypi.destinations.tables import table_of, with_histories
from source_pypi.streams import choose_streams
from tests.cli import Run
from tests.cli.loaded import PROJECTS, make_database

COLUMNS = "project, summary, classifiers, project_urls, seen_at"


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    """A database of two projects, by the name that commands read by default."""
    return make_database(tmp_path / "pypi.duckdb", PROJECTS)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_parquet(run: Run, loaded: Path, tmp_path: Path) -> None:
    """Parquet has the values and types of the table, and its comments; query reads the folder."""
    done = run("export", "projects", "stale_projects", "--to", "out/deep")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "out/deep/projects.parquet: 2 rows\nout/deep/stale_projects.parquet: 0 rows\n"
    with duckdb.connect(str(loaded), read_only=True) as connection:
        written = connection.execute(f"SELECT * FROM '{tmp_path}/out/deep/projects.parquet' ORDER BY ALL")
        types = [column[1] for column in written.description or ()]
        rows = written.fetchall()
        table = connection.execute("SELECT * FROM projects ORDER BY ALL")
        assert (types, rows) == ([column[1] for column in table.description or ()], table.fetchall())
    again = run("query", "SELECT count(*) AS n FROM projects", "--from", "out/deep", "--format", "csv")
    assert again.stdout == "n\n2\n"
    assert sorted(path.name for path in (tmp_path / "out/deep").iterdir()) == [
        "projects.parquet",
        "stale_projects.parquet",
    ]


def test_csv(run: Run, loaded: Path, tmp_path: Path) -> None:
    """CSV has lists and objects as JSON, times in UTC, and texts as they are."""
    assert run("export", "projects", "--to", "out", "--format", "csv").returncode == 0
    rows = {row["project"]: row for row in read_csv(tmp_path / "out/projects.csv")}
    assert [rows["flask"][name] for name in ("classifiers", "project_urls", "seen_at", "serial")] == [
        '["A","B"]',
        '{"Home": "https://flask.example"}',
        "2024-01-31T10:00:00.5Z",
        "",
    ]
    assert rows["evil"]["summary"] == "=1+1\x1b[31m\u202e|x\n@y"


def test_ndjson(run: Run, loaded: Path, tmp_path: Path) -> None:
    """NDJSON has lists and objects as such, and null for null."""
    assert run("export", "projects", "--to", "out", "--format", "ndjson").returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "out/projects.ndjson").read_text().splitlines()]
    flask = next(row for row in rows if row["project"] == "flask")
    assert {name: flask[name] for name in ("classifiers", "project_urls", "seen_at", "serial")} == {
        "classifiers": ["A", "B"],
        "project_urls": {"Home": "https://flask.example"},
        "seen_at": "2024-01-31T10:00:00.5Z",
        "serial": None,
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", " ="])
def test_for_spreadsheet(run: Run, tmp_path: Path, start: str) -> None:
    """--for-spreadsheet puts an apostrophe before a text that could be a formula, also as a column's name."""
    chars = " || ".join(f"chr({ord(char)})" for char in start)
    insert = f"INSERT INTO projects (project, summary, author) VALUES ('a', {chars} || 'cmd', 'a{start}b')"
    view = f'CREATE VIEW mine AS SELECT -5 AS "{start}n", NULL AS x FROM projects'
    make_database(tmp_path / "pypi.duckdb", insert, view)
    done = run("export", "projects", "mine", "--to", "out", "--format", "csv", "--for-spreadsheet")
    assert done.returncode == 0
    (row,) = read_csv(tmp_path / "out/projects.csv")
    assert (row["summary"], row["author"]) == (f"'{start}cmd", f"a{start}b")
    assert read_csv(tmp_path / "out/mine.csv") == [{f"'{start}n": "-5", "x": ""}]


def test_all(run: Run, loaded: Path, tmp_path: Path) -> None:
    """--all exports every table and view, but not those of source-pypi itself."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute("CREATE TABLE _state (a INTEGER)")
    done = run("export", "--all", "--to", "out", "--format", "csv")
    names = {path.stem for path in (tmp_path / "out").iterdir()}
    assert names >= {"projects", "versions", "files", "pins", "index_capabilities", "latest_files", "stale_projects"}
    assert "_state" not in names
    assert len(done.stdout.splitlines()) == len(names)


def test_data_package(run: Run, loaded: Path, tmp_path: Path) -> None:
    """All tables as Parquet have a datapackage.json with their columns, keys, sizes and digests, and the index."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute(
            "CREATE OR REPLACE TABLE _run AS SELECT 2 AS version, 'https://u:p@example.com' AS \"index\""
        )
    done = run("export", "--all", "--to", "out")
    assert done.stdout.splitlines()[-1].startswith("out/datapackage.json: ")
    package = json.loads((tmp_path / "out/datapackage.json").read_bytes())
    assert package["sources"] == [{"title": "package index", "path": "https://example.com"}]
    resources = {one["name"]: one for one in package["resources"]}
    assert {one["path"] for one in resources.values()} == {p.name for p in (tmp_path / "out").glob("*.parquet")}
    projects, content = resources["projects"], (tmp_path / "out/projects.parquet").read_bytes()
    assert (projects["bytes"], projects["rows"]) == (len(content), 2)
    assert projects["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert projects["schema"]["primaryKey"] == ["project"]
    types = {field["name"]: field["type"] for field in projects["schema"]["fields"]}
    names = ("project", "classifiers", "project_urls", "seen_at", "serial", "yanked")
    assert [types[name] for name in names] == ["string", "array", "object", "datetime", "integer", "boolean"]
    assert "any" not in {field["type"] for one in resources.values() for field in one["schema"]["fields"]}
    assert run("query", "SELECT count(*) AS n FROM projects", "--from", "out", "--format", "csv").stdout == "n\n2\n"


def test_data_package_of_json(run: Run, tmp_path: Path) -> None:
    """A column of JSON is an array or an object as its record says, also in a history; anything in other tables."""
    statements = ["CREATE TABLE mine (a JSON)"]
    streams = [table_of(one, history=True) for one in choose_streams(["project", "advisories"])]
    for table in (*with_histories(streams), RUNS):
        columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
        statements += [f"CREATE TABLE {table.name} ({columns})", f"COMMENT ON TABLE {table.name} IS 'A row is one.'"]
    make_database(tmp_path / "pypi.duckdb", *statements)
    assert run("export", "--all", "--to", "out").returncode == 0
    package = json.loads((tmp_path / "out/datapackage.json").read_bytes())
    types = {
        one["name"]: {field["name"]: field["type"] for field in one["schema"]["fields"]} for one in package["resources"]
    }
    for resource in ("project", "project_history"):
        names = ("info", "ownership", "urls", "vulnerabilities", "releases")
        assert [types[resource][name] for name in names] == ["object", "object", "array", "array", "object"]
    found = (types["advisories"]["references"], types["runs"]["tables"], types["mine"]["a"])
    assert found == ("array", "object", "any")


def test_data_package_of_an_index_on_disk(run: Run, tmp_path: Path) -> None:
    """The path of an index on disk is not published."""
    index = "CREATE TABLE _run AS SELECT 'file:///srv/mirror' AS \"index\""
    make_database(tmp_path / "pypi.duckdb", index)
    assert run("export", "--all", "--to", "out").returncode == 0
    assert json.loads((tmp_path / "out/datapackage.json").read_bytes())["sources"] == [{"title": "package index"}]


def test_data_package_of_files_that_changed(run: Run, loaded: Path, tmp_path: Path) -> None:
    """An export of some tables deletes the description of the files before, unless it is not of source-pypi."""
    package = tmp_path / "out/datapackage.json"
    assert run("export", "--all", "--to", "out").returncode == 0
    content = package.read_bytes()
    assert run("export", "projects", "--to", "out", "--format", "csv").stderr == ""
    assert package.read_bytes() == content
    done = run("export", "projects", "--to", "out")
    assert (done.returncode, done.stderr, package.exists()) == (
        0,
        "note: out/datapackage.json described the files before, and was deleted; export --all writes it\n",
        False,
    )
    package.write_text('{"name": "mine", "resources": [{"path": "projects.parquet"}]}')
    assert run("export", "projects", "--to", "out").stderr == ""
    assert package.exists()


def test_files_of_an_earlier_export(run: Run, loaded: Path, tmp_path: Path) -> None:
    """--all names files that an earlier one wrote, and whose tables are gone; it does not delete them."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS a")
    assert run("export", "--all", "--to", "out").returncode == 0
    (tmp_path / "out/other.parquet").touch()
    with duckdb.connect(str(loaded)) as connection:
        connection.execute("DROP TABLE mine")
    done = run("export", "--all", "--to", "out")
    assert (done.returncode, done.stderr) == (0, "note: out still has 1 file of an earlier export: mine.parquet\n")
    assert (tmp_path / "out/mine.parquet").exists()


def test_description_that_cannot_be_written(run: Run, loaded: Path, tmp_path: Path) -> None:
    """A full disk, or a folder by its name, is an error about datapackage.json, not about standard output."""
    package = tmp_path / "out/datapackage.json"
    package.mkdir(parents=True)
    line = "error: out/datapackage.json cannot be written: "
    assert run("export", "--all", "--to", "out").stderr == f"{line}Is a directory\n"
    package.rmdir()
    package.symlink_to("/dev/full")
    assert run("export", "--all", "--to", "out").stderr == f"{line}No space left on device\n"


def test_odd_names(run: Run, loaded: Path, tmp_path: Path) -> None:
    """A table's name leads to no other folder and no device; files of other names stay."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute("""CREATE TABLE "../up's" AS SELECT 1 AS a""")
        connection.execute("""CREATE TABLE "a""b; DROP" AS SELECT 1 AS "x""y" """)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.csv").write_text("mine")
    done = run("export", "../up's", 'a"b; DROP', "--to", "out", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "%2E%2E%2Fup%27s.csv",
        "a%22b%3B%20DROP.csv",
        "mine.csv",
    ]
    assert (tmp_path / "out/a%22b%3B%20DROP.csv").read_text() == '"x""y"\n1\n'
    assert [file_name(name, "csv") for name in ("con", "COM1", "a.b", "~x")] == [
        "%63on.csv", "%43OM1.csv", "a%2Eb.csv", "%7Ex.csv",
    ]  # fmt: skip


def test_existing_files(run: Run, loaded: Path, tmp_path: Path) -> None:
    """A file is replaced once its new content is complete; if a table fails, the old file stays."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute("CREATE VIEW broken AS SELECT error('no') AS a FROM projects")
    for name in ("projects", "broken"):
        (tmp_path / f"{name}.parquet").write_text("old")
    done = run("export", "projects", "broken", "--to", ".")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert (tmp_path / "projects.parquet").read_bytes()[:4] == b"PAR1"
    assert (tmp_path / "broken.parquet").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_views_that_cannot_be_read(run: Run, loaded: Path, tmp_path: Path) -> None:
    """The others are exported; the message names the view, and the status is 1."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute("CREATE VIEW a_broken_one AS SELECT error('no') AS a FROM projects")
        connection.execute(f'CREATE TABLE "{"x" * 300}" AS SELECT 1 AS n')
    done = run("export", "--all", "--to", "out", "--format", "csv")
    broken, long = done.stderr.splitlines()
    assert (done.returncode, broken.partition(" cannot")[0]) == (1, "error: a_broken_one")
    assert long.endswith(".csv cannot be written: File name too long")
    assert {path.stem for path in (tmp_path / "out").iterdir()} >= {"projects", "versions", "stale_projects"}


def test_ndjson_has_no_numbers_that_json_lacks(run: Run, loaded: Path, tmp_path: Path) -> None:
    """NaN and infinity are null."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute("CREATE TABLE n AS SELECT 'nan'::DOUBLE AS a, '-inf'::FLOAT AS b, 1.5::DOUBLE AS c")
    assert run("export", "n", "--to", "out", "--format", "ndjson").returncode == 0
    assert (tmp_path / "out/n.ndjson").read_text() == '{"a":null,"b":null,"c":1.5}\n'


def test_errors(run: Run, loaded: Path, tmp_path: Path) -> None:
    """What cannot be exported is one line; options that contradict each other are errors of usage."""
    assert run("export", "projcts", "--to", "out").stderr == (
        "error: pypi.duckdb has no table or view projcts (did you mean projects?)\n"
    )
    assert not (tmp_path / "out").exists()
    assert run("export", "projects", "--to", "pypi.duckdb").returncode == 2
    (tmp_path / "file").touch()
    assert (
        run("export", "projects", "--to", "file/out").stderr == "error: file/out cannot be written: Not a directory\n"
    )
    for arguments in ((), ("projects", "--all"), ("projects", "--for-spreadsheet")):
        assert run("export", *arguments, "--to", "out").returncode == 2
    assert "there is no file none.duckdb" in run("export", "--all", "--to", "out", "--from", "none.duckdb").stderr


def test_interrupted(loaded: Path, tmp_path: Path) -> None:
    """Ctrl-C ends an export; the old file stays, and nothing else is left."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute(
            "CREATE VIEW endless AS SELECT range AS a FROM range(10000000000) WHERE md5(range::VARCHAR) < '00000'"
        )
    (tmp_path / "out").mkdir()
    (tmp_path / "out/endless.csv").write_text("old")
    command = [sys.executable, "-m", "source_pypi", "export", "endless", "--to", "out", "--format", "csv"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 20
        while not list((tmp_path / "out").glob(".source-pypi-*/*")) and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == "error: interrupted\n"
        assert process.wait() == 130
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["endless.csv"]
    assert (tmp_path / "out/endless.csv").read_text() == "old"
