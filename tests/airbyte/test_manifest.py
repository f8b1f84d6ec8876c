"""The Builder's manifest as plain values and as text; tests/cdk/test_manifest.py runs it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from source_pypi.airbyte.manifest import CARRIED, LEFT_OUT, as_yaml, left_out, make_manifest, print_manifest
from source_pypi.config import Config
from source_pypi.schema import SEEN_AT, settings_schema, stream_fields, stream_schema
from source_pypi.services.index.api import default_url, root_of
from source_pypi.streams import STREAMS
from source_pypi.streams.stream import Stream

ROOT = "https://packages.example.com/root"
carried = pytest.mark.parametrize("stream", [s for s in STREAMS if s.name in CARRIED], ids=lambda stream: stream.name)


def manifest_stream(name: str) -> dict[str, Any]:
    """A stream of the manifest."""
    (found,) = [stream for stream in make_manifest(ROOT)["streams"] if stream["name"] == name]
    assert isinstance(found, dict)
    return found


def inside(value: Any) -> Iterator[Any]:
    """A value and everything in it."""
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(item)


def test_every_stream_is_carried_or_has_a_reason() -> None:
    """One or the other, and none that is no stream."""
    assert sorted([*CARRIED, *LEFT_OUT]) == sorted(stream.name for stream in STREAMS)
    assert list(left_out()) == [(stream.name, LEFT_OUT[stream.name]) for stream in STREAMS if stream.name in LEFT_OUT]


def test_what_is_carried() -> None:
    """The drop-in streams among them."""
    assert [stream["name"] for stream in make_manifest(ROOT)["streams"]] == [
        "projects",
        "classifiers",
        "vulnerabilities",
        "roles",
        "project",
        "release",
        "listing",
        "recent_releases",
        "recent_projects",
        "stats",
    ]


@carried
def test_schema_and_key_are_the_records(stream: Stream) -> None:
    """As the connector has them, to the letter."""
    made = manifest_stream(stream.name)
    assert made["schema_loader"] == {"type": "InlineSchemaLoader", "schema": stream_schema(stream)}
    assert made.get("primary_key", []) == list(stream.key)


@carried
def test_every_field_is_made(stream: Stream) -> None:
    """A row that is put together has all fields of the record; one that is passed on has those that are added."""
    transformations = manifest_stream(stream.name)["transformations"]
    added = [field["path"] for one in transformations for field in one.get("fields", ())]
    seen = [SEEN_AT.name] if stream.incremental else []
    if CARRIED[stream.name].whole:
        assert added == [[name] for name in [*stream.key, *seen]]
    else:
        assert sorted(added) == sorted(["row", name] for name in [*(f.name for f in stream_fields(stream)), *seen])
        assert transformations[-1] == {"type": "DpathFlattenFields", "field_path": ["row"], "replace_record": True}


def test_no_custom_components() -> None:
    """Those that every Builder has."""
    types = {
        one["type"]
        for one in inside(make_manifest(ROOT))
        if isinstance(one, dict) and "retriever" not in one and isinstance(one.get("type"), str)
    }
    assert [name for name in types if name.startswith("Custom")] == []
    assert "class_name" not in json.dumps(make_manifest(ROOT))


def test_references_lead_somewhere() -> None:
    """To definitions, each of which is used."""
    manifest = make_manifest(ROOT)
    references = {one["$ref"] for one in inside(manifest) if isinstance(one, dict) and isinstance(one.get("$ref"), str)}
    assert references == {
        "#/definitions/error_handler",
        "#/definitions/partitions/project",
        "#/definitions/partitions/release",
    }
    assert list(manifest["definitions"]) == ["error_handler", "partitions"]
    assert list(manifest["definitions"]["partitions"]) == ["project", "release"]


def test_settings_are_the_connectors() -> None:
    """The same names, types and descriptions; the index's address is filled in."""
    known = settings_schema(Config)["properties"]
    schema = make_manifest(ROOT)["spec"]["connection_specification"]
    asked = ["projects", "project_name", "version", "index_url", "index_username", "index_password", "contact"]
    assert list(schema["properties"]) == [*asked, "requests_per_second", "max_concurrency"]
    for order, (name, described) in enumerate(schema["properties"].items()):
        filled_in = {"default": ROOT} if name == "index_url" else {}
        assert described == {**known[name], "order": order, **filled_in}
    assert schema["required"] == []


def test_hosts_follow_the_index() -> None:
    """The one for which it is printed, and the one that is set."""
    assert make_manifest(ROOT)["metadata"] == {"allowedHosts": {"hosts": ["packages.example.com", "${index_url}"]}}


def test_it_comes_out_the_same_every_time() -> None:
    """Whatever the hashes of texts are."""
    script = f"from source_pypi.airbyte.manifest import print_manifest; print(print_manifest({ROOT!r}), end='')"
    printed = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {print_manifest(ROOT)}


# As text ------------------------------------------------------------------------------------------------------


def test_yaml() -> None:
    """What is surely a word stands as it is, lines as a block, everything else as JSON."""
    value = {
        "word": "two words",
        "$ref": "#/definitions/x",
        "numbers": [1, 2.5, "1", "1.0", "2024-01-01"],
        "no": "no",
        "nothing": {"null": None, "empty": {}, "none": [], "text": ""},
        "lines": "{% if x %}\n  a: 'b' # c\n{% endif %}",
        "no block": " a\nb",
        "marks": "a: b",
        "nested": [[True, {"a": "é\t"}], {"b": ["c"], "d": {"e": "f"}}],
    }
    assert as_yaml(value) == (
        "word: two words\n"
        '$ref: "#/definitions/x"\n'
        'numbers:\n  - 1\n  - 2.5\n  - "1"\n  - "1.0"\n  - "2024-01-01"\n'
        '"no": "no"\n'
        'nothing:\n  "null": null\n  empty: {}\n  none: []\n  text: ""\n'
        "lines: |-\n  {% if x %}\n    a: 'b' # c\n  {% endif %}\n"
        'no block: " a\\nb"\n'
        'marks: "a: b"\n'
        'nested:\n  -\n    - true\n    - a: "é\\t"\n  - b:\n      - c\n    d:\n      e: f\n'
    )


def test_comments_tell_what_is_left_out() -> None:
    """At the top, a line a stream."""
    top = [line for line in print_manifest(ROOT).splitlines() if line.startswith("#")]
    assert top[2:] == [f"# - {name}: {why}." for name, why in left_out()]
    assert print_manifest(ROOT).endswith(as_yaml(make_manifest(ROOT)))


# The command --------------------------------------------------------------------------------------------------


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``source-pypi manifest``."""
    command = [sys.executable, "-m", "source_pypi", "manifest", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)


def test_the_command_prints_it() -> None:
    """For the root of the index, without credentials; what is left out is told, a line a stream."""
    done = run("--index-url", "https://ann:secret@packages.example.com/root/simple/")
    assert done.returncode == 0
    assert done.stdout == print_manifest(ROOT)
    assert done.stderr.splitlines() == [f"warning: {name} is left out: {why}" for name, why in left_out()]


def test_the_command_is_for_the_public_index_unless_told_otherwise() -> None:
    """Its address stands in what is printed, and nowhere else."""
    assert run().stdout == print_manifest(root_of(default_url()))
    assert re.search(re.escape(root_of(default_url())), print_manifest(ROOT)) is None


def test_the_command_refuses_what_is_no_address() -> None:
    """In one line."""
    done = run("--index-url", "packages.example.com")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
