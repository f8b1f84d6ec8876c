"""Stops requesting kinds of documents that fail for one project after another."""

import threading
from collections import Counter
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from source_pypi.errors import NotOfferedError, SourceError, TransientError
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.fetch_plan import FetchPlan
from source_pypi.sync.fetch_result import FetchResult

#: Projects in a row that may fail before a run stops requesting a kind of document, or stops altogether.
STOP_AFTER = 3


class CircuitBreaker:
    """Kinds of documents that failed for ``STOP_AFTER`` projects in a row; a run does not request them any more.

    Each failed request takes a minute of retries, while documents of other kinds may be available.
    """

    def __init__(self) -> None:
        self._failures: Counter[DocumentKind] = Counter()
        self._errors: Mapping[DocumentKind, SourceError] = {}  # replaced, never changed: other threads may read it
        self._lock = threading.Lock()

    def without_failing(self, plan: FetchPlan) -> FetchPlan:
        """Return the plan without the kinds of documents that are not requested any more."""
        if not self._errors:
            return plan
        metadata = plan.metadata and DocumentKind.CORE_METADATA not in self._errors
        return replace(plan, documents=plan.documents - self._errors.keys(), metadata=metadata)

    def add(self, result: FetchResult, kinds: Collection[DocumentKind]) -> None:
        """Count a project's failures, and add to the result those of ``kinds`` that were no longer requested."""
        if DocumentKind.PROJECT in result.failures and not result.page_only:
            return  # the documents behind it were not requested
        known = {kind for kind, error in result.failures.items() if not isinstance(error, NotOfferedError)}
        result.failures.update({k: e for k, e in self._errors.items() if k in kinds and k not in known})
        with self._lock:
            for kind in set(DocumentKind) - {DocumentKind.PROJECT}:
                error = result.failures.get(kind)
                self._failures[kind] = self._failures[kind] + 1 if isinstance(error, TransientError) else 0
                if self._failures[kind] == STOP_AFTER and error is not None:
                    self._errors = {**self._errors, kind: error}
