"""The Airbyte protocol: one JSON message a line, for ``spec``, ``check``, ``discover`` and ``read``."""

from source_pypi.fronts.airbyte.commands import CHECKED, check, connection_failed, discover, spec
from source_pypi.fronts.airbyte.handed import configured_streams, handed_state
from source_pypi.fronts.airbyte.messages import error_trace, log
from source_pypi.fronts.airbyte.reading import read

__all__ = [
    "CHECKED",
    "check",
    "configured_streams",
    "connection_failed",
    "discover",
    "error_trace",
    "handed_state",
    "log",
    "read",
    "spec",
]
