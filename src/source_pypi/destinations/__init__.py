"""Batches into whatever dlt has, and into folders and buckets of Parquet: every destination but a DuckDB file.

Reading on
    ``address.py`` tells what ``--into`` names; ``loading.py`` is the way in; ``tables.py`` and ``load.py`` are what it
    hands to a store; ``sql.py`` and ``statements.py`` are the store that is a database, ``parquet.py``, ``folder.py``
    and ``ledger.py`` the one that is a folder.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from source_pypi.destinations.address import handles, parse_address
from source_pypi.errors import ExtraMissingError
from source_pypi.selection import SelectedProject
from source_pypi.streams.stream import Stream

if TYPE_CHECKING:
    from source_pypi.destinations.loader import Warehouse

__all__ = ["handles", "open_warehouse"]


def open_warehouse(
    into: str,
    streams: Sequence[Stream],
    targets: Sequence[SelectedProject] = (),
    *,
    root: str,
    keep_history: bool = False,
    now: Callable[[], float] = time.time,
) -> "Warehouse":
    """What ``--into`` names, as a context manager; see ``Warehouse``.

    :param into: an address, a folder or a name that ``takes`` takes.
    :raises ExtraMissingError: when what it needs is not installed.
    """
    place = parse_address(into)
    try:
        from source_pypi.destinations.loader import Warehouse
    except ModuleNotFoundError as error:
        raise ExtraMissingError("dlt", f"--into {place.shown}") from error
    return Warehouse(place, streams, targets, root=root, keep_history=keep_history, now=now)
