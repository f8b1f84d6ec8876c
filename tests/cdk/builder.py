"""What runs manifests: Airbyte's CDK, in its environment, as processes that are given files and print messages."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from source_pypi.airbyte.manifest import make_manifest, print_manifest

HERE = Path(__file__).parent


def executable(name: str) -> Path:
    """An executable, from the folder that CDK_BIN names or the environment that ``make`` sets up."""
    path = Path(os.environ.get("CDK_BIN") or HERE.parents[1] / ".venvs/cdk/bin").absolute() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: make cdk, or say in CDK_BIN where it is")
    return path


@dataclass(frozen=True)
class Told:
    """What a process said: its exit status and its messages."""

    status: int
    messages: list[dict[str, Any]]

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """The rows of a stream, in order."""
        records = [message["record"] for message in self.messages if message["type"] == "RECORD"]
        return [record["data"] for record in records if record["stream"] == stream]

    def statuses(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """The statuses of streams, in order: name, status, reasons."""
        traces = [message["trace"] for message in self.messages if message["type"] == "TRACE"]
        told = [trace["stream_status"] for trace in traces if trace["type"] == "STREAM_STATUS"]
        return [
            (one["stream_descriptor"]["name"], one["status"], tuple(r["type"] for r in one.get("reasons") or ()))
            for one in told
        ]

    def errors(self) -> list[dict[str, Any]]:
        """The errors."""
        traces = [message["trace"] for message in self.messages if message["type"] == "TRACE"]
        return [trace["error"] for trace in traces if trace["type"] == "ERROR"]

    def one(self, kind: str) -> Any:
        """The only message of a kind."""
        (message,) = [message for message in self.messages if message["type"] == kind]
        return message


class Builder:
    """Runs the manifest for an index, in a folder."""

    def __init__(self, folder: Path, root: str) -> None:
        self._folder, self._root = folder, root
        (folder / "manifest.yaml").write_text(print_manifest(root))

    def run(self, *command: str, streams: Iterable[str] = (), **settings: Any) -> Told:
        """A command of ``source-declarative-manifest``."""
        given = ["--manifest-path", "manifest.yaml"]
        if command != ("spec",):
            given += ["--config", self._write("config.json", settings)]
        if command == ("read",):
            given += ["--catalog", self._write("catalog.json", catalog(streams))]
        return self._tell([str(executable("source-declarative-manifest")), *command, *given])

    def build(self, command: str, stream: str | None = None, **settings: Any) -> Any:
        """A command of the Builder's: what it answers."""
        config = {**settings, "__injected_declarative_manifest": make_manifest(self._root), "__command": command}
        module = [str(executable("python")), "-m", "airbyte_cdk.connector_builder.main", "read"]
        given = ["--config", self._write("config.json", config)]
        given += ["--catalog", self._write("catalog.json", catalog([stream] if stream else []))]
        told = self._tell([*module, *given, "--state", self._write("state.json", [])])
        assert told.errors() == []
        return told.one("RECORD")["record"]["data"]

    def _write(self, name: str, content: Any) -> str:
        (self._folder / name).write_text(json.dumps(content))
        return name

    def _tell(self, command: list[str]) -> Told:
        surroundings = {"PATH": os.defpath, "HOME": str(self._folder), "TMPDIR": str(self._folder)}
        done = subprocess.run(
            command, cwd=self._folder, env=surroundings, capture_output=True, text=True, check=False, timeout=120
        )
        return Told(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


def catalog(streams: Iterable[str]) -> dict[str, Any]:
    """A configured catalog with these streams, all to be read in full."""
    return {
        "streams": [
            {
                "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
            for name in streams
        ]
    }


def run_python(script: str, value: Any) -> Any:
    """Run a script in the CDK's environment: the value is ``value``, what it leaves in ``outcome`` comes back."""
    whole = f"import json, sys\nvalue = json.load(sys.stdin)\n{script}\njson.dump(outcome, sys.stdout)\n"
    done = subprocess.run(
        [executable("python"), "-P", "-c", whole], input=json.dumps(value), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
