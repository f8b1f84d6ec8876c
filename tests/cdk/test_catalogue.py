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


def run_script(script: str, *arguments: Path, input_: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a script in the CDK's environment."""
    command = [str(executable("python")), "-P", str(INSIDE / script), *map(str, arguments)]
    return subprocess.run(command, input=input_, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    """Return the metadata, if it is valid."""
    done = run_script("metadata.py", ROOT / "metadata.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    content: dict[str, Any] = json.loads(done.stdout)["data"]
    return content


def test_models_are_strict(tmp_path: Path) -> None:
    """The models reject metadata with an unknown key."""
    other = tmp_path / "metadata.yaml"
    other.write_text((ROOT / "metadata.yaml").read_text() + "  unheardOf: 1\n")
    assert run_script("metadata.py", other).returncode != 0


def test_identity_of_0_2(metadata: dict[str, Any]) -> None:
    """The connector keeps its identity from 0.2.x in the catalogue."""
    expected = {
        "name": "PyPI",
        "definitionId": "88ecd3a8-5f5b-11ed-9b6a-0242ac120002",
        "dockerRepository": "airbyte/source-pypi",
        "documentationUrl": airbyte.commands.DOCUMENTATION,
        "githubIssueLabel": "source-pypi",
        "connectorType": "source",
        "supportLevel": "community",
        "license": "MIT",
    }
    assert {name: metadata[name] for name in expected} == expected
    assert metadata["registryOverrides"] == {"cloud": {"enabled": True}, "oss": {"enabled": True}}


def test_metadata_of_certified_connectors(metadata: dict[str, Any]) -> None:
    """Hosts, suggested streams, the longest silence, and the breaking changes are given."""
    assert metadata["allowedHosts"]["hosts"]
    assert set(metadata["suggestedStreams"]["streams"]) <= {stream.name for stream in STREAMS}
    assert metadata["maxSecondsBetweenMessages"] > 0
    changes = metadata["releases"]["breakingChanges"]
    assert {version: change["scopedImpact"][0]["impactedScopes"] for version, change in changes.items()} == {
        "0.4.0": ["project", "release"],
        "0.5.0": ["files", "attestations", "core_metadata"],
    }
    assert [tag for tag in metadata["tags"] if tag.startswith("language:")] == ["language:python"]
    assert len([tag for tag in metadata["tags"] if tag.startswith("cdk:")]) == 1


def test_spec_is_compatible_with_0_2() -> None:
    """The comparison of the standard tests finds no breaking change of the specification since 0.2.x."""
    before = {
        "type": "object",
        "required": ["project_name"],
        "properties": {"project_name": {"type": "string"}, "version": {"type": "string"}},
        "additionalProperties": True,
    }
    now = json.loads(airbyte.spec())["spec"]
    found = run_script("specs.py", input_=json.dumps([{"connectionSpecification": before}, now]))
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["breaking"] == []
    narrower = {"connectionSpecification": {**before, "required": ["project_name", "version"]}}
    result = run_script("specs.py", input_=json.dumps([{"connectionSpecification": before}, narrower]))
    assert json.loads(result.stdout)["breaking"] != []
