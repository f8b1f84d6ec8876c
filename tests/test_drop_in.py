"""Compatibility with source-pypi 0.2.x: its configurations, catalogs, rows, schemas and settings.

0.2.x passed on three documents unchanged: a project's, a release's, and the statistics.
"""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from source_pypi import airbyte
from source_pypi.config import make_config, without_unknown
from tests.fake_index import FakeIndex, World

SETTINGS: dict[str, Any] = json.loads(airbyte.spec())["spec"]["connectionSpecification"]
STREAMS = {stream["name"]: stream for stream in json.loads(airbyte.discover())["catalog"]["streams"]}

# What 0.2.x declared ------------------------------------------------------------------------------------------

#: Types by path. * is every key of an object, [] every item of a list; "?" means nullable.
FILE = {
    **dict.fromkeys(
        ("comment_text", "filename", "md5_digest", "packagetype", "python_version", "upload_time"), "string"
    ),
    **dict.fromkeys(("upload_time_iso_8601", "url", "digests.md5", "digests.sha256"), "string"),
    **dict.fromkeys(("requires_python", "yanked_reason"), "string?"),
    **dict.fromkeys(("downloads", "size"), "integer"),
    **dict.fromkeys(("has_sig", "yanked"), "boolean"),
    "digests": "object",
}
INFO = {
    **dict.fromkeys(("version", "author", "author_email", "description", "home_page", "keywords", "name"), "string"),
    **dict.fromkeys(("package_url", "project_url", "release_url"), "string"),
    **dict.fromkeys(("bugtrack_url", "description_content_type", "docs_url", "download_url", "license"), "string?"),
    **dict.fromkeys(("maintainer", "maintainer_email", "platform", "requires_python", "summary"), "string?"),
    **{"yanked_reason": "string?", "yanked": "boolean", "downloads": "object", "project_urls.*": "string?"},
    **{"classifiers": "array", "classifiers[]": "string", "requires_dist": "array?", "requires_dist[]": "string"},
}
VULNERABILITY = {
    **dict.fromkeys(("details", "id", "link", "source"), "string?"),
    **{"aliases": "array?", "aliases[]": "string", "fixed_in": "array?", "fixed_in[]": "string"},
}
RELEASE = {
    **{"info": "object", "last_serial": "integer", "urls": "array", "vulnerabilities": "array"},
    **{f"info.{path}": kind for path, kind in INFO.items()},
    **{f"urls[].{path}": kind for path, kind in FILE.items()},
    "vulnerabilities[]": "object",
    **{f"vulnerabilities[].{path}": kind for path, kind in VULNERABILITY.items()},
}
PROJECT = RELEASE | {"releases": "object"} | {f"releases.*[].{path}": kind for path, kind in FILE.items()}
STATS = {
    **{"top_packages": "object", "top_packages.*": "object", "top_packages.*.size": "integer?"},
    "total_packages_size": "integer",
}
DECLARED = {"project": PROJECT, "release": RELEASE, "stats": STATS}
#: The settings of 0.2.x and their types. The first one was required.
OLD_SETTINGS = {"project_name": "string", "version": "string"}


# Rows ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(world: World) -> World:
    """Return an index with a project that 0.2.x could read."""
    facts = {
        "requires_dist": ["peppercorn"],
        "classifiers": ["Typing :: Typed"],
        "project_urls": {"Docs": "https://a.test"},
    }
    world.add("SampleProject", releases=["1.2.0", "1.3.0"], owner="ann", **facts)
    world.add_advisory("sampleproject", "1.2.0", "PYSEC-2024-1")
    world.deploy("a-key-of-tomorrow", {"nested": [None, 1]})
    return world


def read(fake: FakeIndex, folder: Path, state: Any, **settings: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the streams of 0.2.x after a full refresh with overwrite."""
    catalog, state_path = folder / "catalog.json", folder / "state.json"
    streams = [
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "full_refresh",
            "destination_sync_mode": "overwrite",
        }
        for name in DECLARED
    ]
    catalog.write_text(json.dumps({"streams": streams}))
    state_path.write_text(json.dumps(state))
    written: list[bytes] = []
    config = make_config(settings | {"index_url": fake.url})
    assert airbyte.read(config, catalog, state_path, written.append)
    messages = [json.loads(line) for line in b"".join(written).splitlines()]
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    return {name: [record["data"] for record in records if record["stream"] == name] for name in DECLARED}


def served(fake: FakeIndex, path: str) -> Any:
    """Return a document as the index sends it."""
    fake.new_run()
    request = urllib.request.Request(fake.url + path, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


#: The state of a connection of 0.2.x: none, or the marker of a full refresh.
NO_STATE = {"stream_descriptor": {"name": "project"}, "stream_state": {"__ab_no_cursor_state_message": True}}


@pytest.mark.parametrize("state", [[], {}, [{"type": "STREAM", "stream": NO_STATE}]], ids=["list", "object", "none"])
@pytest.mark.parametrize("name", ["sampleproject", "SampleProject"])
def test_rows_keep_every_key(fake: FakeIndex, tmp_path: Path, name: str, state: Any) -> None:
    """Each stream gives one row with every key and value of the document, and the added keys."""
    rows = read(fake, tmp_path, state, project_name=name, version="1.2.0")
    documents = {
        "project": served(fake, "/pypi/sampleproject/json"),
        "release": served(fake, "/pypi/sampleproject/1.2.0/json"),
        "stats": served(fake, "/stats/"),
    }
    assert {name: len(found) for name, found in rows.items()} == {"project": 1, "release": 1, "stats": 1}
    for stream, document in documents.items():
        assert {key: rows[stream][0][key] for key in document} == document
    added = {stream: rows[stream][0].keys() - documents[stream].keys() for stream in documents}
    assert added == {"project": {"project", "seen_at"}, "release": {"project", "version", "seen_at"}, "stats": set()}


def test_release_without_a_version(fake: FakeIndex, tmp_path: Path) -> None:
    """Without a version, release has the values of the row of 0.2.x, but not ``releases``; the others are the same.

    0.2.x requested a path with an empty segment, which the index folds: its row was the project document. It did not
    declare ``releases`` for this stream.
    """
    rows = read(fake, tmp_path, [], project_name="sampleproject")
    before = served(fake, "/pypi/sampleproject//json")
    assert before == served(fake, "/pypi/sampleproject/json")
    assert {key: rows["project"][0][key] for key in before} == before
    releases = before.pop("releases")
    assert list(releases) == ["1.2.0", "1.3.0"]
    (row,) = rows["release"]
    assert {key: row[key] for key in before} == before
    assert row.keys() - before.keys() == {"project", "version", "seen_at"}
    assert "releases" not in DECLARED["release"]
    assert len(rows["stats"]) == 1


def test_quarantined_project(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """A quarantined project, of which the index has no document, has no row, and the read succeeds; 0.2.x failed."""
    world.quarantine("sampleproject")
    rows = read(fake, tmp_path, [], project_name="sampleproject")
    assert (rows["project"], rows["release"], len(rows["stats"])) == ([], [], 1)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        served(fake, "/pypi/sampleproject/json")


# Schemas ------------------------------------------------------------------------------------------------------


def at(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the schema of a path."""
    for step in _steps(path):
        schema = schema["properties"][step] if step not in ("items", "additionalProperties") else schema[step]
    return schema


def _steps(path: str) -> Iterator[str]:
    for key in path.replace("[]", ".[]").split("."):
        yield {"*": "additionalProperties", "[]": "items"}.get(key, key)


@pytest.mark.parametrize("stream", DECLARED)
def test_schemas_keep_fields_and_types(stream: str) -> None:
    """Every field that 0.2.x declared is declared with each type it could have."""
    for path, kind in DECLARED[stream].items():
        current = at(STREAMS[stream]["json_schema"], path)["type"]
        before = {kind.removesuffix("?")} | ({"null"} if kind.endswith("?") else set())
        assert before <= ({current} if isinstance(current, str) else set(current)), path


@pytest.mark.parametrize("stream", DECLARED)
def test_no_field_is_required(stream: str) -> None:
    """Rows of 0.2.x, which lack the added fields, are valid against the schemas."""
    schema = STREAMS[stream]["json_schema"]
    assert [one["required"] for one in _objects(schema) if isinstance(one.get("required"), list)] == []
    Draft7Validator(schema).validate({})
    assert schema["additionalProperties"] is True


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(member)


def test_migration_guide_lists_every_added_column() -> None:
    """The guide's table has the columns that 0.2.x did not declare, in order, each with its type."""
    guide = (Path(__file__).parent.parent / "docs" / "airbyte-migrations.md").read_text(encoding="utf-8")
    section = guide.partition("### Added columns")[2].partition("\n### ")[0]
    listed = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\w+) \|", section, re.MULTILINE)
    assert listed == [
        (stream, name, schema.get("airbyte_type") or _types(schema)[0])
        for stream, declared in DECLARED.items()
        for name, schema in STREAMS[stream]["json_schema"]["properties"].items()
        if name not in declared
    ]
    new = len(STREAMS) - len(DECLARED)
    assert set(re.findall(r"(\d+) (?:others|new streams)", guide)) == {str(new)}


def _types(schema: dict[str, Any]) -> list[str]:
    return [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])


def test_full_refresh_is_supported() -> None:
    """Every stream of 0.2.x supports full refresh."""
    assert all("full_refresh" in STREAMS[name]["supported_sync_modes"] for name in DECLARED)


# Settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings", [{"project_name": "a"}, {"project_name": "a", "version": "1"}, {"project_name": "a", "x": 1}]
)
def test_configurations_of_0_2(settings: dict[str, Any]) -> None:
    """A configuration of 0.2.x is valid, also with unknown keys, and selects the same project."""
    Draft7Validator(SETTINGS).validate(settings)
    config = make_config(without_unknown(settings)[0])
    assert (config.project_name, config.version) == (settings["project_name"], settings.get("version"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
OTHERS = st.dictionaries(st.text().filter(lambda name: name not in SETTINGS["properties"]), JSON, max_size=3)
OLD = st.fixed_dictionaries({"project_name": st.text()}, optional={"version": st.text()})


@given(OLD, OTHERS)
def test_any_configuration_of_0_2(old: dict[str, Any], others: dict[str, Any]) -> None:
    """Every configuration that the specification of 0.2.x accepted is accepted."""
    assert Draft7Validator(SETTINGS).is_valid(others | old)


def test_settings_of_0_2() -> None:
    """No setting of 0.2.x is removed, narrower or newly required, and unknown ones are accepted."""
    for name, kind in OLD_SETTINGS.items():
        assert SETTINGS["properties"][name]["type"] == kind
        assert SETTINGS["properties"][name].keys() & {"enum", "const", "pattern", "format", "minLength"} == set()
    assert set(SETTINGS["required"]) <= {"project_name"}
    assert SETTINGS["additionalProperties"] is True


def test_empty_version(fake: FakeIndex, tmp_path: Path) -> None:
    """An empty version, which the form of 0.2.x could leave behind, means none."""
    rows = read(fake, tmp_path, [], project_name="sampleproject", version="")
    assert [row["version"] for row in rows["release"]] == ["1.3.0"]
