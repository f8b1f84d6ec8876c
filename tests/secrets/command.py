"""A command with secrets in its environment, and everything that it wrote, decoded."""

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

#: Files that the tests write, not the commands.
GIVEN = frozenset({"config.json", "catalog.json", "state.json", ".netrc", "requirements.txt", "sitecustomize.py"})


@dataclass(frozen=True, slots=True)
class Written:
    """The output of a command.

    :ivar folder: its working folder, whose files are part of the output.
    """

    status: int
    output: bytes
    user_errors: bytes
    folder: Path

    def texts(self) -> Iterator[bytes]:
        """All output; also the values of databases, which are compressed in the file."""
        yield self.output
        yield self.user_errors
        yield from (line for text in self.output.splitlines() if b'"type":"STATE"' in text for line in _states(text))
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in GIVEN:
                yield path.read_bytes()
                yield str(path.relative_to(self.folder)).encode()
                if path.suffix == ".duckdb":
                    yield from _values(path)

    def leaks(self) -> dict[str, bytes]:
        """The secrets in the output."""
        return found(self.texts())


@dataclass(frozen=True, slots=True)
class Place:
    """A working folder for commands, and additional environment variables."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, content: Any) -> str:
        """Write a file for the command: text, or anything else as JSON."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / name).write_text(text)
        return name

    def run(self, *arguments: str, **variables: str) -> Written:
        """Run a command; its files are searched, so each command needs its own folder."""
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


def _states(line: bytes) -> Iterator[bytes]:
    """The states of a STATE message, unpacked."""
    for packed in json.loads(line)["state"]["stream"].get("stream_state", {}).get("projects", {}).values():
        yield repr(unpack_text(packed)).encode()


def _values(path: Path) -> Iterator[bytes]:
    """Every value of every table, and the states unpacked."""
    with duckdb.connect(str(path), read_only=True) as connection:
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            yield repr(connection.execute(f'SELECT * FROM "{table}"').fetchall()).encode()
        for row in connection.execute("SELECT * FROM _state").fetchall():
            yield repr(unpack_row(PackedState(*row))).encode()
