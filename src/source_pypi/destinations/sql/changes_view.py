"""The view ``changes`` in PostgreSQL and SQLite (``destinations/changes_view.py``).

PostgreSQL
    Lists are ``jsonb``, as in the tables. ``jsonb_build_object`` takes at most 50 columns, so objects are made of rows.
    Only ``=`` makes a full join fast, ``IS NOT DISTINCT FROM`` does not; no column of a key is ever null.

SQLite
    It needs version 3.39, which has full joins. Documents, lists and booleans become JSON again by the types of their
    columns, since SQLite stores them as texts and numbers.
"""

from collections.abc import Callable, Collection

from source_pypi.destinations.changes_view import ChangesDialect
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
        return (
            f"(SELECT json_group_object(listed.value, json({object_} -> listed.value)) "
            f"FROM json_each({texts}) AS listed)"
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
