"""Requirement files and lock files: the file's name decides how it is parsed."""

from collections.abc import Callable
from pathlib import Path

from packaging.pylock import is_valid_pylock_path

from source_pypi.errors import ProjectNameError, RequirementsError
from source_pypi.selection.locks import read_pdm_lock, read_pipfile_lock, read_poetry_lock, read_pylock, read_uv_lock
from source_pypi.selection.names import RequirementsFile
from source_pypi.selection.pyproject import read_pyproject
from source_pypi.selection.requirements_txt import read_requirements_txt

#: Readers by file name. pylock.*.toml is recognized by its pattern; every other name is a requirements.txt.
_READERS: dict[str, Callable[[Path], RequirementsFile]] = {
    "pyproject.toml": read_pyproject,
    "uv.lock": read_uv_lock,
    "poetry.lock": read_poetry_lock,
    "pdm.lock": read_pdm_lock,
    "Pipfile.lock": read_pipfile_lock,
}


def read_requirements(path: Path) -> RequirementsFile:
    """Read a requirement file or lock file, of the kind that its name says.

    :raises RequirementsError: if it cannot be read or parsed, or has an invalid project name.
    """
    read = read_pylock if is_valid_pylock_path(path) else _READERS.get(path.name, read_requirements_txt)
    try:
        return read(path)
    except ProjectNameError as error:
        raise RequirementsError(str(path), None, str(error)) from error
