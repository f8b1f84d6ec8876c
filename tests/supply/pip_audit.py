"""pip-audit against the fake index: it has no option for another index, so a proxy answers in its place."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.connector import ROOT
from tests.fake_index import FakeIndex
from tests.faults.authority import Authority
from tests.faults.listening import Listener, pump, read_head

#: The environment of ``make supply``.
SUPPLY = ROOT / ".venvs" / "supply" / "bin"


@dataclass(slots=True)
class Comparison:
    """What pip-audit found.

    :ivar found: project, version, and all identifiers of an advisory, for each advisory.
    :ivar skipped: the projects that it did not check.
    """

    found: set[tuple[str, str, frozenset[str]]] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)


def run_pip_audit(fake: FakeIndex, requirements: Path, folder: Path) -> Comparison:
    """Run pip-audit on pinned requirements, without resolving them.

    :param folder: for the certificates and the cache.
    """
    with terminating_proxy(fake, folder) as (proxy, bundle):
        environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
        environment |= {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": str(bundle)}
        options = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--desc", "off")
        command = [str(SUPPLY / "pip-audit"), "-r", str(requirements), *options, "--cache-dir", str(folder / "cache")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    comparison = Comparison()
    for one in json.loads(done.stdout)["dependencies"]:
        if "skip_reason" in one:
            comparison.skipped.add(one["name"])
        for advisory in one.get("vulns", ()):
            identifiers = frozenset([advisory["id"], *advisory["aliases"]])
            comparison.found.add((one["name"], one["version"], identifiers))
    return comparison


@contextmanager
def terminating_proxy(fake: FakeIndex, folder: Path) -> Iterator[tuple[str, Path]]:
    """A proxy that answers for every host with the fake index; its URL, and the CA that its certificates come from."""
    authority = Authority(folder)
    address = (urlsplit(fake.url).hostname or "", urlsplit(fake.url).port or 0)
    lock = threading.Lock()

    def serve(client: socket.socket) -> None:
        method, target, _ = read_head(client).split(b" ", 2)
        assert method == b"CONNECT"
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with lock:
            context.load_cert_chain(authority.certificate(target.decode().partition(":")[0]))
        with suppress(OSError), ExitStack() as stack:
            outer = stack.enter_context(context.wrap_socket(client, server_side=True))
            inner = stack.enter_context(socket.create_connection(address, timeout=60))
            back = threading.Thread(target=pump, args=(inner, outer), daemon=True)
            back.start()
            pump(outer, inner)
            back.join(5)

    with Listener(serve) as listener:
        yield f"http://127.0.0.1:{listener.port}", authority.bundle


def run_audit(fake: FakeIndex, requirements: Path, *options: str) -> dict[str, Any]:
    """The report of ``source-pypi audit`` on the same file."""
    index = ("--index-url", fake.url, "--requests-per-second", "0", "--follow-dependencies", "0", "--format", "json")
    command = [sys.executable, "-m", "source_pypi", "audit", "-r", str(requirements), *index, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
