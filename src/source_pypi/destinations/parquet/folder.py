"""A folder, on this machine or in a bucket, whose files are replaced whole: a reader sees the old one or the new one.

On this machine a file is made beside its place and renamed; in a bucket it is put there at once. Only one run at a time
may write: on this machine a lock sees to it, which goes with the process, however that ends.
"""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from source_pypi.errors import DestinationError

_WORK = ".source-pypi-"
_LOCK = ".source-pypi.lock"


class Folder:
    """A folder by its path or address.

    :ivar work: a folder on this machine for files that are being made.
    """

    def __init__(self, address: str) -> None:
        import fsspec

        self._filesystem, self._root = fsspec.url_to_fs(address)
        self._root = self._root.rstrip("/") or "/"
        self._local = "file" in _protocols(self._filesystem)
        self._lock: IO[bytes] | None = None
        if self._local:
            Path(self._root).mkdir(parents=True, exist_ok=True)
            self._lock = _locked(Path(self._root) / _LOCK)
            for left in Path(self._root).glob(f"{_WORK}*"):  # by a run that was killed
                shutil.rmtree(left, ignore_errors=True)
        self.work = Path(tempfile.mkdtemp(prefix=_WORK, dir=self._root if self._local else None))

    def close(self) -> None:
        """Delete what is in the making, and let go of the lock."""
        shutil.rmtree(self.work, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def has(self, name: str) -> bool:
        """Whether there is a file by this name."""
        return bool(self._filesystem.exists(self._path(name)))

    def is_empty(self, name: str) -> bool:
        """Whether there is nothing in the folder of this name within, or no such folder."""
        path = self._path(name)
        return not self._filesystem.isdir(path) or not self._filesystem.ls(path, detail=False)

    def open(self, name: str) -> Any:
        """A file for reading."""
        return self._filesystem.open(self._path(name), "rb")

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file to this machine."""
        self._filesystem.get_file(self._path(name), str(path))

    def put(self, path: Path, name: str) -> None:
        """Put a file from ``work`` into its place, at once; from then on it may be there no more."""
        target = self._path(name)
        if self._local:
            Path(target).parent.mkdir(exist_ok=True)
            path.replace(target)
        else:
            self._filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._filesystem.put_file(str(path), target)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _protocols(filesystem: Any) -> tuple[str, ...]:
    named = filesystem.protocol
    return (named,) if isinstance(named, str) else tuple(named)


def _locked(path: Path) -> IO[bytes]:
    """The file, locked for as long as it is open; where the system has no such locks, only open.

    :raises DestinationError: when another run has locked it.
    """
    file = path.open("ab")
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise DestinationError(str(path.parent), "another run is writing there") from None
    return file
