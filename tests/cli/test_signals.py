"""cli/signals.py: commands that end early."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli import count_rows
from tests.fake_index import FakeIndex, World, faults


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_sync_keeps_what_it_read(
    world: World, fake: FakeIndex, tmp_path: Path, number: signal.Signals
) -> None:
    """On Ctrl-C and SIGTERM sync ends at once with one line, and keeps what it has read."""
    for name in ("flask", "click", "jinja2"):
        world.add(name)
    fake.fault("/pypi/jinja2/json", faults.slow(20))
    command = [sys.executable, "-m", "source_pypi", "sync", "flask", "click", "jinja2", "--index-url", fake.url]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(400):
            if len(fake.requests) >= 2:
                break
            time.sleep(0.01)
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(number)
        assert process.stderr is not None
        message = process.stderr.read()
        assert process.wait(10) == 130
        assert time.monotonic() - began < 3
    assert message == "error: interrupted; what was read before is kept\n"
    assert count_rows(tmp_path / "pypi.duckdb", "files") == 4


def test_read_ends_when_standard_output_closes(world: World, settings: Path, tmp_path: Path) -> None:
    """Read ends without a message when the reader of standard output closes it."""
    world.add("flask", releases=[f"{number}.0" for number in range(300)])
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    command = [sys.executable, "-m", "source_pypi", "read", "--config", str(settings), "--catalog", "catalog.json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 1
