"""cli/sync.py: sync, and the list of streams."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from source_pypi.schema import describe_streams
from source_pypi.streams import STREAMS
from tests.cli import Run, count_rows
from tests.fake_index import FakeIndex, World, faults


def test_sync_prints_a_report(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """Sync loads the named projects and prints rows per stream, the cost of the run, and a query that works."""
    world.add("Flask", releases=["1.0", "2.0"])
    world.add("requests", releases=["3.0"])
    done = run("sync", "Flask", "requests", "--index-url", fake.url)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "stream          rows",
        "projects           2",
        "versions           3",
        "files              6",
    ]
    size = sum(request.body_bytes for request in fake.requests)
    assert re.fullmatch(rf"2 projects, 2 requests, {size / 1000:.1f} kB, \d+\.\d s -> pypi.duckdb", lines[4])
    assert lines[5].startswith("try: select ")
    connection = duckdb.connect(str(tmp_path / "pypi.duckdb"), read_only=True)
    assert connection.execute(lines[5].removeprefix("try: ")).description is not None
    assert connection.execute("select project, count(*) from files group by 1 order by 1").fetchall() == [
        ("flask", 4),
        ("requests", 2),
    ]
    connection.close()


def test_options_and_settings(world: World, fake: FakeIndex, settings: Path, run: Run, tmp_path: Path) -> None:
    """Streams and file come from the options; names are added to the projects of the settings."""
    world.add("flask")
    world.add("click")
    done = run("sync", "click", "--config", settings, "--streams", "all", "--into", "other.duckdb")
    assert (done.returncode, done.stderr) == (
        0,
        "warning: core metadata (METADATA): the index announces 2 of 2 projects (flask, click) for which it then "
        "answers 404; loaded rows stay\n",
    )
    shown = [line.split()[0] for line in done.stdout.splitlines()[1 : len(STREAMS) + 1]]
    assert shown == [stream.name for stream in STREAMS]
    assert count_rows(tmp_path / "other.duckdb", "project") == 2


def test_sync_imports_only_selected_streams(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """Sync imports only the selected streams, and no parser of requirements unless one needs it."""
    world.add("flask")
    into = tmp_path / "it.duckdb"
    code = "import sys, source_pypi.cli as c; c.cli(sys.argv[1:], standalone_mode=False)"
    script = f"try:\n    {code}\nexcept SystemExit:\n    print(*sys.modules)"
    arguments = ["sync", "flask", "--index-url", fake.url, "--into", str(into), "--streams", "files"]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}", *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    modules = {name.removeprefix("source_pypi.streams.") for name in loaded if name.startswith("source_pypi.streams.")}
    assert {name for name in modules if not name.startswith("_")} == {"files", "stream"}
    assert {"packaging.requirements", "packaging.markers", "packaging.metadata", "xml"} & loaded == set()


def test_missing_projects(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """Missing projects are one line, after the other projects are loaded."""
    world.add("flask")
    done = run("sync", "nope", "flask", "nada", "--index-url", fake.url)
    assert done.returncode == 1
    assert done.stderr == (f"error: not on the index {fake.url}: nope, nada (check the spelling)\n")
    assert count_rows(tmp_path / "pypi.duckdb", "files") == 2


def test_incomplete_mirror(world: World, serve: Callable[..., FakeIndex], run: Run, tmp_path: Path) -> None:
    """What a mirror lacks is one line with stream and URL; everything else is loaded."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve(poverty=True)
    streams = "projects,versions,files,project,release,stats"
    done = run("sync", "flask", "--streams", streams, "--index-url", fake.url)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: stats: this index offers no statistics ({fake.url}/stats/ answered 404): "
        "leave the stream out, or read an index that has it\n"
    )
    assert [
        count_rows(tmp_path / "pypi.duckdb", name) for name in ("projects", "versions", "files", "project", "release")
    ] == [
        1,
        2,
        4,
        1,
        1,
    ]


def test_waits_are_warnings(world: World, fake: FakeIndex, run: Run) -> None:
    """A wait that the index asks for is a warning."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.too_many("0"))
    done = run("sync", "flask", "--index-url", fake.url)
    assert done.returncode == 0
    assert done.stderr == f"warning: {fake.url}/pypi/flask/json: status 429; waiting 0.0 s before try 2\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "error: no projects named, or all of them excluded: give names (source-pypi sync flask requests)"),
        (["fl ask"], "error: 'fl ask' cannot be a project: write a name, or name==version"),
        (["-x-"], "No such option '-x'"),
        (["../etc"], "error: '../etc' cannot be a project: a name has ASCII letters"),
        (["flask", "--streams", "nope,files"], "error: no such stream: nope (available: projects, "),
        (["flask", "--index-url", "ftp://x"], "error: setting 'index_url': must be a"),
        (["flask", "--into", "no/where.duckdb"], "error: cannot write no/where.duckdb: its folder does not exist"),
        (["flask", "--into", "config.txt"], "error: cannot write config.txt: it is "),
        (["flask", "--config", "config.txt"], "error: the configuration config.txt is "),
        (["flask", "--config", "nowhere.json"], "error: the configuration nowhere.json cannot be read: No such file"),
        (["flask", "--config", "wrong.json"], "error: setting 'max_concurrency': Expected `int`, got `str`"),
    ],
)
def test_invalid_input(run: Run, fake: FakeIndex, tmp_path: Path, arguments: list[str], line: str) -> None:
    """Invalid input is one line and a status other than 0, and nothing is requested."""
    (tmp_path / "config.txt").write_text("no database, no JSON" * 1000)
    (tmp_path / "wrong.json").write_text('{"max_concurrency": "many"}')
    options = [] if "--index-url" in arguments else ["--index-url", fake.url]
    done = run("sync", *arguments, *options)
    assert done.returncode != 0
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert fake.requests == []


def test_unreachable_index(run: Run, tmp_path: Path, world: World, fake: FakeIndex) -> None:
    """An index that cannot be reached is one error, and what was loaded before stays."""
    world.add("flask")
    assert run("sync", "flask", "--index-url", fake.url).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    done = run("sync", "flask", "click", "--index-url", f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert f"http://127.0.0.1:{port}/pypi/flask/json cannot be reached: no connection can be made (3 tries" in errors[0]
    assert count_rows(tmp_path / "pypi.duckdb", "files") == 2


def test_list_of_streams(run: Run) -> None:
    """The command streams prints row, key, cursor and cost of each stream; --json prints every field."""
    described = describe_streams(STREAMS)
    lines = [
        line
        for stream in described
        for line in (
            f"{stream['name']}: {stream['row']}",
            f"    key: {', '.join(stream['key']) or 'none'}; cursor: {stream['cursor'] or 'none'}",
            f"    requests: {stream['cost']}",
        )
    ]
    done = run("streams")
    assert (done.returncode, done.stdout.splitlines()) == (0, lines)
    assert lines[1] == "    key: project; cursor: seen_at"
    assert json.loads(run("streams", "--json").stdout) == described
