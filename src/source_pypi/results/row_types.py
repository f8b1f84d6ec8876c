"""The types of rows: a stream's record with ``seen_at``, and documents that are passed on whole."""

from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from source_pypi.schema import SEEN_AT
from source_pypi.streams.stream import Stream

#: The module under whose name types of rows are known, e.g. to pickle.
MODULE = "source_pypi.records"


class Record(Struct, frozen=True, gc=False):
    """A row of a stream: its fields, and ``seen_at`` if the stream is incremental."""

    def as_dict(self) -> dict[str, Any]:
        """Return the row as a dict: its fields in order, nested values as lists and dicts, times as ``datetime``."""
        values: dict[str, Any] = msgspec.to_builtins(self, builtin_types=(datetime, bytes))
        return values


class Document(dict[str, Any]):
    """A row of ``project``, ``release`` or ``stats``: the document as the index sends it, with ``seen_at``."""

    def as_dict(self) -> dict[str, Any]:
        """Return the row as a plain dict."""
        return dict(self)


@cache
def record_type(stream: Stream) -> type[Record]:
    """The type of a stream's rows, a subclass of its record. Not for streams of raw documents."""
    seen_at = [(SEEN_AT.name, datetime)] if stream.incremental else []
    record = msgspec.defstruct(
        stream.record.__name__,
        seen_at,
        bases=(Record, stream.record),
        module=MODULE,
        namespace={"__doc__": stream.record.__doc__},
        frozen=True,
        gc=False,
        kw_only=True,
    )
    assert issubclass(record, Record)
    return record
