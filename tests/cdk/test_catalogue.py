"""The files for Airbyte's catalogue, validated with Airbyte's models."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from source_pypi import airbyte
from source_pypi.streams import STREAMS
from tests.cdk.builder import executable
from tests.connector import ROOT

pytestmark = pytest.mark.cdk
INSIDE = Path(__file__).parent / "inside"


def ask(script: str, *arguments: Path, told: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a script in the CDK's environment."""
    command = [str(executable("python")), "-P", str(INSIDE / script), *map(str, arguments)]
    return subprocess.run(command, input=told, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    """The metadata, once it is valid."""
    done = ask("metadata.py", ROOT / "metadata.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    content: dict[str, Any] = json.loads(done.stdout)["data"]
    return content


def test_the_models_are_strict(tmp_path: Path) -> None:
    """The models refuse metadata with a key that they do not know."""
    other = tmp_path / "metadata.yaml"
    other.write_text((ROOT / "metadata.yaml").read_text() + "  unheardOf: 1\n")
    assert ask("metadata.py", other).returncode != 0


def test_names(metadata: dict[str, Any]) -> None:
    """The connector keeps the place of 0.2.x in the catalogue."""
    kept = {
        "name": "PyPI",
        "definitionId": "88ecd3a8-5f5b-11ed-9b6a-0242ac120002",
        "dockerRepository": "airbyte/source-pypi",
        "documentationUrl": airbyte.commands.DOCUMENTATION,
        "githubIssueLabel": "source-pypi",
        "connectorType": "source",
        "supportLevel": "community",
        "license": "MIT",
    }
    assert {name: metadata[name] for name in kept} == kept
    assert metadata["registryOverrides"] == {"cloud": {"enabled": True}, "oss": {"enabled": True}}


def test_what_certified_connectors_have(metadata: dict[str, Any]) -> None:
    """Hosts, suggested streams and the longest silence are given; as nothing breaks, no breaking change is."""
    assert metadata["allowedHosts"]["hosts"]
    assert set(metadata["suggestedStreams"]["streams"]) <= {stream.name for stream in STREAMS}
    assert metadata["maxSecondsBetweenMessages"] > 0
    assert "releases" not in metadata
    assert [tag for tag in metadata["tags"] if tag.startswith("language:")] == ["language:python"]
    assert len([tag for tag in metadata["tags"] if tag.startswith("cdk:")]) == 1


def test_the_spec_takes_what_0_2_took() -> None:
    """By the comparison that the standard tests make, nothing in the spec breaks a connection of 0.2.x."""
    before = {
        "type": "object",
        "required": ["project_name"],
        "properties": {"project_name": {"type": "string"}, "version": {"type": "string"}},
        "additionalProperties": True,
    }
    now = json.loads(airbyte.spec())["spec"]
    found = ask("specs.py", told=json.dumps([{"connectionSpecification": before}, now]))
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["breaking"] == []
    narrower = {"connectionSpecification": {**before, "required": ["project_name", "version"]}}
    judged = ask("specs.py", told=json.dumps([{"connectionSpecification": before}, narrower]))
    assert json.loads(judged.stdout)["breaking"] != []
