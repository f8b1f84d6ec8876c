"""Batches into a DuckDB file: a table a stream, a project replaced whole, about a hundred projects a transaction.

Flow
    Rows go to a temporary file of newline-delimited JSON a stream. Every ``PROJECTS_A_COMMIT`` projects (or sooner,
    when the files have grown large) the rows of these projects are deleted and the new ones inserted, in one
    transaction. So a run that ends anywhere leaves whole projects, and one that is repeated leaves the same rows.

Scope
    Only rows that could be read are replaced: a stream that failed for a project keeps what was loaded before.
    Tables have no PRIMARY KEY: it costs a quarter of the file and up to twice the time, and replacing by project
    keeps rows unique as well.

Reading on
    runtime.md 1.2, 1.3 and 1.8 hold the figures behind this.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import duckdb
import msgspec

from source_pypi.errors import DestinationError
from source_pypi.fronts.views import SELECTION, VIEWS
from source_pypi.pep440 import sort_key
from source_pypi.schema import duckdb_columns, stream_fields
from source_pypi.selection import Target
from source_pypi.streams.stream import Stream
from source_pypi.sync import Batch

#: A transaction costs about 4 ms however small it is.
PROJECTS_A_COMMIT = 100
#: Bytes of rows after which a transaction is made before that many projects have come.
BYTES_A_COMMIT = 64 * 1024 * 1024
#: The oldest DuckDB that can open the file; newer ones write a newer format unless told otherwise.
OPENED_BY = "v1.4.0"
#: DuckDB takes four fifths of the machine's memory unless told otherwise.
MEMORY = "256MB"
#: Size of the write-ahead log at which DuckDB moves it into the file. Its default, 16 MB, makes a checkpoint of every
#: commit: 1.15 times the time, and a file half as large again, for documents (benchmarks/).
CHECKPOINT = "256MB"
#: How the comments on our tables and views begin; a table without such a comment is somebody else's.
OURS = "A row is "
FOREIGN = "it has a table or view {!r} that is not ours; name another file with --into"
#: DuckDB refuses longer JSON objects unless told otherwise, in bytes.
LONGEST_ROW = 16 * 1024 * 1024


class Database:
    """A DuckDB file with a table for each stream, and views over them; a context manager.

    Entering opens the file and makes the tables; leaving commits what has been added, also when an error is under way.

    :raises DestinationError: when the file cannot be opened, is no database, is in use, or holds other tables by
        these names.
    """

    def __init__(self, path: Path, streams: Sequence[Stream], targets: Sequence[Target] = ()) -> None:
        self.path = path
        self._targets = targets
        self._streams = {stream.name: stream for stream in streams}
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> "Database":
        with _told(self.path):
            self._connection = _connect(self.path)
        try:
            with self._transaction():
                for stream in self._streams.values():
                    _make_table(self._connection, stream, self.path)
                _note_selection(self._connection, self._targets, self.path)
                _make_views(self._connection)
        except BaseException:
            self._connection.close()
            raise
        with _told(self.path):
            self._folder = tempfile.TemporaryDirectory(prefix="source-pypi-")
        self._begin()
        return self

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

    def add(self, batch: Batch) -> None:
        """Take the rows of a visit; they are in the tables after the next commit.

        :raises DestinationError: when they cannot be written; the database must then be left at once.
        """
        with _told(self.path, f"the temporary folder {self._folder.name}"):
            for name, rows in batch.rows.items():
                self._staged[name].add(batch.project, self._encoder.encode_lines(rows))
        self._projects += 1
        if self._projects >= PROJECTS_A_COMMIT or sum(s.size for s in self._staged.values()) >= BYTES_A_COMMIT:
            self.commit()

    def commit(self) -> None:
        """Replace the rows of the projects that have been added since the last commit, in one transaction.

        :raises DestinationError: when the database cannot be written; then nothing of it is.
        """
        with _told(self.path, f"the temporary folder {self._folder.name}"):
            for staged in self._staged.values():
                staged.close()
        with self._transaction():
            for name, staged in self._staged.items():
                _replace(self._connection, self._streams[name], staged)
        self._begin()

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

    def _begin(self) -> None:
        folder = Path(self._folder.name)
        self._staged = {name: _Staged(folder / f"{name}.ndjson") for name in self._streams}
        self._projects = 0


class _Staged:
    """Rows of one stream that wait in a file for the next commit, and the projects whose rows they replace."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.projects: list[str] = []
        self.whole = False
        self.size = self.longest = 0
        self._file: BinaryIO | None = None

    def add(self, project: str | None, lines: bytes) -> None:
        """Take a project's rows (None: the table's only rows), as lines."""
        if lines:
            if self._file is None:
                self._file = self.path.open("wb")
            self._file.write(lines)
            self.size += len(lines)
            self.longest = max(self.longest, len(lines))
        if project is None:
            self.whole = True
        else:
            self.projects.append(project)

    def close(self) -> None:
        """End the file, so that the database reads all of it."""
        if self._file is not None:
            self._file.close()


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


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": 1,
        # a file of another kind is an error, not a reason to fetch something from the network
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if int(duckdb.__version__.partition(".")[0]) >= 2:
        config["storage_compatibility_version"] = OPENED_BY
    connection = duckdb.connect(str(path.absolute()), config=config)
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET checkpoint_threshold = '{CHECKPOINT}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _there(connection: duckdb.DuckDBPyConnection) -> dict[str, bool]:
    """The tables and views of the default schema, and whether they are ours: our comments tell."""
    listed = (
        f"SELECT {kind}_name, coalesce(comment, '') FROM duckdb_{kind}s() "
        "WHERE schema_name = current_schema() AND database_name = current_database()"
        for kind in ("table", "view")
    )
    found = connection.execute(" UNION ALL ".join(listed)).fetchall()
    return {name: comment.startswith(OURS) for name, comment in found}


def _make_table(connection: duckdb.DuckDBPyConnection, stream: Stream, path: Path) -> None:
    """Create the stream's table, or add the columns that an older release did not have; comment all of it."""
    table, columns = _quoted(stream.name), duckdb_columns(stream)
    ours = _there(connection).get(stream.name)
    if ours is False:
        raise DestinationError(str(path), FOREIGN.format(stream.name))
    if ours is None:
        listed = ", ".join(f"{_quoted(name)} {type_}" for name, type_ in columns.items())
        connection.execute(f"CREATE TABLE {table} ({listed})")
    for name, type_ in columns.items() if ours else ():
        connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {_quoted(name)} {type_}")
    _comment(connection, stream)


def _note_selection(connection: duckdb.DuckDBPyConnection, targets: Sequence[Target], path: Path) -> None:
    """Keep what was named last, with its pins: views tell from it what is in use."""
    if _there(connection).get(SELECTION) is False:
        raise DestinationError(str(path), FOREIGN.format(SELECTION))
    table = _quoted(SELECTION)
    connection.execute(f"CREATE OR REPLACE TABLE {table} (project VARCHAR, pin VARCHAR, sort_key VARCHAR)")
    comment = f"{OURS}project, and perhaps a version, named in the last sync; sort_key as in versions."
    connection.execute(f"COMMENT ON TABLE {table} IS {_text(comment)}")
    named = [(target.project, pin, pin and sort_key(pin)) for target in targets for pin in target.pins or (None,)]
    if named:
        projects, pins, keys = map(list, zip(*named, strict=True))
        connection.execute(f"INSERT INTO {table} SELECT unnest(?), unnest(?), unnest(?)", [projects, pins, keys])


def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views whose tables are all there, of this run or of an earlier one; one of the user's own stays."""
    there = _there(connection)
    for view in VIEWS:
        if all(there.get(name) for name in view.needs) and there.get(view.name) is not False:
            connection.execute(f"CREATE OR REPLACE VIEW {_quoted(view.name)} AS {view.query}")
            connection.execute(f"COMMENT ON VIEW {_quoted(view.name)} IS {_text(f'{OURS}{view.row}.')}")


def _comment(connection: duckdb.DuckDBPyConnection, stream: Stream) -> None:
    table = _quoted(stream.name)
    key = f" Key: {', '.join(stream.key)}." if stream.key else ""
    connection.execute(f"COMMENT ON TABLE {table} IS {_text(f'{OURS}{stream.row}.{key}')}")
    for field in stream_fields(stream):
        connection.execute(f"COMMENT ON COLUMN {table}.{_quoted(field.name)} IS {_text(field.description)}")


def _replace(connection: duckdb.DuckDBPyConnection, stream: Stream, staged: _Staged) -> None:
    """Put the staged rows in the place of those that the same projects had."""
    table, columns = _quoted(stream.name), duckdb_columns(stream)
    if staged.whole:
        connection.execute(f"DELETE FROM {table}")
    elif staged.projects:
        connection.execute(f"DELETE FROM {table} WHERE project IN (SELECT unnest(?))", [staged.projects])
    if staged.size:
        listed = ", ".join(_quoted(name) for name in columns)
        types = ", ".join(f"{_quoted(name)}: {_text(type_)}" for name, type_ in columns.items())
        connection.execute(
            f"INSERT INTO {table} ({listed}) SELECT {listed} FROM read_json({_text(str(staged.path))}, format = "
            f"'newline_delimited', columns = {{{types}}}, maximum_object_size = {max(staged.longest, LONGEST_ROW)})"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


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
    return next((hint for mark, hint in hints if mark in said), said)
