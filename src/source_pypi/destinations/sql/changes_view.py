"""The view ``changes`` in PostgreSQL and SQLite (``destinations/changes_view.py``).

PostgreSQL
    Lists are ``jsonb``, as in the tables. ``jsonb_build_object`` takes at most 50 columns, so objects are made of rows.
    Only ``=`` makes a full join fast, ``IS NOT DISTINCT FROM`` does not; no column of a key is ever null.

SQLite
    A version that cannot parse a view cannot read the file at all. So the view has nothing that SQLite 3.32 lacks, such
    as full joins, ``->`` and ``IS DISTINCT FROM``. Documents, lists and booleans become JSON again by the types of
    their columns, since SQLite stores them as texts and numbers.
"""

from collections.abc import Callable, Collection

from source_pypi.destinations.changes_view import ChangesDialect, full_join
from source_pypi.destinations.sql.translation import ViewDialect
from source_pypi.destinations.tables import Column
from source_pypi.schema import BOOLEAN, JSON, TEXTS


class PostgresChanges(ChangesDialect):
    """The SQL of lists and JSON in PostgreSQL.

    :param table: the name of a table in SQL, with its schema.
    """

    def __init__(self, table: Callable[[str], str]) -> None:
        self._table = table

    def table(self, name: str) -> str:
        """The name of a table with its schema."""
        return self._table(name)

    def differ(self, one: str, other: str) -> str:
        """Whether two values differ."""
        return f"{one} IS DISTINCT FROM {other}"

    def pairs(self, history: str, old: str, new: str, same: str) -> str:
        """A full join."""
        return full_join(history, old, new, same)

    def contains(self, column: str, text: str) -> str:
        """Whether a list of texts contains a text."""
        return f"""{column} @> '["{text}"]'"""

    def json_object(self, values: Collection[tuple[Column, str]]) -> str:
        """A ``jsonb`` object."""
        named = ", ".join(f'{value} AS "{column.name}"' for column, value in values)
        return f"(SELECT to_jsonb(named) FROM (SELECT {named}) AS named)"

    def texts(self, values: Collection[str]) -> str:
        """An array."""
        return f"array_remove(CAST(ARRAY[{', '.join(values)}] AS TEXT[]), NULL)"

    def is_empty(self, texts: str) -> str:
        """Whether an array has no items."""
        return f"(cardinality({texts}) = 0)"

    def listed(self, texts: str) -> str:
        """The array as ``jsonb``."""
        return f"to_jsonb({texts})"

    def only(self, object_: str, texts: str) -> str:
        """Some entries of a ``jsonb`` object."""
        return f"(SELECT jsonb_object_agg(name, {object_} -> name) FROM unnest({texts}) AS listed(name))"


class SqliteChanges(ChangesDialect):
    """The SQL of lists and JSON in SQLite.

    :param table: the name of a table in SQL.
    """

    def __init__(self, table: Callable[[str], str]) -> None:
        self._table = table

    def table(self, name: str) -> str:
        """The name of a table with its schema."""
        return self._table(name)

    def differ(self, one: str, other: str) -> str:
        """Whether two values differ."""
        return f"{one} IS NOT {other}"

    def pairs(self, history: str, old: str, new: str, same: str) -> str:
        """The row ids of a full join, which two left joins make, and the rows with these ids."""
        olds, news = (
            f"(SELECT rowid AS id, * FROM {history} WHERE {condition}) AS {state}"
            for state, condition in (("old_state", old), ("new_state", new))
        )
        return (
            f"(SELECT old_state.id AS old_id, new_state.id AS new_id FROM {news} LEFT JOIN {olds} ON {same} "
            f"UNION ALL SELECT old_state.id, NULL FROM {olds} LEFT JOIN {news} ON {same} WHERE new_state.id IS NULL) "
            f"AS pairs LEFT JOIN {history} AS old_state ON old_state.rowid = old_id "
            f"LEFT JOIN {history} AS new_state ON new_state.rowid = new_id"
        )

    def contains(self, column: str, text: str) -> str:
        """Whether a list of texts contains a text."""
        return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = '{text}')"

    def json_object(self, values: Collection[tuple[Column, str]]) -> str:
        """A JSON object."""
        entries = (f"'{column.name}', {_as_json(column, value)}" for column, value in values)
        return f"json_object({', '.join(entries)})"

    def texts(self, values: Collection[str]) -> str:
        """A JSON array."""
        return (
            f"(SELECT json_group_array(value) FROM json_each(json_array({', '.join(values)})) WHERE value IS NOT NULL)"
        )

    def is_empty(self, texts: str) -> str:
        """Whether a JSON array has no items."""
        return f"({texts} = '[]')"

    def listed(self, texts: str) -> str:
        """The JSON array itself."""
        return texts

    def only(self, object_: str, texts: str) -> str:
        """Some entries of a JSON object."""
        of_entry = (
            "json(CASE WHEN entry.type IN ('array', 'object') THEN entry.value "
            "WHEN entry.type IN ('true', 'false') THEN entry.type ELSE json_quote(entry.value) END)"
        )
        return (
            f"(SELECT json_group_object(entry.key, {of_entry}) FROM json_each({object_}) AS entry "
            f"WHERE entry.key IN (SELECT value FROM json_each({texts})))"
        )


def _as_json(column: Column, value: str) -> str:
    """A value of a column in SQLite, as an argument of ``json_object``."""
    if column.type is BOOLEAN:
        return f"json(CASE {value} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END)"
    if column.type in (JSON, TEXTS):  # what is not JSON, a user wrote
        return f"json(CASE WHEN json_valid({value}) THEN {value} ELSE json_quote({value}) END)"
    return value


def changes_dialect(dialect: ViewDialect, table: Callable[[str], str]) -> ChangesDialect:
    """The dialect of a database.

    :param table: the name of a table in SQL, with its schema.
    """
    return PostgresChanges(table) if dialect == "postgres" else SqliteChanges(table)
