"""Files that replace old ones in one step."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from source_pypi.errors import QueryError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a file to write, which then takes the place of another; not if an exception ends it.

    A link, a device or a pipe keeps its place: its own path is yielded, and what is written goes into it at once.

    :raises QueryError: when it cannot be written.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            yield path
            return
        with work_folder(path.absolute().parent) as folder:
            made = folder / "made"
            yield made
            made.replace(path)
    except OSError as error:
        raise QueryError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder within another for files in the making; it is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix=".source-pypi-", dir=folder, ignore_cleanup_errors=True) as made:
        yield Path(made)
