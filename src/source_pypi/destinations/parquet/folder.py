"""A folder, here or in a bucket, whose files are replaced whole: a reader gets the old one or the new one."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from source_pypi.destinations.duckdb.state import NEW, delete_leftovers
from source_pypi.destinations.parquet.contents import WORK, folder_path, foreign_entries


class Folder:
    """A folder on this machine; it is made if it does not exist.

    :param address: its path, or that as an address (``file://``).
    :ivar work: a folder on this machine for files in the making.
    """

    #: What reads its files for DuckDB; None: DuckDB itself does.
    filesystem: Any = None
    _made_work = False

    def __init__(self, address: str) -> None:
        self._root = folder_path(address)
        self._root.mkdir(parents=True, exist_ok=True)
        self.work = self._root / WORK

    def open_file(self, name: str) -> Path:
        """Return the path on this machine of a file that is changed in place, and then published."""
        return self._root / name

    def foreign(self) -> list[str]:
        """Return what it holds that is not ours, sorted; empty: it is ours, or empty."""
        return foreign_entries(entry.name for entry in self._root.iterdir())

    def clear(self) -> None:
        """Delete what a killed run left, and make ``work``. Only the run that holds the lock of the state may."""
        delete_leftovers(self._root)
        for leftover in self._root.glob(f"{WORK}*"):
            if leftover.name.startswith(NEW):  # another run may be about to ask for the lock
                continue
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self.work.mkdir()
        self._made_work = True

    def exists(self, name: str) -> bool:
        """Whether it has a file by this name."""
        return (self._root / name).exists()

    def is_empty(self, name: str) -> bool:
        """Whether it has no folder by this name, or an empty one."""
        return not (self._root / name).is_dir() or not any((self._root / name).iterdir())

    def url(self, name: str) -> str:
        """Where DuckDB reads a file."""
        return str(self._root / name)

    def absolute_url(self, name: str) -> str:
        """Where DuckDB reads a file, from any working directory."""
        return str((self._root / name).absolute())

    def put(self, path: Path, name: str) -> None:
        """Move a file from ``work`` to its place, in one step."""
        (self._root / name).parent.mkdir(exist_ok=True)
        path.replace(self._root / name)

    def delete(self, name: str) -> None:
        """Delete a file, if it exists."""
        (self._root / name).unlink(missing_ok=True)

    def delete_folder(self, name: str) -> None:
        """Delete a folder, if it exists and nothing is in it."""
        if (self._root / name).is_dir() and self.is_empty(name):
            (self._root / name).rmdir()

    def close(self) -> None:
        """Delete what is in the making; what another run makes stays."""
        if self._made_work:
            shutil.rmtree(self.work, ignore_errors=True)


class Bucket(Folder):
    """A folder in a bucket, or in whatever else fsspec reads."""

    def __init__(self, address: str) -> None:
        import fsspec

        self.filesystem, root = fsspec.url_to_fs(address)
        self._path: str = root.rstrip("/")
        self.work = Path(tempfile.mkdtemp(prefix="source-pypi-"))
        self._made_work = True

    def open_file(self, name: str) -> Path:
        """Return the path of a copy on this machine; there is none if the bucket has no such file."""
        if self.exists(name):
            self.filesystem.get_file(f"{self._path}/{name}", str(self.work / name))
        return self.work / name

    def foreign(self) -> list[str]:
        """Return what it holds that is not ours, sorted; empty: it is ours, or empty."""
        if not self.filesystem.isdir(self._path):
            return []
        listed = self.filesystem.ls(self._path, detail=False)
        return foreign_entries(name for one in listed if (name := str(one).rstrip("/").rpartition("/")[2]))

    def clear(self) -> None:
        """Do nothing: what is in the making is on this machine."""

    def exists(self, name: str) -> bool:
        """Whether it has a file by this name."""
        return bool(self.filesystem.exists(f"{self._path}/{name}"))

    def is_empty(self, name: str) -> bool:
        """Whether it has no folder by this name, or an empty one."""
        path = f"{self._path}/{name}"
        return not self.filesystem.isdir(path) or not self.filesystem.ls(path, detail=False)

    def url(self, name: str) -> str:
        """Where DuckDB reads a file, by the registered ``filesystem``."""
        return str(self.filesystem.unstrip_protocol(f"{self._path}/{name}"))

    def absolute_url(self, name: str) -> str:
        """Where DuckDB reads a file."""
        return self.url(name)

    def put(self, path: Path, name: str) -> None:
        """Move a file from ``work`` to its place, in one step."""
        target = f"{self._path}/{name}"
        self.filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
        self.filesystem.put_file(str(path), target)
        path.unlink()

    def delete(self, name: str) -> None:
        """Delete a file, if it exists."""
        if self.exists(name):
            self.filesystem.rm_file(f"{self._path}/{name}")

    def delete_folder(self, name: str) -> None:
        """Delete a folder, where folders are more than a part of the names of files, if nothing is in it."""
        path = f"{self._path}/{name}"
        if self.filesystem.isdir(path) and not self.filesystem.ls(path, detail=False, refresh=True):
            self.filesystem.rmdir(path)
