"""airbyte/commands.py: spec, check and discover."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft7Validator
from msgspec import structs

from source_pypi import airbyte
from source_pypi.airbyte.commands import CHECK_TRIES, CHECK_WAIT
from source_pypi.config import Config, make_config
from source_pypi.http.client import TRIES
from source_pypi.services.index.api import Index
from source_pypi.services.index.locations import root_of
from source_pypi.standards.index_urls import default_url
from source_pypi.streams import STREAMS
from tests.airbyte import Read, config
from tests.fake_index import FakeIndex, World, faults


def test_spec() -> None:
    """The specification is a valid schema; every setting has a title, a description and its own order."""
    message = json.loads(airbyte.spec())
    schema = message["spec"]["connectionSpecification"]
    Draft7Validator.check_schema(schema)
    properties = schema["properties"]
    assert list(properties) == list(Config.__struct_fields__)
    assert [setting["order"] for setting in properties.values()] == list(range(len(properties)))
    assert all(setting["title"] and setting["description"] for setting in properties.values())
    assert [name for name, setting in properties.items() if setting.get("airbyte_secret")] == [
        "index_password",
        "clickhouse_password",
    ]
    assert message["spec"]["documentationUrl"].startswith("https://")


@pytest.mark.parametrize(
    "settings",
    [
        {"project_name": "sampleproject"},
        {"project_name": "sampleproject", "version": "1.2.0"},
        {"projects": ["flask", "requests==2.31.0"], "releases": "all", "max_concurrency": 4},
    ],
)
def test_configurations_fit_the_spec(settings: dict[str, Any]) -> None:
    """Configurations of 0.2.x and of this release are valid against the specification."""
    schema = json.loads(airbyte.spec())["spec"]["connectionSpecification"]
    Draft7Validator(schema).validate(settings)


def test_discover() -> None:
    """The catalog has every stream, with a schema that the platform accepts and with its key."""
    streams = json.loads(airbyte.discover())["catalog"]["streams"]
    assert [stream["name"] for stream in streams] == [stream.name for stream in STREAMS]
    for stream in streams:
        Draft7Validator.check_schema(stream["json_schema"])
        text = json.dumps(stream["json_schema"])
        assert not any(word in text for word in ('"$ref"', '"allOf"', '"anyOf"', '"oneOf"', '"not"'))
        assert stream["json_schema"]["additionalProperties"] is True
        for (field,) in stream["source_defined_primary_key"]:
            assert stream["json_schema"]["properties"][field]["type"] in ("string", "integer")


def test_sync_modes() -> None:
    """All streams are incremental and resumable, with seen_at as cursor, except statistics and feeds."""
    streams = json.loads(airbyte.discover())["catalog"]["streams"]
    keys = ("supported_sync_modes", "source_defined_cursor", "default_cursor_field", "is_resumable")
    momentary = {"stats", "recent_releases", "recent_projects"}
    for stream in streams:
        if stream["name"] in momentary:
            assert [stream[name] for name in keys] == [["full_refresh"], False, [], False]
        else:
            assert [stream[name] for name in keys] == [["full_refresh", "incremental"], True, ["seen_at"], True]
            assert {"seen_at", "_ab_cdc_deleted_at"} <= stream["json_schema"]["properties"].keys()
    assert momentary < {stream["name"] for stream in streams}


def test_check_succeeds(world: World, fake: FakeIndex) -> None:
    """Check succeeds when the index has the projects; its message names the index."""
    world.add("flask")
    assert json.loads(airbyte.check(config(fake, "Flask"))) == {
        "type": "CONNECTION_STATUS",
        "connectionStatus": {"status": "SUCCEEDED", "message": f"{fake.url} has flask"},
    }


@pytest.mark.parametrize(
    ("projects", "reason"),
    [(["nope", "flask"], "not on the index"), (["fl ask"], "cannot be a project"), ([], "no projects named")],
)
def test_check_fails(world: World, fake: FakeIndex, projects: list[str], reason: str) -> None:
    """Check fails with one line that says what is wrong."""
    world.add("flask")
    status = json.loads(airbyte.check(config(fake, *projects)))["connectionStatus"]
    assert status["status"] == "FAILED"
    assert reason in status["message"]
    assert "\n" not in status["message"]


@pytest.mark.parametrize(("retry_after", "requests"), [("0", CHECK_TRIES), (str(int(CHECK_WAIT) + 1), 1)])
def test_check_does_not_wait_long(fake: FakeIndex, retry_after: str, requests: int) -> None:
    """Check tries a request three times, and only once if Retry-After is longer than ten seconds."""
    fake.fault("/pypi/flask/json", faults.too_many(retry_after), times=TRIES)
    status = json.loads(airbyte.check(config(fake, "flask")))["connectionStatus"]
    assert status["status"] == "FAILED"
    assert "answered 429" in status["message"]
    assert len(fake.requests) == requests


@pytest.mark.parametrize("projects", [["flask"], []], ids=str)
def test_check_of_the_whole_index(world: World, fake: FakeIndex, projects: list[str]) -> None:
    """With whole_index, check requests the index's list and the named projects."""
    world.add("flask")
    status = json.loads(airbyte.check(config(fake, *projects, whole_index=True)))["connectionStatus"]
    assert status == {"status": "SUCCEEDED", "message": f"{fake.url} {'has flask' if projects else 'answers'}"}
    assert fake.counts["/simple/"] == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.html(), "expected the list of projects"),
        (faults.forbidden(), "answered 403"),
        (faults.server_error(404), "answered 404: is index_url the address of a package index?"),
    ],
    ids=["html", "forbidden", "none"],
)
def test_check_of_an_index_without_list(fake: FakeIndex, fault: faults.Fault, reason: str) -> None:
    """With whole_index, check fails if the index has no list."""
    fake.fault("/simple/", fault)
    status = json.loads(airbyte.check(config(fake, whole_index=True)))["connectionStatus"]
    assert status["status"] == "FAILED"
    assert reason in status["message"]


def test_check_of_the_public_index(fake: FakeIndex, connect: Callable[..., Index]) -> None:
    """With whole_index on the public index, check requests the statistics, since the list is long."""
    public = make_config({"whole_index": True})
    status = json.loads(airbyte.check(public, lambda _: connect(fake)))["connectionStatus"]
    assert status == {"status": "SUCCEEDED", "message": f"{root_of(default_url())} answers"}
    assert [request.path for request in fake.requests] == ["/stats/"]


def test_check_of_a_url_without_index(fake: FakeIndex) -> None:
    """A URL with neither the projects nor a list is reported as no index; with a list, as lacking projects."""
    names = config(fake, "flask", "click")
    status = json.loads(airbyte.check(names))["connectionStatus"]
    assert status["message"] == f"not on the index {fake.url}: flask, click (check the spelling and index_url)"
    fake.new_run()
    fake.fault("/simple/", faults.server_error(404))
    status = json.loads(airbyte.check(names))["connectionStatus"]
    assert status["message"] == (
        f"{fake.url} answered 404 for flask, click, and for its list of projects: "
        "is index_url the address of a package index?"
    )


def test_check_requests_ten_projects(world: World, fake: FakeIndex) -> None:
    """Of more than ten projects check requests ten, those with pins, and those that the index does not list."""
    names = [f"P_{number}" for number in range(30)]
    for name in names:
        world.add(name)
    status = json.loads(airbyte.check(config(fake, *names, "p-29==1.0")))["connectionStatus"]
    assert status["status"] == "SUCCEEDED"
    requested = [*(f"/pypi/p-{number}/json" for number in range(10)), "/pypi/p-29/json"]
    assert airbyte.MAX_CHECKED == 10
    assert sorted(request.path for request in fake.requests) == sorted([*requested, "/simple/"])
    fake.new_run()
    status = json.loads(airbyte.check(config(fake, *names, "p-290")))["connectionStatus"]
    assert status == {
        "status": "FAILED",
        "message": f"not on the index {fake.url}: p-290 (check the spelling and index_url)",
    }


def test_check_accepts_missing_projects_that_read_accepts(world: World, fake: FakeIndex) -> None:
    """With ``missing_projects: warn``, a project that the index does not have is named, and no error; a URL without
    an index still is.
    """
    world.add("flask")
    settings = structs.replace(config(fake, "flask", "flsk"), missing_projects="warn")
    status = json.loads(airbyte.check(settings))["connectionStatus"]
    assert status == {
        "status": "SUCCEEDED",
        "message": f"{fake.url} has flask; not on the index {fake.url}: flsk (similar names there: flask)",
    }
    fake.new_run()
    fake.fault("*", faults.missing(), times=None)
    status = json.loads(airbyte.check(settings))["connectionStatus"]
    assert (status["status"], "is index_url the address of a package index?" in status["message"]) == ("FAILED", True)


def test_check_without_list_requests_every_project(world: World, fake: FakeIndex) -> None:
    """If the index has no list, check requests every project."""
    names = [f"p{number}" for number in range(12)]
    for name in names:
        world.add(name)
    fake.fault("/simple/", faults.server_error(404), times=None)
    status = json.loads(airbyte.check(config(fake, *names, "nope")))["connectionStatus"]
    assert status["message"] == f"not on the index {fake.url}: nope (check the spelling and index_url)"
    assert len(fake.requests) == 15


@pytest.mark.parametrize(
    "projects", [["flask"], ["nope", "flask"], ["flask==9"], [*"abcdefghijk", "nope"], ["nope"]], ids=str
)
def test_check_and_read_agree(world: World, fake: FakeIndex, read: Read, projects: list[str]) -> None:
    """Projects and pins that fail the check make a read incomplete, and those that pass do not."""
    for name in ("flask", *"abcdefghijk"):
        world.add(name)
    settings = config(fake, *projects)
    status = json.loads(airbyte.check(settings))["connectionStatus"]["status"]
    fake.new_run()
    complete, _ = read(settings, "files", "release")
    assert complete is (status == "SUCCEEDED")


def test_check_of_a_range(world: World, fake: FakeIndex) -> None:
    """A range of versions that no release satisfies fails the check."""
    world.add("flask", releases=["1.0", "1.1", "3.0"])
    assert json.loads(airbyte.check(config(fake, "flask>=1,<2")))["connectionStatus"]["status"] == "SUCCEEDED"
    fake.new_run()
    status = json.loads(airbyte.check(config(fake, "flask>3")))["connectionStatus"]
    assert status == {
        "status": "FAILED",
        "message": f"the index has no release of flask that >3 admits ({fake.url}/pypi/flask/json lists none): "
        "check the versions; a yanked release has to be pinned",
    }


def test_check_of_a_missing_release(world: World, fake: FakeIndex) -> None:
    """A pinned version that is missing fails the check, which suggests similar versions."""
    world.add("flask", releases=["1.0", "1.1", "3.0"])
    assert json.loads(airbyte.check(config(fake, "flask==1.1")))["connectionStatus"]["status"] == "SUCCEEDED"
    fake.new_run()
    status = json.loads(airbyte.check(config(fake, "flask==1.11")))["connectionStatus"]
    assert status == {
        "status": "FAILED",
        "message": f"the index has no release document of flask 1.11 ({fake.url}/pypi/flask/1.11/json answered 404): "
        "check the version (similar: 1.1), or drop the pin to read the latest release",
    }


def test_check_suggests_similar_names(world: World, fake: FakeIndex) -> None:
    """A name that is missing fails the check, which suggests similar names of the index's list."""
    for name in ("Flask", "flask-admin", "requests", "django"):
        world.add(name)
    status = json.loads(airbyte.check(config(fake, "flsk", "requets")))["connectionStatus"]
    assert status["message"] == f"not on the index {fake.url}: flsk, requets (similar names there: Flask, requests)"
    assert fake.counts["/simple/"] == 1


def test_check_names_skipped_projects_and_the_index(world: World, fake: FakeIndex) -> None:
    """Check says which projects of the requirements are skipped; its errors name the index."""
    world.add("flask")
    more = {"requirements": "--extra-index-url https://corp.example.com/simple\nsecret-lib"}
    status = json.loads(airbyte.check(config(fake, "flask", **more)))["connectionStatus"]
    assert status["status"] == "SUCCEEDED"
    assert status["message"].startswith(
        f"{fake.url} has flask; setting 'requirements': skipped 1 project (secret-lib): the file has it from "
    )
    assert fake.counts == {"/pypi/flask/json": 1}
    status = json.loads(airbyte.check(config(fake, "fl ask")))["connectionStatus"]
    assert status == {
        "status": "FAILED",
        "message": "'fl ask' cannot be a project: write a name, or name==version, or a range such as 'name>=1,<2' "
        f"(index: {fake.url})",
    }


def test_check_names_what_the_index_lacks(world: World, fake: FakeIndex) -> None:
    """Documents that the index does not have fail no check: only some streams read them. The message names them."""
    for name in ("flask", "click"):
        world.add(name, releases=["1.0", "2.0"])
        world.override(f"/pypi/{name}/json", b"{}", status=404)
    status = json.loads(airbyte.check(config(fake, "flask", "click==1.0")))["connectionStatus"]
    lacking = f"this index offers no project documents ({fake.url}/pypi/flask/json answered 404)"
    assert status == {"status": "SUCCEEDED", "message": f"{fake.url} has flask, click; {lacking}"}
    fake.new_run()
    status = json.loads(airbyte.check(config(fake, "flask", "click==9")))["connectionStatus"]
    assert status["status"] == "FAILED"
    assert status["message"].startswith("the index has no release document of click 9 (")


def test_check_of_pins_without_release_documents(world: World, serve: Callable[..., FakeIndex]) -> None:
    """An index that lists a pinned release passes the check, although it has no document of it."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve(poverty=True)
    status = json.loads(airbyte.check(config(fake, "flask==1.0")))["connectionStatus"]
    lacking = f"this index offers no release documents ({fake.url}/pypi/flask/1.0/json answered 404)"
    assert status == {"status": "SUCCEEDED", "message": f"{fake.url} has flask; {lacking}"}
