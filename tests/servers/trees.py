"""Indexes that are folders behind nginx: what bandersnatch and dumb-pypi write, and the files alone."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.fake_index import FakeIndex, World
from tests.servers.packages import (
    REQUIRES,
    UPLOADED_AT,
    UPLOADS,
    YANKED,
    YANKED_REASON,
    Upload,
    is_yanked,
    lay_out,
    metadata,
    wheel,
)
from tests.servers.servers import Server, executable, free_port, running

#: A file in the folder of which nginx's list shows half a name; the address is whole.
LONG = wheel("a-project-whose-name-is-longer-than-fifty-characters", "1.0")
#: The media types of a project page, by the ending that bandersnatch gives its file.
_PAGES = {"v1_json": "application/vnd.pypi.simple.v1+json", "v1_html": "application/vnd.pypi.simple.v1+html"}
#: What nginx must be told to send the form of a page that was asked for, and documents as JSON.
_NEGOTIATION = (
    "location /simple/ { index index.$form; types { "
    + "".join(f"{v} {k}; " for k, v in _PAGES.items())
    + "text/html html; } }",
    "location ~ ^/(pypi|json)/ { default_type application/json; }",
)
#: Seconds that a mirror of the few packages may take.
_PATIENCE = 60


@contextmanager
def folder_behind_nginx(folder: Path) -> Iterator[Server]:
    """Serve a folder for each project, with the lists that nginx makes of it."""
    lay_out(folder / "web" / "simple")
    long = folder / "web" / "simple" / LONG.project
    long.mkdir()
    (long / LONG.filename).write_bytes(LONG.content)
    with _nginx(folder, "autoindex on;") as url:
        yield Server(url, f"{url}/simple/")


@contextmanager
def dumb_pypi(folder: Path) -> Iterator[Server]:
    """Serve what dumb-pypi writes from a list of the files."""
    web = folder / "web"
    web.mkdir()
    for upload in UPLOADS:
        path = web / "packages" / upload.filename
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(upload.content)
        path.with_name(f"{upload.filename}.metadata").write_bytes(metadata(upload.project, upload.version))
    listed = [
        {
            "filename": upload.filename,
            "hash": f"sha256={upload.sha256}",
            "requires_dist": [REQUIRES],
            "requires_python": ">=3.9",
            "uploaded_by": "alice",
            "upload_timestamp": int(UPLOADED_AT.timestamp()),
            "core_metadata": _digest(upload),
            "yanked_reason": YANKED_REASON if is_yanked(upload) else None,
        }
        for upload in UPLOADS
    ]
    (folder / "packages.json").write_text("\n".join(json.dumps(one) for one in listed))
    _run(
        ["dumb-pypi", "--package-list-json", "packages.json", "--packages-url", "../../packages", "--output-dir", web],
        folder,
    )
    with _nginx(folder) as url:
        yield Server(url, f"{url}/simple/")


@contextmanager
def bandersnatch(folder: Path, *, negotiating: bool) -> Iterator[Server]:
    """Mirror a fake index with bandersnatch, and serve the mirror.

    negotiating: nginx sends the form of a page that a client asks for. Otherwise it sends HTML alone, as it does
    when nobody configures more than the folder.
    """
    with FakeIndex(_world(), strict=False) as upstream:
        settings = {
            "directory": folder,
            "master": upstream.url,
            "allow-non-https": "true",
            "api-method": "simple",
            "json": "true",
            "simple-format": "ALL",
            "hash-index": "false",
            "workers": 1,
        }
        lines = ["[mirror]", *(f"{key} = {value}" for key, value in settings.items())]
        (folder / "bandersnatch.conf").write_text("\n".join(lines))
        _run(["bandersnatch", "--config", "bandersnatch.conf", "mirror"], folder)
    with _nginx(folder, *(_NEGOTIATION if negotiating else ())) as url:
        yield Server(url, f"{url}/simple/")


def _digest(upload: Upload) -> str | None:
    """What dumb-pypi is told of a file's metadata."""
    if upload.filetype != "bdist_wheel":
        return None
    return f"sha256={hashlib.sha256(metadata(upload.project, upload.version)).hexdigest()}"


def _world() -> World:
    """The uploads on a fake index."""
    world = World(serial=100)
    for upload in UPLOADS:
        world.release(upload.project, upload.version, {"requires_python": ">=3.9", "requires_dist": [REQUIRES]})
        world.upload(
            upload.project,
            upload.version,
            filename=upload.filename,
            content=upload.content,
            uploaded_at=UPLOADED_AT,
            metadata=metadata(upload.project, upload.version) if upload.filetype == "bdist_wheel" else None,
        )
    project, version = YANKED
    world.yank(next(u.project for u in UPLOADS if canonicalize_name(u.project) == project), version, YANKED_REASON)
    return world


def _run(command: Sequence[str | Path], folder: Path) -> None:
    """Run a program of the servers' environment to its end, in the folder."""
    done = subprocess.run(
        [executable(str(command[0])), *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise RuntimeError(f"{command!r} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def _nginx(folder: Path, *directives: str) -> Iterator[str]:
    """Serve the folder's ``web`` with nginx; the address of its root."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise FileNotFoundError("nginx is not installed: make servers, or apt-get install nginx")
    port = free_port()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    known = "".join(f'    "~*{kind.replace("+", "[+]").replace(".", "[.]")}" {end};\n' for end, kind in _PAGES.items())
    server = "\n    ".join((f"listen 127.0.0.1:{port};", f"root {folder / 'web'};", *directives))
    lines = [
        "daemon off; master_process off; error_log stderr; pid nginx.pid;",
        "events {}",
        "http {",
        "  access_log off; default_type application/octet-stream; types { text/html html; }",
        *(f"  {kind}_temp_path {folder / kind};" for kind in kinds),
        f"  map $http_accept $form {{\n    default html;\n{known}  }}",
        f"  server {{\n    {server}\n  }}",
        "}",
    ]
    (folder / "nginx.conf").write_text("\n".join(lines))
    url = f"http://127.0.0.1:{port}"
    with running([Path(program), "-p", folder, "-c", folder / "nginx.conf"], f"{url}/simple/", folder):
        yield url
