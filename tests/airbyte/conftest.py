"""What the tests of the protocol share."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from source_pypi import airbyte
from source_pypi.config import Config
from tests.airbyte import NOW, Messages, Read, catalog


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read streams; whether all was read, and the messages."""

    def run(
        settings: Config,
        *names: str,
        state: Path | None = None,
        now: Callable[[], float] = lambda: NOW,
        level: str = "INFO",
    ) -> tuple[bool, Messages]:
        written: list[bytes] = []
        whole = airbyte.read(settings, catalog(tmp_path, *names), state, written.append, now, level=level)
        assert all(chunk.endswith(b"\n") for chunk in written), "only whole lines"
        return whole, [json.loads(line) for line in b"".join(written).splitlines()]

    return run
