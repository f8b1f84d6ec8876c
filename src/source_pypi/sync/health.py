"""Whether the index answers: what was received in this run, and one request that says whether it still answers.

Projects that cannot be read, or that the index no longer has, say little by themselves: a firewall refuses single
projects, and an index whose token was replaced answers 404 to everything. Therefore a run compares them with a document
that the index does have.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from packaging.utils import canonicalize_name

from source_pypi.errors import RefusedError, SourceError, TransientError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.fetch_index import IndexDocuments
from source_pypi.sync.fetch_result import FetchResult

#: Projects in a row that may fail while no project has been read at all, if the index answers otherwise.
MAX_UNPROVEN = 30
#: Received documents that are requested again at most.
_PROBES = 2


class IndexHealth:
    """What the index answered in this run.

    :param documents: the run's documents of the whole index; the list of projects is among them.
    :param unlisted: the projects that this run knows to have left the list.
    """

    def __init__(self, index: Index, documents: IndexDocuments, unlisted: Iterable[str] = ()) -> None:
        self._index, self._documents, self._unlisted = index, documents, frozenset(unlisted)
        self._again: deque[Callable[[], object]] = deque(maxlen=_PROBES)
        self._answered: list[str] = []
        self._list_requested = False

    def add(self, result: FetchResult) -> None:
        """Note what the index answered for a project; a document that has not changed (304) counts as received."""
        name = result.documents.project
        for kind, request in ((DocumentKind.PROJECT, self._index.project), (DocumentKind.PAGE, self._index.page)):
            fingerprint = result.fingerprints.get(kind)
            if name is not None and fingerprint is not None and not fingerprint.absent and result.answered(kind):
                self._again.append(partial(request, name, fingerprint))
                if name not in self._answered[:2]:
                    self._answered.append(name)
                    del self._answered[2:]
                return

    def is_failing(self, failed: int) -> bool:
        """Request again what was received before, after ``failed`` projects in a row; return whether that fails, too.

        If the last project is refused now, or another response comes in its place, the one before is requested.
        If no project was received, the list of projects is requested once. It may be missing or refused where projects
        are not; so it only shows that the index is down.

        :raises RefusedError: when the index refuses the credentials (401).
        """
        for request in reversed(self._again):
            error = self._error_of(request)
            if error is None or isinstance(error, TransientError):
                return error is not None
        if self._again:
            return True
        if self._list_requested:
            return failed >= MAX_UNPROVEN
        self._list_requested = True
        return isinstance(self._error_of(self._documents.projects), TransientError)

    def confirmed(self, missing: Iterable[str]) -> frozenset[str]:
        """Return which of the projects that the index answered 404 for are gone.

        They are, if the index has answered for another project, or has a list of projects that lacks them. The list is
        requested only if nothing else was received.
        """
        missing = frozenset(missing)
        if set(self._answered) - missing:
            return missing
        rest = missing - self._unlisted
        if not rest:
            return missing
        listing = self._documents.projects()
        if isinstance(listing, SourceError):
            return missing & self._unlisted
        return (
            missing - {canonicalize_name(one.name) for one in listing.projects if one.name} | self._unlisted & missing
        )

    def _error_of(self, request: Callable[[], object]) -> SourceError | None:
        try:
            response = request()
        except SourceError as error:
            if isinstance(error, RefusedError) and error.status == 401:
                raise
            return error
        return response if isinstance(response, SourceError) else None
