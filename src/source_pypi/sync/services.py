"""The part of a run that reads services other than the index: a batch for each portion of documents.

A service that fails costs its own streams their rows of this run, and no other.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

import msgspec

from source_pypi.errors import SourceError, TooLargeError
from source_pypi.safety.limits import LARGEST_ROW
from source_pypi.selection import Selection
from source_pypi.services.index.documents.fingerprint import Fingerprint
from source_pypi.services.service import Cursor, Portion, Request, Service
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.state import ProjectState, StateStore, settings_digest_of

#: The key in ``ProjectState.fingerprints`` of the cursor of a service, whose tag is the cursor.
CURSOR_CODE = "c"
#: Rows that are made and encoded at a time.
SLICE = 1_000
_ENCODER = msgspec.json.Encoder()


def service_batches(
    services: Mapping[str, Service],
    streams: Sequence[Stream],
    selection: Selection,
    store: StateStore,
    now: Callable[[], float] = time.time,
    followed: Collection[str] = (),
) -> Iterator[Batch]:
    """Yield a batch for each portion of each service that one of the streams reads.

    :param services: the services, by name.
    :param now: the time, in seconds since 1970.
    :param followed: projects that the run has read besides the selected ones: their dependencies.
    """
    for name, service in services.items():
        of_service = [stream for stream in streams if stream.service == name]
        if not of_service:
            continue
        whole = selection.whole_index or not selection.projects
        selected = dict.fromkeys(one.project for one in selection.projects)
        projects = None if whole else [*selected, *sorted(set(followed) - selected.keys())]
        cursors = _Cursors(store, of_service)
        excludes = selection.excludes if selection.excluded else None
        request = Request({stream.name for stream in of_service}, projects, cursors, now, excludes)
        try:
            for portion in service.portions(request):
                yield _batch(portion, of_service, cursors.digests, name, now())
                del portion  # it is large, and the next one is about to be made
        except SourceError as error:
            failures = {stream.name: error for stream in of_service}
            yield Batch(None, datetime.fromtimestamp(now(), UTC), failures=failures, service=name)


class _Cursors:
    """Reads cursors from the state of earlier runs."""

    def __init__(self, store: StateStore, streams: Sequence[Stream]) -> None:
        self._store = store
        self.digests = {
            stream.name: settings_digest_of(stream, None, "", use_core_metadata=False, keys=False) for stream in streams
        }

    def __call__(self, projects: Collection[str]) -> dict[str, dict[str, Cursor]]:
        loaded = self._store.load(projects)
        return {
            project: {name: one for name in self.digests if (one := self._cursor(name, states.get(name))) is not None}
            for project, states in loaded.items()
        }

    def _cursor(self, stream: str, state: ProjectState | None) -> Cursor | None:
        found = None if state is None else state.fingerprints.get(CURSOR_CODE)
        if state is None or found is None:
            return None
        return Cursor(found.tag, state.settings_digest == self.digests[stream], state.checked_at)


def _batch(
    portion: Portion, streams: Sequence[Stream], digests: Mapping[str, bytes], service: str, now: float
) -> Batch:
    """The rows of a portion, of each stream that has a cursor in it; rows that are too large fail their stream."""
    changes: dict[str, Change] = {}
    failures: dict[str, SourceError] = {}
    for stream in streams:
        if stream.name not in portion.cursors:
            continue
        cursor = Fingerprint(portion.cursors[stream.name])
        state = ProjectState(int(now), digests[stream.name], True, None, {CURSOR_CODE: cursor}, {})
        try:
            changes[stream.name] = _change(stream, portion, state)
        except TooLargeError as error:
            failures[stream.name] = error
    return Batch(
        portion.project,
        datetime.fromtimestamp(now, UTC),
        changes=changes,
        failures=failures,
        warnings=portion.warnings,
        provided=frozenset(changes),
        service=service,
        gap=portion.gap,
    )


def _change(stream: Stream, portion: Portion, state: ProjectState) -> Change:
    """The rows of a stream, and the partitions whose rows they replace.

    :raises TooLargeError: when a row is larger than destinations accept.
    """
    assert stream.merged_by is not None
    count, lines, partitions = 0, list[bytes](), dict.fromkeys(portion.partitions)
    rows = iter(stream.rows(portion.documents))
    while some := list(islice(rows, SLICE)):
        count += len(some)
        partitions.update(dict.fromkeys(str(getattr(row, stream.merged_by)) for row in some))
        lines.append(_ENCODER.encode_lines(some))
        if len(lines[-1]) > LARGEST_ROW and (size := max(map(len, lines[-1].split(b"\n")))) > LARGEST_ROW:
            raise TooLargeError(stream.name, f"{size:,} bytes in one row", f"{LARGEST_ROW:,}")
    unchanged = not count and not partitions
    return Change(state, None if unchanged else count, tuple(lines), changed_partitions=tuple(partitions))
