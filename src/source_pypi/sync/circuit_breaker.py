"""Kinds of documents that are given up in a run, since they failed too often."""

import threading
from collections import Counter
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from source_pypi.errors import SourceError, TransientError
from source_pypi.services.index.documents.kinds import Reads
from source_pypi.sync.fetch import Plan
from source_pypi.sync.fetch_result import Findings

#: Projects in a row that may fail before the run is stopped.
STOP_AFTER = 3


class CircuitBreaker:
    """Kinds of documents that failed for ``STOP_AFTER`` projects in a row: they are not asked for any more in this run.

    Each question costs a minute of patience; the other documents may be well.
    """

    def __init__(self) -> None:
        self._failed: Counter[Reads] = Counter()
        self._errors: Mapping[Reads, SourceError] = {}  # replaced, never changed: other threads may be reading it
        self._learning = threading.Lock()

    def spare(self, plan: Plan) -> Plan:
        """The plan without the documents that are given up."""
        return replace(plan, reads=plan.reads - self._errors.keys()) if self._errors else plan

    def learn(self, findings: Findings, reads: Collection[Reads]) -> None:
        """Take in what failed; what was not asked for has failed as it did before."""
        if Reads.PROJECT in findings.failures:  # what lies behind it was not asked for, and may be well
            return
        findings.failures.update({r: e for r, e in self._errors.items() if r in reads and r not in findings.failures})
        with self._learning:
            for read in set(Reads) - {Reads.PROJECT}:
                error = findings.failures.get(read)
                self._failed[read] = self._failed[read] + 1 if isinstance(error, TransientError) else 0
                if self._failed[read] == STOP_AFTER and error is not None:
                    self._errors = {**self._errors, read: error}
