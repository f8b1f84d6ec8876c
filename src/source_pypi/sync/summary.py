"""The counts and errors of a run, in the words that every command reports them with."""

from collections import Counter

from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, SourceError, UnknownProjectsError, some_of
from source_pypi.sync.batch import Batch

#: Failures that are listed with their message; of the others, the projects are named.
MAX_LISTED_ERRORS = 10
#: Projects that are named in one line.
MAX_NAMED = 1_000


class RunSummary(Struct):
    """Counts and errors of a run.

    :ivar index: the index's URL, for messages.
    :ivar projects: how many projects were read, without missing ones.
    :ivar unchanged: how many of them have not changed since they were read before.
    :ivar rows: how many rows were made, by stream.
    :ivar missing: the projects that the user named and that the index does not have.
    :ivar failures: errors, each with the streams that could not be read because of it.
    :ivar failed: the project of each failure; None: the whole index.
    :ivar not_offered: why the index does not offer a stream, by stream; it may have rows of other projects.
    :ivar stopped: what ended the run early; None: it finished.
    """

    index: str
    projects: int = 0
    unchanged: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    failures: list[tuple[SourceError, tuple[str, ...]]] = field(default_factory=list)
    failed: list[str | None] = field(default_factory=list)
    user_errors: list[SourceError] = field(default_factory=list)
    stopped: SourceError | None = None
    not_offered: dict[str, str] = field(default_factory=dict)
    _repeated: set[str] = field(default_factory=set)

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.rows.update(batch.counts)
        if batch.missing and batch.project is not None:
            self.missing.append(batch.project)
        elif batch.project is not None and batch.changes and not batch.missing_allowed:
            self.projects += 1
            self.unchanged += not batch.counts
        by_error: dict[int, tuple[SourceError, list[str]]] = {}
        for stream, error in batch.failures.items():
            by_error.setdefault(id(error), (error, []))[1].append(stream)
        for error, streams in by_error.values():
            self._add_failure(error, streams, batch.project)
        self.user_errors += [error for error in batch.user_errors if not self._is_repeated(error)]

    def _is_repeated(self, error: SourceError) -> bool:
        """Whether the same lack of the index was added before, for another project."""
        if not isinstance(error, NotOfferedError):
            return False
        repeated = error.what in self._repeated
        self._repeated.add(error.what)
        return repeated

    def _add_failure(self, error: SourceError, streams: list[str], project: str | None) -> None:
        """Add a failure; what an index does not offer is added once for each stream, not for each project."""
        if isinstance(error, NotOfferedError):
            streams = [stream for stream in streams if stream not in self.not_offered]
            self.not_offered.update(dict.fromkeys(streams, str(error)))
        if streams:
            self.failures.append((error, tuple(streams)))
            self.failed.append(project)

    def stop(self, error: SourceError, streams: tuple[str, ...]) -> None:
        """Record what ended the run early."""
        self.stopped = error
        self.failures.append((error, streams))
        self.failed.append(None)

    @property
    def errors(self) -> list[SourceError]:
        """All errors, in the order in which they are reported."""
        missing = [UnknownProjectsError(self.missing, self.index)] if self.missing else []
        return [*(error for error, _ in self.failures), *self.user_errors, *missing]

    def lines(self) -> list[str]:
        """Return the errors as text, a line each: which streams, what was requested, what came back, what to do.

        If there are many, the last ones are only named by their projects. What ended the run comes last.
        """
        failures = self.failures[:-1] if self.stopped is not None else self.failures
        lines = [f"{', '.join(streams)}: {error}" for error, streams in failures[:MAX_LISTED_ERRORS]]
        if more := len(failures) - MAX_LISTED_ERRORS if len(failures) > MAX_LISTED_ERRORS else 0:
            names = sorted({name or "the index" for name in self.failed[MAX_LISTED_ERRORS : len(failures)]})
            lines.append(f"and {more:,} more failures like these, of {some_of(names, MAX_NAMED)}")
        lines += [f"{', '.join(streams)}: {error}" for error, streams in self.failures[len(failures) :]]
        return lines + [str(error) for error in self.errors[len(self.failures) :]]

    def of_stream(self, stream: str) -> list[SourceError]:
        """Return the errors of one stream."""
        return [error for error, streams in self.failures if stream in streams]


def warnings_of(batch: Batch) -> list[str]:
    """Return what the user should know of a batch, a line each."""
    return [*batch.warnings, *_invalid_field_warnings(batch)]


def _invalid_field_warnings(batch: Batch) -> list[str]:
    if not batch.invalid_fields:
        return []
    shown = "; ".join(str(invalid_field) for invalid_field in batch.invalid_fields[:3])
    more = f"; and {len(batch.invalid_fields) - 3} more" if len(batch.invalid_fields) > 3 else ""
    return [
        f"{batch.project or 'index'}: {len(batch.invalid_fields)} fields of a wrong type became null: {shown}{more}"
    ]
