"""The servers: started on a free port of the loopback, filled, and stopped."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.servers.packages import PROJECTS, REQUIRES, UPLOADS, Upload, lay_out

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
def pypiserver(folder: Path, fallback: str | None = None) -> Iterator[Server]:
    """Run pypiserver; it redirects to ``fallback``, the address of another index's pages, for what it does not have.

    None: it answers 404 then. Without either option it would redirect to the public index.
    """
    packages = folder / "packages"
    packages.mkdir()
    port = free_port()
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
        *(["--disable-fallback"] if fallback is None else ["--fallback-url", fallback]),
        str(packages),
    ]
    with running(command, f"{url}/simple/", folder):
        for upload in UPLOADS:
            _upload(f"{url}/", upload, {})
        yield Server(url, url)


@contextmanager
def devpi(folder: Path) -> Iterator[Server]:
    """Run devpi-server without the mirror of the public index, and with an index of one user."""
    data = folder / "server"
    init = [str(executable("devpi-init")), "--serverdir", str(data), "--no-root-pypi", "--root-passwd", PASSWORD]
    subprocess.run(init, check=True, capture_output=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["devpi-server", "--serverdir", str(data), "--host", "127.0.0.1", "--port", str(port), "--offline-mode"]
    with running(command, f"{url}/+api", folder):
        _json("PUT", f"{url}/{USER}", {}, password=PASSWORD)
        signed = urllib3.make_headers(basic_auth=f"{USER}:{PASSWORD}")
        _json("PUT", f"{url}/{STAGE}", signed, type="stage", bases=[], volatile=True)
        for upload in UPLOADS:
            _upload(f"{url}/{STAGE}/", upload, signed)
        yield Server(url, f"{url}/{STAGE}")


@contextmanager
def simpleindex(folder: Path, fallback: str) -> Iterator[Server]:
    """Run simpleindex over a folder a project; it redirects to ``fallback`` for names that begin with ``other-``."""
    lay_out(folder / "packages")
    port = free_port()
    routes = {
        "simple/other-{rest}": {"source": "http", "to": f"{fallback}other-{{rest}}/"},
        "simple/{project}": {"source": "path", "to": "packages/{project}"},
    }
    lines = ["[server]", 'host = "127.0.0.1"', f"port = {port}"]
    for route, values in routes.items():
        lines += [f'[routes."{route}"]', *(f'{key} = "{value}"' for key, value in values.items())]
    (folder / "simpleindex.toml").write_text("\n".join(lines))
    url = f"http://127.0.0.1:{port}"
    with running(["simpleindex", "simpleindex.toml"], f"{url}/simple/{PROJECTS[0]}/", folder):
        yield Server(url, f"{url}/simple/")


@contextmanager
def simple_repository(folder: Path) -> Iterator[Server]:
    """Run simple-repository-server over a folder a project."""
    lay_out(folder / "packages")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["simple-repository-server", "--host", "127.0.0.1", "--port", str(port), "packages"]
    with running(command, f"{url}/simple/", folder):
        yield Server(url, f"{url}/simple/")


@contextmanager
def proxpi(folder: Path, upstream: str) -> Iterator[Server]:
    """Run proxpi, which caches the index at ``upstream`` and asks no other."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "FLASK_APP": "proxpi.server",
        "PROXPI_INDEX_URL": upstream,
        "PROXPI_EXTRA_INDEX_URLS": "",
        "PROXPI_CACHE_DIR": str(folder / "cache"),
        # After that many seconds it redirects to the file, instead of sending it.
        "PROXPI_DOWNLOAD_TIMEOUT": str(PATIENCE),
    }
    command = ["flask", "run", "--host", "127.0.0.1", "--port", str(port), "--no-reload"]
    with running(command, f"{url}/health", folder, environment):
        yield Server(url, f"{url}/index/")


@contextmanager
def running(
    command: Sequence[str | Path], ready: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server while the block runs, and begin the block when it answers at ``ready``.

    The first word of the command is a name in the servers' environment, or a path. The log is in the folder.
    """
    program = command[0] if isinstance(command[0], Path) else executable(command[0])
    log = folder / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [program, *command[1:]],
            cwd=folder,
            env=os.environ | (environment or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port: int = nobody.getsockname()[1]
    return port
