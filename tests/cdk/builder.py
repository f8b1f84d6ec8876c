"""Run manifests with Airbyte's CDK: processes in its environment that read files and print messages."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from source_pypi.airbyte.manifest import make_manifest, manifest_text

HERE = Path(__file__).parent


def executable(name: str) -> Path:
    """Return the path of an executable in the folder CDK_BIN, or in the environment that ``make`` sets up."""
    path = Path(os.environ.get("CDK_BIN") or HERE.parents[1] / ".venvs/cdk/bin").absolute() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: run make cdk, or set CDK_BIN")
    return path


@dataclass(frozen=True)
class Output:
    """The exit status and the messages of a process."""

    status: int
    messages: list[dict[str, Any]]

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """Return the rows of a stream, in order."""
        records = [message["record"] for message in self.messages if message["type"] == "RECORD"]
        return [record["data"] for record in records if record["stream"] == stream]

    def statuses(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Return the statuses of streams, in order: name, status, reasons."""
        traces = [message["trace"] for message in self.messages if message["type"] == "TRACE"]
        statuses = [trace["stream_status"] for trace in traces if trace["type"] == "STREAM_STATUS"]
        return [
            (one["stream_descriptor"]["name"], one["status"], tuple(r["type"] for r in one.get("reasons") or ()))
            for one in statuses
        ]

    def errors(self) -> list[dict[str, Any]]:
        """Return the errors."""
        traces = [message["trace"] for message in self.messages if message["type"] == "TRACE"]
        return [trace["error"] for trace in traces if trace["type"] == "ERROR"]

    def one(self, kind: str) -> Any:
        """Return the only message of a type."""
        (message,) = [message for message in self.messages if message["type"] == kind]
        return message


class Builder:
    """Runs the manifest for an index, in a folder."""

    def __init__(self, folder: Path, root: str) -> None:
        self._folder, self._root = folder, root
        (folder / "manifest.yaml").write_text(manifest_text(root))

    def run(self, *command: str, streams: Iterable[str] = (), **settings: Any) -> Output:
        """Run a command of ``source-declarative-manifest``."""
        given = ["--manifest-path", "manifest.yaml"]
        if command != ("spec",):
            given += ["--config", self._write("config.json", settings)]
        if command == ("read",):
            given += ["--catalog", self._write("catalog.json", catalog(streams))]
        return self._call([str(executable("source-declarative-manifest")), *command, *given])

    def build(self, command: str, stream: str | None = None, **settings: Any) -> Any:
        """Run a command of the Builder and return its response."""
        config = {**settings, "__injected_declarative_manifest": make_manifest(self._root), "__command": command}
        module = [str(executable("python")), "-m", "airbyte_cdk.connector_builder.main", "read"]
        given = ["--config", self._write("config.json", config)]
        given += ["--catalog", self._write("catalog.json", catalog([stream] if stream else []))]
        output = self._call([*module, *given, "--state", self._write("state.json", [])])
        assert output.errors() == []
        return output.one("RECORD")["record"]["data"]

    def _write(self, name: str, content: Any) -> str:
        (self._folder / name).write_text(json.dumps(content))
        return name

    def _call(self, command: list[str]) -> Output:
        environment = {"PATH": os.defpath, "HOME": str(self._folder), "TMPDIR": str(self._folder)}
        done = subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return Output(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


def catalog(streams: Iterable[str]) -> dict[str, Any]:
    """Return a configured catalog with these streams, in full refresh."""
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
    """Run a script in the CDK's environment with the variable ``value``; return its variable ``outcome``."""
    whole = f"import json, sys\nvalue = json.load(sys.stdin)\n{script}\njson.dump(outcome, sys.stdout)\n"
    done = subprocess.run(
        [executable("python"), "-P", "-c", whole], input=json.dumps(value), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
