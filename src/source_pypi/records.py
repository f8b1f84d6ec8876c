"""The types of rows, one a stream, e.g. ``File`` of ``files``; for annotations and ``isinstance``.

``Record`` is the base of all. ``Document`` is the type of rows that are documents, as the index sends them.
"""

from typing import Any

from source_pypi.results.row_types import Document, Record, record_type

__all__ = ["Document", "Record"]


def _types() -> dict[str, type[Record]]:
    """The types of rows, by name."""
    from source_pypi.streams import STREAMS  # noqa: PLC0415 - it imports every stream

    return {stream.record.__name__: record_type(stream) for stream in STREAMS if not stream.raw}


def __getattr__(name: str) -> Any:
    """Make the types when one of them is first used."""
    if name.startswith("_") or name not in (types := _types()):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals().update(types)
    return types[name]


def __dir__() -> list[str]:
    return sorted({*_types(), "Document", "Record"})
