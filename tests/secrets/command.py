"""A command in an environment full of secrets, and everything that it wrote, made legible."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from source_pypi.sync.state_codec import PackedState, unpack_row, unpack_text
from tests.secrets.hidden import HTTP_PROXY, HTTPS_PROXY, NETRC, found

#: Files that the tests make, not the commands.
GIVEN = frozenset({"config.json", "catalog.json", "state.json", ".netrc", "requirements.txt", "sitecustomize.py"})


@dataclass(frozen=True, slots=True)
class Written:
    """What a command wrote.

    :ivar folder: where it ran: what it left there counts.
    """

    status: int
    output: bytes
    user_errors: bytes
    folder: Path

    def texts(self) -> Iterator[bytes]:
        """Everything, and what is in databases once more, as values: the file has it compressed."""
        yield self.output
        yield self.user_errors
        yield from (line for text in self.output.splitlines() if b'"type":"STATE"' in text for line in _seen(text))
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in GIVEN:
                yield path.read_bytes()
                yield str(path.relative_to(self.folder)).encode()
                if path.suffix == ".duckdb":
                    yield from _values(path)

    def leaks(self) -> dict[str, bytes]:
        """The secrets that are in it."""
        return found(self.texts())


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which commands are run, and the variables that they get besides."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, content: Any) -> str:
        """A file for the command: JSON, or a text."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / name).write_text(text)
        return name

    def run(self, *arguments: str, **variables: str) -> Written:
        """Run a command; what it leaves is searched, so each has a folder of its own."""
        self.write(".netrc", f"machine 127.0.0.1 login someone password {NETRC}\n")
        (self.folder / ".netrc").chmod(0o600)
        environment = {
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LOG_LEVEL": "debug",
            "HTTP_PROXY": f"http://proxy:{HTTP_PROXY}@127.0.0.1:9",
            "HTTPS_PROXY": f"http://proxy:{HTTPS_PROXY}@127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
            **self.variables,
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-m", "source_pypi", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return Written(done.returncode, done.stdout, done.stderr, self.folder)


def _seen(line: bytes) -> Iterator[bytes]:
    """What a STATE message says was seen, unpacked."""
    for packed in json.loads(line)["state"]["stream"].get("stream_state", {}).get("projects", {}).values():
        yield repr(unpack_text(packed)).encode()


def _values(path: Path) -> Iterator[bytes]:
    """Every value of every table, what was seen unpacked."""
    with duckdb.connect(str(path), read_only=True) as connection:
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            yield repr(connection.execute(f'SELECT * FROM "{table}"').fetchall()).encode()
        for row in connection.execute("SELECT * FROM _state").fetchall():
            yield repr(unpack_row(PackedState(*row))).encode()
