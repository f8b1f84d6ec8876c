"""cli/query.py: SQL and named questions over a loaded database."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import duckdb
import pytest
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from source_pypi.answers.database import QUERY_THREAD, Database, open_database
from source_pypi.cli.prompt import SqlCompleter, is_complete, run_prompt
from source_pypi.cli.query import complete_questions, query
from source_pypi.queries import questions
from tests.cli import Run
from tests.cli.loaded import PROJECTS, make_database
from tests.destinations.loading import in_use
from tests.fake_index import FakeIndex, World


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    """A database of two projects, by the name that commands read by default."""
    return make_database(tmp_path / "pypi.duckdb", PROJECTS)


@pytest.fixture
def database(loaded: Path) -> Iterator[Database]:
    """The same, open."""
    with open_database(str(loaded)) as opened:
        yield opened


SELECT = (
    "SELECT project, classifiers, project_urls, seen_at, 1.50::DECIMAL(5,2) AS price, NULL AS nothing FROM projects"
)

# Formats --------------------------------------------------------------------------------------------------------------


def test_table(run: Run, loaded: Path) -> None:
    """Without a format, rows are aligned, control characters are escaped, and their number is below."""
    done = run("query", "SELECT project, summary, 1000 AS n FROM projects ORDER BY project DESC")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "project  summary                      n",
        "-------  ------------------------  ----",
        "flask    A web framework           1000",
        r"evil     =1+1\x1b[31m\u202e|x\n@y  1000",
        "(2 rows)",
    ]


def test_json(run: Run, loaded: Path) -> None:
    """JSON has lists, objects, exact decimals, and times in UTC; NDJSON has the same objects, one a line."""
    expected = [
        {
            "project": "evil", "classifiers": None, "project_urls": None, "seen_at": "2024-01-31T12:00:00Z",
            "price": 1.5, "nothing": None,
        },
        {
            "project": "flask", "classifiers": ["A", "B"], "project_urls": {"Home": "https://flask.example"},
            "seen_at": "2024-01-31T10:00:00.500000Z", "price": 1.5, "nothing": None,
        },
    ]  # fmt: skip
    done = run("query", f"{SELECT} ORDER BY project", "--format", "json")
    assert json.loads(done.stdout) == expected
    assert '"price": 1.50' in done.stdout
    lines = run("query", f"{SELECT} ORDER BY project;", "--format", "ndjson").stdout.splitlines()
    assert list(map(json.loads, lines)) == expected
    assert run("query", "SELECT 1 AS a WHERE false", "--format", "json").stdout == "[]\n"
    assert run("query", "SELECT 1 AS a, 2 AS a", "--format", "ndjson").stdout == '{"a": 1, "a_1": 2}\n'


def test_csv(run: Run, loaded: Path) -> None:
    """CSV has lists and objects as JSON; the text of a file is what the database has."""
    done = run("query", f"{SELECT} ORDER BY project", "--format", "csv")
    assert done.stdout.splitlines() == [
        "project,classifiers,project_urls,seen_at,price,nothing",
        "evil,,,2024-01-31T12:00:00Z,1.50,",
        'flask,"[""A"",""B""]","{""Home"": ""https://flask.example""}",2024-01-31T10:00:00.500000Z,1.50,',
    ]
    assert "\x1b[31m\u202e|x\n@y" in run("query", "SELECT summary FROM projects", "--format", "csv").stdout


def test_markdown(run: Run, loaded: Path) -> None:
    """In Markdown, a cell is text on one line, whatever it contains."""
    done = run("query", "SELECT summary, 2 AS n FROM projects ORDER BY project", "--format", "markdown")
    assert done.stdout.splitlines() == [
        "| summary | n |",
        "| --- | ---: |",
        r"| =1+1\x1b\[31m\u202e\|x @y | 2 |",
        "| A web framework | 2 |",
    ]


def test_output_file(run: Run, loaded: Path, tmp_path: Path) -> None:
    """-o writes a file in the format of its ending, and replaces an old one only once the new one is complete."""
    target = tmp_path / "out.json"
    target.write_text("old")
    failed = run("query", "SELECT error('no') FROM projects", "-o", target)
    assert (failed.returncode, target.read_text()) == (1, "old")
    done = run("query", "SELECT 1 AS a", "-o", target)
    assert (done.returncode, done.stdout, json.loads(target.read_text())) == (0, "", [{"a": 1}])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "pypi.duckdb"]
    assert run("query", "SELECT 1", "-o", "nowhere/x.csv").stderr == (
        "error: nowhere/x.csv cannot be written: No such file or directory\n"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_output_that_is_no_file(run: Run, loaded: Path, tmp_path: Path) -> None:
    """-o writes into a named pipe, as into a device, and into the file that a link names; both keep their places."""
    pipe, link = tmp_path / "pipe", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to("target.csv")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        run("query", "SELECT 1 AS a", "-o", "pipe", "--format", "csv")
        assert os.read(reader, 100) == b"a\n1\n"
    finally:
        os.close(reader)
    run("query", "SELECT 2 AS a", "-o", "link.csv")
    assert (pipe.is_fifo(), link.is_symlink()) == (True, True)
    assert (tmp_path / "target.csv").read_text() == "a\n2\n"


def test_output_to_a_device(run: Run, loaded: Path, tmp_path: Path) -> None:
    """-o - is standard output; a pipe or device is written to, and stays what it is."""
    assert run("query", "SELECT 1 AS a", "--format", "csv", "-o", "-").stdout == "a\n1\n"
    assert run("query", "SELECT 1 AS a", "--format", "csv", "-o", "/dev/stdout").stdout == "a\n1\n"
    (tmp_path / "null").symlink_to(os.devnull)
    assert run("query", "SELECT 1 AS a", "-o", "null").returncode == 0
    assert ((tmp_path / "null").is_symlink(), Path(os.devnull).is_char_device()) == (True, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["null", "pypi.duckdb"]


def test_sql_that_begins_with_a_comment(run: Run, loaded: Path) -> None:
    """The SQL of a question can be the argument; an option that does not exist is still an error."""
    sql = run("query", "stale-projects", "--sql").stdout
    assert sql.startswith("-- Stale projects\n")
    expected = run("query", "stale-projects", "--format", "csv").stdout
    assert run("query", sql, "--format", "csv").stdout == expected != ""
    assert run("query", "--format", "csv", "--x\nSELECT 1 AS a").stdout == "a\n1\n"
    assert run("query", "--nope").returncode == 2


def test_files_of_other_formats(run: Run, loaded: Path, tmp_path: Path) -> None:
    """A query writes no table of text into a file whose name says that it is Parquet or a spreadsheet."""
    done = run("query", "SELECT 1", "-o", "x.parquet")
    assert (done.returncode, done.stderr.split(":")[1]) == (2, " a query cannot write .parquet")
    assert run("query", "SELECT 1", "-o", "x.xlsx").returncode == 2
    assert run("query", "SELECT 1 AS a", "-o", "x.xlsx", "--format", "csv").returncode == 0


def test_plans(run: Run, loaded: Path) -> None:
    """A table of EXPLAIN is its plan, line by line."""
    lines = run("query", "EXPLAIN SELECT count(*) FROM projects").stdout.splitlines()
    assert len(lines) > 2
    assert [line for line in lines if "\\n" in line or "explain_key" in line] == []


def test_intervals(run: Run, loaded: Path) -> None:
    """An interval is the same text in each format."""
    sql = "SELECT INTERVAL '3 days 2 hours' AS a"
    assert run("query", sql, "--format", "csv").stdout == 'a\n"3 days, 2:00:00"\n'
    assert run("query", sql, "--format", "ndjson").stdout == '{"a": "3 days, 2:00:00"}\n'


def test_tables_with_spaces(run: Run, loaded: Path) -> None:
    """The name of a table is its rows, whatever characters it has."""
    with duckdb.connect(str(loaded)) as connection:
        connection.execute('CREATE TABLE "my table; 1" AS SELECT 7 AS n')
    assert run("query", "my table; 1", "--format", "csv").stdout == "n\n7\n"


@pytest.mark.parametrize("word", ["INSTALL httpfs", "RESET threads", "USE main", "COMMENT ON TABLE files IS 'x'"])
def test_other_statements_are_named(run: Run, loaded: Path, word: str) -> None:
    """The message names the statement as the user writes it."""
    name = word.partition(" ")[0]
    assert run("query", word).stderr.startswith(f"error: {name} is not a query; ")


def test_many_rows(run: Run, loaded: Path) -> None:
    """A table shows the first 1,000 rows and says how many there are; CSV has all of them."""
    done = run("query", "SELECT unnest(range(2500)) AS n", "--format", "table")
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["999", "(the first 1,000 of 2,500 rows; --format csv writes all)"]
    assert len(run("query", "SELECT unnest(range(2500)) AS n", "--format", "csv").stdout.splitlines()) == 2501
    done = run("query", "SELECT unnest(range(500000)) AS n")
    assert done.stdout.splitlines()[-1] == "(the first 1,000 of 500,000 rows; --format csv writes all)"
    assert run("query", "SELECT unnest(range(1000)) AS n").stdout.splitlines()[-1] == "(1,000 rows)"


# What a query may be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM projects", 'SQL, line 1, column 8: Referenced column "nope" not found in FROM clause!'),
        ("SELECT *\nFROM projects\nWHER x", 'SQL, line 3, column 6: syntax error at or near "x"'),
        ("SELECT " + "1, " * 60 + "nope FROM projects", "SQL, line 1, column 188: Referenced column"),
        ("SELECT * FROM project_s", "SQL, line 1, column 15: Table with name project_s does not exist!"),
        ("DELETE FROM projects", "DELETE is not a query"),
        ("CREATE TEMP TABLE x (a INT)", "CREATE is not a query"),
        ("COPY projects TO 'x.csv'", "COPY is not a query"),
        ("ATTACH 'x.duckdb'", "ATTACH is not a query"),
        ("INSTALL httpfs", "INSTALL is not a query"),
        ("SET memory_limit = '9GB'", "SET is not a query"),
        ("PRAGMA database_list", "PRAGMA is not a query"),
        ("SELECT 1; SELECT 2", "these are 2 statements; give one query"),
        ("  ", "there is no SQL statement"),
        ("/* nothing */", "there is no SQL statement"),
        ("SELECT * FROM read_csv('/etc/passwd')", "SQL, line 1, column 15: a query reads only the tables"),
        ("SELECT * FROM glob('*')", "SQL, line 1, column 15: a query reads only the tables"),
        ("SELECT * FROM '/etc/passwd.csv'", "SQL: a query reads only the tables of the database: Cannot access file"),
        ("EXPLAIN ANALYZE DELETE FROM projects", "SQL: Cannot execute statement of type"),
    ],
)
def test_refused(run: Run, loaded: Path, sql: str, message: str) -> None:
    """What has an error, is no query, or reads anything but the tables, is one line that says where."""
    before = loaded.read_bytes()
    done = run("query", sql)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1
    assert loaded.read_bytes() == before
    assert [path.name for path in loaded.parent.iterdir()] == ["pypi.duckdb"]


@pytest.mark.parametrize(
    "sql", ["FROM projects", "WITH x AS (SELECT 1) FROM x", "EXPLAIN SELECT 1", "DESCRIBE projects", "SHOW TABLES",
            "SUMMARIZE projects", "VALUES (1)", "PIVOT projects ON name USING count(*)", "SELECT 1 -- one"]
)  # fmt: skip
def test_accepted(run: Run, loaded: Path, sql: str) -> None:
    """Every kind of statement that only reads is a query."""
    assert run("query", sql, "--format", "csv").returncode == 0


def test_sql_from_files(run: Run, loaded: Path, tmp_path: Path) -> None:
    """The SQL is in a file, or on standard input."""
    (tmp_path / "count.sql").write_text("\ufeffSELECT count(*) AS n\nFROM projects;\n")
    assert run("query", "count.sql", "--format", "csv").stdout == "n\n2\n"
    assert run("query", "none.sql").stderr == "error: none.sql cannot be read: No such file or directory\n"
    for arguments in (["-"], []):
        command = [sys.executable, "-m", "source_pypi", "query", "--format", "csv", *arguments]
        done = subprocess.run(command, cwd=tmp_path, input="SELECT 7 AS n", text=True, capture_output=True, check=False)
        assert (done.stdout, done.stderr) == ("n\n7\n", "")


# What is read ---------------------------------------------------------------------------------------------------------


def test_what_cannot_be_read(run: Run, tmp_path: Path) -> None:
    """A database that cannot be read is one line with what to do."""
    (tmp_path / "text.duckdb").write_text("no database, but long enough")
    (tmp_path / "lite.db").write_bytes(b"SQLite format 3\0" + bytes(84))
    (tmp_path / "empty").mkdir()
    duckdb.connect(str(tmp_path / "other.duckdb")).execute("CREATE TABLE files (a INT)").close()
    make_database(tmp_path / "schema.duckdb", PROJECTS, schema="Pypi")
    errors = {
        "none.duckdb": "there is no file none.duckdb: load projects into it with source-pypi sync NAME... --into "
        "none.duckdb, or name another file",
        "text.duckdb": "text.duckdb is no DuckDB file; name the file, or the folder of Parquet, that sync loaded",
        "lite.db": "lite.db is a SQLite file: read it with sqlite3, or name a DuckDB file",
        "empty": "empty has no tables of source-pypi",
        "other.duckdb": "other.duckdb has no tables of source-pypi",
        "schema.duckdb": "schema.duckdb has no tables of source-pypi; they are in the schema Pypi: add --schema Pypi",
        "postgresql://ann:secret@host/db": "postgresql://... cannot be read: name a DuckDB file, or a folder of "
        "Parquet, on this machine",
    }
    lines = {name: f"error: {error}\n" for name, error in errors.items()}
    assert {name: run("query", "SELECT 1", "--from", name).stderr for name in errors} == lines
    assert {name: run("report", name).stderr for name in errors} == lines
    done = run("query", "SELECT count(*) AS n FROM projects", "--from", "schema.duckdb", "--schema", "pypi")
    assert done.stdout == "n\n-\n2\n(1 row)\n"


def test_file_in_use(run: Run, loaded: Path) -> None:
    """A file that another program writes is one line."""
    with in_use(loaded):
        done = run("query", "SELECT 1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: pypi.duckdb is in use by another program, perhaps a running sync; repeat this when that has ended\n"
    )


def test_parquet(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A folder of Parquet has the same tables, views and questions; its name may have characters of patterns."""
    world.add("flask", releases=["1.0", "2.0"])
    folder = "ware[1]*/"
    assert run("sync", "flask==1.0", "--index-url", fake.url, "--into", folder).returncode == 0
    done = run("query", "SELECT project, count(*) AS n FROM files GROUP BY ALL", "--from", folder, "--format", "csv")
    assert (done.stdout, done.stderr) == ("project,n\nflask,4\n", "")
    assert run("query", "latest_files", "--from", folder, "--format", "ndjson").stdout.count("\n") == 2
    done = run("query", "outdated-pins", "--from", folder, "--format", "csv")
    assert done.stdout.splitlines()[1:] == ["flask,1.0,2.0,1,1,0,false,command line,"]
    blocked = run("query", f"SELECT * FROM read_text('{tmp_path}/pypi.duckdb')", "--from", folder)
    assert "a query reads only the tables of the database" in blocked.stderr


# Questions ------------------------------------------------------------------------------------------------------------


def test_list(run: Run, loaded: Path) -> None:
    """--list has every question with its title, and whether the file can answer it, or what would bring its tables."""
    lines = run("query", "--list").stdout.splitlines()
    shown = {line.split()[0]: line for line in lines[2:-1]}
    assert list(shown) == [one.name for one in questions()]
    assert shown["stale-projects"].split() == ["stale-projects", "Stale", "projects", "yes"]
    assert shown["sole-maintainers"].endswith("  --streams roles,projects")
    rows = json.loads(run("query", "--list", "--format", "json").stdout)
    assert next(row for row in rows if row["name"] == "vulnerable-pins") == {
        "name": "vulnerable-pins",
        "title": "Vulnerable pins",
        "question": "Which pins select a release with a known vulnerability, and which release fixes it?",
        "needs": ["pins", "pin_clauses", "vulnerabilities"],
        "answered": False,
        "missing": ["vulnerabilities"],
        "sync_options": "--streams vulnerabilities",
    }


def test_list_without_a_database(run: Run) -> None:
    """Without a database, --list says what each question needs."""
    done = run("query", "--list")
    assert done.stderr == ""
    assert next(line for line in done.stdout.splitlines() if line.startswith("open-pins ")).endswith("any sync")


def test_question_by_name(run: Run, loaded: Path) -> None:
    """A name runs a question, a table or a view; --sql prints a question's SQL, which is a query."""
    assert run("query", "stale-projects", "--format", "csv").stdout.startswith("project,latest_version,last_release_at")
    assert run("query", "stale_projects", "--format", "csv").stdout.startswith("project,latest_version,last_release_at")
    assert run("query", "projects", "--format", "csv").stdout.count("flask,Flask") == 1
    sql = run("query", "stale-projects", "--sql").stdout
    assert sql.startswith("-- Stale projects\n-- Which projects had no release for two years, the oldest first?\n")
    with duckdb.connect(str(loaded), read_only=True) as connection:
        assert connection.execute(sql).fetchall() == []


def test_unknown_names(run: Run, loaded: Path) -> None:
    """A misspelt name has a suggestion; a question without its tables says what brings them."""
    end = "source-pypi query --list has the questions\n"
    assert run("query", "stale-project").stderr == (
        "error: there is no question, table or view stale-project (did you mean stale-projects?): " + end
    )
    assert run("query", "qqq").stderr == f"error: there is no question, table or view qqq: {end}"
    assert "did you mean projects" in run("query", "project").stderr
    assert run("query", "sole-maintainers").stderr == (
        "error: sole-maintainers needs tables that the database does not have (roles): load them with source-pypi sync "
        "--streams roles,projects --into pypi.duckdb\n"
    )
    assert run("query", "nope", "--sql").returncode == 1
    assert run("query", "--sql").returncode == 2


def test_completion_in_a_shell() -> None:
    """A shell completes the names of questions, with their titles."""
    parameter = next(one for one in query.params if isinstance(one, click.Argument))
    found = parameter.shell_complete(click.Context(query), "yanked-p")
    assert [(one.value, one.help) for one in found] == [("yanked-pins", "Yanked pins")]
    assert complete_questions(click.Context(query), parameter, "zzz") == []


# Ends -----------------------------------------------------------------------------------------------------------------

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_interrupted(loaded: Path, tmp_path: Path, number: signal.Signals, status: int) -> None:
    """Ctrl-C and SIGTERM end a running query within a second or two, with one line."""
    (tmp_path / "temporary").mkdir()
    variables = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-m", "source_pypi", "query", ENDLESS]
    with subprocess.Popen(command, cwd=loaded.parent, env=variables, stderr=subprocess.PIPE, text=True) as process:
        while not list((tmp_path / "temporary").iterdir()) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.5)  # until DuckDB, whose temporary folder that is, has opened the file and runs the query
        began = time.monotonic()
        process.send_signal(number)
        assert process.stderr is not None
        assert process.stderr.read() == "error: interrupted\n"
        assert process.wait() == status
    assert time.monotonic() - began < 5


def test_closed_pipe(loaded: Path) -> None:
    """A reader that closes the pipe early ends the query without a word."""
    command = [sys.executable, "-m", "source_pypi", "query", "FROM range(100000000)", "--format", "csv"]
    with subprocess.Popen(command, cwd=loaded.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"range\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 1


# The prompt -----------------------------------------------------------------------------------------------------------


def ask(database: Database, keys: str, history: InMemoryHistory | None = None) -> None:
    """Type keys at the prompt until it ends."""
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        run_prompt(database, history=history or InMemoryHistory(), keys=pipe, screen=DummyOutput())


def test_prompt(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """Enter runs SQL that ends in a semicolon, and otherwise begins a line; commands and names need none."""
    ask(database, "SELECT project\nFROM projects\nORDER BY 1;\nstale-projects\n.schema index_capabilities\n.quit\n")
    out = capsys.readouterr().out
    assert "project\n-------\nevil\nflask\n(2 rows)\n" in out
    assert "(0 rows)\n" in out
    assert "index_capabilities  available   BOOLEAN" in out


def test_prompt_commands(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """.tables, .questions and .help list what there is; Ctrl-D leaves."""
    ask(database, ".tables\n.questions\n.help\n\x04")
    out = capsys.readouterr().out
    assert re.search(r"\nprojects +table +A row is a project\. Key: project\.\n", out)
    assert "_run" not in out
    assert "sole-maintainers" in out
    assert "--streams roles,projects" in out
    assert ".schema     list the columns" in out


def test_prompt_errors(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """An error is one line, after which the prompt continues; Ctrl-C discards what was typed."""
    ask(database, "SELECT nope;\n.nope\n.schema nope\nDELETE FROM projects;\nSELECT\x03SELECT 5 AS five;\n.quit\n")
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert [line.partition("error: ")[2][:30] for line in lines] == [
        "SQL, line 1, column 8: Referen",
        "there is no command .nope; .he",
        "there is no table or view nope",
        "DELETE is not a query; the dat",
    ]
    assert "five\n----\n   5\n(1 row)\n" in captured.out


def test_prompt_interrupts_a_query(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C stops a running query, and the prompt continues."""

    def interrupt_when_it_runs() -> None:
        while QUERY_THREAD not in {one.name for one in threading.enumerate()}:
            time.sleep(0.05)
        time.sleep(0.5)  # until DuckDB runs the query
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_when_it_runs, daemon=True).start()
    ask(database, f"{ENDLESS};\nSELECT 5 AS five;\n.quit\n")
    captured = capsys.readouterr()
    assert captured.err.endswith("error: interrupted\n")
    assert "(1 row)" in captured.out


def test_history(database: Database) -> None:
    """The prompt remembers what was typed."""
    history = InMemoryHistory()
    ask(database, "SELECT 1;\n.tables\n.quit\n", history)
    assert history.get_strings() == ["SELECT 1;", ".tables", ".quit"]


@pytest.mark.parametrize(
    ("line", "complete"),
    [("", True), (".tables", True), ("SELECT 1", False), ("SELECT 1;", True), ("SELECT ';", False),
     ("SELECT ';';", True), ("stale-projects", True), ("projects", True), ("SELEC;", True),
     ("SELECT 1, -- a ;", False), ("SELECT 1 -- a\n;", True), ("SELECT 1 /* a ;", False), ("SELECT 1 /* a */;", True)],
)  # fmt: skip
def test_complete_lines(database: Database, line: str, complete: bool) -> None:
    """A semicolon within a text or a comment does not end a query."""
    assert is_complete(line, database) is complete


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("SELECT * FROM projects", set()),
        ("SELECT * FROM stale_", {"stale_projects"}),
        ("SELECT file_co", {"file_count"}),
        ("SELECT lat FROM index_capabilities WHERE rea", {"reason"}),
        ("SELECT versions.sor", {"versions.sort_key"}),
        ("yanked-r", {"yanked-releases", "yanked-requirements"}),
        (".sch", {".schema"}),
        (".schema fil", {"files"}),
        ("sele", {"SELECT"}),
        ("SELECT yanked-r", set()),
    ],
)
def test_completion(database: Database, typed: str, expected: set[str]) -> None:
    """Tables, columns, keywords, questions and commands are completed where they can stand."""
    found = SqlCompleter(database).get_completions(Document(typed), None)  # type: ignore[arg-type]
    assert {one.text for one in found} == expected


def read_until(terminal: int, expected: str) -> str:
    """What a terminal shows until a text appears."""
    shown = ""
    end = time.monotonic() + 20
    while expected not in shown:
        ready, _, _ = select.select([terminal], [], [], max(end - time.monotonic(), 0))
        assert ready, shown
        shown += os.read(terminal, 65536).decode(errors="replace")
    return shown


def test_prompt_in_a_terminal(loaded: Path) -> None:
    """Without SQL, a terminal gets the prompt; wide values are cut to its width."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(loaded.parent)
        home = str(loaded.parent)
        variables = {
            **os.environ,
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "COLUMNS": "40",
            "LINES": "20",
            "HOME": home,
            "XDG_CONFIG_HOME": home,
        }
        os.execve(sys.executable, [sys.executable, "-m", "source_pypi", "query"], variables)
    read_until(terminal, "pypi>")
    os.write(terminal, b"SELECT repeat('x', 100) AS wide;\r")
    assert f"{'x' * 37}..." in read_until(terminal, "(1 row)")
    os.write(terminal, b".quit\r")
    read_until(terminal, "quit")
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    os.close(terminal)


def narrow(loaded: Path, *arguments: str) -> Callable[[], str]:
    """Return a function that runs a query in a terminal of 40 columns, and returns what it shows."""

    def command() -> str:
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(loaded.parent)
            variables = {**os.environ, "COLUMNS": "40", "LINES": "20"}
            os.execve(sys.executable, [sys.executable, "-m", "source_pypi", "query", *arguments], variables)
        shown = b""
        try:
            while part := os.read(terminal, 65536):
                shown += part
        except OSError:  # Linux, when the process has closed the terminal
            pass
        os.waitpid(process, 0)
        os.close(terminal)
        return shown.decode().replace("\r\n", "\n")

    return command


def test_narrow_terminal(loaded: Path) -> None:
    """Rows with too many columns are shown one value a line; nothing on a terminal has control characters."""
    table = narrow(loaded, "SELECT * FROM projects WHERE project = 'evil'")()
    assert table.startswith("-- row 1\nproject             evil\n")
    assert max(map(len, table.splitlines())) <= 40
    for form in ("table", "csv", "json", "ndjson", "markdown"):
        shown = narrow(loaded, "FROM projects", "--format", form)()
        assert [char for char in shown if not char.isprintable() and char != "\n"] == []
