"""A PostgreSQL of the test run's own: on a free port of the loopback, in a folder that goes with it."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

USER, PASSWORD = "tester", "s3cret:w@rd"
#: As it stands in an address.
QUOTED = "s3cret%3Aw%40rd"
#: Seconds that it may take to answer first.
PATIENCE = 60


def programs() -> Path | None:
    """The folder of its programs; None: it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*found, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def running() -> Iterator[str]:
    """Run a server; its address, without a database's name.

    Its folder is none of pytest's: what stands above those, pytest shuts to all but its own user, each time it starts.
    """
    with tempfile.TemporaryDirectory(prefix="source-pypi-postgres-") as name, _running(Path(name)) as address:
        yield address


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    bin_, data = programs(), folder / "data"
    assert bin_ is not None
    data.mkdir()
    password = folder / "password"
    password.write_text(PASSWORD)
    become = _unprivileged(folder, data, password)
    made = [str(bin_ / "initdb"), "-D", str(data), "-U", USER, f"--pwfile={password}", "--auth=scram-sha-256"]
    _run([*become, *made, "-E", "UTF8", "--locale=C", "--no-sync"], folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    options = [argument for setting in settings for argument in ("-c", setting)]
    command = [*become, str(bin_ / "postgres"), "-D", str(data), "-p", str(port), *options]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as server:
        try:
            address = f"postgresql://{USER}:{QUOTED}@127.0.0.1:{port}"
            _wait(address, server)
            yield address
        finally:
            server.terminate()


def _unprivileged(*paths: Path) -> list[str]:
    """What makes it run as somebody else than root, which it refuses; the paths become theirs."""
    if os.geteuid() != 0:
        return []
    user = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if _exists(name))
    for path in paths:
        os.chown(path, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _exists(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(address: str, server: "subprocess.Popen[bytes]") -> None:
    """Until it answers."""
    began = time.monotonic()
    while server.poll() is None and time.monotonic() - began < PATIENCE:
        try:
            psycopg2.connect(f"{address}/postgres").close()
            return
        except psycopg2.OperationalError:
            time.sleep(0.1)
    raise AssertionError("PostgreSQL does not answer")


def execute(address: str, query: str) -> list[tuple[Any, ...]]:
    """What a query gives, in a transaction of its own."""
    connection = psycopg2.connect(address)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
