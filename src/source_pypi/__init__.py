"""Everything that a Python package index publishes about projects, as typed, incremental tables."""

import importlib
from typing import TYPE_CHECKING, Any

from source_pypi._version import __version__

if TYPE_CHECKING:
    from source_pypi.api import read as read
    from source_pypi.config import Config as Config
    from source_pypi.errors import ConfigError as ConfigError
    from source_pypi.errors import SourceError as SourceError
    from source_pypi.errors import TransientError as TransientError
    from source_pypi.errors import UnexpectedError as UnexpectedError

_MODULES = {
    "Config": "config",
    "ConfigError": "errors",
    "SourceError": "errors",
    "TransientError": "errors",
    "UnexpectedError": "errors",
    "read": "api",
}

__all__ = ["Config", "ConfigError", "SourceError", "TransientError", "UnexpectedError", "__version__", "read"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that commands load only what they need."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
