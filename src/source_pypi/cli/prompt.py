"""The prompt of ``query``: SQL with completion, over several lines until a semicolon, and a few commands."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from source_pypi.answers.available import availability
from source_pypi.answers.database import Database, Relation, the_query
from source_pypi.cli.console import print_error
from source_pypi.cli.query import QUESTION_COLUMNS, answered_by, sql_of, write_result, write_texts
from source_pypi.errors import QueryError
from source_pypi.queries import questions
from source_pypi.safety.printable import printable

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

_COMMANDS = {
    ".tables": "list the tables and views",
    ".schema": "list the columns of all tables, or of one: .schema files",
    ".questions": "list the named questions, and which of them this database can answer",
    ".help": "print this help",
    ".quit": "leave; so does Ctrl-D",
}
_KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "JOIN", "LEFT JOIN", "USING", "ON", "AND",
    "OR", "NOT", "IN", "IS NULL", "IS NOT NULL", "LIKE", "ILIKE", "AS", "DISTINCT", "WITH", "UNION ALL", "CASE", "WHEN",
    "THEN", "ELSE", "END", "DESC", "QUALIFY", "EXPLAIN", "DESCRIBE", "SUMMARIZE",
    "count(", "sum(", "min(", "max(", "avg(", "median(", "unnest(", "len(", "date_trunc(", "now()",
)  # fmt: skip
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def run_prompt(
    database: Database, *, history: History | None = None, keys: "Input | None" = None, screen: "Output | None" = None
) -> None:
    """Read queries and run them until ``.quit`` or Ctrl-D.

    Ctrl-C stops a running query, or discards what was typed. An error is one line, after which the prompt continues.

    :param history: where lines are kept; None: a file in the folder of the user's settings.
    :param keys: what is typed; None: the terminal.
    :param screen: where the prompt is drawn; None: the terminal.
    """
    session: PromptSession[str] = PromptSession(
        history=history or _history(),
        completer=SqlCompleter(database),
        complete_while_typing=False,
        multiline=True,
        key_bindings=_keys(database),
        prompt_continuation="   ...> ",
        input=keys,
        output=screen,
    )
    click.echo(f"{printable(database.source)}, read-only. End a query with a semicolon; .help has the commands.")
    while True:
        try:
            line = session.prompt("pypi> ").strip()
            if line in (".quit", ".exit"):
                return
            if line:
                _run(line, database)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def is_complete(line: str, database: Database) -> bool:
    """Whether Enter runs a line: a command, a name, or SQL that ends in a semicolon outside of texts and comments."""
    line = line.strip()
    if not line or line.startswith("."):
        return True
    names = {one.name for one in questions()} | set(database.relations)
    if line in names or line.replace("_", "-") in names:
        return True
    if not line.endswith(";") or _ends_in_comment(line):
        return False
    try:
        the_query(line)
    except QueryError as error:
        return "unterminated" not in str(error)
    return True


def _ends_in_comment(sql: str) -> bool:
    """Whether the last character is in a comment, which DuckDB takes for the end of the query."""
    import duckdb

    tokens = duckdb.tokenize(sql)
    if not tokens or tokens[-1][1] != duckdb.token_type.comment:
        return False
    comment = sql[tokens[-1][0] :]
    return ("\n" if comment.startswith("--") else "*/") not in comment


def _run(line: str, database: Database) -> None:
    """Run a command or a query, and print its result, or its error in one line."""
    try:
        with _interrupted_in_a_line():
            command, _, argument = line.partition(" ")
            if command.startswith("."):
                _command(command.rstrip(";"), argument.strip().rstrip(";"), database)
                return
            sql = sql_of(line, database)
            write_result(database.query(sql), "table", sys.stdout, lambda: database.count(sql))
    except QueryError as error:
        print_error(str(error))


def _command(command: str, argument: str, database: Database) -> None:
    match command:
        case ".tables":
            _print(("name", "kind", "a row"), _tables(database))
        case ".schema":
            _print(("table", "column", "type", "meaning"), _columns(argument, database))
        case ".questions":
            _print(QUESTION_COLUMNS, _questions(database))
        case ".help":
            for name, meaning in _COMMANDS.items():
                click.echo(f"{name:12}{meaning}")
            click.echo("Type SQL and end it with a semicolon, or the name of a question, table or view. Tab completes.")
        case _:
            raise QueryError(f"there is no command {command}; .help lists them")


def _tables(database: Database) -> Iterator[tuple[str, ...]]:
    return ((one.name, "view" if one.is_view else "table", one.comment) for one in _shown(database))


def _columns(table: str, database: Database) -> Iterator[tuple[str, ...]]:
    if table and table not in database.relations:
        raise QueryError(f"there is no table or view {table}; .tables lists them")
    chosen = [database.relations[table]] if table else _shown(database)
    return ((one.name, column.name, column.type, column.comment) for one in chosen for column in one.columns)


def _questions(database: Database) -> Iterator[tuple[str, ...]]:
    return ((one.name, one.title, answered_by(availability(one, database.relations))) for one in questions())


def _print(names: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    write_texts(names, rows, "table", sys.stdout)


def _shown(database: Database) -> list[Relation]:
    return [one for one in database.relations.values() if not one.name.startswith("_")]


@contextmanager
def _interrupted_in_a_line() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print_error("interrupted")


class SqlCompleter(Completer):
    """Completes tables, views, columns, keywords, and at the beginning of a line questions and commands.

    Columns of the tables that the query names come first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """The completions of the word before the cursor."""
        before = document.text_before_cursor
        word = _last_word(before)
        start = before[: len(before) - len(word)].strip()
        for text, kind in self._candidates(start, word, document.text):
            if text.lower().startswith(word.lower()) and text != word:
                yield Completion(text, start_position=-len(word), display_meta=kind)

    def _candidates(self, start: str, word: str, text: str) -> Iterator[tuple[str, str]]:
        relations = self._database.relations
        if start == ".schema":
            yield from ((one.name, "view" if one.is_view else "table") for one in _shown(self._database))
            return
        if not start and word.startswith("."):
            yield from _COMMANDS.items()
            return
        if not start:
            yield from ((one.name, one.title) for one in questions())
        table, dot, _ = word.rpartition(".")
        if dot:
            columns = relations[table].columns if table in relations else ()
            yield from ((f"{table}.{column.name}", column.type) for column in columns)
            return
        yield from ((one.name, "view" if one.is_view else "table") for one in _shown(self._database))
        named = [one for one in relations.values() if one.name in text.replace(",", " ").replace(";", " ").split()]
        columns_of = named or list(relations.values())
        yield from dict.fromkeys((column.name, "column") for one in columns_of for column in one.columns)
        yield from ((keyword, "") for keyword in _KEYWORDS)


def _last_word(text: str) -> str:
    """What is typed of the word before the cursor."""
    end = len(text)
    while end and text[end - 1] in _WORD:
        end -= 1
    return text[end:]


def _keys(database: Database) -> KeyBindings:
    bindings = KeyBindings()

    def complete() -> bool:
        from prompt_toolkit.application import get_app

        return is_complete(get_app().current_buffer.text, database)

    @bindings.add("enter", filter=Condition(complete))
    def accept(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return bindings


def _history() -> History:
    """A file that only the user can read; lines of this session only, if it cannot be written."""
    path = Path(click.get_app_dir("source-pypi")) / "query_history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return FileHistory(path)
    except OSError:
        return InMemoryHistory()
