"""cli/sync.py: sync."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from source_pypi.streams import STREAMS, choose_streams
from tests.cli import Run, count_rows, suggested_query
from tests.fake_downloads import FakeTop
from tests.fake_index import FakeIndex, World, faults
from tests.servers.packages import PROJECTS, UPLOADS
from tests.servers.simulated import Artifactory, CodeArtifact, Gitea, GitLab, Nexus, Product, Pulp, Simulated


def test_sync_prints_a_report(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """Sync loads the named projects and prints rows per stream, the cost of the run, and a query that works."""
    world.add("Flask", releases=["1.0", "2.0"])
    world.add("requests", releases=["3.0"])
    done = run("sync", "Flask", "requests", "--index-url", fake.url)
    assert (done.returncode, done.stderr) == (0, "")
    size = sum(request.body_bytes for request in fake.requests)
    lines = done.stdout.splitlines()
    assert lines[:5] == [
        "table         added    changed    removed     in all",
        "projects          2          0          0          2",
        "versions          3          0          0          3",
        "files             6          0          0          6",
        "",
    ]
    assert re.fullmatch(
        rf"2 projects, 2 requests, {size / 1000:.1f} kB, \d+\.\d s( \(\d\.\d s waiting for the rate limit\))?", lines[5]
    )
    assert lines[6:8] == [f"index: {fake.url}", "destination: pypi.duckdb"]
    assert lines[8].startswith('try: source-pypi query "select ')
    assert lines[9:] == ["try: source-pypi report"]
    connection = duckdb.connect(str(tmp_path / "pypi.duckdb"), read_only=True)
    assert connection.execute(suggested_query(done.stdout)).description is not None
    assert connection.execute("select project, count(*) from files group by 1 order by 1").fetchall() == [
        ("flask", 4),
        ("requests", 2),
    ]
    assert connection.execute("select projects, requests from runs").fetchall() == [(2, 2)]
    connection.close()


def test_removed_projects_are_one_line(world: World, fake: FakeIndex, run: Run) -> None:
    """Projects that were removed from the index are one warning with their number and the first names."""
    names = [f"p{number}" for number in range(6)]
    for name in ("flask", *names):
        world.add(name)
    assert run("sync", "flask", *names, "--index-url", fake.url).returncode == 0
    for name in names:
        world.delete_project(name)
    fake.new_run()
    done = run("sync", "flask", *names, "--index-url", fake.url, "--accept-deletions")
    line = "warning: removed from the index, and their rows are deleted: 6 projects (p0, p1, p2, ...)\n"
    assert (done.returncode, done.stderr) == (0, line)


def test_options_and_settings(world: World, fake: FakeIndex, settings: Path, run: Run, tmp_path: Path) -> None:
    """Streams and file come from the options; names are added to the projects of the settings."""
    world.add("flask")
    world.add("click")
    done = run("sync", "click", "--config", settings, "--streams", "all", "--into", "other.duckdb")
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line.split()[0] for line in done.stdout.splitlines()[1 : len(choose_streams(["all"])) + 1]]
    assert shown == [stream.name for stream in STREAMS if not stream.service]
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
    parsers = {"packaging.requirements", "packaging.specifiers", "packaging.markers", "packaging.metadata", "xml"}
    assert parsers & loaded == set()


def test_missing_projects(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """Missing projects are one line, after the other projects are loaded."""
    world.add("flask")
    done = run("sync", "nope", "flask", "nada", "--index-url", fake.url)
    assert done.returncode == 1
    assert done.stderr == (f"error: not on the index {fake.url}: nope, nada (check the spelling and index_url)\n")
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


#: Products without a list of projects.
WITHOUT_LIST = (CodeArtifact, Gitea)
PAGE_FED = ("projects", "versions", "files", "statuses", "listing")


@pytest.mark.parametrize(
    "product",
    [Nexus(), GitLab(as_json=True), CodeArtifact(), Gitea(), Artifactory(), Pulp()],
    ids=lambda p: type(p).__name__,
)
def test_unavailable_streams(product: Product, run: Run, tmp_path: Path) -> None:
    """A stream that the index lacks is one line and ``not available``, never a number; the table has that reason."""
    with Simulated(product) as server:
        done = run("sync", *PROJECTS, "--index-url", server.index, "--streams", "all")
    report = dict(re.findall(r"^(\w+) .*?([\d,]+|not available)$", done.stdout.partition("\n\n")[0], re.MULTILINE))
    with duckdb.connect(str(tmp_path / "pypi.duckdb"), read_only=True) as database:
        rows = database.execute(
            "select stream, available, reason, checked_at is null from index_capabilities"
        ).fetchall()
        counts = {name: database.execute(f"select count(*) from {name}").fetchall()[0][0] for name in report}
    assert [row[0] for row in rows] == [stream.name for stream in STREAMS]
    of_index = [stream.name for stream in choose_streams(["all"])]
    rows = [row for row in rows if row[0] in of_index]
    lacking = {name: reason for name, available, reason, _ in rows if available is False}
    assert {"roles", "vulnerabilities", "attestations", "stats", "recent_releases", "recent_projects"} <= lacking.keys()
    assert lacking.keys().isdisjoint(set(PAGE_FED) - ({"listing"} if product.__class__ in WITHOUT_LIST else set()))
    assert [row for row in rows if row[0] not in lacking] == [
        (name, True, None, False) for name in of_index if name not in lacking
    ]
    assert report == {name: "not available" if name in lacking else f"{counts[name]:,}" for name in of_index}
    assert [counts[name] for name in lacking] == [0] * len(lacking)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [
        f"error: {name}: {reason}: leave the stream out, or read an index that has it"
        for name, reason in lacking.items()
    ]
    assert done.returncode == 1


def test_only_unavailable_streams(run: Run) -> None:
    """A run without any row says what is not available, and nothing that looks like a result."""
    with Simulated(Nexus()) as server:
        done = run("sync", "tiny-tool", "--index-url", server.index, "--streams", "roles")
    assert done.returncode == 1
    assert done.stdout == "roles: not available\n"


def test_pins_without_release_documents(run: Run) -> None:
    """Pins of many projects on an index without release documents are one message, and no mistyped versions."""
    pins = [f"{upload.project}=={upload.version}" for upload in UPLOADS]
    with Simulated(Artifactory()) as server:
        done = run("sync", *dict.fromkeys(pins), "--index-url", server.index, "--streams", "files,release")
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    url = f"{server.index.removesuffix('/simple/')}/pypi"
    assert len(dict.fromkeys(pins)) > len(PROJECTS)
    assert [re.sub(r"[\w.-]+/[\w.-]+/json", "X", line) for line in errors] == [
        f"error: this index offers no release documents ({url}/X answered 404): "
        "leave the stream out, or read an index that has it"
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
        ([], "error: no projects named, and pypi.duckdb does not exist: give names (flask requests)"),
        (["flask", "--exclude", "*"], "error: no projects named, or all of them excluded: give names (flask "),
        (
            ["fl ask"],
            "error: 'fl ask' cannot be a project: write a name, or name==version, or a range such as 'name>=1,<2'",
        ),
        (["-x-"], "error: No such option '-x'. (see source-pypi sync --help)\n"),
        (["flask", "--releases", "some"], "error: Invalid value for '--releases': 'some' is not one of 'latest', "),
        (["flask", "--streams", "fils"], "error: no such stream: fils (did you mean files?; available: projects, "),
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
    """An index that cannot be reached is one error; earlier rows and state stay, also with --replace-index."""
    world.add("flask")
    assert run("sync", "flask", "--index-url", fake.url).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    done = run("sync", "flask", "click", "--index-url", f"http://127.0.0.1:{port}", "--replace-index")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert f"http://127.0.0.1:{port}/pypi/flask/json cannot be reached: no connection can be made (3 tries" in errors[0]
    assert [count_rows(tmp_path / "pypi.duckdb", name) for name in ("files", "_state")] == [2, 1]


def test_project_of_another_index_is_not_requested(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A project that a file has from another index is one warning and no request; --any-index requests it."""
    world.add("flask")
    world.add("secret-lib")
    (tmp_path / "uv.lock").write_text(
        f'[[package]]\nname = "flask"\nversion = "1.0"\nsource = {{ registry = "{fake.url}/simple" }}\n'
        '[[package]]\nname = "secret-lib"\nversion = "1.0"\n'
        'source = { registry = "https://ann:hunter2@corp.example.com/simple" }\n'
    )
    done = run("sync", "-r", "uv.lock", "--index-url", fake.url)
    corp = "https://corp.example.com/simple"
    assert (done.returncode, done.stderr) == (
        0,
        f"warning: uv.lock: skipped 1 project (secret-lib): the file has it from {corp}, this run reads {fake.url}, "
        f"and its name could be private; to read it, use --index-url {corp} (setting index_url), or --any-index "
        f"(setting any_index) to request it from {fake.url} all the same\n",
    )
    assert fake.counts == {"/pypi/flask/json": 1}
    fake.new_run()
    done = run("sync", "-r", "uv.lock", "--index-url", fake.url, "--any-index", "--into", "all.duckdb")
    assert (done.returncode, done.stderr) == (0, "")
    assert fake.counts == {"/pypi/flask/json": 1, "/pypi/secret-lib/json": 1}


def test_file_of_another_index_alone_is_refused(fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """If no project is left, sync ends with one line, sends nothing and writes nothing."""
    (tmp_path / "a.txt").write_text("--extra-index-url https://corp.example.com/simple\nsecret-lib\n")
    done = run("sync", "-r", "a.txt", "--index-url", fake.url)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith("error: a.txt: no project is left to request (a.txt: skipped 1 project (secret-lib)")
    assert (fake.requests, list(tmp_path.glob("*.duckdb"))) == ([], [])


@pytest.mark.parametrize(
    ("name", "exists", "refused"),
    [("requirements.txt", True, True), ("sub/uv.lock", True, True), ("flask", True, False), ("a.toml", False, False)],
)
def test_file_given_as_a_name(
    world: World, fake: FakeIndex, run: Run, tmp_path: Path, name: str, exists: bool, refused: bool
) -> None:
    """A requirement file that is given as a name is an error that says -r; nothing is requested."""
    world.add("flask")
    world.add("a.toml")
    (tmp_path / "sub").mkdir()
    if exists:
        (tmp_path / name).write_text("flask")
    done = run("sync", name, "--index-url", fake.url)
    if refused:
        error = f"error: {name} is a file; to read the projects in it, write -r {name}\n"
        assert (done.returncode, done.stderr, fake.requests) == (1, error, [])
    else:
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("streams", ["", ",", " , "])
def test_no_streams(fake: FakeIndex, run: Run, streams: str) -> None:
    """An empty --streams is one line, before anything is requested."""
    done = run("sync", "flask", "--index-url", fake.url, "--streams", streams)
    assert (done.returncode, fake.requests) == (1, [])
    assert re.fullmatch(r"error: --streams names no stream \(available: projects, .*, all\)\n", done.stderr)


def test_misspelt_setting_stops_sync(fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A setting that does not exist is an error with a suggestion, before anything is requested."""
    (tmp_path / "config.json").write_text(json.dumps({"index_ur": "http://x.test", "projects": ["secret-lib"]}))
    done = run("sync", "--config", "config.json", "--index-url", fake.url)
    assert (done.returncode, done.stderr, fake.requests) == (
        1,
        "error: setting 'index_ur': there is no such setting; did you mean 'index_url'?\n",
        [],
    )


def test_index_from_the_environment(
    world: World, fake: FakeIndex, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--index-from environment reads the index of pip and uv, whatever the configuration says; else a note names it."""
    world.add("flask")
    monkeypatch.setenv("PIP_INDEX_URL", fake.url.replace("//", "//ann:hunter2@") + "/simple")
    (tmp_path / "config.json").write_text(json.dumps({"index_url": "http://127.0.0.1:9"}))
    done = run("sync", "flask", "--index-from", "environment", "--config", "config.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"index: {fake.url}\ndestination: pypi.duckdb\n" in done.stdout
    monkeypatch.setenv("PIP_INDEX_URL", "https://ann:hunter2@corp.example.com/simple")
    fake.new_run()
    done = run("sync", "flask", "--index-url", fake.url)
    assert (done.returncode, done.stderr) == (
        0,
        f"note: this run reads {fake.url}, but the environment also names https://corp.example.com/simple "
        "(PIP_INDEX_URL); to use it: --index-url, or --index-from environment\n",
    )


def test_prune(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """--prune deletes the rows of projects that are not selected any more, and says how many."""
    world.add("flask")
    world.add("click")
    assert run("sync", "flask", "click", "--index-url", fake.url).returncode == 0
    fake.new_run()
    done = run("sync", "flask", "--index-url", fake.url, "--streams", "files", "--prune")
    note = "note: --prune deleted 4 rows of 1 project that this run does not select\n"
    assert (done.returncode, done.stderr) == (0, note)
    assert [count_rows(tmp_path / "pypi.duckdb", name) for name in ("projects", "versions", "files")] == [1, 1, 2]
    done = run("sync", "flask", "--index-url", fake.url, "--streams", "stats", "--prune")
    assert done.stderr == "error: --prune needs projects by name: without them, no project is left out\n"


def test_prune_keeps_what_may_still_be_required(
    world: World, fake: FakeIndex, run: Run, settings: Path, tmp_path: Path
) -> None:
    """Rows of followed projects stay while the document that required them does not say what it requires."""
    world.add("flask", requires_dist=["mid"])
    world.add("mid", requires_dist=["leaf"])
    world.add("leaf")
    world.add("other")
    configuration = json.loads(settings.read_text())
    settings.write_text(json.dumps({**configuration, "follow_dependencies": 3}))
    assert run("sync", "flask", "other", "--config", settings).returncode == 0
    world.add("flask", ["9.0"], requires_dist=None)
    for rows in (4, 0):
        fake.new_run()
        done = run("sync", "flask", "--config", settings, "--prune")
        deleted = (
            f"deleted {rows} rows of 1 project that this run does not select"
            if rows
            else "deleted nothing: there are no rows of projects that this run does not select"
        )
        assert (done.returncode, done.stderr) == (
            0,
            f"note: --prune {deleted}\nnote: --prune kept 2 projects (leaf, mid): selected projects required them, and "
            "the index no longer says what these require\n",
        )
        assert count_rows(tmp_path / "pypi.duckdb", "projects") == 3
    world.add("flask", ["10.0"], requires_dist=["leaf"])
    fake.new_run()
    done = run("sync", "flask", "--config", settings, "--prune")
    assert done.stderr == "note: --prune deleted 4 rows of 1 project that this run does not select\n"


def test_another_index(world: World, serve: Callable[..., FakeIndex], run: Run, tmp_path: Path) -> None:
    """Another index with the same destination is an error before it is asked; --replace-index replaces the rows."""
    world.add("flask")
    first, second = serve(), serve()
    assert run("sync", "flask", "--index-url", first.url).returncode == 0
    done = run("sync", "flask", "--index-url", second.url)
    assert (done.returncode, second.requests) == (1, [])
    assert done.stderr == (
        f"error: cannot write pypi.duckdb: it holds rows of the index {first.url}, and this run reads {second.url}: "
        "check index_url, name another destination with --into, or delete these rows with sync --replace-index\n"
    )
    done = run("sync", "flask", "--index-url", second.url, "--replace-index", "--streams", "files")
    assert done.returncode == 0
    assert [count_rows(tmp_path / "pypi.duckdb", name) for name in ("projects", "files")] == [0, 2]


def test_dry_run(fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A dry run prints what would be requested from where, requests nothing, and writes nothing."""
    (tmp_path / "a.txt").write_text("click==8.0\nclick<8\n")
    config = {"requests_per_second": 2, "index_username": "ann", "index_password": "hunter2"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    streams = ["--streams", "files,release,roles,stats,attestations"]
    options = ["--config", "config.json", "--index-url", fake.url, "-r", "a.txt", *streams]
    into = "postgresql://ann:hunter2@db.test/x?sslkey=hunter2"
    done = run("sync", "flask", *options, "--into", into, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"index: {fake.url}",
        "projects: 2: flask, click==8.0, click<8",
        "streams: files, roles, attestations, release, stats",
        "requests, statistics: 1",
        "requests, project document: 2",
        "requests, project page: 2",
        "requests, release documents: 2",
        "requests, provenance documents: 1 for each file with provenance",
        "requests in all: at least 7 without earlier state",
        "estimated time: at least 3.5 seconds at 2 requests per second",
        "destination: postgresql://db.test/x",
        "dry run: nothing was requested or written",
    ]
    done = run("sync", "flask", "--index-url", fake.url, "--dry-run")
    assert done.stdout.splitlines()[3:] == [
        "requests, project document: 1",
        "requests in all: 1 without earlier state",
        "estimated time: 0.2 seconds at 5 requests per second",
        "destination: pypi.duckdb",
        "dry run: nothing was requested or written",
    ]
    assert fake.requests == []
    with FakeTop("flask", "click") as top:
        config |= {"top": 1, "top_url": f"{top.url.replace('//', '//ann:hunter2@')}/top.json"}
        (tmp_path / "config.json").write_text(json.dumps(config))
        done = run("sync", "--config", "config.json", "--index-url", fake.url, "--dry-run")
    requested = f"only the list of the most downloaded projects was requested ({top.url}/top.json)"
    lines = [done.stdout.splitlines()[place] for place in (1, -1)]
    assert lines == ["projects: 1: flask", f"dry run: {requested}; nothing was written"]
    assert top.paths == ["/top.json"]
    assert fake.requests == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "config.json"]


@pytest.mark.parametrize(("into", "rows"), [("new.duckdb", "files"), ("new/", "'{}/new/files/*.parquet'")])
def test_runs_that_begin_at_the_same_time(world: World, tmp_path: Path, into: str, rows: str) -> None:
    """Of runs that make the same new destination one works; the others say in one line that it is in use."""
    world.add("flask")
    (tmp_path / "new.duckdb.new").write_text("mine")
    pipe = subprocess.PIPE
    with FakeIndex(world, strict=False) as fake:
        command = [sys.executable, "-m", "source_pypi", "sync", "flask", "--into", into, "--index-url", fake.url]
        runs = [subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
        ended = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]
    in_use = "it is in use by another program; close that, or name another file with --into"
    assert ("", 0) in ended
    assert set(ended) <= {("", 0), (f"error: cannot write {into}: {in_use}\n", 1)}
    assert (tmp_path / "new.duckdb.new").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {into.rstrip("/"), "new.duckdb.new"}
    with duckdb.connect(str(tmp_path / into) if into == "new.duckdb" else ":memory:") as connection:
        found = connection.execute(f"select count(*) from {rows.format(tmp_path)}").fetchall()
    assert found == [(2,)]
