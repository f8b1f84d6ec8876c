"""Batches into a DuckDB file: a table a stream, a project replaced whole, about a hundred projects a transaction.

Flow
    Rows go to a temporary file of newline-delimited JSON a stream. Every ``PROJECTS_A_COMMIT`` projects (or sooner,
    when the files have grown large, or later, when there are none) the rows of these projects are deleted and the new
    ones inserted, and what was seen of them is noted, in one transaction. So a run that ends anywhere leaves whole
    projects and a state that is theirs; the next one goes on from there.

Scope
    Only rows that have changed are replaced: a stream that failed for a project keeps what was loaded before.
    Tables have no PRIMARY KEY: it costs a quarter of the file and up to twice the time, and replacing by project
    keeps rows unique as well.

Reading on
    runtime.md 1.2, 1.3 and 1.8 hold the figures behind this.
"""

import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import duckdb

from source_pypi.destinations.duckdb import history
from source_pypi.destinations.duckdb.state import Remembered
from source_pypi.destinations.duckdb.tables import (
    Catalog,
    ReplaceScope,
    make_scope,
    make_stream_table,
    make_views,
    note_selection,
    replace_rows,
    rows_in,
)
from source_pypi.errors import DestinationError
from source_pypi.schema import duckdb_columns
from source_pypi.selection import SelectedProject
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, lines_of
from source_pypi.sync.state import ProjectState, ProjectSummary

_Options = dict[str, str | bool | int | float | list[str]]
#: A transaction costs about 4 ms however small it is.
PROJECTS_A_COMMIT = 100
#: Projects after which there is one where none of them has brought anything: all that is lost in between is that they
#: were asked for, on condition.
QUIET_A_COMMIT = 500
#: Bytes of rows after which a transaction is made before that many projects have come.
BYTES_A_COMMIT = 64 * 1024 * 1024
#: The same of rows that hold JSON, which DuckDB takes apart: what is dense takes twenty times its size.
NESTED_A_COMMIT = 8 * 1024 * 1024
#: The oldest DuckDB that can open the file; newer ones write a newer format unless told otherwise.
OPENED_BY = "v1.4.0"
#: DuckDB takes four fifths of the machine's memory unless told otherwise.
MEMORY = 256_000_000
#: More of it for each byte of the longest row of a commit, where that is longer than the latter; measured, JSON and
#: history included.
MORE_MEMORY, LONG_ROW = 48, 1_000_000
#: Size of the write-ahead log at which DuckDB moves it into the file. Its default, 16 MB, makes a checkpoint of every
#: commit: 1.15 times the time, and a file half as large again, for documents (benchmarks/).
CHECKPOINT = "256MB"


class Database:
    """A DuckDB file with a table for each stream, views over them, and what was seen; a context manager.

    Entering opens the file and makes the tables; leaving commits what has been added, also when an error is under way.

    :param path: the file; it is made where there is none.
    :param streams: the streams that are loaded.
    :param targets: what was named, for views that tell what is in use.
    :param root: the index's address: state of another index is set aside.
    :param keep_history: begin to keep every state of a row; one that was begun goes on in any case.
    :ivar notes: what should be said once it is open.
    :raises DestinationError: when the file cannot be opened, is no database, is in use, or holds other tables by
        these names.
    """

    keys = False

    def __init__(
        self,
        path: Path,
        streams: Sequence[Stream],
        targets: Sequence[SelectedProject] = (),
        *,
        root: str = "",
        keep_history: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.notes: list[str] = []
        self._targets, self._root, self._keep_history, self._now = targets, root, keep_history, now
        self._streams = {stream.name: stream for stream in streams}

    def __enter__(self) -> "Database":
        with _told(self.path):
            self._connection = _connect(self.path)
        try:
            with self._transaction():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise
        with _told(self.path):
            self._folder = tempfile.TemporaryDirectory(prefix="source-pypi-")
        self._begin()
        return self

    def _prepare(self) -> None:
        """Make whatever is not there yet."""
        connection, path, catalog = self._connection, self.path, Catalog(self._connection)
        self._remembered = Remembered(connection, path, self._root, self._now(), catalog)
        self.notes += self._remembered.notes
        self._kept = history.kept(catalog, self._streams.values())
        if self._keep_history:
            self._kept |= {stream.name for stream in self._streams.values() if stream.incremental}
        for stream in self._streams.values():
            if make_stream_table(connection, stream, path, catalog):
                self._remembered.forget(stream.name)
            if stream.name in self._kept:
                history.begin(connection, stream, path, catalog)
        note_selection(connection, self._targets, path, catalog)
        make_views(connection)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(error, DestinationError):
                self.commit()
        finally:
            for staged in self._staged.values():
                with suppress(OSError):
                    staged.close()
            self._connection.close()
            self._folder.cleanup()

    @property
    def unfinished(self) -> int | None:
        """When the run began that is taken up again, in seconds since 1970; None: there is none."""
        return self._remembered.unfinished

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """What the streams have seen of projects, by project, then by stream."""
        with _told(self.path):
            return self._remembered.load(projects, list(self._streams))

    def summaries(self, terms: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project that any of the streams in ``terms`` has seen."""
        with _told(self.path):
            yield from self._remembered.summaries(terms)

    def add(self, batch: Batch) -> None:
        """Take the rows of a visit; they are in the tables after the next commit.

        :raises DestinationError: when they cannot be written; the database must then be left at once.
        """
        with _told(self.path, f"the temporary folder {self._folder.name}"):
            for name, change in batch.changes.items():
                stream = self._streams[name]
                if change.count is not None:
                    self._staged[name].add(batch, lines_of(stream, batch), change.unchanged_partitions)
                if stream.incremental:
                    self._remembered.save(name, batch.project, change.state)
        self._projects += 1
        staged = self._staged.values()
        large = sum(one.size for one in staged) >= BYTES_A_COMMIT
        projects = PROJECTS_A_COMMIT if any(one.scope.projects for one in staged) else QUIET_A_COMMIT
        if self._projects >= projects or large or any(one.is_heavy for one in staged):
            self.commit()

    def commit(self) -> None:
        """Replace the rows of the projects that have been added since the last commit, in one transaction.

        :raises DestinationError: when the database cannot be written; then nothing of it is.
        """
        with _told(self.path, f"the temporary folder {self._folder.name}"):
            for staged in self._staged.values():
                staged.close()
        with self._memory(max(staged.longest for staged in self._staged.values())), self._transaction():
            for name, staged in self._staged.items():
                if staged.scope.projects:
                    self._replace(self._streams[name], staged)
            self._remembered.write()
        self._begin()

    def finish(self) -> None:
        """The run came to its end: the next one asks for everything again."""
        self._remembered.finish()

    def _replace(self, stream: Stream, staged: "_Staged") -> None:
        columns = duckdb_columns(stream)
        make_scope(self._connection, staged.scope)
        rows = rows_in(staged.path, columns, staged.longest) if staged.size else None
        replace_rows(self._connection, stream.name, columns, staged.scope, rows)
        if stream.name in self._kept:
            history.go_on(self._connection, stream, staged.scope)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing, whatever ends it: an error, or the user."""
        with _told(self.path):
            self._connection.begin()
            try:
                yield
                self._connection.commit()
            except BaseException:
                with suppress(duckdb.Error, RuntimeError):
                    self._connection.rollback()
                raise

    @contextmanager
    def _memory(self, longest: int) -> Iterator[None]:
        """As much memory as rows take of which the longest has so many bytes."""
        if longest <= LONG_ROW:
            yield
            return
        with _told(self.path):
            self._connection.execute(f"SET memory_limit = '{MEMORY + MORE_MEMORY * longest}B'")
            try:
                yield
            finally:
                self._connection.execute(f"SET memory_limit = '{MEMORY}B'")

    def _begin(self) -> None:
        folder = Path(self._folder.name)
        self._staged = {name: _Staged(folder / f"{name}.ndjson", stream) for name, stream in self._streams.items()}
        self._projects = 0


class _Staged:
    """Rows of one stream that wait in a file for the next commit, and the scope of the rows that they replace."""

    def __init__(self, path: Path, stream: Stream) -> None:
        self.path = path
        self.scope = ReplaceScope(part=stream.partition_field)
        self._nested = "JSON" in duckdb_columns(stream).values()
        self.size = self.longest = 0
        self._file: BinaryIO | None = None

    def add(self, batch: Batch, rows: Iterable[bytes], kept: tuple[str, ...]) -> None:
        """Take a project's rows, as lines, some at a time, that replace those of all but some parts."""
        for lines in rows:
            if self._file is None:
                self._file = self.path.open("wb")
            self._file.write(lines)
            self.size += len(lines)
            self.longest = max(self.longest, _longest(lines))
        if batch.project is None:
            self.scope = ReplaceScope(whole=True, projects={"": batch.seen_at})
        else:
            self.scope.projects[batch.project] = batch.seen_at
            if kept:
                self.scope.unchanged_partitions[batch.project] = kept

    @property
    def is_heavy(self) -> bool:
        """Whether it has come to so much JSON that it should be committed."""
        return self._nested and self.size >= NESTED_A_COMMIT

    def close(self) -> None:
        """End the file, so that the database reads all of it."""
        if self._file is not None:
            self._file.close()


def _longest(lines: bytes) -> int:
    """The length of the longest line; of few bytes, that of all: to look costs more than to allow for it."""
    return len(lines) if len(lines) <= LONG_ROW else max(map(len, lines.splitlines(keepends=True)))


@contextmanager
def _told(path: Path, destination: str = "") -> Iterator[None]:
    """Errors of the database and of the system, in one line; a query that the user interrupted, as the interrupt."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise DestinationError(destination or str(path), _reason(error)) from error
    except RuntimeError as error:  # duckdb raises bare ones
        if "interrupted" in str(error):
            raise KeyboardInterrupt from error
        raise DestinationError(destination or repr(str(path)), str(error)) from error


def _make(path: Path, config: _Options) -> None:
    """Make an empty database, at once: one that is killed while it is made is none, and would stay that for ever."""
    made = path.with_name(f"{path.name}.new")
    made.unlink(missing_ok=True)
    try:
        duckdb.connect(_name(made), config=config).close()
        path.hardlink_to(made)
    except FileExistsError:
        pass  # another run was faster
    except OSError:  # there are file systems without links
        made.rename(path)
    finally:
        made.unlink(missing_ok=True)


def _name(path: Path) -> str:
    """A path as DuckDB takes it: in UTF-8, whatever Python takes the names of files to be written in (LC_ALL=POSIX)."""
    return os.fsencode(path).decode(errors="surrogateescape")


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    config: _Options = {
        "memory_limit": f"{MEMORY}B",
        "threads": 1,
        # a file of another kind is an error, not a reason to fetch something from the network
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if int(duckdb.__version__.partition(".")[0]) >= 2:
        config["storage_compatibility_version"] = OPENED_BY
    if not path.exists():
        _make(path.absolute(), config)
    connection = duckdb.connect(_name(path.absolute()), config=config)
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET checkpoint_threshold = '{CHECKPOINT}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _reason(error: Exception) -> str:
    """What the database or the system says, in one line, with what to do where we know it."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    said = str(error).splitlines()[0].partition(": ")[2] or str(error)
    hints: Iterable[tuple[str, str]] = (
        ("Could not set lock", "it is in use by another program; close that, or name another file with --into"),
        ("not a valid DuckDB", "it is no DuckDB file; name another file with --into"),
        ("to be loaded", "it is no DuckDB file; name another file with --into"),
        ("No such file", "its folder does not exist"),
        ("Permission denied", "no permission to write there"),
    )
    return next((hint for fingerprint, hint in hints if fingerprint in said), said)
