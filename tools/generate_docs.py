"""Generates parts of the documentation from records, streams and commands.

The pages call these functions in comments that cog runs. ``make docs`` writes their output; ``make check`` fails if it
is not current.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile
from pathlib import Path
from textwrap import dedent
from typing import Any

import click
import duckdb
from click.testing import CliRunner

from source_pypi import errors
from source_pypi.airbyte.commands import CHECK_TRIES, CHECK_WAIT
from source_pypi.airbyte.manifest import RECIPES, left_out_fields
from source_pypi.answers.available import needed_tables
from source_pypi.cli import COMMANDS, cli
from source_pypi.cli.signals import SHUTDOWN_SECONDS
from source_pypi.config import Config
from source_pypi.destinations.tables import RUN_TABLES, table_of
from source_pypi.fields import fields_of
from source_pypi.http import client, compression, connections
from source_pypi.queries import Query, questions, views
from source_pypi.schema import describe_streams, type_words
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import STREAMS, stream_named
from source_pypi.sync.circuit_breaker import STOP_AFTER

#: Tables that others reference, outermost first.
PARENTS = ("projects", "versions", "files")
#: Kinds of documents that also describe projects without rows in ``projects``: missing ones, and ones not selected.
WITHOUT_PARENTS = {DocumentKind.PAGE, DocumentKind.LISTING, DocumentKind.RECENT_RELEASES, DocumentKind.RECENT_PROJECTS}
#: Fields that tables are joined on.
JOINED = ("project", "version", "filename")
#: The tables that views read.
_TABLES = (*RUN_TABLES, *map(table_of, STREAMS))
#: DuckDB's types in the words of the other pages.
_TYPE_WORDS = {
    "VARCHAR": "string",
    "BIGINT": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "VARCHAR[]": "list of strings",
    "TIMESTAMP WITH TIME ZONE": "time",
}
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results.md"


def error_tree() -> str:
    """Every error with its cause, as the module of errors draws them."""
    _, _, tree = (errors.__doc__ or "").partition("::\n\n")
    return f"```text\n{dedent(''.join(takewhile(str.strip, tree.splitlines(keepends=True))))}```"


def settings_table() -> str:
    """Every setting: name, type, default, meaning."""
    rows = []
    for field in fields_of(Config):
        values = field.default if isinstance(field.default, tuple) else (field.default,)
        default = ", ".join(f"`{value}`" for value in values if value is not None) or "none"
        choices = getattr(field.type, "__args__", ()) if type_words(field) == "string" else ()
        kind = " or ".join(f"`{choice}`" for choice in choices) or type_words(field)
        rows.append((f"`{field.name}`", kind, default, field.description))
    return _table(("setting", "type", "default", "meaning"), rows)


def streams_table(page: str = "docs/streams.md") -> str:
    """Every stream: name, what a row is, key, requests. Names link to their sections in ``page``."""
    rows = [
        (f"[`{s['name']}`]({page}#{s['name']})", s["row"], _names(s["key"]), s["cost"])
        for s in describe_streams(STREAMS)
    ]
    return _table(("stream", "a row is", "key", "requests"), rows)


def catalog_table() -> str:
    """Every stream, as the page for Airbyte's catalogue lists them."""
    rows = [
        (f"`{s['name']}`", s["row"], _names(s["key"]), "yes" if s["cursor"] else "no")
        for s in describe_streams(STREAMS)
    ]
    return _table(("Stream", "A row is", "Primary key", "Incremental"), rows)


def streams_reference() -> str:
    """Every stream with every field."""
    return "\n\n".join(_stream(stream) for stream in describe_streams(STREAMS))


def entities() -> str:
    """A Mermaid diagram of the tables and their relations."""
    described = describe_streams(STREAMS)
    lines = ["```mermaid", "erDiagram"]
    for stream in described:
        lines += [f"    {stream['name']} {{", *_attributes(stream), "    }"]
    for stream in described:
        parent = _parent(stream, described)
        if parent is not None:
            many = "o|" if set(stream["key"]) == set(parent["key"]) else "o{"
            one = "|o" if not stream["reads"] or stream["reads"][0] in WITHOUT_PARENTS else "||"
            joined = ", ".join(parent["key"])
            lines.append(f'    {parent["name"]} {one}--{many} {stream["name"]} : "{joined}"')
    lines.append('    projects |o--o{ dependencies : "project = name"')
    return "\n".join([*lines, "```"])


def views_table(page: str = "") -> str:
    """Every view: name, what it answers, the tables that it reads. Names link to their sections in ``page``."""
    rows = [
        (f"[`{view.name}`]({page}#{view.name})", view.question, _names(list(view.needs)))
        for view in sorted(views(), key=lambda view: view.name)
    ]
    return _table(("view", "answers", "reads"), rows)


def views_reference() -> str:
    """Every view with every column."""
    types = _types_of_views()
    return "\n\n".join(_view(view, types[view.name]) for view in sorted(views(), key=lambda view: view.name))


def _view(view: Query, types: dict[str, str]) -> str:
    needs = ", ".join(f"`{need}`" for need in view.needs)
    where = f"DuckDB and Parquet; not in databases: {view.duckdb_only}" if view.duckdb_only else "all"
    meanings = {**_meanings(view.needs), **view.columns}
    rows = [(f"`{name}`", type_, meanings.get(name, "")) for name, type_ in types.items()]
    head = f"## {view.name}\n\n{view.question} A row is {view.row}.\n\n- needs: {needs}\n- destinations: {where}\n\n"
    return head + _table(("column", "type", "meaning"), rows)


def _meanings(needs: Iterable[str]) -> dict[str, str]:
    """The meanings of columns of tables and views, by their names; the first one that has a column counts."""
    found: dict[str, str] = {}
    tables = {table.name: table for table in _TABLES}
    by_name = {view.name: view for view in views()}
    for need in needs:
        of_table = {column.name: column.description for column in tables[need].columns} if need in tables else {}
        of_view = {**_meanings(by_name[need].needs), **by_name[need].columns} if need in by_name else {}
        found = {**of_table, **of_view, **found}
    return found


def _types_of_views() -> dict[str, dict[str, str]]:
    """The columns of each view and their types in DuckDB."""
    with duckdb.connect(":memory:") as connection:
        for table in _TABLES:
            columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
            connection.execute(f'CREATE TABLE "{table.name}" ({columns})')
        found = {}
        for view in views():
            connection.execute(f'CREATE VIEW "{view.name}" AS {view.sql}')
            described = connection.execute(f'DESCRIBE "{view.name}"').fetchall()
            found[view.name] = {name: _TYPE_WORDS.get(type_, type_) for name, type_, *_ in described}
        return found


def questions_table() -> str:
    """Every named question: name, title, the question, the tables that it needs."""
    rows = [(f"`{one.name}`", one.title, one.question, _names(list(needed_tables(one)))) for one in questions()]
    return _table(("name", "title", "question", "needs"), rows)


def carried_table() -> str:
    """Every stream: whether the Builder's manifest carries it, its requests, and the fields that it leaves out."""
    requests = {None: "one in all", "project": "one a project", "release": "one a release"}
    rows = [
        (f"`{s.name}`", "yes", requests[RECIPES[s.name].partition], _names(left_out_fields(s)))
        if s.name in RECIPES
        else (f"`{s.name}`", "no", "", "")
        for s in STREAMS
    ]
    return _table(("stream", "carried", "requests", "fields left out"), rows)


def cost_table() -> str:
    """The latest measurements and their goals: the first table of ``benchmarks/results.md``."""
    lines = dropwhile(lambda line: not line.startswith("| "), RESULTS.read_text().splitlines())
    cells = [line.strip("| ").split(" | ")[:3] for line in takewhile(bool, lines)]
    head, _, *rows = cells
    return _table(tuple(head), [tuple(row) for row in rows])


def network_bounds() -> str:
    """The time limits of the client, from the constants that set them."""
    timeout = Config().request_timeout_seconds
    backoffs = [min(client.LONGEST_BACKOFF, client.SHORTEST_BACKOFF * 2**retry) for retry in range(client.TRIES - 1)]
    rows = [
        ("connecting: DNS, TCP, proxy, TLS", "T", f"`request_timeout_seconds`, default {timeout:g} s"),
        ("the head of a response", "T", "the same; bytes received do not extend it"),
        (
            "a response with a body of n bytes",
            "T + n / R, and T without a byte",
            f"R = `SLOWEST_BODY`, {connections.SLOWEST_BODY // 1024} KB/s; n is at most `LARGEST_ANSWER`, "
            f"{compression.LARGEST_ANSWER // 2**20} MB",
        ),
        (
            "one attempt",
            "(1 + H) (2 T + n / R)",
            f"H = `REDIRECTS`, at most {client.REDIRECTS} redirects, which belong to one attempt",
        ),
        (
            "all waits between attempts",
            f"{sum(backoffs):g} s, plus up to a quarter",
            f"`SHORTEST_BACKOFF`, {client.SHORTEST_BACKOFF:g} s, doubled up to `LONGEST_BACKOFF`, "
            f"{client.LONGEST_BACKOFF:g} s",
        ),
        (
            "a wait that the index requests (Retry-After)",
            f"{client.LONGEST_WAIT:g} s",
            "`LONGEST_WAIT`; a longer one is an error at once",
        ),
        (
            "one request",
            f"{client.TRIES} attempts and the waits between them",
            f"`TRIES`; `FIRST_TRIES`, {client.FIRST_TRIES}, until the index has answered once in this run",
        ),
        (
            "a request of `check`",
            f"{CHECK_TRIES} attempts",
            f"`CHECK_TRIES`; the longest Retry-After is `CHECK_WAIT`, {CHECK_WAIT:g} s, because a user is waiting",
        ),
        ("a failing index", f"{STOP_AFTER} projects in a row", "`STOP_AFTER`; rows that were read are kept"),
        ("the rate limit", "the request's position in the queue", "`requests_per_second`"),
        (
            "the end after Ctrl-C or SIGTERM",
            f"{SHUTDOWN_SECONDS:g} s",
            "`SHUTDOWN_SECONDS`, then the process ends at once",
        ),
    ]
    return _table(("wait", "at most", "set by"), rows)


def _attributes(stream: dict[str, Any]) -> list[str]:
    """The key fields, and those that other tables join on."""
    names = [
        *stream["key"],
        *(f["name"] for f in stream["fields"] if f["name"] in JOINED and f["name"] not in stream["key"]),
    ]
    types = {field["name"]: field["type"] for field in stream["fields"]}
    return [f"        {types[name]} {name}{' PK' if name in stream['key'] else ''}" for name in names]


def _parent(stream: dict[str, Any], described: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The table that a table references: the most specific one whose whole key it has."""
    fields = {field["name"] for field in stream["fields"]}
    parents = [other for other in described if other["name"] in PARENTS and set(other["key"]) <= fields]
    parents = [other for other in parents if PARENTS.index(other["name"]) < _rank(stream)]
    return max(parents, key=_rank, default=None)


def _rank(stream: dict[str, Any]) -> int:
    return PARENTS.index(stream["name"]) if stream["name"] in PARENTS else len(PARENTS)


def help_of(command: str = "") -> str:
    """The help of a command; empty: of all."""
    words = [*([command] if command else []), "--help"]
    output = CliRunner().invoke(cli, words, prog_name="source-pypi", terminal_width=100).output
    lines = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return f"```console\n$ source-pypi {' '.join(words)}\n{lines}\n```"


def options_table() -> str:
    """Every option of each command: the commands that have it, its names, its environment variable, its meaning."""
    commands: dict[tuple[str, ...], list[str]] = {}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        for option in command.params:
            record = option.get_help_record(click.Context(command)) if isinstance(option, click.Option) else None
            if record is not None:
                row = (f"`{record[0]}`", f"`{option.envvar}`", " ".join(record[1].split()))
                commands.setdefault(row, []).append(name)
    rows = [(", ".join(names), *row) for row, names in commands.items()]
    return _table(("command", "option", "variable", "meaning"), rows)


def _stream(stream: dict[str, Any]) -> str:
    lines = [
        f"A row is {stream['row']}.",
        "",
        f"- key: {_names(stream['key'])}",
        f"- documents: {', '.join(stream['reads'])}" if stream["reads"] else _service(stream["name"]),
        f"- cursor: {_names([stream['cursor']]) if stream['cursor'] else 'none; the table is a snapshot'}",
        f"- requests: {stream['cost']}",
        f"- loaded by default: {'yes' if stream['default'] else 'no'}",
    ]
    return f"## {stream['name']}\n\n" + "\n".join(lines) + "\n\n" + _fields(stream["fields"])


def _service(name: str) -> str:
    """The line that names the service of a stream, with its page."""
    service = stream_named(name).service
    return f"- service: [{service}]({service}.md)"


def _fields(fields: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"`{field['name']}`",
            field["type"] + (f" ({field['unit']})" if field["unit"] else ""),
            field["meaning"],
            field["null"] or ("not given" if field["nullable"] else "never null"),
            f"`{field['source']}`" if field["source"] else "the document",
        )
        for field in fields
    ]
    return _table(("field", "type", "meaning", "null", "source"), rows)


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
