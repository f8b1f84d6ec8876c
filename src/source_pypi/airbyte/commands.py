"""The commands that read nothing: ``spec``, ``check`` and ``discover``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from source_pypi.airbyte.messages import line
from source_pypi.config import Config
from source_pypi.errors import AnswerError, NotOfferedError, SourceError, UnknownProjectsError, closest
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from source_pypi.selection import SelectedProject
    from source_pypi.services.index.api import Index

DOCUMENTATION = "https://docs.airbyte.com/integrations/sources/pypi"

#: Projects that ``check`` asks for at most: enough to find a misspelt name, few enough to be quick.
CHECKED = 10
#: Somebody waits for ``check`` in front of a screen: tries of a question, and the longest Retry-After, in seconds.
CHECK_TRIES, CHECK_WAIT = 3, 10.0


def spec() -> bytes:
    """The SPEC message."""
    from source_pypi.schema import settings_schema

    schema = settings_schema(Config)
    return line("SPEC", spec={"documentationUrl": DOCUMENTATION, "connectionSpecification": schema})


def check(config: Config, connect: Callable[[Config], Index] | None = None) -> bytes:
    """The CONNECTION_STATUS message: whether the index answers for the projects that were named, and for their pins.

    :param connect: opens the index; None: as it is opened elsewhere.
    """
    from source_pypi.http.client import RetryPolicy
    from source_pypi.selection import select
    from source_pypi.services.index.api import open_index

    try:
        index = connect(config) if connect else open_index(config, retry_policy=RetryPolicy(CHECK_TRIES, CHECK_WAIT))
        selection = select(config)
        _check_projects(config, index, selection.projects[:CHECKED])
        if selection.whole_index:
            _check_index(config, index)
    except SourceError as error:
        return connection_failed(error)
    return line("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})


def _check_projects(config: Config, index: Index, targets: Sequence[SelectedProject]) -> None:
    from source_pypi.services.index.documents.kinds import DocumentKind
    from source_pypi.sync.fetch import fetch_project
    from source_pypi.sync.fetch_plan import FetchPlan

    pinned = {DocumentKind.PROJECT, DocumentKind.RELEASES}
    plans = [FetchPlan(frozenset(pinned if target.pins else {DocumentKind.PROJECT})) for target in targets]
    found = [fetch_project(index, target, plan) for target, plan in zip(targets, plans, strict=True)]
    for error in (error for result in found for error in result.failures.values()):
        if not isinstance(error, NotOfferedError):  # then the index has the project, and gives what it can
            raise error
    if missing := [target.project for target, result in zip(targets, found, strict=True) if result.missing]:
        raise _why_missing(config, index, missing, alone=len(missing) == len(targets))
    for error in (error for result in found for error in result.user_errors):
        raise error


def _check_index(config: Config, index: Index) -> None:
    """See that the index has a list of projects; the public one's is long: there, that it answers is enough.

    :raises AnswerError: when there is no list.
    """
    from source_pypi.services.index.documents.kinds import DocumentKind

    if config.index_url is None:
        index.statistics()
    elif index.listing() is None:
        raise AnswerError(index.url_of(DocumentKind.LISTING), "404")


def _why_missing(config: Config, index: Index, missing: Sequence[str], *, alone: bool) -> SourceError:
    """That the index lacks projects, with names of its list that are much like theirs; or that there is no index.

    The public index's list is too long to look into.

    :param alone: whether these are all that were asked for.
    """
    from source_pypi.services.index.documents import Document

    unknown = UnknownProjectsError(missing, index.root)
    if config.index_url is None:
        return unknown
    try:
        listing = index.listing()
    except SourceError:
        return unknown
    if listing is None and alone:
        return AnswerError(index.root, f"404 for {', '.join(missing)}, and for its list of projects")
    names = [one.name for one in listing.content.projects if one.name] if isinstance(listing, Document) else []
    likely = dict.fromkeys(close for name in missing for close in closest(name, names))
    return UnknownProjectsError(missing, index.root, tuple(likely))


def connection_failed(error: SourceError) -> bytes:
    """The CONNECTION_STATUS message that says why not."""
    return line("CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": without_credentials(str(error))})


def discover() -> bytes:
    """The CATALOG message: every stream with its schema and key."""
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
