"""The connector as a ``Source`` of the CDK, for its standard tests: it runs the executable.

The tests find it by name: the module ``source_pypi`` of the connector ``source-pypi``, the class ``SourcePypi``.
``SOURCE_EXE`` is the path of the executable.
"""

import json
import logging
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConnectorSpecification,
)
from airbyte_cdk.sources import Source


class SourcePypi(Source):  # type: ignore[misc]
    """Runs a command of the executable, and reads its lines with the CDK's serializer."""

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """Return the specification."""
        return _only([m.spec for m in _run("spec") if m.spec])

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Return the result of ``check``."""
        return _only([m.connectionStatus for m in _run("check", config=config) if m.connectionStatus])

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """Return the catalog."""
        return _only([m.catalog for m in _run("discover", config=config) if m.catalog])

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Yield the messages of ``read``."""
        states = [AirbyteStateMessageSerializer.dump(message) for message in state or []]
        configured = ConfiguredAirbyteCatalogSerializer.dump(catalog)
        yield from _run("read", config=config, catalog=configured, state=states)


def _run(command: str, **given: Any) -> list[AirbyteMessage]:
    with tempfile.TemporaryDirectory() as folder:
        options = []
        for name, content in given.items():
            path = Path(folder) / f"{name}.json"
            path.write_text(json.dumps(content))
            options += [f"--{name}", str(path)]
        # without PYTHONPATH, which contains this file
        done = subprocess.run(
            [os.environ["SOURCE_EXE"], command, *options],
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
            check=False,
        )
    messages = [AirbyteMessageSerializer.load(json.loads(line)) for line in done.stdout.splitlines()]
    failed = any(message.trace and message.trace.error for message in messages)
    assert done.stderr == "", done.stderr
    assert done.returncode == (1 if failed else 0)
    return messages


def _only(values: list[Any]) -> Any:
    (one,) = values
    return one
