"""``scan_pypi``: a stream as a source of Polars, which passes on filters and the columns that a query needs."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from source_pypi.config import Config
from source_pypi.opening import open_run, run_of
from source_pypi.results.arrow import ROWS, portions
from source_pypi.results.batch import Batch
from source_pypi.results.frames import import_library, polars_frame, polars_schema
from source_pypi.results.source import BatchSource
from source_pypi.selection import Selection
from source_pypi.streams.stream import Stream

if TYPE_CHECKING:
    import polars

_PROJECT = "project"


def scan(stream: Stream, config: Config) -> "polars.LazyFrame":
    """Return a lazy frame of a stream's rows.

    :raises LibraryMissingError: when Polars is not installed.
    :raises ConfigError: when no projects are selected, or a name is invalid.
    """
    schema = polars_schema(stream, "scan_pypi")
    plugins = import_library("polars.io.plugins", "scan_pypi")
    selection = open_run(config, [stream]).selection  # here, so that invalid input is raised by the call

    def read(
        columns: list[str] | None, predicate: Any, rows: int | None, batch_size: int | None
    ) -> Iterator["polars.DataFrame"]:
        """Yield data frames, as Polars asks for them; the size of a batch is a hint that needs no answer.

        Polars applies the number of rows before the predicate; if the query has them in another order, it passes on
        the predicate only. It closes the iterator when it has enough rows.
        """
        del batch_size
        chosen = _selected(selection, stream, predicate if rows is None else None)
        if chosen is None or rows == 0:
            return
        source = BatchSource(run_of(chosen, [stream], config))
        try:
            yield from _frames(stream, source.batches(), columns, predicate, rows)
        finally:
            source.close()

    frame: polars.LazyFrame = plugins.register_io_source(read, schema=schema)
    return frame


def _frames(
    stream: Stream, batches: Iterator[Batch], columns: list[str] | None, predicate: Any, left: int | None
) -> Iterator["polars.DataFrame"]:
    """The rows that a predicate selects, with some columns; ``left``: of the first rows only."""
    needed = columns
    if columns is not None and predicate is not None:
        needed = list(dict.fromkeys([*columns, *predicate.meta.root_names()]))
    for rows in _growing(stream, batches):
        frame = polars_frame(stream, rows[:left], needed)
        frame = frame if predicate is None else frame.filter(predicate)
        yield frame if columns is None else frame.select(columns)
        left = None if left is None else left - len(rows)
        if left is not None and left <= 0:
            return


def _growing(stream: Stream, batches: Iterator[Batch]) -> Iterator[Sequence[Any]]:
    """The rows of one project, then of two projects, of four and so on: a query may need the first rows only."""
    count = 1
    for first in batches:
        yield from portions(stream, chain([first], islice(batches, count - 1)))
        count = min(2 * count, ROWS)


def _selected(selection: Selection, stream: Stream, predicate: Any) -> Selection | None:
    """The projects that a predicate can select; None: there are none.

    Dependencies are followed from all projects, the names of a whole index are not known, and rows that describe the
    index are not requested by project: nothing is left out then.
    """
    by_project = selection.projects and not selection.follow and not selection.whole_index
    if predicate is None or not by_project or not stream.of_project:
        return selection
    polars: Any = import_library("polars", "scan_pypi")
    schema = {_PROJECT: polars.String}
    names = polars.DataFrame({_PROJECT: [str(one.project) for one in selection.projects]}, schema=schema)
    for condition in _conjuncts(predicate):
        if set(condition.meta.root_names()) == {_PROJECT}:
            names = names.filter(condition)
    kept = set(names[_PROJECT])
    projects = tuple(one for one in selection.projects if one.project in kept)
    return replace(selection, projects=projects) if projects else None


def _conjuncts(predicate: Any) -> Iterator[Any]:
    """The parts of a predicate that must all hold. Polars passes on no predicate that looks at several rows."""
    parts = predicate.meta.pop()
    if len(parts) == 2:
        for left, right in (parts, parts[::-1]):
            if (left & right).meta.eq(predicate):
                yield from _conjuncts(left)
                yield from _conjuncts(right)
                return
    yield predicate
