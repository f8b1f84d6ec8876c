"""The manifest under Airbyte's CDK and its Builder: it gives the connector's rows, and limits its requests."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from source_pypi.airbyte.manifest import LOWEST_CDK, RECIPES, left_out_fields, make_manifest, manifest_text
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.streams import STREAMS, stream_named
from tests.cdk.builder import Builder, Output, catalog, run_python
from tests.cdk.watched import WatchedIndex
from tests.fake_index import FakeIndex, Vulnerability, World, advisory, faults
from tests.recordings import FOLDER, NAMES
from tests.shipped import environment

pytestmark = pytest.mark.cdk

every_stream = pytest.mark.parametrize("name", list(RECIPES))


@pytest.fixture(scope="session")
def index() -> Iterator[FakeIndex]:
    """Serve hard cases and recorded projects. The manifest requests a document once for each stream."""
    world = World()
    _hard_cases(world)
    with FakeIndex(world, strict=False) as started:
        for name in NAMES:
            text = (FOLDER / f"{name}.json").read_text("utf-8")
            document = text.replace("{index}", started.url).replace("{files}", "http://files.test")
            world.override(f"/pypi/{name}/json", document.encode())
        yield started


def _hard_cases(world: World) -> None:
    """Add texts that look like literals and templates, missing values, and versions in no order."""
    quoted = {"summary": '"quoted"', "author": "'single'", "license": "None", "keywords": "a, b ,,c", "home_page": " "}
    texts = {"maintainer": "{{ config }}", "author_email": "42", "requires_python": "[1]", "license_expression": "MIT"}
    world.add("Hard.Case", releases=["1.0", "2.0rc1"], owner="ann", **quoted, **texts)
    world.add("42", releases=["1.10"], owner="1e5", summary="UNKNOWN", keywords="one two\nthree", license_files=["L"])
    world.add("zuerich", releases=["1.0+local.1"], summary="Zürich \U0001f600 \\n é", author="\x07\n")
    urls = {"Source": "https://code.example.com/x?a=1&b='2'", "Empty": "", "Unknown": "UNKNOWN"}
    classifiers = ["Programming Language :: Python :: 3.12", "Typing :: Typed", "Private"]
    world.add("full", releases=["1.0", "1.1"], owner="ben", classifiers=classifiers, project_urls=urls)
    world.add_role("full", "cyd", "Maintainer")
    world.set_organization("full", "Acme")
    world.upload("full", "1.1", filename="full-1.1.zip", uploaded_at="2024-03-01T10:00:00.5Z")
    world.upload("full", "1.1", filename="full-1.1.tar.bz2", uploaded_at="2024-03-01T10:00:00Z")
    world.release("full", "2.0", info={"classifiers": classifiers})
    world.yank("full", "1.0", "broken")
    fixed = ("1.10", "1.9", "1.9rc1", "1.9.post1", "1.9", "1.9.dev1", "2!0.1", "1.0.0", "1", "v1.2")
    world.set_advisories(
        "full",
        "2.0",
        [
            "PYSEC-2024-2",
            Vulnerability(
                **{**_fields(advisory("PYSEC-2024-1")), "fixed_in": fixed, "details": "'x'\n\"y\"", "summary": ""}
            ),
            Vulnerability(
                **{**_fields(advisory("GHSA-x")), "fixed_in": (), "aliases": None, "withdrawn": "2024-05-01T00:00:00Z"}
            ),
        ],
    )
    world.add_advisory("full", "1.0", "PYSEC-2023-1")
    world.project("empty")
    world.deploy("new_key", {"nested": [None, {"a": "1.0"}]})


def _fields(item: Vulnerability) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


#: The projects to read: in several spellings, pinned, unknown, without releases, recorded.
PROJECTS = ["HARD__case", "42", "zuerich", "full", "full==1.0", "Full == 1.1", "unknown", "empty", *NAMES]


@pytest.fixture(scope="session")
def theirs(index: FakeIndex, tmp_path_factory: pytest.TempPathFactory) -> Output:
    """Read all streams of the manifest."""
    builder = Builder(tmp_path_factory.mktemp("manifest"), index.url)
    return builder.run("read", streams=RECIPES, projects=PROJECTS, requests_per_second=0)


@pytest.fixture(scope="session")
def ours(source: Path, index: FakeIndex, theirs: Output, tmp_path_factory: pytest.TempPathFactory) -> Output:
    """Read the same streams with the connector and the same settings."""
    settings = {"index_url": index.url, "projects": PROJECTS, "requests_per_second": 0}
    return connector(source, tmp_path_factory.mktemp("connector"), "read", list(RECIPES), **settings)


def connector(source: Path, folder: Path, command: str, streams: list[str] | None = None, **settings: Any) -> Output:
    """Run a command of the executable ``source``."""
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "catalog.json").write_text(json.dumps(catalog(streams or [])))
    given = ["--config", "config.json", *(["--catalog", "catalog.json"] if streams else [])]
    whole = [str(source), command, *given]
    done = subprocess.run(whole, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    return Output(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


def comparable(name: str, rows: list[dict[str, Any]]) -> list[str]:
    """Return the rows of a stream without what may differ: nulls, which the CDK drops, times, and documented fields."""
    ignored = {"seen_at", *left_out_fields(stream_named(name))}
    unordered = RECIPES[name].descriptions
    kept = [
        {key: sorted(set(value)) if key in unordered else value for key, value in row.items()}
        for row in ({k: v for k, v in row.items() if v is not None and k not in ignored} for row in rows)
    ]
    return sorted(json.dumps(row, sort_keys=True) for row in kept)


# The rows -----------------------------------------------------------------------------------------------------


@every_stream
def test_rows_are_the_connectors(theirs: Output, ours: Output, name: str) -> None:
    """The manifest gives the connector's rows."""
    assert comparable(name, theirs.rows(name)) == comparable(name, ours.rows(name))
    assert theirs.rows(name)


@every_stream
def test_seen_at(theirs: Output, ours: Output, name: str) -> None:
    """Rows have a time, in UTC, in the streams in which the connector's rows have one."""
    (stream,) = [stream for stream in STREAMS if stream.name == name]
    for row in theirs.rows(name) + ours.rows(name):
        assert ("seen_at" in row) == stream.incremental
        assert row.get("seen_at", "Z")[-1] == "Z"


def test_missing_project_does_not_fail_the_read(theirs: Output) -> None:
    """A read completes without errors although the index lacks a project."""
    assert theirs.status == 0
    assert theirs.errors() == []
    assert {(name, status) for name, status, _ in theirs.statuses()} == {
        (name, status) for name in RECIPES for status in ("STARTED", "RUNNING", "COMPLETE")
    }


def test_settings_of_0_2(index: FakeIndex, tmp_path: Path) -> None:
    """The settings of 0.2.x, project_name and version, select one project and one release."""
    settings = {"project_name": "Full", "version": "1.0", "requests_per_second": 0}
    read = Builder(tmp_path, index.url).run("read", streams=["project", "release", "stats"], **settings)
    assert [row["info"]["version"] for row in read.rows("project")] == ["2.0"]
    assert [(row["project"], row["version"]) for row in read.rows("release")] == [("full", "1.0")]
    assert len(read.rows("stats")) == 1


FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Recent updates</title>
<item><title>A 1+b</title><link>{0}/project/Some.Name/1%2Bb/</link><description> 'x' </description>
<pubDate>Tue, 05 Mar 2024 06:07:08 GMT</pubDate></item>
<item><title>None</title><link>{0}/project/b/1%212.0/</link><description>None</description><author/></item>
<item><title/><link>{0}/project/c/3/</link><pubDate>yesterday</pubDate></item>
<item><title>d</title><link>{0}/project/d/</link></item>
<item><title>e</title><link>{0}/help/</link></item>
<item><title>f</title></item>
</channel></rss>"""


LISTED = [
    {"name": "Zope.Interface", "_last-serial": 7},
    {"name": "b", "_last-serial": "8", "new": 1},
    {"name": "c", "_last-serial": "x"},
    {"name": "d", "_last-serial": None},
    {"name": "e_-.f"},
    {"name": "0"},
    {"name": ""},
    {},
]


def test_unusual_entries_of_feeds_and_list(source: Path, tmp_path: Path) -> None:
    """Entries without URL, time or name, and serials that are no numbers, give the connector's rows."""
    names = ["recent_releases", "recent_projects", "listing"]
    with FakeIndex(World(), strict=False) as index:
        for path in ("/rss/updates.xml", "/rss/packages.xml"):
            index.world.override(path, FEED.format(index.url).encode(), "text/xml; charset=UTF-8")
        index.world.override("/simple/", {"meta": {"api-version": "1.0"}, "projects": LISTED}, JSON_PAGE)
        theirs = Builder(tmp_path, index.url).run("read", streams=names, projects=["a"], requests_per_second=0)
        ours = connector(source, tmp_path, "read", names, index_url=index.url, projects=["a"], requests_per_second=0)
    assert [(row["project"], row["version"]) for row in theirs.rows("recent_releases")] == [
        ("some-name", "1+b"),
        ("b", "1!2.0"),
        ("c", "3"),
    ]
    assert [row["project"] for row in theirs.rows("listing")] == ["zope-interface", "b", "c", "d", "e-f", "0"]
    for name in names:
        assert comparable(name, theirs.rows(name)) == comparable(name, ours.rows(name)), name


def test_incomplete_mirror(source: Path, tmp_path: Path) -> None:
    """A mirror that lacks most keys gives the connector's rows."""
    names = [name for name in RECIPES if RECIPES[name].partition is not None]
    with FakeIndex(World(), strict=False, poverty=True, prefix="/root/mirror") as index:
        _hard_cases(index.world)
        bare = {"info": {"name": "bare", "version": "1"}, "releases": {"1": None, "2": [{"filename": "b-2.zip"}]}}
        index.world.override("/pypi/bare/json", bare)
        settings = {"projects": ["full", "full==1.0", "bare", "42"], "requests_per_second": 0}
        url = f"{index.url}/simple/"
        theirs = Builder(tmp_path, "http://127.0.0.1:9").run("read", streams=names, index_url=url, **settings)
        ours = connector(source, tmp_path, "read", names, index_url=url, **settings)
    for name in names:
        assert comparable(name, theirs.rows(name)) == comparable(name, ours.rows(name)), name
    assert len(theirs.rows("project")) == 3


# The manifest -------------------------------------------------------------------------------------------------


def test_text_is_yaml() -> None:
    """A YAML parser reads the printed text as the manifest."""
    root = "https://packages.example.com/root"
    assert run_python("import yaml\noutcome = yaml.safe_load(value)", manifest_text(root)) == make_manifest(root)


def test_manifest_is_valid() -> None:
    """The manifest fits the CDK's schema, and its specification is the one in it.

    ``source-declarative-manifest spec`` prints its own specification, so the source is built as the platform does it.
    """
    manifest = make_manifest("https://packages.example.com")
    script = (
        "import logging\n"
        "from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource\n"
        "source = ConcurrentDeclarativeSource(config={}, source_config=value)\n"  # raises where it breaks the schema
        "outcome = source.spec(logging.getLogger()).connectionSpecification"
    )
    assert run_python(script, manifest) == manifest["spec"]["connection_specification"]


def test_cdk_is_not_older_than_the_lowest() -> None:
    """The CDK of these tests is the lowest one that the manifest names (make cdk-lowest), or a newer one."""
    script = "from importlib.metadata import version\noutcome = version(value)"
    installed = run_python(script, "airbyte-cdk")
    assert Version(installed) >= Version(LOWEST_CDK)
    assert make_manifest("https://packages.example.com")["version"] == LOWEST_CDK


def test_discover(index: FakeIndex, tmp_path: Path) -> None:
    """Discover gives the manifest's streams with its schemas and the connector's keys."""
    found = Builder(tmp_path, index.url).run("discover", projects=["full"]).one("CATALOG")["catalog"]["streams"]
    expected = [
        (stream["name"], stream["schema_loader"]["schema"], stream.get("primary_key"))
        for stream in make_manifest(index.url)["streams"]
    ]
    assert [
        (one["name"], one["json_schema"], [key for (key,) in one.get("source_defined_primary_key") or []] or None)
        for one in found
    ] == expected


def test_check(index: FakeIndex, tmp_path: Path) -> None:
    """Check succeeds when the index has the project."""
    builder = Builder(tmp_path, index.url)
    assert builder.run("check", projects=["full"]).one("CONNECTION_STATUS")["connectionStatus"]["status"] == "SUCCEEDED"


def test_check_with_wrong_credentials(tmp_path: Path) -> None:
    """Check fails with wrong credentials and succeeds with the right ones."""
    with FakeIndex(World(), strict=False, username="ann", password="secret") as index:
        index.world.add("full")
        builder = Builder(tmp_path, index.url)
        wrong = builder.run("check", projects=["full"], index_username="ann", index_password="wrong")
        right = builder.run("check", projects=["full"], index_username="ann", index_password="secret")
    assert wrong.one("CONNECTION_STATUS")["connectionStatus"]["status"] == "FAILED"
    assert right.one("CONNECTION_STATUS")["connectionStatus"]["status"] == "SUCCEEDED"


# The Builder --------------------------------------------------------------------------------------------------


def test_builder_resolves_the_manifest(index: FakeIndex, tmp_path: Path) -> None:
    """The Builder resolves every reference."""
    resolved = Builder(tmp_path, index.url).build("resolve_manifest", projects=["full"])["manifest"]
    assert [stream["name"] for stream in resolved["streams"]] == [s.name for s in STREAMS if s.name in RECIPES]
    assert "$ref" not in json.dumps(resolved)


@every_stream
def test_builder_reads_each_stream(index: FakeIndex, tmp_path: Path, ours: Output, name: str) -> None:
    """The Builder's test read gives the connector's rows, a slice for each project or release."""
    settings = {"projects": ["full", "unknown", "42"], "requests_per_second": 0}
    read = Builder(tmp_path, index.url).build("test_read", name, **settings)
    pages = [page for one in read["slices"] for page in one["pages"]]
    rows = [record for page in pages for record in page["records"]]
    assert set(comparable(name, rows)) <= set(comparable(name, ours.rows(name)))
    assert rows
    expected = 1 if RECIPES[name].partition is None else 3
    assert len(read["slices"]) == expected
    assert [log["message"] for log in read["logs"] if log["level"] in ("ERROR", "FATAL")] == []


# Requests -----------------------------------------------------------------------------------------------------


def test_user_agent(index: FakeIndex, tmp_path: Path) -> None:
    """Requests name the manifest, its version and the contact, and have no empty Authorization header."""
    index.new_run()
    settings = {"projects": ["full"], "contact": "ops@example.com", "requests_per_second": 0}
    Builder(tmp_path, index.url).run("read", streams=["project", "listing"], **settings)
    agents = {request.headers["user-agent"] for request in index.requests}
    (agent,) = agents
    name, _, contact = agent.partition(" ")
    assert name.partition("/")[0] == "source-pypi-manifest"
    assert contact == "(+ops@example.com)"
    assert [request.headers.get("authorization") for request in index.requests] == [None, None]


def test_retry_after(index: FakeIndex, tmp_path: Path) -> None:
    """A request is repeated after the seconds that Retry-After says, and one that the CDK adds."""
    index.new_run()
    index.fault("/pypi/full/json", faults.too_many("2"))
    read = Builder(tmp_path, index.url).run("read", streams=["roles"], projects=["full"], requests_per_second=0)
    assert [(request.path, request.status) for request in index.requests] == [
        ("/pypi/full/json", 429),
        ("/pypi/full/json", 200),
    ]
    assert ("roles", "RUNNING", ("RATE_LIMITED",)) in read.statuses()
    said = [message["log"]["message"] for message in read.messages if message["type"] == "LOG"]
    assert [line for line in said if "Retrying in 3.0 seconds" in line] != []  # the CDK adds one
    assert len(read.rows("roles")) == 2


def test_unavailable_index(index: FakeIndex, tmp_path: Path) -> None:
    """A request is repeated after status 503."""
    index.new_run()
    index.fault("/pypi/full/json", faults.unavailable())
    read = Builder(tmp_path, index.url).run("read", streams=["roles"], projects=["full"], requests_per_second=0)
    assert [request.status for request in index.requests] == [503, 200]
    assert len(read.rows("roles")) == 2


def test_html_fails_the_stream(index: FakeIndex, tmp_path: Path) -> None:
    """HTML in place of a document fails the stream, and the message says what to check."""
    index.new_run()
    index.fault("/pypi/full/json", faults.html())
    read = Builder(tmp_path, index.url).run("read", streams=["roles"], projects=["full"], requests_per_second=0)
    assert read.status == 1
    assert [request.status for request in index.requests] == [200]
    messages = {error["message"] for error in read.errors()}
    assert any("is HTML: check that index_url is the URL of an index." in message for message in messages)
    assert {error["failure_type"] for error in read.errors()} == {"config_error"}


@pytest.fixture
def read_projects(tmp_path: Path) -> Callable[..., WatchedIndex]:
    """Return a function that reads two streams of ``count`` projects from an index that records its requests."""

    def watched(count: int, **settings: Any) -> WatchedIndex:
        with WatchedIndex(0.05) as index:
            names = [f"p{number}" for number in range(count)]
            read = Builder(tmp_path, index.url).run("read", streams=["project", "release"], projects=names, **settings)
            assert (read.status, len(index.requests)) == (0, 2 * count)
        return index

    return watched


def test_one_request_at_a_time(read_projects: Callable[..., WatchedIndex]) -> None:
    """Requests go out one at a time by default."""
    assert read_projects(10, requests_per_second=0).at_once() == 1


def test_max_concurrency(read_projects: Callable[..., WatchedIndex]) -> None:
    """At most max_concurrency requests go out at a time."""
    assert 1 < read_projects(10, requests_per_second=0, max_concurrency=4).at_once() <= 4


def test_requests_per_second(read_projects: Callable[..., WatchedIndex]) -> None:
    """At most requests_per_second requests go out in a second, five by default."""
    assert read_projects(4, requests_per_second=3).most_within(0.95) <= 3
    assert read_projects(4).most_within(0.95) <= 5
