"""Ctrl-C and SIGTERM, sent to a process: the run ends within a second and keeps what it has."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.fake_index import FakeIndex, Fault, World, faults
from tests.faults.listening import Listener
from tests.kills.command import Running, Workdir

#: Seconds within which an interrupted run ends, and the tolerance for a busy machine.
PROMPT, SLACK = 1.0, 1.0
#: Projects that are read before the index falls silent; the first hundred are committed by then.
READ = 105
NAMES = [f"p{number}" for number in range(READ)]
KEPT = "error: interrupted; what was read before is kept"
#: A command that Python cannot interrupt: no signal is handled while it computes.
UNINTERRUPTIBLE = """
import hashlib, signal
from source_pypi.cli import signals
signal.signal(signal.SIGTERM, signals.interrupt)
signals.exit_on_signal("words")
print("ready", flush=True)
hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
"""


@pytest.fixture
def index(world: World) -> Iterator[FakeIndex]:
    """An index with some projects, and one whose response never comes."""
    for name in (*NAMES, "last"):
        world.add(name)
    with FakeIndex(world, strict=False) as index:
        yield index


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


def end(running: Running, number: signal.Signals) -> tuple[int, list[str]]:
    """Tell a run to end: its status, and what it complained of."""
    running.send(number)
    began = time.monotonic()
    ended = running.wait(20)
    assert time.monotonic() - began < PROMPT + SLACK
    return ended.status, [line for line in ended.user_errors.splitlines() if not line.startswith("warning:")]


def committed(file: Path) -> int:
    """Projects in a database."""
    with duckdb.connect(str(file), read_only=True) as database:
        return int(database.execute("select count(distinct project) from files").fetchall()[0][0])


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("x.duckdb*"))


def _last(index: FakeIndex) -> bool:
    return any(request.path == "/pypi/last/json" for request in index.requests)


#: What the run waits for when it is interrupted: a fault of the last project, settings, and its message.
WAITS: dict[str, tuple[Fault, dict[str, Any], signal.Signals]] = {
    "an answer": (faults.slow(60), {}, signal.SIGINT),
    "an answer, four at once": (faults.slow(60), {"max_concurrency": 4}, signal.SIGTERM),
    "a body": (faults.drip(1), {}, signal.SIGTERM),
    "a backoff": (faults.unavailable(), {}, signal.SIGINT),
    "Retry-After": (faults.too_many("200"), {}, signal.SIGTERM),
}


@pytest.mark.parametrize("case", WAITS)
def test_sync_ends_while_it_waits(case: str, index: FakeIndex, tmp_path: Path) -> None:
    """Sync ends whatever it waits for, and what it read is in the database."""
    fault, settings, number = WAITS[case]
    index.fault("/pypi/last/json", fault, times=None)
    place = Workdir(tmp_path, index.url)
    config = place.settings(projects=[*NAMES, "last"], request_timeout_seconds=60, **settings)
    running = place.start("sync", "--config", config, "--streams", "files", "--into", "x.duckdb")
    until(lambda: _last(index))
    time.sleep(0.5)
    assert end(running, number) == (130, [KEPT])
    assert committed(tmp_path / "x.duckdb") == READ


def test_sync_ends_while_rate_limited(index: FakeIndex, tmp_path: Path) -> None:
    """A run that waits for the rate limit ends."""
    place = Workdir(tmp_path, index.url)
    config = place.settings(projects=NAMES, requests_per_second=0.01)
    running = place.start("sync", "--config", config, "--streams", "files", "--into", "x.duckdb")
    until(lambda: len(index.requests) == 1)
    time.sleep(0.3)
    assert end(running, signal.SIGTERM) == (130, [KEPT])


def test_sync_ends_while_it_connects(tmp_path: Path) -> None:
    """A run whose TLS handshake hangs ends, also if the main thread connects."""
    with ExitStack() as stack:
        met: list[socket.socket] = []

        def serve(sock: socket.socket) -> None:
            met.append(sock)
            listener.stopping.wait(60)

        listener = stack.enter_context(Listener(serve))
        place = Workdir(tmp_path, f"https://127.0.0.1:{listener.port}")
        config = place.settings(whole_index=True)
        running = place.start("sync", "--config", config, "--streams", "files", "--into", "x.duckdb")
        until(lambda: bool(met))
        assert end(running, signal.SIGINT) == (130, [KEPT])


def test_sync_ends_while_it_writes(world: World, tmp_path: Path) -> None:
    """A run that writes ends; its transaction is complete or absent."""
    for project in range(3):
        world.add(f"large{project}", releases=[f"1.{minor}" for minor in range(3000)])
    with FakeIndex(world) as index:
        place, file = Workdir(tmp_path, index.url), tmp_path / "x.duckdb"
        config = place.settings(projects=[f"large{project}" for project in range(3)])
        running = place.start("sync", "--config", config, "--streams", "files,versions", "--into", file)
        until(lambda: len(index.requests) == 3)
        made = _size(tmp_path)
        until(lambda: running.over or _size(tmp_path) > made)
        status, user_errors = end(running, signal.SIGTERM)
    assert (status, user_errors) in [(130, [KEPT]), (0, [])]  # it may have come to its end
    assert committed(file) in (0, 3)


@pytest.mark.parametrize(
    ("number", "status", "concurrency"),
    [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 4), (signal.SIGTERM, -signal.SIGTERM, 4)],
)
def test_read_ends_and_writes_complete_lines(
    number: signal.Signals, status: int, concurrency: int, index: FakeIndex, tmp_path: Path
) -> None:
    """Read ends silently, and has written complete lines."""
    index.fault("/pypi/last/json", faults.slow(60), times=None)
    place = Workdir(tmp_path, index.url)
    config = place.settings(projects=[*NAMES, "last"], request_timeout_seconds=60, max_concurrency=concurrency)
    stream = {"name": "files", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": [configured]}))
    running = place.start("read", "--config", config, "--catalog", "catalog.json")
    until(lambda: _last(index))
    time.sleep(0.5)
    assert end(running, number) == (status, [])
    messages = [json.loads(line) for line in running.written().splitlines()]
    assert sum(message["type"] == "RECORD" for message in messages) == 2 * READ


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_uninterruptible_computation_ends(number: signal.Signals) -> None:
    """A computation that Python cannot interrupt does not keep a run alive."""
    command = [sys.executable, "-c", UNINTERRUPTIBLE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.3)  # the computation begins
            began = time.monotonic()
            process.send_signal(number)
            _, user_errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert time.monotonic() - began < PROMPT + SLACK
    assert (process.returncode, user_errors) == (130, "error: words\n")
