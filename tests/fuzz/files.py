"""Readers of files: requirement and lock files, the configuration, the catalog."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from source_pypi.airbyte.inputs import read_catalog
from source_pypi.config import read_config
from source_pypi.http.credentials import credentials_for
from source_pypi.selection import select
from source_pypi.selection.files import read_requirements
from source_pypi.selection.requirements_txt import read_requirements_text
from source_pypi.services.index.locations import root_of


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-")


def placed(name: str, body: bytes) -> Path:
    """A file with that name and content."""
    path = Path(_folder().name) / name
    path.write_bytes(body)
    return path


def requirements_file(name: str) -> Callable[[bytes], None]:
    """The reader of files with that name."""

    def read(body: bytes) -> None:
        read_requirements(placed(name, body))

    return read


def requirements_text(body: bytes) -> None:
    """The setting ``requirements``."""
    read_requirements_text(body.decode("utf-8", "replace"), "setting")


def config(body: bytes) -> None:
    """The settings, and their selection."""
    settings = read_config(placed("config.json", body))
    if settings.index_url is not None:
        root_of(settings.index_url)
        credentials_for(settings.index_url, settings.index_username, settings.index_password, settings.credentials_from)
    select(settings)


def catalog(body: bytes) -> None:
    """The configured catalog."""
    read_catalog(placed("catalog.json", body))
