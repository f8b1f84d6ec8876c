"""The commands other than ``read``: ``spec``, ``check`` and ``discover``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from source_pypi.airbyte.messages import line
from source_pypi.config import Config
from source_pypi.errors import NotOfferedError, ResponseError, SourceError, UnknownProjectsError, similar_names
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from source_pypi.selection import SelectedProject
    from source_pypi.services.index.api import Index

DOCUMENTATION = "https://docs.airbyte.com/integrations/sources/pypi"

#: The number of projects that ``check`` requests at most: enough to find a misspelt name, few enough to be quick.
MAX_CHECKED = 10
#: A user waits for ``check``: the number of tries of a request, and the longest Retry-After, in seconds.
CHECK_TRIES, CHECK_WAIT = 3, 10.0


def spec() -> bytes:
    """Return the SPEC message: the settings."""
    from source_pypi.schema import settings_schema

    schema = settings_schema(Config)
    return line("SPEC", spec={"documentationUrl": DOCUMENTATION, "connectionSpecification": schema})


def check(config: Config, connect: Callable[[Config], Index] | None = None) -> bytes:
    """Return the CONNECTION_STATUS message: whether the index has the selected projects and pinned releases.

    :param connect: opens the index; None: ``open_index`` with few tries.
    """
    from source_pypi.http.client import RetryPolicy
    from source_pypi.selection import select
    from source_pypi.services.index.api import open_index, root_of
    from source_pypi.standards.index_urls import default_url

    root = root_of(config.index_url or default_url())
    try:
        index = connect(config) if connect else open_index(config, retry_policy=RetryPolicy(CHECK_TRIES, CHECK_WAIT))
        selection = select(config)
        checked = selection.projects[:MAX_CHECKED]
        _check_projects(config, index, checked)
        if selection.whole_index:
            _check_index(config, index)
    except SourceError as error:
        return connection_failed(error, root)
    found = f"{root} has {', '.join(one.project for one in checked)}" if checked else f"{root} answers"
    message = without_credentials("; ".join([found, *selection.warnings]))
    return line("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED", "message": message})


def _check_projects(config: Config, index: Index, projects: Sequence[SelectedProject]) -> None:
    """Request each project, and its pinned releases.

    :raises SourceError: the first error.
    """
    from source_pypi.services.index.documents.kinds import DocumentKind
    from source_pypi.sync.fetch import fetch_project
    from source_pypi.sync.fetch_plan import FetchPlan

    pinned = {DocumentKind.PROJECT, DocumentKind.RELEASES}
    plans = [FetchPlan(frozenset(pinned if one.pins else {DocumentKind.PROJECT})) for one in projects]
    results = [fetch_project(index, one, plan) for one, plan in zip(projects, plans, strict=True)]
    for error in (error for result in results for error in result.failures.values()):
        if not isinstance(error, NotOfferedError):  # then the index has the project, but not this document
            raise error
    if missing := [one.project for one, result in zip(projects, results, strict=True) if result.missing]:
        raise _missing_error(config, index, missing, all_missing=len(missing) == len(projects))
    for error in (error for result in results for error in result.user_errors):
        raise error


def _check_index(config: Config, index: Index) -> None:
    """Request the index's list of projects; of the public index the statistics, since its list is long.

    :raises ResponseError: when the index has no list.
    """
    from source_pypi.services.index.documents.kinds import DocumentKind

    if config.index_url is None:
        index.statistics()
    elif index.listing() is None:
        raise ResponseError(index.url_of(DocumentKind.LISTING), "404")


def _missing_error(config: Config, index: Index, missing: Sequence[str], *, all_missing: bool) -> SourceError:
    """Return an error that says which projects are missing, with similar names, or that there is no index.

    Similar names come from the index's list. The list of the public index is too long for that.

    :param all_missing: whether no project was found.
    """
    from source_pypi.services.index.documents import Document

    unknown = UnknownProjectsError(missing, index.root)
    if config.index_url is None:
        return unknown
    try:
        listing = index.listing()
    except SourceError:
        return unknown
    if listing is None and all_missing:
        return ResponseError(index.root, f"404 for {', '.join(missing)}, and for its list of projects")
    names = [one.name for one in listing.content.projects if one.name] if isinstance(listing, Document) else []
    similar = dict.fromkeys(close for name in missing for close in similar_names(name, names))
    return UnknownProjectsError(missing, index.root, tuple(similar))


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
