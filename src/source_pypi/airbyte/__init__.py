"""The Airbyte protocol: one JSON message a line, for ``spec``, ``check``, ``discover`` and ``read``."""

from source_pypi.airbyte.commands import CHECKED, check, connection_failed, discover, spec
from source_pypi.airbyte.inputs import configured_streams, handed_state
from source_pypi.airbyte.messages import error_trace, log
from source_pypi.airbyte.read import read

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
