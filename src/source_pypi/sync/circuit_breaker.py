"""Kinds of documents that are given up in a run, since they failed too often."""

import threading
from collections import Counter
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from source_pypi.errors import SourceError, TransientError
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.fetch import FetchPlan
from source_pypi.sync.fetch_result import FetchResult

#: Projects in a row that may fail before the run is stopped.
STOP_AFTER = 3


class CircuitBreaker:
    """Kinds of documents that failed for ``STOP_AFTER`` projects in a row: they are not asked for any more in this run.

    Each question costs a minute of patience; the other documents may be well.
    """

    def __init__(self) -> None:
        self._failed: Counter[DocumentKind] = Counter()
        self._errors: Mapping[
            DocumentKind, SourceError
        ] = {}  # replaced, never changed: other threads may be reading it
        self._learning = threading.Lock()

    def spare(self, plan: FetchPlan) -> FetchPlan:
        """The plan without the documents that are given up."""
        return replace(plan, documents=plan.documents - self._errors.keys()) if self._errors else plan

    def learn(self, result: FetchResult, reads: Collection[DocumentKind]) -> None:
        """Take in what failed; what was not asked for has failed as it did before."""
        if DocumentKind.PROJECT in result.failures:  # what lies behind it was not asked for, and may be well
            return
        result.failures.update({r: e for r, e in self._errors.items() if r in reads and r not in result.failures})
        with self._learning:
            for read in set(DocumentKind) - {DocumentKind.PROJECT}:
                error = result.failures.get(read)
                self._failed[read] = self._failed[read] + 1 if isinstance(error, TransientError) else 0
                if self._failed[read] == STOP_AFTER and error is not None:
                    self._errors = {**self._errors, read: error}
