"""The commands that read nothing: ``spec``, ``check`` and ``discover``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from source_pypi.config import Config
from source_pypi.errors import NotOfferedError, SourceError, UnknownProjectsError, closest
from source_pypi.fronts.airbyte.messages import line

if TYPE_CHECKING:
    from source_pypi.index import Index

DOCUMENTATION = "https://docs.airbyte.com/integrations/sources/pypi"

#: Projects that ``check`` asks for at most: enough to find a misspelt name, few enough to be quick.
CHECKED = 10


def spec() -> bytes:
    """The SPEC message."""
    from source_pypi.schema import settings_schema

    schema = settings_schema(Config)
    return line("SPEC", spec={"documentationUrl": DOCUMENTATION, "connectionSpecification": schema})


def check(config: Config) -> bytes:
    """The CONNECTION_STATUS message: whether the index answers for the projects that were named, and for their pins."""
    from source_pypi.index import open_index
    from source_pypi.reads import Reads
    from source_pypi.selection import select
    from source_pypi.visit import Plan, visit_project

    try:
        index, targets = open_index(config), select(config).targets[:CHECKED]
        pinned = {Reads.PROJECT, Reads.RELEASES}
        plans = [Plan(frozenset(pinned if target.pins else {Reads.PROJECT})) for target in targets]
        found = [visit_project(index, target, plan) for target, plan in zip(targets, plans, strict=True)]
        for error in (error for findings in found for error in findings.failures.values()):
            if not isinstance(error, NotOfferedError):  # then the index has the project, and gives what it can
                raise error
        if missing := [target.project for target, findings in zip(targets, found, strict=True) if findings.missing]:
            raise UnknownProjectsError(missing, index.root, _closest(config, index, missing))
        for error in (error for findings in found for error in findings.complaints):
            raise error
    except SourceError as error:
        return connection_failed(error)
    return line("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})


def _closest(config: Config, index: Index, missing: Sequence[str]) -> tuple[str, ...]:
    """Names on an index of the user's own that are much like the missing ones; the public index's list is too long."""
    from source_pypi.documents import Document

    if config.index_url is None:
        return ()
    try:
        listing = index.listing()
    except SourceError:
        return ()
    names = [one.name for one in listing.content.projects if one.name] if isinstance(listing, Document) else []
    return tuple(dict.fromkeys(close for name in missing for close in closest(name, names)))


def connection_failed(error: SourceError) -> bytes:
    """The CONNECTION_STATUS message that says why not."""
    return line("CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": str(error)})


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
