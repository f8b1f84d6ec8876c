"""What the loader hands to a store, and what a store must be able to do."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.runs import RunRecord
from source_pypi.destinations.tables import Table
from source_pypi.sync.state import ProjectSummary
from source_pypi.sync.state_codec import PackedState


class Limits(Struct, frozen=True):
    """How much the loader collects before it writes.

    :ivar projects: projects.
    :ivar unchanged_projects: projects, where none of them has new rows.
    :ivar size: bytes of rows.
    :ivar json_size: bytes of rows of a table with JSON columns.
    :ivar seconds: seconds since it wrote last.
    """

    projects: int
    unchanged_projects: int
    size: int
    json_size: int
    seconds: float = 5.0


class RunRow(Struct, frozen=True):
    """The row of ``_run``.

    :ivar version: the version of the state.
    :ivar index: the URL of the index that rows and state belong to; empty: no index has answered yet.
    :ivar unfinished: when the run began, in seconds since 1970; None: it finished.
    :ivar tables: the tables that source-pypi made.
    """

    version: int
    index: str
    unfinished: int | None
    tables: tuple[str, ...] = ()


class ReplaceScope(Struct):
    """Which rows of a table are replaced.

    :ivar whole: all rows.
    :ivar projects: the rows of these projects, with the time of each visit (UTC). Where all rows are replaced, it has
        the time under an empty name.
    :ivar unchanged_partitions: partitions, by project, whose rows stay.
    :ivar changed_partitions: the only partitions, by project, whose rows are replaced; the empty name stands for a
        table that is not read by project. If it has any, it has them for all of ``projects``.
    """

    whole: bool = False
    projects: dict[str, datetime] = field(default_factory=dict)
    unchanged_partitions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changed_partitions: dict[str, tuple[str, ...]] = field(default_factory=dict)


class StagedRows(Struct):
    """The new rows of a table.

    :ivar paths: files of newline-delimited JSON; none if there are no rows.
    :ivar scope: the rows that they replace.
    :ivar size: bytes of all rows.
    :ivar longest: bytes of the longest row, or a little more.
    """

    table: Table
    paths: list[Path] = field(default_factory=list)
    scope: ReplaceScope = field(default_factory=ReplaceScope)
    size: int = 0
    longest: int = 0


class LoadPackage(Struct, frozen=True):
    """Changes that a store writes together.

    :ivar staged: the rows, for each table in which rows are replaced.
    :ivar state: the new state of each project that is in ``staged``, and of others; None: its state is deleted.
    :ivar run: the new row of ``_run``.
    """

    run: RunRow
    staged: Sequence[StagedRows] = ()
    state: dict[str, PackedState | None] = field(default_factory=dict)


class Store(Protocol):
    """A place that holds rows and state. Its methods may raise whatever its libraries raise."""

    @property
    def name(self) -> str:
        """What messages call it, without credentials."""

    @property
    def secrets(self) -> Collection[str]:
        """What no message may contain."""

    @property
    def limits(self) -> Limits:
        """How much the loader collects before it writes."""

    @property
    def history(self) -> Literal["none", "copied", "reread"]:
        """How a history begins: with a copy of the rows, when the projects are read again, or not at all."""

    @property
    def exclusive(self) -> bool:
        """Whether no other run can write to the store while it is open."""

    def open(self) -> None:
        """Connect; create no table."""

    def table_in_query(self, table: str) -> str:
        """What a query reads a table from: its name, with its schema where that is needed, or its files.

        Callable once the store was opened, also after it was closed.
        """
        ...

    def close(self) -> None:
        """Release everything; raise nothing."""

    def state_table(self, name: str) -> tuple[str, str]:
        """What a statement of the user calls ``_state`` or ``_run``, and the database in which it is executed."""
        ...

    def last_run(self) -> RunRow | None:
        """The row of ``_run``; None: there is none. Where ``version`` is lower, ``make`` replaces the state tables."""
        ...

    def latest_check(self) -> int | None:
        """The highest ``checked_at`` of all state, in seconds since 1970; None: there is no state."""

    def existing(self, tables: Sequence[Table], recorded: Collection[str]) -> dict[str, bool]:
        """Which of these tables exist, and whether source-pypi made them.

        :param recorded: the tables of the last run.
        """
        ...

    def incomplete(self, tables: Sequence[Table]) -> Collection[str]:
        """The names of those among these tables that lack a column. A table of a stream exists, ``_state`` may not."""
        ...

    def row_counts(self, table: Table) -> Iterable[tuple[str, int]]:
        """Each project of a table that exists, and its number of rows."""
        ...

    def rows_of(self, table: Table, columns: Sequence[str]) -> Iterable[Sequence[Any]]:
        """The values of some columns, which hold texts, numbers or booleans, in the rows of a table that exists."""
        ...

    def drop(self, table: Table) -> None:
        """Drop a table that exists and is ours."""

    def make(self, tables: Sequence[Table]) -> None:
        """Create the tables that do not exist, and the columns that they lack."""

    def make_views(self) -> Sequence[str]:
        """Create the views whose tables all exist; called after ``make``. Return warnings about those that failed."""
        ...

    def begin(self, run: RunRow, *, clear_state: bool, clear: Sequence[Table] = ()) -> None:
        """Write the row of ``_run``; before it, delete all state if ``clear_state``, and all rows of some tables."""

    def last_run_number(self) -> int:
        """The highest number in ``runs``, which exists; 0: it is empty."""
        ...

    def record_run(self, record: RunRecord) -> None:
        """Write a row of ``runs`` in the place of the one with its number."""

    def states(self, projects: Collection[str]) -> Iterable[PackedState]:
        """The state of these projects."""
        ...

    def summaries(self, settings_digests: str) -> Iterable[ProjectSummary]:
        """All projects whose ``settings_digests`` are these."""
        ...

    def other_states(self, settings_digests: str, streams: Collection[str]) -> Iterable[PackedState]:
        """All state with other ``settings_digests`` that has one of these streams, and perhaps more."""
        ...

    def row_count(self, table: Table) -> int:
        """The number of rows of a table that exists."""
        ...

    def write(self, package: LoadPackage) -> Mapping[str, RowChanges]:
        """Write a package: all of it or, if the process ends early, nothing that state would vouch for.

        Where there is no transaction: delete the state first, then replace the rows, then write the state.

        :return: how the rows of each table in ``package.staged`` changed, of those that have a ``key``.
        """
        ...
