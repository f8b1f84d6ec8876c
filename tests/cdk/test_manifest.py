"""The manifest under the CDK that runs manifests, and under its Builder: it gives the connector's rows, politely."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from source_pypi.airbyte.manifest import CARRIED, make_manifest, print_manifest
from source_pypi.airbyte.manifest.build import CDK_VERSION
from source_pypi.airbyte.manifest.templates import in_version_order
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.standards.versions import sort_key
from source_pypi.streams import STREAMS
from tests.cdk.builder import Builder, Told, catalog, run_python
from tests.cdk.watched import WatchedIndex
from tests.fake_index import FakeIndex, Vulnerability, World, advisory, faults
from tests.recordings import FOLDER, NAMES

pytestmark = pytest.mark.cdk

every_stream = pytest.mark.parametrize("name", list(CARRIED))


@pytest.fixture(scope="session")
def index() -> Iterator[FakeIndex]:
    """An index with hard cases and recorded projects. A manifest asks a question anew for each stream."""
    world = World()
    _hard_cases(world)
    with FakeIndex(world, strict=False) as started:
        for name in NAMES:
            text = (FOLDER / f"{name}.json").read_text("utf-8")
            document = text.replace("{index}", started.url).replace("{files}", "http://files.test")
            world.override(f"/pypi/{name}/json", document.encode())
        yield started


def _hard_cases(world: World) -> None:
    """Texts that read as something else, values that are missing, versions that want to be ordered."""
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


#: What is read: spelled as people do, pinned, unknown, without releases, recorded.
PROJECTS = ["HARD__case", "42", "zuerich", "full", "full==1.0", "Full == 1.1", "unknown", "empty", *NAMES]


@pytest.fixture(scope="session")
def theirs(index: FakeIndex, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What the manifest gives of all streams."""
    builder = Builder(tmp_path_factory.mktemp("manifest"), index.url)
    return builder.run("read", streams=CARRIED, projects=PROJECTS, requests_per_second=0)


@pytest.fixture(scope="session")
def ours(index: FakeIndex, theirs: Told, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What the connector gives of the same streams, with the same settings."""
    folder = tmp_path_factory.mktemp("connector")
    return connector(folder, "read", list(CARRIED), index_url=index.url, projects=PROJECTS, requests_per_second=0)


def connector(folder: Path, command: str, streams: list[str] | None = None, **settings: Any) -> Told:
    """What the connector says."""
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "catalog.json").write_text(json.dumps(catalog(streams or [])))
    given = ["--config", "config.json", *(["--catalog", "catalog.json"] if streams else [])]
    whole = [sys.executable, "-m", "source_pypi", command, *given]
    done = subprocess.run(whole, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return Told(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Rows that can be compared: the CDK drops fields that are null, and each visit has a time of its own."""
    kept = [{k: v for k, v in row.items() if v is not None and k != "seen_at"} for row in rows]
    return sorted(json.dumps(row, sort_keys=True) for row in kept)


# The rows -----------------------------------------------------------------------------------------------------


@every_stream
def test_rows_are_the_connectors(theirs: Told, ours: Told, name: str) -> None:
    assert told(theirs.rows(name)) == told(ours.rows(name))
    assert theirs.rows(name)


@every_stream
def test_a_row_has_the_time_of_its_visit_where_the_connectors_has(theirs: Told, ours: Told, name: str) -> None:
    (stream,) = [stream for stream in STREAMS if stream.name == name]
    for row in theirs.rows(name) + ours.rows(name):
        assert ("seen_at" in row) == stream.incremental
        assert row.get("seen_at", "Z")[-1] == "Z"


def test_a_project_that_is_missing_takes_no_other_down(theirs: Told) -> None:
    assert theirs.status == 0
    assert theirs.errors() == []
    assert {(name, status) for name, status, _ in theirs.statuses()} == {
        (name, status) for name in CARRIED for status in ("STARTED", "RUNNING", "COMPLETE")
    }


def test_the_settings_of_0_2_choose_a_release(index: FakeIndex, tmp_path: Path) -> None:
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


def test_odd_entries_of_feeds_and_of_the_list(tmp_path: Path) -> None:
    names = ["recent_releases", "recent_projects", "listing"]
    with FakeIndex(World(), strict=False) as index:
        for path in ("/rss/updates.xml", "/rss/packages.xml"):
            index.world.override(path, FEED.format(index.url).encode(), "text/xml; charset=UTF-8")
        index.world.override("/simple/", {"meta": {"api-version": "1.0"}, "projects": LISTED}, JSON_PAGE)
        theirs = Builder(tmp_path, index.url).run("read", streams=names, projects=["a"], requests_per_second=0)
        ours = connector(tmp_path, "read", names, index_url=index.url, projects=["a"], requests_per_second=0)
    assert [(row["project"], row["version"]) for row in theirs.rows("recent_releases")] == [
        ("some-name", "1+b"),
        ("b", "1!2.0"),
        ("c", "3"),
    ]
    assert [row["project"] for row in theirs.rows("listing")] == ["zope-interface", "b", "c", "d", "e-f", "0"]
    for name in names:
        assert told(theirs.rows(name)) == told(ours.rows(name)), name


def test_a_poor_mirror(tmp_path: Path) -> None:
    names = [name for name in CARRIED if CARRIED[name].partition is not None]
    with FakeIndex(World(), strict=False, poverty=True, prefix="/root/mirror") as index:
        _hard_cases(index.world)
        bare = {"info": {"name": "bare", "version": "1"}, "releases": {"1": None, "2": [{"filename": "b-2.zip"}]}}
        index.world.override("/pypi/bare/json", bare)
        settings = {"projects": ["full", "full==1.0", "bare", "42"], "requests_per_second": 0}
        url = f"{index.url}/simple/"
        theirs = Builder(tmp_path, "http://127.0.0.1:9").run("read", streams=names, index_url=url, **settings)
        ours = connector(tmp_path, "read", names, index_url=url, **settings)
    for name in names:
        assert told(theirs.rows(name)) == told(ours.rows(name)), name
    assert len(theirs.rows("projects")) == 3


def test_versions_that_fix_are_in_the_order_of_pep_440() -> None:
    chance = random.Random(440)
    pieces: list[tuple[str, ...]] = [
        ("", "", "", "1!", "v"),
        ("0", "1", "1.0", "1.0.0", "1.2", "1.10", "10", "2024.1.2", "1.01"),
        ("", "", "a1", "b", "rc2", "-alpha.3", "c10", "_pre", "preview1"),
        ("", "", ".post1", "-2", ".rev", "-r3"),
        ("", "", ".dev1", "dev", "_dev_12"),
        ("", "", "+local", "+1", "+ubuntu-1.2", "+10"),
    ]
    lists = [["".join(map(chance.choice, pieces)) for _ in range(8)] for _ in range(300)]
    script = (
        "from airbyte_cdk.sources.declarative.interpolation.jinja import JinjaInterpolation\n"
        "jinja = JinjaInterpolation()\n"
        "outcome = [jinja.eval(value['template'], {}, record={'of': one}) for one in value['lists']]"
    )
    lists.append(["1.0", "unknown", "0.9"])
    ordered = run_python(script, {"template": in_version_order("record['of']"), "lists": lists})
    assert ordered == [sorted(dict.fromkeys(one), key=sort_key) for one in lists]


# The manifest -------------------------------------------------------------------------------------------------


def test_the_text_reads_as_the_manifest() -> None:
    root = "https://packages.example.com/root"
    assert run_python("import yaml\noutcome = yaml.safe_load(value)", print_manifest(root)) == make_manifest(root)


def test_it_is_valid_and_its_specification_is_what_it_holds() -> None:
    """``source-declarative-manifest spec`` tells of itself only, so the source is made as the platform makes it."""
    manifest = make_manifest("https://packages.example.com")
    script = (
        "import logging\n"
        "from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource\n"
        "source = ConcurrentDeclarativeSource(config={}, source_config=value)\n"  # raises where it breaks the schema
        "outcome = source.spec(logging.getLogger()).connectionSpecification"
    )
    assert run_python(script, manifest) == manifest["spec"]["connection_specification"]


def test_it_names_the_cdk_that_runs_it_here() -> None:
    script = "from importlib.metadata import version\noutcome = version(value)"
    assert run_python(script, "airbyte-cdk") == CDK_VERSION


def test_it_discovers_what_the_connector_discovers(index: FakeIndex, tmp_path: Path) -> None:
    read = ("name", "json_schema", "source_defined_primary_key")
    found = Builder(tmp_path, index.url).run("discover", projects=["full"]).one("CATALOG")["catalog"]["streams"]
    known = connector(tmp_path, "discover", projects=["full"]).one("CATALOG")["catalog"]["streams"]
    assert [{key: one.get(key) or None for key in read} for one in found] == [
        {key: one.get(key) or None for key in read} for one in known if one["name"] in CARRIED
    ]


def test_it_checks_the_connection(index: FakeIndex, tmp_path: Path) -> None:
    builder = Builder(tmp_path, index.url)
    assert builder.run("check", projects=["full"]).one("CONNECTION_STATUS")["connectionStatus"]["status"] == "SUCCEEDED"


def test_it_says_that_credentials_are_refused(tmp_path: Path) -> None:
    with FakeIndex(World(), strict=False, username="ann", password="secret") as index:
        index.world.add("full")
        builder = Builder(tmp_path, index.url)
        wrong = builder.run("check", projects=["full"], index_username="ann", index_password="wrong")
        right = builder.run("check", projects=["full"], index_username="ann", index_password="secret")
    assert wrong.one("CONNECTION_STATUS")["connectionStatus"]["status"] == "FAILED"
    assert right.one("CONNECTION_STATUS")["connectionStatus"]["status"] == "SUCCEEDED"


# The Builder --------------------------------------------------------------------------------------------------


def test_the_builder_resolves_it(index: FakeIndex, tmp_path: Path) -> None:
    resolved = Builder(tmp_path, index.url).build("resolve_manifest", projects=["full"])["manifest"]
    assert [stream["name"] for stream in resolved["streams"]] == [s.name for s in STREAMS if s.name in CARRIED]
    assert "$ref" not in json.dumps(resolved)


@every_stream
def test_the_builder_reads_it(index: FakeIndex, tmp_path: Path, ours: Told, name: str) -> None:
    settings = {"projects": ["full", "unknown", "42"], "requests_per_second": 0}
    read = Builder(tmp_path, index.url).build("test_read", name, **settings)
    pages = [page for one in read["slices"] for page in one["pages"]]
    rows = [record for page in pages for record in page["records"]]
    assert set(told(rows)) <= set(told(ours.rows(name)))
    assert rows
    expected = 1 if CARRIED[name].partition is None else 3
    assert len(read["slices"]) == expected
    assert [log["message"] for log in read["logs"] if log["level"] in ("ERROR", "FATAL")] == []


# Politeness ---------------------------------------------------------------------------------------------------


def test_it_says_who_asks(index: FakeIndex, tmp_path: Path) -> None:
    index.new_run()
    settings = {"projects": ["full"], "contact": "ops@example.com", "requests_per_second": 0}
    Builder(tmp_path, index.url).run("read", streams=["project", "listing"], **settings)
    agents = {request.headers["user-agent"] for request in index.requests}
    (agent,) = agents
    name, _, contact = agent.partition(" ")
    assert name.partition("/")[0] == "source-pypi-manifest"
    assert contact == "(+ops@example.com)"
    assert [request.headers.get("authorization") for request in index.requests] == [None, None]


def test_it_waits_as_long_as_a_busy_index_says(index: FakeIndex, tmp_path: Path) -> None:
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


def test_it_asks_again_while_the_index_is_unavailable(index: FakeIndex, tmp_path: Path) -> None:
    index.new_run()
    index.fault("/pypi/full/json", faults.unavailable())
    read = Builder(tmp_path, index.url).run("read", streams=["roles"], projects=["full"], requests_per_second=0)
    assert [request.status for request in index.requests] == [503, 200]
    assert len(read.rows("roles")) == 2


def test_a_page_of_html_is_no_empty_document(index: FakeIndex, tmp_path: Path) -> None:
    index.new_run()
    index.fault("/pypi/full/json", faults.html())
    read = Builder(tmp_path, index.url).run("read", streams=["roles"], projects=["full"], requests_per_second=0)
    assert read.status == 1
    assert [request.status for request in index.requests] == [200]
    told = {error["message"] for error in read.errors()}
    assert any("is HTML: see that the address is an index's." in message for message in told)
    assert {error["failure_type"] for error in read.errors()} == {"config_error"}


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., WatchedIndex]:
    """Read two streams of some projects from an index that watches how it is asked."""

    def watched(count: int, **settings: Any) -> WatchedIndex:
        with WatchedIndex(0.05) as index:
            names = [f"p{number}" for number in range(count)]
            read = Builder(tmp_path, index.url).run("read", streams=["project", "release"], projects=names, **settings)
            assert (read.status, len(index.requests)) == (0, 2 * count)
        return index

    return watched


def test_it_asks_one_question_at_a_time(ask: Callable[..., WatchedIndex]) -> None:
    assert ask(10, requests_per_second=0).at_once() == 1


def test_it_asks_several_at_once_where_it_is_told_to(ask: Callable[..., WatchedIndex]) -> None:
    assert 1 < ask(10, requests_per_second=0, max_concurrency=4).at_once() <= 4


def test_it_keeps_the_pace(ask: Callable[..., WatchedIndex]) -> None:
    assert ask(4, requests_per_second=3).most_within(0.95) <= 3
    assert ask(4).most_within(0.95) <= 5
