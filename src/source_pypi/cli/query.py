"""``query``: SQL and named questions over what ``sync`` loaded."""

import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from source_pypi.cli.console import one_line_errors
from source_pypi.cli.signals import QUERY_SHUTDOWN_SECONDS, exit_on_signal, interrupt
from source_pypi.errors import ExtraMissingError, QueryError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from source_pypi.answers.available import Availability
    from source_pypi.answers.database import Database, Result

_FORMATS = ("table", "csv", "json", "ndjson", "markdown")
_ENDINGS = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".md": "markdown"}
#: The columns of the list of questions; the last one is what ``answered_by`` returns.
QUESTION_COLUMNS = ("name", "title", "answered, or needs sync with")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
#: SQL that begins with a comment; no option has white space in its name.
_COMMENT = re.compile(r"--[^\S\n]|--[^=\n]*\n")
#: Endings of files in formats that a query does not write.
_OTHER_ENDINGS = frozenset({".parquet", ".xlsx", ".xls", ".html", ".duckdb", ".db"})


def complete_questions(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":  # noqa: ARG001
    """The named questions that begin with a text, with their titles, for completion in a shell."""
    from click.shell_completion import CompletionItem

    from source_pypi.queries import questions

    return [CompletionItem(one.name, help=one.title) for one in questions() if one.name.startswith(incomplete)]


class _Query(click.Command):
    """A command whose argument may be SQL that begins with a comment: it is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, with a text that begins with a comment as the last one."""
        comments = [one for one in args if one.startswith("--") and _COMMENT.match(one)]
        if len(comments) == 1:
            args = [*(one for one in args if one is not comments[0]), "--", comments[0]]
        return super().parse_args(ctx, args)


@click.command(cls=_Query)
@click.argument("query", required=False, metavar="[SQL|NAME|FILE.sql|-]", shell_complete=complete_questions)
@click.option(
    "--from",
    "source",
    metavar="PATH",
    default="pypi.duckdb",
    show_default=True,
    help="The DuckDB file, or the folder of Parquet, that sync loaded.",
)
@click.option("--schema", metavar="NAME", help="The schema of the tables in a DuckDB file.  [default: main]")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="The format of the rows.  [default: by the ending of -o FILE, otherwise table]",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to a file."
)
@click.option("--list", "list_questions", is_flag=True, help="List the named questions.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the SQL of the named question instead of running it.")
def query(
    query: str | None,
    *,
    source: str,
    schema: str | None,
    form: str | None,
    output: Path | None,
    list_questions: bool,
    show_sql: bool,
) -> None:
    """Run a query over what sync loaded, or a named question.

    The argument is SQL (DuckDB's dialect), the name of a question (--list), table or view, a file that ends in .sql, or
    - for standard input. Without it, a terminal gets a prompt. The database is opened for reading only.

    \b
    source-pypi query --list
    source-pypi query vulnerable-pins
    source-pypi query "SELECT project, latest_version FROM projects" --format csv -o latest.csv
    """  # noqa: D301 - \b is click's
    form = form or _format_of(output)
    signal.signal(signal.SIGTERM, interrupt)
    with one_line_errors(), needs_duckdb():
        if list_questions:
            with _writing(output) as out:
                _print_list(source, schema, form, out)
            return
        if show_sql:
            click.echo(_sql_of_question(query), nl=False)
            return
        _answer(query, source, schema, form, output)


def _format_of(output: Path | None) -> str:
    """The format that the ending of a file names; a table for other endings.

    :raises click.UsageError: for the ending of another format: a table in such a file would be no use.
    """
    ending = output.suffix.lower() if output is not None else ""
    if ending in _OTHER_ENDINGS:
        remedy = "source-pypi export writes Parquet" if ending == ".parquet" else "or give --format"
        raise click.UsageError(f"a query cannot write {ending}: name a file in {', '.join(_ENDINGS)}; {remedy}")
    return _ENDINGS.get(ending, "table")


def _answer(query: str | None, source: str, schema: str | None, form: str, output: Path | None) -> None:
    """Run what the argument names; without it, run the prompt, or what standard input has."""
    from source_pypi.answers.database import open_database
    from source_pypi.answers.results import TABLE_ROWS
    from source_pypi.queries import questions

    if query is None and sys.stdin.isatty() and sys.stdout.isatty() and output is None:
        from source_pypi.cli.prompt import run_prompt

        with open_database(source, schema) as database:
            run_prompt(database)
        return
    exit_on_signal("interrupted", seconds=QUERY_SHUTDOWN_SECONDS)
    text = _text(query)
    with open_database(source, schema) as database:
        sql = sql_of(text, database)
        is_question = form == "table" and sql in {one.sql for one in questions()}
        result = database.first_rows(sql, TABLE_ROWS) if is_question else database.query(sql)
        with _writing(output) as out:
            write_result(result, form, out, lambda: database.count(sql))


def write_result(result: "Result", form: str, out: TextIO, count: Callable[[], int] = int) -> None:
    """Write a result in a format; to a terminal, cut to its width and with control characters escaped.

    :param count: as of ``Writer``.
    """
    from source_pypi.answers.results import FORMATS, Writer

    width = shutil.get_terminal_size().columns if out.isatty() else None
    FORMATS[form](result, Writer(out, width, count))
    out.flush()


def write_texts(names: Iterable[str], rows: Iterable[tuple[object, ...]], form: str, out: TextIO) -> None:
    """Write rows of our own, whose columns are texts, as ``write_result`` does."""
    from source_pypi.answers.database import Column, Result

    write_result(Result(tuple(Column(name, "VARCHAR") for name in names), iter([list(rows)])), form, out)


def sql_of(text: str, database: "Database") -> str:
    """The SQL that a text names: that of a question, all rows of a table or view, or the text itself.

    :raises QueryError: when it is a name, and there is no question, table or view of that name, or the question needs
        tables that the database does not have.
    """
    from source_pypi.answers.available import availability, find_question, similar_questions
    from source_pypi.answers.database import quoted

    name = text.strip().rstrip(";").strip()
    if name in database.relations:
        return f"FROM {quoted(name)}"
    if not _NAME.fullmatch(name):
        return text
    if (question := find_question(name)) is None:
        raise _unknown(name, similar_questions(name, database.relations))
    found = availability(question, database.relations)
    if found.missing:
        raise QueryError(f"{question.name} needs {_missing(found, database)}")
    return question.sql


def _missing(found: "Availability", database: "Database") -> str:
    tables = ", ".join(found.missing)
    return f"tables that the database does not have ({tables}): load them with {database.sync_command(found.remedy)}"


def _unknown(name: str, similar: list[str]) -> QueryError:
    meant = f" (did you mean {', '.join(similar)}?)" if similar else ""
    return QueryError(f"there is no question, table or view {name}{meant}: source-pypi query --list has the questions")


def _text(query: str | None) -> str:
    """The argument, or what the file or standard input has that it names."""
    from source_pypi.safety.files import is_file

    if query is None or query == "-":
        return sys.stdin.read()
    path = Path(query)
    if query.lower().endswith(".sql") and (is_file(path) or not re.search(r"\s", query)):
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise QueryError(f"{query} cannot be read: {reason}") from error
    return query


def _sql_of_question(name: str | None) -> str:
    from source_pypi.answers.available import find_question, similar_questions

    if name is None:
        raise click.UsageError("--sql needs the name of a question; --list has them")
    if (question := find_question(name)) is None:
        raise _unknown(name, similar_questions(name))
    return f"-- {question.title}\n-- {question.question}\n-- needs: {', '.join(question.needs)}\n{question.sql};\n"


def _print_list(source: str, schema: str | None, form: str, out: TextIO) -> None:
    """Print the named questions, and which of them the database can answer; without a database, only their needs."""
    from source_pypi.answers.available import availability, needed_tables
    from source_pypi.answers.database import open_database
    from source_pypi.queries import questions

    existing: set[str] | None = None
    if _may_exist(source):
        with open_database(source, schema) as database:
            existing = set(database.relations)
    rows: list[tuple[object, ...]] = []
    for one in questions():
        found = availability(one, existing or ())
        if form == "table":
            rows.append((one.name, one.title, answered_by(found)))
            continue
        answered = (not found.missing, list(found.missing), found.remedy or None)
        rows.append((one.name, one.title, one.question, list(needed_tables(one)), *answered))
    names = ("name", "title", "question", "needs", "answered", "missing", "sync_options")
    write_texts(QUESTION_COLUMNS if form == "table" else names, rows, form, out)


def _may_exist(source: str) -> bool:
    """Whether a database exists; True if its path cannot be looked at: opening it says why."""
    try:
        return Path(source).exists()
    except OSError:
        return True


def answered_by(found: "Availability") -> str:
    """Whether a question is answered, or the options of a sync that would bring what it needs."""
    return found.remedy or "any sync" if found.missing else "yes"


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    """Yield standard output (None or ``-``), or a file that replaces the old one once it is complete."""
    if output is None or str(output) == "-":
        yield sys.stdout
        return
    from source_pypi.safety.files import replacing

    try:
        with replacing(output) as path, path.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise QueryError(f"{output} cannot be written: {error.strerror or error}") from error


@contextmanager
def needs_duckdb() -> Iterator[None]:
    """Raise an error that names the extra, if one of its libraries is not installed; end with one line on Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.Abort from None  # nothing is kept, other than by sync
    except ModuleNotFoundError as error:
        if error.name in ("duckdb", "prompt_toolkit", "pytz", "rich"):
            raise ExtraMissingError("duckdb", "this command") from error
        raise
