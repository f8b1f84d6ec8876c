"""cli/console.py: what is shown on a terminal."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.fake_index import FakeIndex, World


def test_progress(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """A terminal shows the number of projects, of all projects and of rows, and the current project."""
    for name in ("flask", "click", "jinja2"):
        world.add(name)
    fake.latency = 0.3
    terminal, process_end = pty.openpty()
    command = [sys.executable, "-m", "source_pypi", "sync", "flask", "click", "jinja2", "--index-url", fake.url]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=tmp_path, stdout=process_end, stderr=process_end, env=environment) as process:
        os.close(process_end)
        shown = _read_all(terminal)
        assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert re.search(r"1/3 projects, \d+ rows \d:\d\d:\d\d flask", text)
    assert "files" in text


def _read_all(descriptor: int) -> str:
    chunks = []
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # the other end has closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(descriptor)
    return b"".join(chunks).decode()
