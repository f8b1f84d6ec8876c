"""The servers: started on a free port of the loopback, filled, and stopped."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.servers.packages import REQUIRES, UPLOADS, Upload

#: Seconds that a server may take to answer first; devpi writes its database then.
PATIENCE = 60
#: devpi's user, and its index, which has no bases: nothing is looked up elsewhere.
USER, PASSWORD, STAGE = "alice", "correct horse", "alice/dev"

_http = urllib3.PoolManager(retries=False, timeout=10)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the address of its root, and that of the index on it."""

    url: str
    index: str


def executable(name: str) -> Path:
    """A server's executable, from the folder that SERVERS_BIN names or the environment that ``make`` sets up."""
    root = Path(__file__).parents[2]
    path = Path(os.environ.get("SERVERS_BIN") or root / ".venvs/servers/bin").absolute() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: make servers, or say in SERVERS_BIN where it is")
    return path


@contextmanager
def pypiserver(folder: Path) -> Iterator[Server]:
    """Run pypiserver; what it does not have it does not have: it would send us to the public index otherwise."""
    packages = folder / "packages"
    packages.mkdir()
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        "pypi-server",
        "run",
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
        "-a",
        ".",
        "-P",
        ".",
        "--disable-fallback",
        str(packages),
    ]
    with _running(command, f"{url}/simple/", folder):
        for upload in UPLOADS:
            _upload(f"{url}/", upload, {})
        yield Server(url, url)


@contextmanager
def devpi(folder: Path) -> Iterator[Server]:
    """Run devpi-server without the mirror of the public index, and with an index of one user."""
    data = folder / "server"
    init = [str(executable("devpi-init")), "--serverdir", str(data), "--no-root-pypi", "--root-passwd", PASSWORD]
    subprocess.run(init, check=True, capture_output=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["devpi-server", "--serverdir", str(data), "--host", "127.0.0.1", "--port", str(port), "--offline-mode"]
    with _running(command, f"{url}/+api", folder):
        _json("PUT", f"{url}/{USER}", {}, password=PASSWORD)
        signed = urllib3.make_headers(basic_auth=f"{USER}:{PASSWORD}")
        _json("PUT", f"{url}/{STAGE}", signed, type="stage", bases=[], volatile=True)
        for upload in UPLOADS:
            _upload(f"{url}/{STAGE}/", upload, signed)
        yield Server(url, f"{url}/{STAGE}")


@contextmanager
def _running(command: list[str], ready: str, folder: Path) -> Iterator[None]:
    """Run a server while the block runs; its log is in the folder."""
    log = folder / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [executable(command[0]), *command[1:]], cwd=folder, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _await(process, ready, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Return when the server answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if _http.request("GET", url).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text()[-2000:]}")


def _upload(url: str, upload: Upload, headers: dict[str, str]) -> None:
    """Upload a file with the form that twine sends."""
    fields: dict[str, str | bytes | tuple[str, str | bytes] | tuple[str, str | bytes, str]] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": upload.project,
        "version": upload.version,
        "summary": f"{upload.project} is small",
        "requires_python": ">=3.9",
        "requires_dist": REQUIRES,
        "filetype": upload.filetype,
        "pyversion": upload.pyversion,
        "sha256_digest": upload.sha256,
        "content": (upload.filename, upload.content, "application/octet-stream"),
    }
    answer = _http.request("POST", url, fields=fields, headers=headers)
    assert answer.status == 200, (answer.status, answer.data)


def _json(method: str, url: str, headers: dict[str, str], **content: Any) -> None:
    sent = headers | {"Content-Type": "application/json", "Accept": "application/json"}
    answer = _http.request(method, url, body=json.dumps(content), headers=sent)
    assert answer.status in (200, 201), (answer.status, answer.data)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port: int = nobody.getsockname()[1]
    return port
