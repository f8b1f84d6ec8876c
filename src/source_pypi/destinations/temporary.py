"""Temporary folders of runs. A run that is killed leaves its folder; a later run deletes it."""

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

try:
    import fcntl as _fcntl
except ModuleNotFoundError:  # Windows
    _fcntl = None  # type: ignore[assignment]

PREFIX, LOCK = "source-pypi-", ".lock"
#: Seconds after which a folder belongs to no run any more, where it has no lock.
STALE = 7 * 86_400
_locks: ModuleType | None = _fcntl


class TemporaryFolder:
    """A folder that is locked until it is deleted. The system ends the lock of a process that is killed.

    :ivar name: its path.
    """

    def __init__(self) -> None:
        _delete_leftovers(Path(tempfile.gettempdir()))
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        self.name = self._folder.name
        path = Path(self.name, f"{LOCK}-new")
        self._lock = path.open("wb")
        _is_locked_now(self._lock)
        if _locks is not None:  # locked before others see it: they would take the lock of a folder that is being made
            path.rename(Path(self.name, LOCK))

    def cleanup(self) -> None:
        """Delete the folder."""
        self._lock.close()
        self._folder.cleanup()


def _delete_leftovers(place: Path) -> None:
    """Delete the folders of runs that were killed: ours by name, and no run holds the lock."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if _is_left(folder):
                shutil.rmtree(folder)


def _is_left(folder: Path) -> bool:
    """Whether no run uses a folder."""
    lock = folder / LOCK
    if _locks is None or not lock.exists():  # one without a lock is being made, or an older release made it
        return folder.is_dir() and time.time() - folder.stat().st_mtime > STALE
    with lock.open("rb") as file:
        return _is_locked_now(file)


def _is_locked_now(file: BinaryIO) -> bool:
    """Lock a file, unless another process has; return whether that succeeded."""
    if _locks is None:
        return True
    try:
        _locks.flock(file, _locks.LOCK_EX | _locks.LOCK_NB)
    except OSError:
        return False
    return True
