"""The commands other than ``read``: ``spec``, ``check`` and ``discover``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from source_pypi.airbyte.messages import line
from source_pypi.config import Config
from source_pypi.errors import NotOfferedError, ResponseError, SourceError, UnknownProjectsError
from source_pypi.safety.redaction import without_credentials
from source_pypi.safety.wording import similar_names

if TYPE_CHECKING:
    from source_pypi.selection import SelectedProject
    from source_pypi.services.index.api import Index
    from source_pypi.services.index.documents import Document, Listing

DOCUMENTATION = "https://docs.airbyte.com/integrations/sources/pypi"

#: The number of projects that ``check`` requests in any case, and at most: of the others it requests those that the
#: index does not list, or all if it has no list, so that a name that ``read`` cannot find does not pass.
MAX_CHECKED, MAX_REQUESTED = 10, 200
#: A user waits for ``check``: the number of tries of a request, and the longest Retry-After, in seconds.
CHECK_TRIES, CHECK_WAIT = 3, 10.0


def spec() -> bytes:
    """Return the SPEC message: the settings."""
    from source_pypi.schema import settings_schema

    schema = settings_schema(Config)
    return line("SPEC", spec={"documentationUrl": DOCUMENTATION, "connectionSpecification": schema})


def check(config: Config, connect: Callable[[Config], Index] | None = None) -> bytes:
    """Return the CONNECTION_STATUS message: whether the index has the selected projects and pinned releases.

    Documents that the index does not provide are no failure, since only some streams read them; the message names them.

    :param connect: opens the index; None: ``open_index`` with few tries.
    """
    from source_pypi.http.client import RetryPolicy
    from source_pypi.selection import select
    from source_pypi.services.downloads.top import top_projects
    from source_pypi.services.index.api import open_index
    from source_pypi.services.index.locations import root_of
    from source_pypi.standards.index_urls import default_url

    root = root_of(config.index_url or default_url())
    try:
        index = connect(config) if connect else open_index(config, retry_policy=RetryPolicy(CHECK_TRIES, CHECK_WAIT))
        selection = select(config, top=top_projects(config))
        checked = _Check(config, index)
        checked.projects(selection.projects)
        if selection.whole_index:
            checked.whole_index()
    except SourceError as error:
        return connection_failed(error, root)
    names = ", ".join(one.project for one in selection.projects[:MAX_CHECKED] if one.project not in checked.missing)
    found = f"{root} has {names}" if names else f"{root} answers"
    message = without_credentials("; ".join([found, *checked.warnings, *checked.lacking.values(), *selection.warnings]))
    return line("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED", "message": message})


class _Check:
    """What ``check`` requests of an index.

    :ivar missing: the projects that the index does not have, if that is no error (``missing_projects: warn``).
    :ivar warnings: what to say about them.
    :ivar lacking: which documents the index does not provide, as a text for each kind.
    """

    def __init__(self, config: Config, index: Index) -> None:
        self._config, self._index = config, index
        self.missing: list[str] = []
        self.warnings: list[str] = []
        self.lacking: dict[str, str] = {}

    @cached_property
    def _listing(self) -> Document[Listing] | SourceError | None:
        """The index's list of projects, or why it cannot be read; None: there is none.

        The list of the public index is too long to be requested here: it counts as none.
        """
        from source_pypi.services.index.documents import Document

        if self._config.index_url is None:
            return None
        try:
            listing = self._index.listing()
        except SourceError as error:
            return error
        return listing if isinstance(listing, Document) else None

    @property
    def _listed_names(self) -> list[str]:
        """The names of the list, as the index writes them; empty if it cannot be read."""
        listing = self._listing
        return [] if listing is None or isinstance(listing, SourceError) else _names_of(listing)

    def projects(self, projects: Sequence[SelectedProject]) -> None:
        """Request projects, and their pinned releases: ``MAX_CHECKED``, and of the others those that are not listed.

        :raises SourceError: the first error.
        """
        from packaging.utils import canonicalize_name

        some, others = list(projects[:MAX_CHECKED]), projects[MAX_CHECKED:]
        listed = set(map(canonicalize_name, self._listed_names)) if others else set()
        unsure = [one for one in others if one.pins or one.ranges or one.project not in listed]
        self._request([*some, *unsure[: MAX_REQUESTED - len(some)]])

    def whole_index(self) -> None:
        """Request the index's list of projects; of the public index the statistics, since its list is long.

        :raises SourceError: when the list cannot be read, or when there is none.
        """
        from source_pypi.services.index.documents.kinds import DocumentKind

        if self._config.index_url is None:
            self._index.statistics()
        elif isinstance(self._listing, SourceError):
            raise self._listing
        elif self._listing is None:
            raise ResponseError(self._index.locations.url_of(DocumentKind.LISTING), "404")

    def _request(self, projects: Sequence[SelectedProject]) -> None:
        from source_pypi.services.index.documents.kinds import DocumentKind
        from source_pypi.sync.fetch import fetch_project
        from source_pypi.sync.fetch_plan import FetchPlan

        pinned = {DocumentKind.PROJECT, DocumentKind.RELEASES}
        missing, user_errors = list[str](), list[SourceError]()
        for one in projects:
            kinds = pinned if one.pins else {DocumentKind.PROJECT}
            plan = FetchPlan(frozenset(kinds), pages=bool(one.pins or one.ranges))
            result = fetch_project(self._index, one, plan)
            if failures := self._without_lacking(result.failures.values()):
                raise failures[0]
            user_errors += self._without_lacking(result.user_errors)
            missing += [one.project] if result.missing else []
        if missing:
            error = self._missing_error(missing, all_missing=len(missing) == len(projects))
            if self._config.missing_projects != "warn" or isinstance(error, ResponseError):
                raise error
            self.missing, self.warnings = missing, [str(error)]
        if user_errors:
            raise user_errors[0]

    def _without_lacking(self, errors: Collection[SourceError]) -> list[SourceError]:
        """The errors but those about documents that the index does not provide, which are kept in ``lacking``."""
        for error in errors:
            if isinstance(error, NotOfferedError):
                self.lacking.setdefault(error.what, error.of_index().reason)
        return [error for error in errors if not isinstance(error, NotOfferedError)]

    def _missing_error(self, missing: Sequence[str], *, all_missing: bool) -> SourceError:
        """Return an error that says which projects are missing, with similar names, or that the URL is not an index.

        :param all_missing: whether no project was found.
        """
        if self._config.index_url is not None and self._listing is None and all_missing:
            return ResponseError(self._index.root, f"404 for {', '.join(missing)}, and for its list of projects")
        similar = dict.fromkeys(close for name in missing for close in similar_names(name, self._listed_names))
        return UnknownProjectsError(missing, self._index.root, tuple(similar))


def _names_of(listing: Document[Listing]) -> list[str]:
    return [one.name for one in listing.content.projects if one.name]


def connection_failed(error: SourceError, root: str = "") -> bytes:
    """Return the CONNECTION_STATUS message of a failed check; ``root``: the index, which the message names."""
    message = str(error) if root in str(error) else f"{error} (index: {root})"
    return line("CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": without_credentials(message)})


def discover() -> bytes:
    """Return the CATALOG message: every stream with its schema, key and sync modes."""
    from source_pypi.schema import SEEN_AT, stream_schema
    from source_pypi.streams import STREAMS

    streams = [
        {
            "name": stream.name,
            "json_schema": stream_schema(stream),
            "supported_sync_modes": ["full_refresh", *(["incremental"] if stream.incremental else [])],
            "source_defined_cursor": stream.incremental,
            "default_cursor_field": [SEEN_AT.name] if stream.incremental else [],
            "source_defined_primary_key": [[field] for field in stream.key],
            "is_resumable": stream.incremental,
        }
        for stream in STREAMS
    ]
    return line("CATALOG", catalog={"streams": streams})
