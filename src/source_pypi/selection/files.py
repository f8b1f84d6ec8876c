"""Requirement and lock files, each by its name."""

from collections.abc import Callable
from pathlib import Path

from packaging.pylock import is_valid_pylock_path

from source_pypi.errors import ProjectNameError, RequirementsError
from source_pypi.selection.locks import read_pdm_lock, read_pipfile_lock, read_poetry_lock, read_pylock, read_uv_lock
from source_pypi.selection.names import RequirementsFile
from source_pypi.selection.pyproject import read_pyproject
from source_pypi.selection.requirements_txt import read_requirements_txt

#: What reads a file of that name; pylock.toml has names of its own, and all others are requirements.txt.
_READERS: dict[str, Callable[[Path], RequirementsFile]] = {
    "pyproject.toml": read_pyproject,
    "uv.lock": read_uv_lock,
    "poetry.lock": read_poetry_lock,
    "pdm.lock": read_pdm_lock,
    "Pipfile.lock": read_pipfile_lock,
}


def read_requirements(path: Path) -> RequirementsFile:
    """What a requirement or lock file names; its name says which kind it is.

    :raises RequirementsError: when it cannot be read, is not what its name says, or names what cannot be a project.
    """
    read = read_pylock if is_valid_pylock_path(path) else _READERS.get(path.name, read_requirements_txt)
    try:
        return read(path)
    except ProjectNameError as error:
        raise RequirementsError(str(path), None, str(error)) from error
