"""Everything that a Python package index publishes about projects, as typed, incremental tables."""

import importlib
import sys
from types import ModuleType
from typing import Any

from source_pypi._version import __version__

_MODULES = {
    "Batch": "api",
    "Config": "config",
    "ConfigError": "errors",
    "Reader": "api",
    "Rows": "api",
    "Settings": "_settings",
    "SourceError": "errors",
    "StreamName": "_settings",
    "TransientError": "errors",
    "UnexpectedError": "errors",
    "open": "api",
    "read": "api",
    "scan_pypi": "api",
    "schema": "schema",
    "streams": "streams",
}

__all__ = [
    "Batch",
    "Config",
    "ConfigError",
    "Reader",
    "Rows",
    "Settings",
    "SourceError",
    "StreamName",
    "TransientError",
    "UnexpectedError",
    "__version__",
    "open",
    "read",
    "scan_pypi",
    "schema",
    "streams",
]


class _Callable(ModuleType):
    """A module that is also the function of its name in ``api.py``."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return getattr(importlib.import_module(f"{__name__}.api"), self.__name__.rpartition(".")[2])(
            *arguments, **keywords
        )


class _Package(ModuleType):
    """The package's own type: ``streams()`` and ``schema(stream)`` are functions, and modules of the same names."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, as the import of a module of this package does."""
        if name in ("schema", "streams") and isinstance(value, ModuleType):
            value.__class__ = _Callable
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that commands load only what they need."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return module if name == _MODULES[name] else getattr(module, name)


sys.modules[__name__].__class__ = _Package
