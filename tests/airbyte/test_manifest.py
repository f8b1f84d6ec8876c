"""airbyte/manifest: the Connector Builder's manifest, as values and as text. tests/cdk/test_manifest.py runs it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

from source_pypi.airbyte.manifest import (
    RECIPES,
    differences,
    left_out_fields,
    left_out_streams,
    make_manifest,
    manifest_text,
)
from source_pypi.config import GROUPS, Config
from source_pypi.schema import SEEN_AT, settings_schema, stream_fields, stream_schema
from source_pypi.services.index.locations import root_of
from source_pypi.standards.index_urls import default_url
from source_pypi.streams import NAMES, STREAMS
from source_pypi.streams.stream import Stream

ROOT = "https://packages.example.com/root"
CARRIED = [stream for stream in STREAMS if stream.name in RECIPES]
each_carried = pytest.mark.parametrize("stream", CARRIED, ids=lambda stream: stream.name)


@pytest.mark.parametrize(
    ("root", "settings", "rate"),
    [
        ("", {"requests_per_second": 0}, 5),
        ("", {"requests_per_second": 0, "index_url": "{public}/simple/"}, 5),
        ("", {"requests_per_second": 0, "index_url": "http://index.test"}, 1_000_000),
        ("", {"requests_per_second": 2.5, "index_url": ""}, 3),
        ("", {"requests_per_second": None}, 5),
        ("http://index.test", {"requests_per_second": 0}, 1_000_000),
    ],
)
def test_rate_limit(root: str, settings: dict[str, Any], rate: int) -> None:
    """0 disables the rate limit, but for the public index, by whatever URL it is read."""
    public = root_of(default_url())
    config = {
        name: value.format(public=public) if isinstance(value, str) else value for name, value in settings.items()
    }
    environment = jinja2.Environment(autoescape=False)
    environment.filters["regex_replace"] = lambda text, pattern, new: re.sub(pattern, new, text)
    budget = make_manifest(root or public)["api_budget"]["policies"][0]["rates"]
    assert environment.from_string(budget[0]["limit"]).render(config={"requests_per_second": None, **config}) == str(
        rate
    )


def manifest_stream(name: str) -> dict[str, Any]:
    """Return a stream of the manifest."""
    (found,) = [stream for stream in make_manifest(ROOT)["streams"] if stream["name"] == name]
    assert isinstance(found, dict)
    return found


def inside(value: Any) -> Iterator[Any]:
    """Yield a value and everything in it."""
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(item)


# As values ----------------------------------------------------------------------------------------------------


def test_carried_streams() -> None:
    """The manifest carries these streams, those of 0.2.x among them, in the order of the table of streams."""
    assert [stream["name"] for stream in make_manifest(ROOT)["streams"]] == [
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


def test_every_other_stream_is_left_out() -> None:
    """A stream without a recipe is named as left out, and every recipe is of a stream."""
    assert sorted([*RECIPES, *left_out_streams()]) == sorted(NAMES)
    assert f"the streams {', '.join(left_out_streams())}" in differences()[0]


def test_left_out_fields() -> None:
    """Fields that need computation are left out of carried streams, and named."""
    left_out = {stream.name: left_out_fields(stream) for stream in STREAMS if left_out_fields(stream)}
    assert left_out == {"classifiers": ["category", "parts"], "vulnerabilities": ["fixed_in_sort_keys"]}
    fields = "classifiers.category, classifiers.parts, vulnerabilities.fixed_in_sort_keys"
    assert differences()[1].endswith(f"the fields {fields}")


@each_carried
def test_schema_and_key_are_the_connectors(stream: Stream) -> None:
    """A stream has the connector's key and schema; only fields that are left out, or that differ, are not the same."""
    made = manifest_stream(stream.name)
    assert made.get("primary_key", []) == list(stream.key)
    schema, expected = made["schema_loader"]["schema"], stream_schema(stream)
    described = RECIPES[stream.name].descriptions
    for name in left_out_fields(stream):
        del expected["properties"][name]
    for name, description in described.items():
        assert expected["properties"][name]["description"] != description
        expected["properties"][name]["description"] = description
    assert schema == expected


@each_carried
def test_every_field_of_the_schema_is_made(stream: Stream) -> None:
    """A row is the document with the key and the time added, or it has each field of the schema."""
    transformations = manifest_stream(stream.name)["transformations"]
    added = [field["path"] for one in transformations for field in one.get("fields", ())]
    time = [SEEN_AT.name] if stream.incremental else []
    if RECIPES[stream.name].whole:
        assert added == [[name] for name in [*stream.key, *time]]
    else:
        fields = [field.name for field in stream_fields(stream) if field.name not in left_out_fields(stream)]
        assert sorted(added) == sorted(["row", name] for name in [*fields, *time])
        assert transformations[-1] == {"type": "DpathFlattenFields", "field_path": ["row"], "replace_record": True}


def test_no_custom_components() -> None:
    """The manifest uses only components that every Builder has."""
    types = {
        one["type"]
        for one in inside(make_manifest(ROOT))
        if isinstance(one, dict) and "retriever" not in one and isinstance(one.get("type"), str)
    }
    assert [name for name in types if name.startswith("Custom")] == []
    assert "class_name" not in json.dumps(make_manifest(ROOT))


def test_references_and_definitions_match() -> None:
    """Each reference names a definition, and each definition is used."""
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
    """Settings have the connector's names, types and descriptions; the default of index_url is the root."""
    connector = settings_schema(Config, GROUPS)["properties"]
    schema = make_manifest(ROOT)["spec"]["connection_specification"]
    names = ["projects", "project_name", "version", "index_url", "index_username", "index_password", "contact"]
    assert list(schema["properties"]) == [*names, "requests_per_second", "max_concurrency"]
    for order, (name, setting) in enumerate(schema["properties"].items()):
        default = {"default": ROOT} if name == "index_url" else {}
        assert setting == {**connector[name], "order": order, **default}
    assert schema["required"] == []
    assert [group["id"] for group in schema["groups"]] == ["projects", "index", "requests"]


def test_allowed_hosts() -> None:
    """The allowed hosts are that of the index for which the manifest is printed, and that of index_url."""
    assert make_manifest(ROOT)["metadata"] == {"allowedHosts": {"hosts": ["packages.example.com", "${index_url}"]}}


# As text ------------------------------------------------------------------------------------------------------


def test_text_is_comments_followed_by_json() -> None:
    """The text is a comment line for each difference, and the manifest as JSON."""
    lines = manifest_text(ROOT).splitlines(keepends=True)
    comments = [line for line in lines if line.startswith("#")]
    assert comments[2:] == [f"# - {difference}\n" for difference in differences()]
    assert json.loads("".join(lines[len(comments) :])) == make_manifest(ROOT)


def test_text_does_not_depend_on_hash_seeds() -> None:
    """The text is the same in every process."""
    script = f"from source_pypi.airbyte.manifest import manifest_text; print(manifest_text({ROOT!r}), end='')"
    printed = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script]
        printed.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert printed == {manifest_text(ROOT)}


# The command --------------------------------------------------------------------------------------------------


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``source-pypi manifest``."""
    command = [sys.executable, "-m", "source_pypi", "manifest", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)


def test_command_prints_manifest_and_differences() -> None:
    """The command prints the manifest for the index's root, without credentials, and a warning for each difference."""
    done = run("--index-url", "https://ann:secret@packages.example.com/root/simple/")
    assert done.returncode == 0
    assert done.stdout == manifest_text(ROOT)
    needed = "it needs version 7.37.0 of Airbyte's CDK or newer"
    assert done.stderr.splitlines() == [f"warning: {line}" for line in (needed, *differences())]
    assert needed in done.stdout.splitlines()[0]
    assert make_manifest(ROOT)["version"] == "7.37.0"


def test_command_defaults_to_the_public_index() -> None:
    """Without --index-url the manifest is for the public index; otherwise that index's URL is not in it."""
    assert run().stdout == manifest_text(root_of(default_url()))
    assert re.search(re.escape(root_of(default_url())), manifest_text(ROOT)) is None


def test_command_refuses_what_is_no_url() -> None:
    """A bad --index-url is one line on standard error and status 1."""
    done = run("--index-url", "packages.example.com")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
