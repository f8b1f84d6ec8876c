"""The counts and errors of a run, in the words that every command reports them with."""

from collections import Counter

from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, SourceError, UnknownProjectsError
from source_pypi.safety.wording import some_of
from source_pypi.sync.batch import Batch
from source_pypi.sync.capabilities import Capabilities

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
    :ivar similar: names like theirs that the destination holds; whoever has a destination sets it.
    :ivar failures: errors, each with the streams that could not be read because of it; without those that the index
        does not provide.
    :ivar failed: the project, or the service, of each failure; None: the whole index.
    :ivar user_errors: pinned releases that the index does not have.
    :ivar capabilities: which streams the index provides.
    :ivar stopped: what ended the run early; None: it finished.
    """

    index: str
    projects: int = 0
    unchanged: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    similar: list[str] = field(default_factory=list)
    failures: list[tuple[SourceError, tuple[str, ...]]] = field(default_factory=list)
    failed: list[str | None] = field(default_factory=list)
    user_errors: list[SourceError] = field(default_factory=list)
    stopped: SourceError | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    _repeated: set[str] = field(default_factory=set)

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.rows.update(batch.counts)
        if batch.missing and batch.project is not None:
            self.missing.append(batch.project)
        elif batch.project is not None and batch.changes and not batch.missing_allowed and not batch.service:
            self.projects += 1
            self.unchanged += not batch.counts
        by_error: dict[int, tuple[SourceError, list[str]]] = {}
        for stream, error in batch.failures.items():
            if not isinstance(error, NotOfferedError):
                by_error.setdefault(id(error), (error, []))[1].append(stream)
        self.failures += [(error, tuple(streams)) for error, streams in by_error.values()]
        self.failed += [f"the service {batch.service}" if batch.service else batch.project] * len(by_error)
        self.capabilities.add(batch)
        self.user_errors += [error for error in batch.user_errors if not self._is_repeated(error)]

    def _is_repeated(self, error: SourceError) -> bool:
        """Whether the same lack of the index was added before, for another project."""
        if not isinstance(error, NotOfferedError):
            return False
        repeated = error.what in self._repeated
        self._repeated.add(error.what)
        return repeated

    def stop(self, error: SourceError, streams: tuple[str, ...]) -> None:
        """Record what ended the run early."""
        self.stopped = error
        self.failures.append((error, streams))
        self.failed.append(None)
        for stream in streams:
            self.capabilities.add_failure(stream, error)

    @property
    def errors(self) -> list[SourceError]:
        """All errors, in the order in which they are reported."""
        failures = [error for error, _ in self.failures]
        return [*failures, *self.capabilities.failures().values(), *self.project_errors]

    @property
    def project_errors(self) -> list[SourceError]:
        """The errors that concern projects, not streams: releases and projects that the index does not have."""
        missing = [UnknownProjectsError(self.missing, self.index, self.similar)] if self.missing else []
        return [*self.user_errors, *missing]

    def lines(self) -> list[str]:
        """Return the errors as text, a line each: which streams, what was requested, what came back, what to do.

        If there are many, the last ones are only named by their projects. There is one line for each stream that the
        index does not provide, and one for all pinned releases of which it has no documents. What ended the run comes
        last of the failures.
        """
        failures = self.failures[:-1] if self.stopped is not None else self.failures
        lines = [f"{', '.join(streams)}: {error}" for error, streams in failures[:MAX_LISTED_ERRORS]]
        if more := len(failures) - MAX_LISTED_ERRORS if len(failures) > MAX_LISTED_ERRORS else 0:
            names = sorted({name or "the index" for name in self.failed[MAX_LISTED_ERRORS : len(failures)]})
            lines.append(f"and {more:,} more failures like these, of {some_of(names, MAX_NAMED)}")
        lines += [f"{stream}: {error}" for stream, error in self.capabilities.failures().items()]
        lines += [f"{', '.join(streams)}: {error}" for error, streams in self.failures[len(failures) :]]
        return lines + [self._with_streams(error) for error in self.project_errors]

    def _with_streams(self, error: SourceError) -> str:
        """An error, after the streams that have no rows because of it."""
        if not isinstance(error, NotOfferedError):
            return str(error)
        lacking = self.capabilities.unavailable(failing=False)
        streams = [stream for stream, other in lacking.items() if other.what == error.what]
        return f"{', '.join(streams)}: {error}" if streams else str(error)

    def of_stream(self, stream: str) -> list[SourceError]:
        """Return the errors of one stream."""
        not_offered = self.capabilities.failures().get(stream)
        failures = [error for error, streams in self.failures if stream in streams]
        return failures if not_offered is None else [*failures, not_offered]


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
