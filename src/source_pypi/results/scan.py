"""``scan_pypi``: a stream as a source of Polars, which passes on filters and the columns that a query needs."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from source_pypi.config import Config
from source_pypi.opening import open_run, run_of
from source_pypi.results.arrow import ROWS, portions
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
        """Yield data frames, as Polars asks for them; the size of a batch is a hint that needs no answer."""
        del batch_size
        chosen = _selected(selection, stream, predicate)
        if chosen is None:
            return
        source = BatchSource(run_of(chosen, [stream], config))
        try:
            most = ROWS if rows is None else max(1, min(rows, ROWS))
            yield from _limited(_frames(stream, source, columns, predicate, most), rows)
        finally:
            source.close()

    frame: polars.LazyFrame = plugins.register_io_source(read, schema=schema)
    return frame


def _frames(
    stream: Stream, source: BatchSource, columns: list[str] | None, predicate: Any, most: int
) -> Iterator["polars.DataFrame"]:
    """The rows that a predicate selects, with some columns; ``most`` rows are made into one frame."""
    needed = columns
    if columns is not None and predicate is not None:
        needed = list(dict.fromkeys([*columns, *predicate.meta.root_names()]))
    for rows in portions(stream, source.batches(), most):
        frame = polars_frame(stream, rows, needed)
        frame = frame if predicate is None else frame.filter(predicate)
        yield frame if columns is None else frame.select(columns)


def _limited(frames: Iterator["polars.DataFrame"], rows: int | None) -> Iterator["polars.DataFrame"]:
    """The first rows; None: all of them."""
    if rows is None:
        yield from frames
        return
    while rows > 0 and (frame := next(islice(frames, 1), None)) is not None:
        yield frame.head(rows)
        rows -= frame.height


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
