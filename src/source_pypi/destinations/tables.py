"""The tables that every store makes.

Each stream has one, and perhaps one for its history. ``pins``, ``pin_clauses``, ``unnamed_requirements`` and
``index_capabilities`` have the rows of the last run; ``_state`` and ``_run`` have what the next run needs.
"""

from collections.abc import Collection, Iterable

import msgspec
from msgspec import Struct

from source_pypi.schema import (
    BOOLEAN,
    BYTES,
    INTEGER,
    JSON,
    SEEN_AT,
    TEXT,
    TEXTS,
    TIMESTAMP,
    ColumnType,
    column_types,
)
from source_pypi.schema import table_fields as fields_of_table
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Capability

VALID_FROM, VALID_TO = "valid_from", "valid_to"
#: How the comments on tables begin. A store that has comments recognises the tables of this package by it.
OURS = "A row is "


class Column(Struct, frozen=True):
    """A column: its name, its type and its meaning."""

    name: str
    type: ColumnType
    description: str = ""


class Table(Struct, frozen=True):
    """A table.

    :ivar row: what a row is.
    :ivar partition_field: the column that names the partition of a project's rows; None: a project is one partition.
    :ivar history: the table that keeps every state of this table's rows; None: it is not kept.
    :ivar key: the columns of its primary key; empty: it has at most one row. None: its changes are not counted.
    """

    name: str
    columns: tuple[Column, ...]
    row: str
    partition_field: str | None = None
    history: "Table | None" = None
    key: tuple[str, ...] | None = None

    @property
    def comment(self) -> str:
        """The comment on the table."""
        return f"{OURS}{self.row}."

    @property
    def has_json(self) -> bool:
        """Whether a column holds JSON, which takes much memory to parse."""
        return any(column.type is JSON for column in self.columns)

    def names(self) -> list[str]:
        """The names of its columns, in their order."""
        return [column.name for column in self.columns]


_VALIDITY = (
    Column(VALID_FROM, TIMESTAMP, "Time of the visit that found the row like this."),
    Column(VALID_TO, TIMESTAMP, "Time of the visit that found it changed or gone. Null: it still holds."),
)
#: The rows that ``pins.py`` makes.
PINS = Table(
    "pins",
    (
        Column("position", INTEGER, "The requirement's position in the order in which they were given, from 0."),
        Column("project", TEXT, "The project's normalised name (PEP 503)."),
        Column("specifier", TEXT, "The accepted versions (PEP 440), as the file or the user writes them. Null: any."),
        Column("pinned_version", TEXT, "The version that is pinned (== or ===). Null: none is."),
        Column("extras", TEXTS, "The required extras of the project. Null: none."),
        Column("marker", TEXT, "The condition under which it is required (PEP 508). Null: none."),
        Column("file", TEXT, "The name of the file that requires it, as given, or 'command line', or the setting."),
        Column("line", INTEGER, "The line in the file, from 1. Null: not known."),
        Column("named_index", TEXT, "The index that the file names for it; several, joined with ' or '. Null: none."),
        Column(
            "version",
            TEXT,
            "The version that is selected, as the index writes it: the pinned one, the highest that the specifier "
            "admits, or the latest. Streams of releases have its rows. Null: not known, or there is none.",
        ),
        Column("sort_key", TEXT, "The sort key of version, as in versions. Null: version is null."),
        Column("not_read", TEXT, "Why the project was not requested. Null: it was."),
    ),
    "a requirement that selected a project in the last sync. Key: position",
)
PIN_CLAUSES = Table(
    "pin_clauses",
    (
        Column("position", INTEGER, "The requirement's position, as in pins."),
        Column("clause", INTEGER, "The clause's position in the specifier, from 0."),
        Column("project", TEXT, "The project's normalised name (PEP 503)."),
        Column("operator", TEXT, "The operator, e.g. >= or ~=. Null: the clause is invalid."),
        Column("clause_version", TEXT, "The version behind the operator, e.g. 1.2.*. Null: the clause is invalid."),
        Column(
            "lower_sort_key",
            TEXT,
            "The lowest sort key in the clause's interval. It may be the key of no version. With < and <= it leaves "
            "out invalid versions. Null: no lower bound, or the clause is invalid.",
        ),
        Column(
            "upper_sort_key",
            TEXT,
            "The lowest sort key above the interval. Null: no upper bound, or the clause is invalid.",
        ),
        Column(
            "excluded",
            BOOLEAN,
            "Whether the clause (!=) admits the versions outside of the interval, instead of those inside. Null: the "
            "clause is invalid.",
        ),
    ),
    "a clause of the specifier of a requirement in pins. Key: position, clause",
)
#: The columns of ``Unnamed``, in its order, after the position.
UNNAMED = Table(
    "unnamed_requirements",
    (
        Column("position", INTEGER, "The position in the order in which they were given, from 0."),
        Column("requirement", TEXT, "What the file has, without credentials: a line, or a field."),
        Column("reason", TEXT, "Why it was skipped, after the file's name and the line."),
    ),
    "a part of a requirement file that may request a project without a name, and that the last sync skipped. "
    "Key: position",
)
#: The columns of ``Capability``, in its order.
CAPABILITIES = Table(
    "index_capabilities",
    (
        Column("stream", TEXT, "The stream's name."),
        Column(
            "available",
            BOOLEAN,
            "Whether the index provides the stream, or the service that it reads. Null: the run could not tell.",
        ),
        Column("reason", TEXT, "Why not, or why the run could not tell. Null: the stream is provided."),
        Column("checked_at", TIMESTAMP, "Time at which the run found that out. Null: it could not tell."),
    ),
    "a stream of source-pypi, and whether the last sync found that the index or its service provides it. Key: stream",
)
#: The tables of which each run replaces all rows.
RUN_TABLES = (PINS, PIN_CLAUSES, UNNAMED, CAPABILITIES)
#: What older releases made: what a run selected. ``pins`` took its place.
OLD_SELECTION = Table("_selection", (Column("project", TEXT), Column("pin", TEXT), Column("sort_key", TEXT)), "")
#: The columns of ``PackedState``, in its order.
STATE = Table(
    "_state",
    (
        Column("project", TEXT, "The project's normalised name (PEP 503). Empty: the index as a whole."),
        Column("settings_digests", TEXT, "The streams, each with a digest of the settings that its rows depend on."),
        Column("checked_at", INTEGER, "The earliest time at which a stream last checked it, in seconds since 1970."),
        Column("serial", INTEGER, "The lowest serial that the streams read. Null: one of them read none."),
        Column("absent", BOOLEAN, "Whether the index had no document of the project."),
        Column("packed", BYTES, "The rest of the state, packed."),
    ),
    "the state of a project: what its streams last read",
)
RUN = Table(
    "_run",
    (
        Column("version", INTEGER, "The version of the state."),
        Column("index", TEXT, "The URL of the index that the state belongs to."),
        Column("unfinished", INTEGER, "When the run began, in seconds since 1970. Null: it finished."),
        Column("tables", TEXT, "The tables that source-pypi made."),
    ),
    "the last run",
)


def table_of(stream: Stream, *, history: bool = False) -> Table:
    """The table of a stream; only incremental streams have a history."""
    types = column_types(stream)
    columns = tuple(Column(field.name, types[field.name], field.description) for field in fields_of_table(stream))
    key = f". Key: {', '.join(stream.key)}" if stream.key else ""
    kept = _history_of(stream.name, columns) if history and stream.incremental else None
    return Table(stream.name, columns, f"{stream.row}{key}", stream.partition_field, kept, stream.key)


def with_histories(tables: Iterable[Table]) -> list[Table]:
    """Tables, each followed by that of its history."""
    return [one for table in tables for one in (table, table.history) if one is not None]


def known_tables(names: Collection[str], *, of_projects: bool = False, histories: bool = True) -> list[Table]:
    """The tables of streams, and of their histories, among these names.

    :param of_projects: only those of streams that have rows of projects; a history then comes with its table only.
    :param histories: whether those of histories are among them.
    """
    from source_pypi.streams import NAMES as STREAM_NAMES
    from source_pypi.streams import stream_named

    named = (stream_named(name) for name in STREAM_NAMES if name in names)
    streams = [one for one in named if one.of_project or not of_projects]
    tables = [table_of(one, history=history_name(one.name) in names) for one in streams]
    return tables if of_projects or not histories else with_histories(tables)


def history_name(table: str) -> str:
    """The name of the table that keeps the history of another."""
    return f"{table}_history"


def _history_of(name: str, columns: Iterable[Column]) -> Table:
    state = tuple(column for column in columns if column.name != SEEN_AT.name)
    return Table(history_name(name), (*state, *_VALIDITY), f"a state that a row of {name} had for a time")


def capability_lines(capabilities: Iterable[Capability]) -> bytes:
    """The rows of ``index_capabilities`` as newline-delimited JSON."""
    return msgspec.json.Encoder().encode_lines(capabilities)
