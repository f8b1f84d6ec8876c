"""The Airbyte protocol: one JSON message per line, for ``spec``, ``check``, ``discover`` and ``read``."""

from source_pypi.airbyte.commands import MAX_CHECKED, check, connection_failed, discover, spec
from source_pypi.airbyte.messages import error_trace, log
from source_pypi.airbyte.read import read

__all__ = ["MAX_CHECKED", "check", "connection_failed", "discover", "error_trace", "log", "read", "spec"]
