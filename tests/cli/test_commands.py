"""cli/: the commands, as a user types them."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from source_pypi import __version__
from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex, World, faults

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in an empty folder, its output no terminal."""

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "source_pypi", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return command


@pytest.fixture
def settings(tmp_path: Path, fake: FakeIndex) -> Path:
    """A configuration for the fake index, without pace."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"projects": ["flask"], "index_url": fake.url, "requests_per_second": 0}))
    return path


def count(path: Path, table: str) -> int:
    """Rows of a table."""
    connection = duckdb.connect(str(path), read_only=True)
    ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()
    connection.close()
    return int(rows)


def test_sync(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """Names in, tables out: a line a stream, what it took, and a query that works."""
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


def test_sync_chosen_streams(world: World, fake: FakeIndex, settings: Path, run: Run, tmp_path: Path) -> None:
    """Streams, file and settings are the user's choice, and names are added to those of the settings."""
    world.add("flask")
    world.add("click")
    done = run("sync", "click", "--config", settings, "--streams", "all", "--into", "other.duckdb")
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line.split()[0] for line in done.stdout.splitlines()[1 : len(STREAMS) + 1]]
    assert shown == [stream.name for stream in STREAMS]
    assert count(tmp_path / "other.duckdb", "project") == 2


def test_sync_missing(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """Missing names are listed in one line, after the others were loaded."""
    world.add("flask")
    done = run("sync", "nope", "flask", "nada", "--index-url", fake.url)
    assert done.returncode == 1
    assert done.stderr == (f"error: not on the index {fake.url}: nope, nada (check the spelling)\n")
    assert count(tmp_path / "pypi.duckdb", "files") == 2


def test_sync_from_a_poor_mirror(world: World, serve: Callable[..., FakeIndex], run: Run, tmp_path: Path) -> None:
    """What a poor mirror lacks is one clear line that names stream and address; the rest is loaded whole."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve(poverty=True)
    chosen = "projects,versions,files,project,release,stats"
    done = run("sync", "flask", "--streams", chosen, "--index-url", fake.url)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: stats: this index offers no statistics ({fake.url}/stats/ answered 404): "
        "leave the stream out, or read an index that has it\n"
    )
    assert [
        count(tmp_path / "pypi.duckdb", name) for name in ("projects", "versions", "files", "project", "release")
    ] == [
        1,
        2,
        4,
        1,
        1,
    ]


def test_sync_says_what_it_waits_for(world: World, fake: FakeIndex, run: Run) -> None:
    """A wait for the index is told, so that silence is understood."""
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
        (["flask", "--streams", "nope,files"], "error: no such stream: nope (there are: projects, "),
        (["flask", "--index-url", "ftp://x"], "error: setting 'index_url': must be an address such as "),
        (["flask", "--into", "no/where.duckdb"], "error: cannot write no/where.duckdb: its folder does not exist"),
        (["flask", "--into", "config.txt"], "error: cannot write config.txt: it is no DuckDB file"),
        (["flask", "--config", "config.txt"], "error: the configuration config.txt is no JSON"),
        (["flask", "--config", "nowhere.json"], "error: the configuration nowhere.json cannot be read: No such file"),
        (["flask", "--config", "wrong.json"], "error: setting 'max_concurrency': Expected `int`, got `str`"),
    ],
)
def test_bad_input(run: Run, fake: FakeIndex, tmp_path: Path, arguments: list[str], line: str) -> None:
    """Bad input is one clear line, a status that is not 0, and no traceback; nothing is asked for."""
    (tmp_path / "config.txt").write_text("no database, no JSON" * 1000)
    (tmp_path / "wrong.json").write_text('{"max_concurrency": "many"}')
    options = [] if "--index-url" in arguments else ["--index-url", fake.url]
    done = run("sync", *arguments, *options)
    assert done.returncode != 0
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert fake.requests == []


def test_unreachable(run: Run, tmp_path: Path, world: World, fake: FakeIndex) -> None:
    """An index that cannot be reached is one error, and what was loaded before stays."""
    world.add("flask")
    assert run("sync", "flask", "--index-url", fake.url).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    done = run("sync", "flask", "click", "--index-url", f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert f"http://127.0.0.1:{port}/pypi/flask/json cannot be reached: no connection can be made (3 tries" in errors[0]
    assert count(tmp_path / "pypi.duckdb", "files") == 2


def test_progress_on_a_terminal(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """On a terminal the progress is shown: projects done of how many, rows, the current project."""
    for name in ("flask", "click", "jinja2"):
        world.add(name)
    fake.latency = 0.3
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "source_pypi", "sync", "flask", "click", "jinja2", "--index-url", fake.url]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=tmp_path, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = _everything(ours)
        assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert re.search(r"1/3 projects, \d+ rows \d:\d\d:\d\d flask", text)
    assert "files" in text


def _everything(descriptor: int) -> str:
    chunks = []
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # the other end has closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(descriptor)
    return b"".join(chunks).decode()


def test_protocol(world: World, settings: Path, run: Run, tmp_path: Path) -> None:
    """spec, check, discover and read speak the protocol on stdout and leave stderr empty."""
    world.add("flask")
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    (tmp_path / "state.json").write_text("")
    commands: dict[str, list[object]] = {
        "SPEC": ["spec"],
        "CONNECTION_STATUS": ["check", "--config", settings],
        "CATALOG": ["discover", "--config", settings],
    }
    for kind, arguments in commands.items():
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == [kind]


def test_read(world: World, settings: Path, run: Run, tmp_path: Path) -> None:
    """Read writes records on stdout, and its status says whether all was read."""
    world.add("flask")
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    (tmp_path / "state.json").write_text("")
    done = run("read", "--config", settings, "--catalog", "catalog.json", "--state", "state.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert sum('"RECORD"' in line for line in done.stdout.splitlines()) == 2


def test_read_incomplete(world: World, settings: Path, run: Run, tmp_path: Path) -> None:
    """A read that is not whole exits with 1."""
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    assert run("read", "--config", settings, "--catalog", "catalog.json").returncode == 1


@pytest.mark.parametrize("content", ["{", "[]", '{"releases": "some"}'])
def test_bad_configuration_in_the_protocol(run: Run, tmp_path: Path, content: str) -> None:
    """A bad configuration fails the check in words, and is an ERROR trace of the user's elsewhere."""
    (tmp_path / "config.json").write_text(content)
    (tmp_path / "catalog.json").write_text('{"streams": []}')
    checked = run("check", "--config", "config.json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["connectionStatus"]["status"] == "FAILED"
    for arguments in (["discover"], ["read", "--catalog", "catalog.json"]):
        done = run(*arguments, "--config", "config.json")
        assert (done.returncode, done.stderr) == (1, "")
        assert json.loads(done.stdout)["trace"]["error"]["failure_type"] == "config_error"


@pytest.mark.parametrize("command", ["check", "discover", "read"])
def test_arguments_of_the_cdk(world: World, settings: Path, run: Run, tmp_path: Path, command: str) -> None:
    """What the CDK's commands take besides is let pass: it is for connectors that are manifests."""
    world.add("flask")
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    catalog = ["--catalog", "catalog.json"] if command == "read" else []
    more = ["--manifest-path", "manifest.yaml", "--components-path", "components.py"]
    done = run(command, "--config", settings, *catalog, *more)
    assert (done.returncode, done.stderr) == (0, "")


def test_usage(run: Run) -> None:
    """A command that lacks an argument says so on stderr and exits with 2."""
    done = run("read", "--config", "config.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing option '--catalog'" in done.stderr


def test_streams(run: Run) -> None:
    """The streams are listed with what a row is, key, cursor and cost."""
    done = run("streams")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:3] == [
        "projects: a project, flat",
        "    key: project; cursor: seen_at",
        "    requests: 1 a project, shared by all streams that read its document",
    ]
    listed = json.loads(run("streams", "--json").stdout)
    assert [stream["name"] for stream in listed] == [stream.name for stream in STREAMS]
    assert listed[2]["fields"][0] == {
        "name": "filename",
        "type": "string",
        "nullable": False,
        "meaning": "The file's name, unique on the index.",
        "unit": None,
        "null": None,
        "source": "releases[].filename",
    }


def test_version(run: Run) -> None:
    """The version is told."""
    assert run("--version").stdout == f"source-pypi, version {__version__}\n"


def test_reader_goes_away(world: World, settings: Path, tmp_path: Path) -> None:
    """When the reader closes the pipe, it is over, without a word."""
    world.add("flask", releases=[f"{number}.0" for number in range(300)])
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    command = [sys.executable, "-m", "source_pypi", "read", "--config", str(settings), "--catalog", "catalog.json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 1


def test_light() -> None:
    """A command imports only what it needs: spec neither HTTP nor a database nor any stream."""
    code = (
        "import sys; from source_pypi.cli import airbyte, cli; airbyte._write = len; "
        "cli(['spec'], standalone_mode=False); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "urllib3",
        "duckdb",
        "rich",
        "distlib",
        "packaging",
        "http.client",
        "source_pypi.services.index.documents",
        "source_pypi.streams.stream",
        "concurrent.futures",
    }
    assert heavy & set(loaded) == set()


def test_only_what_is_read(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """A sync imports only the streams that it reads, and neither requirements nor markers where none are read."""
    world.add("flask")
    into = tmp_path / "it.duckdb"
    code = "import sys, source_pypi.cli as c; c.cli(sys.argv[1:], standalone_mode=False)"
    told = f"try:\n    {code}\nexcept SystemExit:\n    print(*sys.modules)"
    asked = ["sync", "flask", "--index-url", fake.url, "--into", str(into), "--streams", "files"]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{told}", *asked], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {name for name in loaded if name.startswith("source_pypi.streams.")} == {
        "source_pypi.streams.files",
        "source_pypi.streams.stream",
        "source_pypi.streams._values",
    }
    assert {"packaging.requirements", "packaging.markers", "packaging.metadata", "xml"} & loaded == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(world: World, fake: FakeIndex, tmp_path: Path, number: signal.Signals) -> None:
    """Interrupted, sync ends at once, says so in one line, and keeps what it had read."""
    for name in ("flask", "click", "jinja2"):
        world.add(name)
    fake.fault("/pypi/jinja2/json", faults.slow(20))
    command = [sys.executable, "-m", "source_pypi", "sync", "flask", "click", "jinja2", "--index-url", fake.url]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(400):
            if len(fake.requests) >= 2:
                break
            time.sleep(0.01)
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(number)
        assert process.stderr is not None
        told = process.stderr.read()
        assert process.wait(10) == 130
        assert time.monotonic() - began < 3
    assert told == "error: interrupted; everything read so far is kept\n"
    assert count(tmp_path / "pypi.duckdb", "files") == 4


def test_no_room_on_standard_output(run: Run, tmp_path: Path) -> None:
    """Where standard output cannot be written, that is one line."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "source_pypi", "spec"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: cannot write to standard output: No space left on device\n")
