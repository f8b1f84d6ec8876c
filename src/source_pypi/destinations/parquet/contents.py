"""What a folder of Parquet may hold: our tables, the state, files in the making, and what systems put into folders."""

import re
from collections.abc import Iterable
from pathlib import Path

from source_pypi.safety.wording import some_of

#: The file of the state, and that of version 1. A folder with one of them is ours, whatever else is in it.
STATE_FILE, OLD_STATE_FILE = "_state.duckdb", "_state.sqlite"
#: The file that creates the tables and views in a DuckDB session.
VIEWS_FILE = "views.sql"
#: The folder for files in the making; what else begins so is ours, too.
WORK = ".source-pypi"
#: What systems and version control put into folders that are empty to their users.
_HARMLESS = frozenset({".ds_store", ".gitignore", ".gitkeep", ".keep", "desktop.ini", "lost+found", "thumbs.db"})
_MAX_SHOWN = 3


def folder_path(address: str) -> Path:
    """Return the path of a folder on this machine, from that or a ``file://`` URL."""
    path = address.removeprefix("file://")
    return Path(path[1:] if re.match("/[A-Za-z]:", path) else path)


def foreign_entries(names: Iterable[str]) -> list[str]:
    """Return, sorted, what a folder holds that is not ours; empty: it is ours, or empty.

    :param names: of its files and folders.
    """
    from source_pypi.destinations.runs import RUNS
    from source_pypi.destinations.tables import OLD_SELECTION, RUN_TABLES
    from source_pypi.streams import NAMES

    entries = set(names)
    if entries & {STATE_FILE, OLD_STATE_FILE}:
        return []
    ours = {VIEWS_FILE, *NAMES, *(table.name for table in (*RUN_TABLES, RUNS, OLD_SELECTION))}
    return sorted(
        name
        for name in entries
        if name not in ours and not name.startswith((WORK, STATE_FILE)) and name.lower() not in _HARMLESS
    )


def foreign_reason(entries: list[str]) -> str:
    """Return why a folder with foreign entries is not written into."""
    shown = some_of([name[:80] for name in entries], _MAX_SHOWN)
    return f"the folder holds files that are not of source-pypi ({shown}); name an empty or new folder with --into"
