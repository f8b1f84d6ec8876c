"""cli/summary.py: what sync prints at its end, and how much of it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.cli import Run, suggested_query
from tests.fake_index import FakeIndex, World, faults
from tests.servers.packages import PROJECTS
from tests.servers.simulated import Nexus, Simulated


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a printed command as a shell does."""
    command = command.replace("source-pypi", f"{shlex.quote(sys.executable)} -m source_pypi", 1)
    return subprocess.run(["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


def test_changes_and_totals(world: World, fake: FakeIndex, run: Run) -> None:
    """Each table has its added, changed and removed rows, and all rows that the destination holds."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click")
    options = ("--index-url", fake.url, "--streams", "versions,files")
    run("sync", "flask", "click", *options)
    world.yank("flask", "1.0", "broken")
    world.upload("flask", "3.0", filename="flask-3.0.tar.gz")
    world.delete_release("flask", "2.0")
    fake.new_run()
    lines = run("sync", "flask", *options).stdout.splitlines()
    assert lines[:3] == [
        "table         added    changed    removed     in all",
        "versions          1          1          1          3",
        "files             1          2          2          5",
    ]


def test_cost(world: World, fake: FakeIndex, run: Run) -> None:
    """The time that the rate limit took and the number of warnings are shown; none of both is not."""
    world.add("flask")
    world.add("click")
    fake.fault("/pypi/flask/json", faults.too_many("0"))
    cost = run("sync", "flask", "click", "--index-url", fake.url, "--requests-per-second", "4").stdout.splitlines()[5]
    assert re.fullmatch(
        r"2 projects, 3 requests, [\d.]+ kB, \d\.\d s \(0\.[3-5] s waiting for the rate limit\), 1 warning", cost
    )
    fake.new_run()
    cost = run("sync", "click", "--index-url", fake.url, "--requests-per-second", "0").stdout.splitlines()[5]
    assert re.fullmatch(r"1 project \(1 unchanged\), 1 request, \d+ bytes, \d\.\d s", cost)


def test_nothing_was_loaded(world: World, fake: FakeIndex, run: Run) -> None:
    """If nothing was loaded, nothing is printed that looks like a result."""
    done = run("sync", "nope", "--index-url", fake.url)
    error = f"error: not on the index {fake.url}: nope (check the spelling and index_url)\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", error)


def test_similar_names(world: World, fake: FakeIndex, run: Run) -> None:
    """A project that the index does not have is shown with similar names of the destination, without a request."""
    for name in ("requests", "flask"):
        world.add(name)
    run("sync", "requests", "flask", "--index-url", fake.url)
    fake.new_run()
    done = run("sync", "reqests", "--index-url", fake.url)
    assert done.stderr == f"error: not on the index {fake.url}: reqests (similar names there: requests)\n"
    assert {request.path for request in fake.requests} == {"/pypi/reqests/json", "/simple/reqests/"}


def test_similar_names_of_the_list(world: World, fake: FakeIndex, run: Run) -> None:
    """Where the list of the index was loaded, similar names come from it."""
    for name in ("requests", "flask"):
        world.add(name)
    run("sync", "flask", "--index-url", fake.url, "--streams", "files,listing")
    fake.new_run()
    done = run("sync", "reqests", "--index-url", fake.url)
    assert done.stderr == f"error: not on the index {fake.url}: reqests (similar names there: requests)\n"


@pytest.mark.parametrize(
    ("streams", "query"),
    [
        ("projects", "select project, latest_version, summary from projects"),
        ("stats", "select * from stats"),
        ("classifiers,urls", None),
    ],
)
def test_next_command(world: World, fake: FakeIndex, run: Run, streams: str, query: str | None) -> None:
    """The suggested query reads a table that has rows; without one there is none."""
    world.add("flask")
    done = run("sync", "flask", "--index-url", fake.url, "--streams", streams)
    suggested = [line.removeprefix("try: ") for line in done.stdout.splitlines() if line.startswith("try: ")]
    expected = [] if query is None else [["source-pypi", "query", query], ["source-pypi", "report"]]
    assert [shlex.split(line) for line in suggested] == expected


@pytest.mark.parametrize(
    ("file", "schema"),
    [("pypi.duckdb", []), ("my $HOME's.duckdb", []), ("sub/x.db", ["--schema", "my data"]), ("warehouse/", [])],
)
def test_next_commands_work(
    world: World, fake: FakeIndex, run: Run, tmp_path: Path, file: str, schema: list[str]
) -> None:
    """A shell runs the suggested commands as they are printed; they name the file or folder, and the schema."""
    world.add("flask")
    (tmp_path / "sub").mkdir()
    done = run("sync", "flask", "--index-url", fake.url, "--into", file, *schema)
    query, report = [line.removeprefix("try: ") for line in done.stdout.splitlines() if line.startswith("try: ")]
    named = [] if file == "pypi.duckdb" else [file]
    assert shlex.split(report) == ["source-pypi", "report", *named, *schema]
    answer, page = (shell(command, tmp_path) for command in (f"{query} --format csv", report))
    assert (answer.returncode, answer.stderr, page.returncode) == (0, "", 0)
    assert answer.stdout.splitlines()[0] == "project,files,latest_file"
    assert answer.stdout.splitlines()[1].startswith("flask,2,")


def test_quiet(world: World, fake: FakeIndex, run: Run) -> None:
    """-q prints only warnings and errors."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.too_many("0"))
    done = run("sync", "flask", "nope", "--index-url", fake.url, "-q")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"warning: {fake.url}/pypi/flask/json: status 429; waiting 0.0 s before try 2",
        f"error: not on the index {fake.url}: nope (check the spelling and index_url)",
    ]


def test_verbose(world: World, fake: FakeIndex, run: Run) -> None:
    """-v prints each request with its status, size and time."""
    world.add("flask")
    done = run("sync", "flask", "--index-url", fake.url, "-v")
    size = fake.requests[0].body_bytes
    assert re.fullmatch(
        rf"request: {re.escape(fake.url)}/pypi/flask/json: status 200, {size} bytes, \d+\.\d{{3}} s\n", done.stderr
    )


def test_debug_shows_no_credentials(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """--debug also prints the headers, without the credentials that were sent."""
    world.add("flask")
    secret = {"SOURCE_PYPI_USERNAME": "ann", "SOURCE_PYPI_PASSWORD": "hunter2"}
    done = run("sync", "flask", "--index-url", fake.url, "--debug", **secret)
    lines = done.stderr.splitlines()
    assert done.returncode == 0
    assert lines[0].startswith(f"request: {fake.url}/pypi/flask/json: status 200, ")
    assert "  > Accept: application/json" in lines
    assert "  > Authorization: ***" in lines
    assert any(line.startswith("  < ETag: ") for line in lines)
    assert "hunter2" not in done.stderr
    assert "YW5uOmh1bnRlcjI" not in done.stderr


@pytest.mark.parametrize("streams", ["files", "versions"])
def test_suggested_query_without_upload_times(run: Run, tmp_path: Path, streams: str) -> None:
    """On an index of pages without upload times, the suggested query shows when files and versions were first seen."""
    with Simulated(Nexus()) as server:
        done = run("sync", *PROJECTS, "--index-url", server.index, "--streams", streams)
    with duckdb.connect(str(tmp_path / "pypi.duckdb"), read_only=True) as database:
        rows = database.execute(suggested_query(done.stdout)).fetchall()
    assert rows
    assert [row for row in rows if row[2] is None] == []
