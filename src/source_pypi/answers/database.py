"""Opens a DuckDB file, or a folder of Parquet, for reading only.

Safety
    The file is opened read-only. A statement that is not a query is refused. A query cannot read or write other files,
    attach databases or load extensions: ``enable_external_access`` is off, and the configuration is locked. Only the
    files of the folder, if it is one, can be read.

Memory
    DuckDB uses at most ``MEMORY``; what does not fit goes to a temporary folder. Rows are read in batches.
"""

import json
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb
from msgspec import Struct

from source_pypi.errors import QueryError
from source_pypi.queries import Query, views
from source_pypi.safety.duckdb_messages import file_fault, without_json
from source_pypi.safety.wording import shell_quoted

#: How the comments on tables and views of this package begin.
OURS = "A row is "
#: The table that every sync makes, and whose comment others than ours may lack.
_MARKER = "_run"
#: Memory that DuckDB uses at most.
MEMORY = "800MB"
#: Rows that are read at once.
BATCH = 1_000
#: The name of the thread in which a query runs.
QUERY_THREAD = "query"
_READS = frozenset({"SELECT", "EXPLAIN"})
#: Statements that DuckDB counts among those of another name.
_OWN_WORDS = frozenset({"COMMENT", "IMPORT", "INSTALL", "RESET", "USE"})
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_PLACE = re.compile(r"LINE (\d+): (\.\.\.)?")

T = TypeVar("T")


class Column(Struct, frozen=True):
    """A column: its name, its type in DuckDB, and its meaning; empty: none is given."""

    name: str
    type: str
    comment: str = ""


class Relation(Struct, frozen=True):
    """A table or view.

    :ivar comment: what a row is; empty: none is given.
    """

    name: str
    is_view: bool
    comment: str
    columns: tuple[Column, ...] = ()


class Result(Struct, frozen=True):
    """The result of a query.

    :ivar columns: name and type of each column.
    :ivar batches: its rows, a few at a time, while the query runs. They can be read once.
    :ivar total: the number of rows of the query, of which ``batches`` may have only the first; None: not known, and
        ``batches`` has all.
    """

    columns: tuple[Column, ...]
    batches: Iterator[Sequence[tuple[object, ...]]]
    total: int | None = None


class Database:
    """An open database.

    :param connection: a connection whose current schema has the tables.
    :param source: what messages call it.
    :param schema: the schema of the tables; None: ``main``, or it has no schemas.
    :ivar relations: its tables and views by name, with those views of this package that it can have.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, source: str, schema: str | None, relations: Sequence[Relation]
    ) -> None:
        self.connection, self.source, self.schema = connection, source, schema
        self.relations = {relation.name: relation for relation in relations}

    def sync_command(self, arguments: str) -> str:
        """The command that loads more into this database.

        :param arguments: names of projects and options, quoted for a shell.
        """
        words = ["source-pypi sync", *([arguments] if arguments else []), "--into", shell_quoted(self.source)]
        return " ".join([*words, *(["--schema", shell_quoted(self.schema)] if self.schema is not None else [])])

    def query(self, sql: str) -> Result:
        """Run one query.

        :raises QueryError: when it is not one query, or has an error.
        :raises KeyboardInterrupt: on Ctrl-C, also while rows are read; the query is stopped.
        """
        text = the_query(sql)
        with sql_errors(text):
            self._interruptible(lambda: self.connection.execute(text))
            columns = tuple(Column(name, str(kind)) for name, kind, *_ in self.connection.description or ())
        return Result(columns, self._batches(text))

    def first_rows(self, sql: str, limit: int) -> Result:
        """Run one query, and return its first rows and their total number.

        DuckDB holds all rows while it counts them. It does so in any case for a query that ends with ORDER BY, and
        the query is not run twice.

        :raises QueryError: as ``query`` does.
        """
        counted = f"WITH _all AS MATERIALIZED ({the_query(sql)}\n) SELECT *, (SELECT count(*) FROM _all) FROM _all"
        found = self.query(f"{counted} LIMIT {limit}")
        rows = [row for batch in found.batches for row in batch]
        total = int(str(rows[0][-1])) if rows else 0
        return Result(found.columns[:-1], iter([[row[:-1] for row in rows]]), total)

    def _batches(self, text: str) -> Iterator[Sequence[tuple[object, ...]]]:
        with sql_errors(text):
            while rows := self._interruptible(lambda: self.connection.fetchmany(BATCH)):
                yield rows

    def count(self, sql: str) -> int:
        """The number of rows of a query."""
        with sql_errors(sql):
            ((count,),) = self.run(f"SELECT count(*) FROM ({the_query(sql)}\n)")
        return int(str(count))

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement of our own, which may write to the folder that was allowed, and return its rows."""
        return self._interruptible(lambda: self.connection.execute(statement).fetchall())

    def _interruptible(self, call: Callable[[], T]) -> T:
        """Return what a call in a thread of its own returns; Ctrl-C stops the query.

        Python handles signals in the main thread only, and not while that executes a query. The call begins after the
        thread has started, because Ctrl-C may also come in between: the query would go on without being stopped.
        """
        results: list[T] = []
        errors: list[BaseException] = []
        begin, stopped, done = threading.Event(), threading.Event(), threading.Event()

        def work() -> None:
            begin.wait()
            try:
                if not stopped.is_set():
                    results.append(call())
            except BaseException as error:
                errors.append(error)
            finally:
                done.set()

        threading.Thread(target=work, name=QUERY_THREAD, daemon=True).start()
        try:
            begin.set()
            done.wait()
        except KeyboardInterrupt:
            stopped.set()
            begin.set()
            while not done.wait(0.1):  # a query that has not begun yet cannot be interrupted
                self.connection.interrupt()
            raise
        if errors:
            raise errors[0]
        return results[0]


@contextmanager
def open_database(source: str, schema: str | None = None, *, write_to: Path | None = None) -> Iterator[Database]:
    """Yield the database in a DuckDB file or a folder of Parquet.

    :param source: the path of a file, perhaps with ``duckdb:`` before it, or of a folder.
    :param schema: the schema of the tables; None: ``main``.
    :param write_to: a folder in which our own statements may write files.
    :raises QueryError: when there is no such database, or it has no tables of this package.
    """
    path, is_folder = _path(source)
    with _temporary_folder() as temporary:
        allowed = [*([path] if is_folder else []), *([write_to] if write_to is not None else [])]
        connection = _connect(path, temporary, allowed, is_folder=is_folder)
        try:
            relations = _tables_of_folder(connection, path) if is_folder else _tables(connection, source, schema)
            made = _make_views(connection, relations)
            connection.execute("SET lock_configuration = true")
            yield Database(connection, source, schema, _with_columns(connection, [*relations, *made]))
        except duckdb.Error as error:
            raise _unreadable(path, error) from error
        finally:
            with suppress(duckdb.Error):
                connection.close()


def the_query(sql: str) -> str:
    """Return the only statement of a text, without its semicolon.

    :raises QueryError: when there is none, more than one, or one that is not a query.
    """
    with sql_errors(sql):
        found = duckdb.extract_statements(sql)
    if not found:
        raise QueryError("there is no SQL statement")
    if len(found) > 1:
        raise QueryError(f"these are {len(found)} statements; give one query")
    kind = found[0].type.name
    is_pivot = kind == "MULTI" and bool(re.match(r"\s*(?:pivot|unpivot|with|from)\b", found[0].query, re.IGNORECASE))
    if kind not in _READS and not is_pivot:
        if (word := re.match(r"\s*(\w+)", found[0].query)) and word[1].upper() in _OWN_WORDS:
            kind = word[1].upper()
        raise QueryError(f"{kind} is not a query; the database is opened for reading only (SELECT, EXPLAIN, DESCRIBE)")
    return str(found[0].query).strip().rstrip(";")


@contextmanager
def sql_errors(sql: str) -> Iterator[None]:
    """Raise an error of DuckDB as a ``QueryError`` of one line with its place in the SQL.

    An error of the database's file is raised as it is: ``open_database`` says what is wrong with the file.
    """
    try:
        yield
    except duckdb.Error as error:
        if type(error) in (duckdb.Error, duckdb.IOException) and file_fault(str(error)) is not None:
            raise
        raise QueryError(_message(str(error), sql)) from error
    except RuntimeError as error:
        if "nterrupt" in str(error):
            raise KeyboardInterrupt from error
        raise


def _message(message: str, sql: str) -> str:
    text, _, excerpt = without_json(message).partition("\n\nLINE ")
    kind, _, reason = text.partition(": ")
    words = " ".join((reason or kind).split())
    if "disabled by configuration" in words or "through configuration" in words:
        words = f"a query reads only the tables of the database: {words.partition(' - ')[0]}"
    place = _place(f"LINE {excerpt}", sql) if excerpt else ""
    return f"SQL{place}: {words}"


def _place(excerpt: str, sql: str) -> str:
    """Line and column of an error, of which DuckDB shows the line, perhaps a part of it, with a caret below."""
    shown, _, below = excerpt.partition("\n")
    if not (match := _PLACE.match(shown)) or "^" not in below:
        return ""
    number, offset = int(match[1]), below.index("^") - match.end()
    lines = sql.splitlines()
    start = 0
    if match[2] and number <= len(lines):
        start = max(lines[number - 1].find(shown[match.end() :].removesuffix("...")), 0)
    return f", line {number}, column {start + offset + 1}"


# Opening --------------------------------------------------------------------------------------------------------------


def _path(source: str) -> tuple[Path, bool]:
    """The path of the file or folder that messages call ``source``, and whether it is a folder.

    :raises QueryError: when there is none, or it is another kind of file.
    """
    if match := _SCHEME.match(source):
        raise QueryError(
            f"{match[1]}://... cannot be read: name a DuckDB file, or a folder of Parquet, on this machine"
        )
    path = Path(source.removeprefix("duckdb:"))
    try:
        if path.is_dir():
            return path, True
        if not path.is_file():
            raise QueryError(
                f"there is no file {source}: load projects into it with source-pypi sync NAME... --into "
                f"{shell_quoted(source)}, or name another file"
            )
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise QueryError(f"{source} cannot be read: {error.strerror}") from error
    if head.startswith(b"SQLite format 3\0"):
        raise QueryError(f"{source} is a SQLite file: read it with sqlite3, or name a DuckDB file")
    if head[8:12] != b"DUCK":
        raise QueryError(f"{source} is no DuckDB file; name the file, or the folder of Parquet, that sync loaded")
    return path, False


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="source-pypi-", ignore_cleanup_errors=True)
    except OSError as error:
        raise QueryError(f"there is no temporary folder that can be written: {error.strerror}") from error


def _unreadable(path: Path, error: duckdb.Error) -> QueryError:
    reason = file_fault(str(error)) or " ".join(without_json(str(error)).split())
    return QueryError(f"{path} cannot be read: {reason}")


def _connect(path: Path, temporary: str, allowed: Sequence[Path], *, is_folder: bool) -> duckdb.DuckDBPyConnection:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": temporary,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    try:
        target = ":memory:" if is_folder else str(path.absolute())
        connection = duckdb.connect(target, read_only=not is_folder, config=settings)
    except duckdb.Error as error:
        if "set lock" in str(error) or "used by another process" in str(error):
            reason = "is in use by another program, perhaps a running sync; repeat this when that has ended"
            raise QueryError(f"{path} {reason}") from error
        raise _unreadable(path, error) from error
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")
    folders = [f"{one.absolute()}/" for one in (*allowed, Path(temporary))]
    connection.execute(f"SET allowed_directories = [{', '.join(map(text, folders))}]")
    connection.execute("SET enable_external_access = false")
    return connection


def _tables(connection: duckdb.DuckDBPyConnection, source: str, schema: str | None) -> list[Relation]:
    """The tables and views of the schema, which is then the current one."""
    listed = " UNION ALL ".join(
        f"SELECT schema_name, {kind}_name, '{kind}' = 'view', coalesce(comment, '') FROM duckdb_{kind}s() "
        "WHERE database_name = current_database() AND NOT internal AND NOT temporary"
        for kind in ("table", "view")
    )
    found = connection.execute(f"{listed} ORDER BY ALL").fetchall()
    wanted = (schema or "main").lower()
    with_ours = sorted({place for place, name, _, comment in found if name == _MARKER or comment.startswith(OURS)})
    here = next((name for name, *_ in found if name.lower() == wanted), None)
    if here not in with_ours:
        elsewhere = ""
        if with_ours:
            elsewhere = f"; they are in the schema {with_ours[0]}: add --schema {shell_quoted(with_ours[0])}"
        place = f"the schema {schema} of {source}" if schema else source
        raise QueryError(f"{place} has no tables of source-pypi{elsewhere}")
    ((catalog,),) = connection.execute("SELECT current_database()").fetchall()
    connection.execute(f"USE {quoted(str(catalog))}.{quoted(str(here))}")  # a schema may have the name of a database
    return [Relation(name, is_view, comment) for place, name, is_view, comment in found if place == here]


def _tables_of_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Relation]:
    """Views of the Parquet files ``NAME/*.parquet``, as ``sync`` writes them, or ``NAME.parquet``."""
    paths: dict[str, list[str]] = {}
    for path in sorted([*folder.absolute().glob("*/*.parquet"), *folder.absolute().glob("*.parquet")]):
        name = path.parent.name if path.parent != folder.absolute() else path.stem
        if not name.startswith("."):
            paths.setdefault(name, []).append(str(path))
    relations = []
    for name, files in paths.items():
        listed = ", ".join(map(text, files))
        try:
            connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM read_parquet([{listed}])")
            relations.append(Relation(name, False, _describe_file(connection, name, files[0])))
        except duckdb.Error as error:
            raise QueryError(f"{files[0]} cannot be read: {' '.join(str(error).split())}") from error
    if not any(relation.comment.startswith(OURS) for relation in relations):
        raise QueryError(f"{folder} has no tables of source-pypi")
    return relations


def _describe_file(connection: duckdb.DuckDBPyConnection, name: str, path: str) -> str:
    """Put the comments in the file's metadata on the view of it; return that on the table, empty if there is none."""
    query = "SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)"
    metadata = dict(connection.execute(query, [path]).fetchall())
    for column, comment in json.loads(metadata.get("columns", "{}")).items():
        with suppress(duckdb.Error):  # a column that somebody removed
            connection.execute(f"COMMENT ON COLUMN {quoted(name)}.{quoted(column)} IS {text(comment)}")
    return str(metadata.get("description", ""))


def _make_views(connection: duckdb.DuckDBPyConnection, relations: Sequence[Relation]) -> list[Relation]:
    """Make the views of this package that the database does not have, although it has their tables.

    They exist for this connection only.
    """
    names = {relation.name for relation in relations}
    made: list[Relation] = []
    for view in views():
        if view.name in names or not names.issuperset(view.needs):
            continue
        with suppress(duckdb.Error):  # of a table that lacks a column, since an older release wrote it
            connection.execute(f"CREATE TEMP VIEW {quoted(view.name)} AS {view.sql}")
            made.append(Relation(view.name, True, f"{OURS}{view.row}."))
            names.add(view.name)
    return made


def _with_columns(connection: duckdb.DuckDBPyConnection, relations: Sequence[Relation]) -> list[Relation]:
    query = (
        "SELECT table_name, column_name, data_type, coalesce(comment, '') FROM duckdb_columns() WHERE NOT internal "
        "AND (schema_name = current_schema() OR database_name = 'temp') ORDER BY table_name, column_index"
    )
    columns: dict[str, list[Column]] = {}
    with suppress(duckdb.Error):  # a view of the user's own that lost its table
        for table, name, kind, comment in connection.execute(query).fetchall():
            columns.setdefault(table, []).append(Column(name, kind, comment))
    described = {view.name: view for view in views()}
    return [
        Relation(
            one.name,
            one.is_view,
            one.comment,
            tuple(_commented(column, described.get(one.name)) for column in columns.get(one.name, ())),
        )
        for one in sorted(relations, key=lambda relation: relation.name)
    ]


def _commented(column: Column, view: Query | None) -> Column:
    meaning = view.columns.get(column.name, "") if view is not None else ""
    return column if column.comment or not meaning else Column(column.name, column.type, meaning)


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
