"""The view ``changes`` in a DuckDB file (``destinations/changes_view.py``)."""

from collections.abc import Collection

import duckdb

from source_pypi.destinations.changes_view import COMMENT, ChangesDialect, changes_query, full_join
from source_pypi.destinations.duckdb.tables import Catalog, quoted, text, transaction
from source_pypi.destinations.runs import CHANGES_VIEW
from source_pypi.destinations.tables import Column, history_name, known_tables
from source_pypi.destinations.views import not_created
from source_pypi.streams import NAMES


class DuckdbChanges(ChangesDialect):
    """The SQL of lists and JSON in DuckDB."""

    def table(self, name: str) -> str:
        """The name of a table of the schema in use."""
        return quoted(name)

    def differ(self, one: str, other: str) -> str:
        """Whether two values differ."""
        return f"{one} IS DISTINCT FROM {other}"

    def pairs(self, history: str, old: str, new: str, same: str) -> str:
        """A full join."""
        return full_join(history, old, new, same)

    def contains(self, column: str, text: str) -> str:
        """Whether a list of texts contains a text."""
        return f"list_contains({column}, '{text}')"

    def json_object(self, values: Collection[tuple[Column, str]]) -> str:
        """A JSON object."""
        return f"to_json({{{', '.join(f'{text(column.name)}: {value}' for column, value in values)}}})"

    def texts(self, values: Collection[str]) -> str:
        """A list."""
        return f"[value FOR value IN [{', '.join(values)}]::VARCHAR[] IF value IS NOT NULL]"

    def is_empty(self, texts: str) -> str:
        """Whether a list has no items."""
        return f"(len({texts}) = 0)"

    def listed(self, texts: str) -> str:
        """The list itself."""
        return texts

    def only(self, object_: str, texts: str) -> str:
        """Some entries of a JSON object."""
        return f"to_json(map_from_entries([{{'name': name, 'value': {object_}->name}} FOR name IN {texts}]))"


def make_changes_view(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> list[str]:
    """Make the view over the histories that exist, of this run and of earlier ones; a view of the user's own stays.

    :return: a warning, if it failed.
    """
    histories = [name for name in NAMES if catalog.is_ours(history_name(name))]
    query = changes_query(known_tables(histories, histories=False), catalog.columns, DuckdbChanges())
    if query is None or catalog.is_ours(CHANGES_VIEW) is False:
        return []
    try:
        with transaction(connection):
            connection.execute(f"CREATE OR REPLACE VIEW {CHANGES_VIEW} AS {query}")
            connection.execute(f"COMMENT ON VIEW {CHANGES_VIEW} IS {text(COMMENT)}")
    except duckdb.Error as error:
        return [not_created(CHANGES_VIEW, error)]
    return []
