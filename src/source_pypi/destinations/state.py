"""The state in a store, whatever the store: rows of ``_state`` as the states of streams, and back."""

from collections.abc import Collection, Iterator, Mapping

from source_pypi.destinations.store import LoadPackage, RunRow, Store
from source_pypi.destinations.tables import RUN, STATE
from source_pypi.errors import StateError
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import PackedState, pack_row, unpack_row


def states_of(store: Store, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
    """Return the state of projects, by project, then by stream.

    :raises StateError: when it cannot be read.
    """
    return {row.project: _unpacked(store, row) for row in store.states(projects)}


def summaries_of(store: Store, settings_digests: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
    """Yield every project of which one of these streams has state.

    :param settings_digests: of this run, by name of the stream.
    :raises StateError: when it cannot be read.
    """
    exact = ",".join(f"{name}:{settings_digests[name].hex()}" for name in sorted(settings_digests))
    yield from store.summaries(exact)
    for row in store.other_states(exact, list(settings_digests)):
        summary = summary_for(row.project, _unpacked(store, row), settings_digests)
        if summary is not None:
            yield summary


def merged_state(
    store: Store, states: Mapping[str, Mapping[str, ProjectState]], *, rows_change: bool
) -> dict[str, PackedState | None]:
    """Return the rows of ``_state`` to write: new state, with that of streams that did not run.

    Where rows change, it has the state of the index's list: a store without transactions deletes that until the rows
    are written. Otherwise the list would vouch for projects without state if the process ended in between.

    :param states: the new state, by project, then by stream.
    """
    merged = states_of(store, {*states, *([WHOLE_INDEX] if rows_change else [])})
    for project, new in states.items():
        merged[project] = {**merged.get(project, {}), **new}
    return {project: pack_row(project, one) for project, one in merged.items()}


def forget(store: Store, run: RunRow, streams: Collection[str]) -> None:
    """Delete the state of streams."""
    state: dict[str, PackedState | None] = {}
    for row in store.other_states("", streams):
        states = {name: one for name, one in _unpacked(store, row).items() if name not in streams}
        state[row.project] = pack_row(row.project, states) if states else None
    if state:
        store.make([STATE, RUN])
        store.write(LoadPackage(run, state=state))


def _unpacked(store: Store, row: PackedState) -> dict[str, ProjectState]:
    try:
        return unpack_row(row)
    except ValueError as error:
        reason = f"{store.name} has broken state of {row.project or 'the index'}"
        raise StateError(STATE.name, reason) from error
