"""Fixtures of the protocol's tests."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from source_pypi import airbyte
from source_pypi.config import Config
from tests.airbyte import NOW, Messages, Read, catalog


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads streams and returns whether all are complete, and the messages."""

    def run(
        settings: Config,
        *names: str,
        state: Path | None = None,
        now: Callable[[], float] = lambda: NOW,
        level: str = "INFO",
    ) -> tuple[bool, Messages]:
        written: list[bytes] = []
        complete = airbyte.read(settings, catalog(tmp_path, *names), state, written.append, now, level=level)
        assert all(chunk.endswith(b"\n") for chunk in written), "only whole lines"
        return complete, [json.loads(line) for line in b"".join(written).splitlines()]

    return run
