"""Deletion of the rows and the state of projects that are no longer selected (``--prune``)."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain

from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.state import forget
from source_pypi.destinations.store import LoadPackage, ReplaceScope, RunRow, StagedRows, Store
from source_pypi.destinations.tables import STATE, Table, known_tables
from source_pypi.sync.state import WHOLE_INDEX, ProjectState
from source_pypi.sync.state_codec import PackedState
from source_pypi.sync.unconfirmed import names_of

#: Projects that are deleted in one package.
PRUNED_AT_ONCE = 1_000


def prune(
    store: Store,
    run: RunRow,
    selected: Collection[str],
    now: Callable[[], float],
    count: Callable[[Mapping[str, RowChanges]], None],
) -> tuple[int, int]:
    """Delete rows and state of projects that are not selected, also of streams that did not run.

    :param now: the time, in seconds since 1970.
    :param count: called with how the rows of each table changed.
    :return: the number of projects that had rows, and of rows that were deleted.
    """
    known = known_tables(run.tables, of_projects=True)
    existing = store.existing(known, run.tables)
    tables = [table for table in known if existing.get(table.name)]
    if incomplete := set(store.incomplete(tables)):
        forget(store, run, incomplete)
        store.make([table for table in tables if table.name in incomplete])
    counts = {table.name: dict(store.row_counts(table)) for table in (STATE, *tables)}
    others = sorted({*chain.from_iterable(counts.values())} - {*selected, WHOLE_INDEX})
    for start in range(0, len(others), PRUNED_AT_ONCE):
        at = datetime.fromtimestamp(now(), UTC)
        count(store.write(_deletion(run, others[start : start + PRUNED_AT_ONCE], tables, counts, at)))
    rows = [sum(counts[table.name].get(project, 0) for table in tables) for project in others]
    return sum(map(bool, rows)), sum(rows)


def may_be_required(
    load: Callable[[Sequence[str]], Mapping[str, Mapping[str, ProjectState]]], selected: Iterable[str]
) -> set[str]:
    """Return the projects that selected ones may still require, and what these require in turn.

    They were required when it was last known. The documents of today do not say.

    :param load: returns the states of projects, by project and stream.
    """
    selected, found = set(selected), set[str]()
    due, only_unconfirmed = sorted(selected), True
    while due:
        required = set[str]()
        for start in range(0, len(due), PRUNED_AT_ONCE):
            for states in load(due[start : start + PRUNED_AT_ONCE]).values():
                for requirements in {state.requirements or () for state in states.values()}:
                    required.update(names_of(requirements, only_unconfirmed=only_unconfirmed))
        due, only_unconfirmed = sorted(required - selected - found), False
        found.update(due)
    return found


def _deletion(
    run: RunRow,
    projects: Sequence[str],
    tables: Iterable[Table],
    counts: Mapping[str, Mapping[str, int]],
    at: datetime,
) -> LoadPackage:
    """The package that deletes rows and state of projects, and ends their history at a time."""
    staged = [
        StagedRows(table, scope=ReplaceScope(projects={one: at for one in projects if one in counts[table.name]}))
        for table in tables
    ]
    state: dict[str, PackedState | None] = dict.fromkeys(one for one in projects if one in counts[STATE.name])
    return LoadPackage(run, [one for one in staged if one.scope.projects], state)
