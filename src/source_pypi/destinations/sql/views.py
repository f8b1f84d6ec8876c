"""Views in PostgreSQL and SQLite.

A view is created again only if its definition has changed: a digest of it is in the comment on the view. SQLite has no
comments, so it is a comment inside the view's SQL. Other databases have no views.
"""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from hashlib import blake2b

from msgspec import Struct

from source_pypi.destinations.changes_view import COMMENT, changes_query
from source_pypi.destinations.error_messages import reason_of
from source_pypi.destinations.runs import CHANGES_VIEW, RUNS
from source_pypi.destinations.sql.changes_view import changes_dialect
from source_pypi.destinations.sql.dataset import Dataset
from source_pypi.destinations.sql.statements import Statement
from source_pypi.destinations.sql.translation import ViewDialect, translated
from source_pypi.destinations.tables import OURS, RUN_TABLES, known_tables
from source_pypi.destinations.views import OLD_VIEWS, comment_of, creatable, not_created
from source_pypi.queries import Query, variants, views

_EXISTING = {
    "postgres": (
        "SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    ),
    "sqlite": (
        "SELECT name, CASE type WHEN 'view' THEN sql ELSE '' END FROM sqlite_master WHERE type IN ('table', 'view')"
    ),
}


class _View(Struct, frozen=True):
    """A view, as a database is to have it.

    :ivar comment: what the view is and, in parentheses at its end, the digest of its definition.
    """

    name: str
    select: str
    comment: str


def _view(name: str, select: str, comment: str) -> _View:
    digest = blake2b(f"{select}{comment}".encode(), digest_size=6).hexdigest()
    return _View(name, select, f"{comment} (definition {digest})")


class Views:
    """The views of a schema in a database.

    :param recorded: the tables that source-pypi made.
    :param secrets: what no message may contain.
    """

    def __init__(
        self, dataset: Dataset, dialect: ViewDialect, recorded: Collection[str], secrets: Collection[str] = ()
    ) -> None:
        self._dataset, self._dialect, self._secrets = dataset, dialect, secrets
        values = [dataset.name] if dialect == "postgres" else []
        rows = dataset.rows(Statement(_EXISTING[dialect], values))
        self._existing: dict[str, str] = {str(name): str(comment) for name, comment in rows}
        tables = [*known_tables(recorded), *RUN_TABLES, RUNS]
        names = [table.name for table in tables if table.name in self._existing]
        self._columns, self._recorded = dataset.columns(names), recorded
        self._complete = {one.name for one in tables if set(one.names()) <= self._columns.get(one.name, set())}

    def make(self) -> list[str]:
        """Create the views whose tables all exist with all columns; return a warning for each that failed."""
        warnings = []
        old = [name for name in OLD_VIEWS if self._is_ours(name)]
        if old:
            self._dataset.execute(Statement(f"DROP VIEW {self._name(name)}") for name in old)
        for view in creatable(self._is_ours):
            if not view.duckdb_only:
                warnings += self._made(view.name, partial(self._translated, view))
        if self._is_ours(CHANGES_VIEW) is not False:
            warnings += self._made(CHANGES_VIEW, self._changes)
        return warnings

    def _made(self, name: str, define: Callable[[], _View | None]) -> list[str]:
        """Create a view, unless its definition is None; return a warning if that failed."""
        try:
            view = define()
            if view is not None:
                self._make(view)
        except Exception as error:  # whatever the database's library raises
            return [not_created(name, reason_of(error, self._secrets))]
        return []

    def _is_ours(self, name: str) -> bool | None:
        if name in self._complete:
            return True
        comment = self._existing.get(name)
        return None if comment is None else OURS in comment

    def _make(self, view: _View) -> None:
        if view.comment in self._existing.get(view.name, ""):
            return
        if view.name in self._existing and self._dialect == "postgres":
            try:
                self._dataset.execute(self._statements(view, replaces=True))
            except Exception:  # it has other columns now: it is dropped, and the views of ours that read it
                self._drop(view.name)
            else:
                return
        elif view.name in self._existing:
            self._drop(view.name)
        self._dataset.execute(self._statements(view, replaces=False))

    def _drop(self, view: str) -> None:
        """Drop a view, and before it those of ours that read it; these are created again later."""
        readers = [one.name for one in views() if view in one.needs and self._is_ours(one.name)]
        names = [name for name in (*readers, view) if name in self._existing]
        self._dataset.execute(Statement(f"DROP VIEW {self._name(name)}") for name in names)
        for name in names:
            del self._existing[name]

    def _translated(self, view: Query) -> _View:
        view = variants(self._dialect).get(view.name, view)
        select = translated(view.sql, self._dialect, self._dataset.name, view.needs.__contains__)
        return _view(view.name, select, comment_of(view))

    def _changes(self) -> _View | None:
        """The view of changes; None: no history exists."""
        tables = known_tables(self._recorded, histories=False)
        query = changes_query(tables, self._columns, changes_dialect(self._dialect, self._name))
        return None if query is None else _view(CHANGES_VIEW, " ".join(query.split()), COMMENT)

    def _statements(self, view: _View, *, replaces: bool) -> Iterator[Statement]:
        """The statements that create a view, and that read nothing from it: SQLite checks it then, not before."""
        name, comment = self._name(view.name), view.comment
        if self._dialect == "postgres":
            yield Statement(f"CREATE {'OR REPLACE ' if replaces else ''}VIEW {name} AS {view.select}")
            yield Statement(f"COMMENT ON VIEW {name} IS '{comment.replace(chr(39), chr(39) * 2)}'")
        else:
            yield Statement(f"CREATE VIEW {name} AS /* {comment} */ {view.select}")
            yield Statement(f"SELECT * FROM {name} LIMIT 0")

    def _name(self, view: str) -> str:
        return self._dataset.table(view)
