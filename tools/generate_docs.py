"""What is generated in the docs, from the records and the commands; ``make docs`` writes it, ``make check`` compares.

cog runs the functions below where the docs ask for them, in comments of their own.
"""

from collections.abc import Iterator, Sequence
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from source_pypi.airbyte.commands import CHECK_TRIES, CHECK_WAIT
from source_pypi.airbyte.manifest import RECIPES, left_out_fields
from source_pypi.cli import cli
from source_pypi.cli.signals import SHUTDOWN_SECONDS
from source_pypi.config import Config
from source_pypi.destinations.duckdb.views import VIEWS
from source_pypi.fields import fields_of
from source_pypi.http import client, compression, connections
from source_pypi.schema import describe_streams, type_words
from source_pypi.streams import STREAMS
from source_pypi.sync.circuit_breaker import STOP_AFTER

#: Tables that others belong to, from the outermost inwards, and the fields on which they are joined.
PARENTS = ("projects", "versions", "files")
#: Tables whose rows may have no parent: of projects without documents, and of projects that were not chosen.
WITHOUT_PARENTS = ("statuses", "listing", "recent_releases", "recent_projects")
JOINED = ("project", "version", "filename")
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results.md"


def settings_table() -> str:
    """Every setting: name, type, default, meaning."""
    rows = []
    for field in fields_of(Config):
        default = "none" if field.default in (None, ()) else f"`{field.default}`"
        choices = getattr(field.type, "__args__", ()) if type_words(field) == "string" else ()
        kind = " or ".join(f"`{choice}`" for choice in choices) or type_words(field)
        rows.append((f"`{field.name}`", kind, default, field.description))
    return _table(("setting", "type", "default", "meaning"), rows)


def streams_table() -> str:
    """Every stream: name, what a row is, key, cost."""
    rows = [
        (f"[`{s['name']}`](docs/streams.md#{s['name']})", s["row"], _names(s["key"]), s["cost"])
        for s in describe_streams(STREAMS)
    ]
    return _table(("stream", "a row is", "key", "requests"), rows)


def streams_reference() -> str:
    """Every stream with every field."""
    return "\n\n".join(_stream(stream) for stream in describe_streams(STREAMS))


def entities() -> str:
    """A diagram of the tables and how they join (Mermaid)."""
    described = describe_streams(STREAMS)
    lines = ["```mermaid", "erDiagram"]
    for stream in described:
        lines += [f"    {stream['name']} {{", *_attributes(stream), "    }"]
    for stream in described:
        parent = _parent(stream, described)
        if parent is not None:
            many = "o|" if set(stream["key"]) == set(parent["key"]) else "o{"
            one = "|o" if stream["name"] in WITHOUT_PARENTS else "||"
            joined = ", ".join(parent["key"])
            lines.append(f'    {parent["name"]} {one}--{many} {stream["name"]} : "{joined}"')
    lines.append('    projects |o--o{ dependencies : "project = name"')
    return "\n".join([*lines, "```"])


def views_table() -> str:
    """Every view: name, what a row is, the tables that it needs."""
    rows = [(f"`{view.name}`", view.row, _names(list(view.needs))) for view in VIEWS]
    return _table(("view", "a row is", "made from"), rows)


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
    """What was measured last, and what it should be: the first table of the results, without commands."""
    begun = dropwhile(lambda line: not line.startswith("| "), RESULTS.read_text().splitlines())
    cells = [line.strip("| ").split(" | ")[:3] for line in takewhile(bool, begun)]
    head, _, *rows = cells
    return _table(tuple(head), [tuple(row) for row in rows])


def network_bounds() -> str:
    """How long each wait of the client may take, from the constants that bound it."""
    timeout = Config().request_timeout_seconds
    backoffs = [min(client.LONGEST_BACKOFF, client.SHORTEST_BACKOFF * 2**tried) for tried in range(client.TRIES - 1)]
    rows = [
        ("connecting: name, TCP, proxy, TLS", "T", f"`request_timeout_seconds`, {timeout:g} s unless set"),
        ("the head of an answer", "T", "the same; bytes that come do not prolong it"),
        (
            "an answer with a body of n bytes",
            "T + n / R, and no silence beyond T",
            f"R = `SLOWEST_BODY`, {connections.SLOWEST_BODY // 1024} KB/s; n is at most `LARGEST_ANSWER`, "
            f"{compression.LARGEST_ANSWER // 2**20} MB",
        ),
        (
            "a try",
            "(1 + H) (2 T + n / R)",
            f"H = `REDIRECTS`, at most {client.REDIRECTS} redirects, which are hops of one try",
        ),
        (
            "the waits between tries",
            f"{sum(backoffs):g} s, and up to a quarter more",
            f"`SHORTEST_BACKOFF`, {client.SHORTEST_BACKOFF:g} s, doubled up to `LONGEST_BACKOFF`, "
            f"{client.LONGEST_BACKOFF:g} s",
        ),
        (
            "a wait that the index asks for",
            f"{client.LONGEST_WAIT:g} s",
            "`LONGEST_WAIT`; a longer Retry-After is an error at once",
        ),
        (
            "a question",
            f"{client.TRIES} tries and the waits between them",
            f"`TRIES`; `FIRST_TRIES` {client.FIRST_TRIES} until the index has answered once in this run",
        ),
        (
            "a question of `check`",
            f"{CHECK_TRIES} tries",
            f"`CHECK_TRIES`; `CHECK_WAIT`, {CHECK_WAIT:g} s, is the longest Retry-After: somebody waits for it",
        ),
        ("an index that fails", f"{STOP_AFTER} projects in a row", "`STOP_AFTER`; what was read is kept"),
        ("the turn of a request", "its place in the queue", "`requests_per_second`"),
        ("the end after Ctrl-C or SIGTERM", f"{SHUTDOWN_SECONDS:g} s", "`GRACE`, then the process ends as it stands"),
    ]
    return _table(("wait", "at most", "what sets it"), rows)


def _attributes(stream: dict[str, Any]) -> list[str]:
    """Key fields, and those that other tables join on."""
    names = [
        *stream["key"],
        *(f["name"] for f in stream["fields"] if f["name"] in JOINED and f["name"] not in stream["key"]),
    ]
    types = {field["name"]: field["type"] for field in stream["fields"]}
    return [f"        {types[name]} {name}{' PK' if name in stream['key'] else ''}" for name in names]


def _parent(stream: dict[str, Any], described: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The table that a table's rows belong to: the most specific one whose whole key they carry."""
    fields = {field["name"] for field in stream["fields"]}
    parents = [other for other in described if other["name"] in PARENTS and set(other["key"]) <= fields]
    parents = [other for other in parents if PARENTS.index(other["name"]) < _rank(stream)]
    return max(parents, key=_rank, default=None)


def _rank(stream: dict[str, Any]) -> int:
    return PARENTS.index(stream["name"]) if stream["name"] in PARENTS else len(PARENTS)


def help_of(command: str) -> str:
    """What a command says of itself."""
    shown = CliRunner().invoke(cli, [command, "--help"], prog_name="source-pypi", terminal_width=100).output
    return f"```console\n$ source-pypi {command} --help\n{shown.strip()}\n```"


def _stream(stream: dict[str, Any]) -> str:
    facts = [
        f"A row is {stream['row']}.",
        "",
        f"- key: {_names(stream['key'])}",
        f"- read from: {', '.join(stream['reads'])}",
        f"- cursor: {_names([stream['cursor']]) if stream['cursor'] else 'none: it tells of the moment only'}",
        f"- requests: {stream['cost']}",
        f"- loaded by `sync` when no stream is named: {'yes' if stream['default'] else 'no'}",
    ]
    return f"## {stream['name']}\n\n" + "\n".join(facts) + "\n\n" + _fields(stream["fields"])


def _fields(fields: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"`{field['name']}`",
            field["type"] + (f" ({field['unit']})" if field["unit"] else ""),
            field["meaning"],
            field["null"] or ("not given" if field["nullable"] else "never"),
            f"`{field['source']}`" if field["source"] else "the document",
        )
        for field in fields
    ]
    return _table(("field", "type", "meaning", "null means", "source"), rows)


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
