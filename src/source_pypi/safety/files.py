"""Files that replace old ones in one step, and what is at a path."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def is_file(path: Path) -> bool:
    """Return whether a path names a file; False, not an error, if it may not be looked at."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises errors


def is_folder(path: Path) -> bool:
    """Return whether a path names a folder; False, not an error, if it may not be looked at."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises errors


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a file to write, which then takes the place of another; not if an exception ends it.

    A symbolic link stays, and the file that it names is replaced. The mode of the old file stays. What is no regular
    file, such as ``/dev/null``, ``/dev/stdout`` or a named pipe, is not replaced: its own path is yielded.

    :raises OSError: when it cannot be written.
    """
    old = _mode(path)
    if old is not None and not stat.S_ISREG(old):
        yield path
        return
    target = Path(os.path.realpath(path))
    with work_folder(target.parent) as folder:
        made = folder / "made"
        yield made
        if old is not None:
            shutil.copymode(target, made)
        made.replace(target)


def _mode(path: Path) -> int | None:
    """Kind and permissions of the file at a path, behind symbolic links; None: there is none."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder within another for files in the making; it is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix=".source-pypi-", dir=folder, ignore_cleanup_errors=True) as made:
        yield Path(made)
