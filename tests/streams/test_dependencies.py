"""``dependencies``: a row for each requirement of a release."""

from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.errors import DamagedError, UnavailableError, UnreachableError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import File, Info, Release, open_core_metadata
from source_pypi.standards.versions import sort_key
from source_pypi.streams import choose_streams, core_metadata
from source_pypi.streams.dependencies import Dependency, dependencies_rows
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.streams import ROOT, release_of, visit_to, visit_with
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
DEPENDENCIES = choose_streams(["dependencies"])
WHEEL = "foo-1.0-py3-none-any.whl"
METADATA = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nRequires-Dist: bar>=1\nRequires-Dist: baz\n"


def a_row(requirement: str, **given: Any) -> Dependency:
    """The row of the only requirement of foo 1.0, which names bar, but for what is given."""
    plain: dict[str, Any] = {
        "project": "foo",
        "version": "1.0",
        "position": 0,
        "requirement": requirement,
        "name": "bar",
        **dict.fromkeys(("extras", "specifier", "pin", "pin_sort_key", "marker", "extra", "url", "parse_error")),
        "source": "index",
    }
    return Dependency(**plain | given)


def rows(*requirements: str) -> list[Any]:
    """The rows of a project whose latest release has these requirements."""
    world = World()
    world.add("foo", requires_dist=list(requirements))
    return list(dependencies_rows(visit_to(world, "foo")))


NOT_PARSED = {
    "pytz (>dev)": ("pytz", "Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after version specifier"),
    "foo_Bar (>=1.0.*)": ("foo-bar", ".* suffix can only be used with `==` or `!=` operators"),
    "bar\n>=1": ("bar", "Expected semicolon (after name with no version specifier) or end"),
    "": (None, "Expected package name at the start of dependency specifier"),
    " \t": (None, "Expected package name at the start of dependency specifier"),
    "-bar": (None, "Expected package name at the start of dependency specifier"),
    ">=1": (None, "Expected package name at the start of dependency specifier"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bar", {}),
        ("Bar_.-X", {"name": "bar-x"}),
        ("bar>=1,<2", {"specifier": "<2,>=1"}),
        ("bar (>=1,<2)", {"specifier": "<2,>=1"}),
        ("bar ()", {}),
        ("bar===2004d", {"specifier": "===2004d", "pin": "2004d", "pin_sort_key": sort_key("2004d")}),
        ("bar==1.0.0,!=2", {"specifier": "!=2,==1.0.0", "pin": "1.0.0", "pin_sort_key": sort_key("1")}),
        ("bar==1.*", {"specifier": "==1.*"}),
        ("bar[y,x]", {"extras": ["x", "y"]}),
        ("bar[]", {}),
        ('bar; python_version<"3"', {"marker": 'python_version < "3"'}),
        ("bar; extra == 'X_y'", {"marker": 'extra == "x-y"', "extra": "x-y"}),
        ('bar; "X_y"==extra', {"marker": '"x-y" == extra', "extra": "x-y"}),
        (
            "bar; extra == 'b' or 'a' == extra",
            {"marker": 'extra == "b" or "a" == extra', "extra": "a, b"},
        ),
        (
            "bar; (extra == 'b' or extra == 'a' or extra == 'B') and os_name == 'nt'",
            {"marker": '(extra == "b" or extra == "a" or extra == "b") and os_name == "nt"', "extra": "a, b"},
        ),
        (
            "bar[x] @ https://example.com/bar.whl#sha256=00 ; os_name == 'nt'",
            {"extras": ["x"], "url": "https://example.com/bar.whl#sha256=00", "marker": 'os_name == "nt"'},
        ),
        ("bar @ git+https://example.com/bar", {"url": "git+https://example.com/bar"}),
        *((text, {"name": name, "parse_error": error}) for text, (name, error) in NOT_PARSED.items()),
    ],
)
def test_what_pep_508_reads(text: str, expected: dict[str, Any]) -> None:
    """A requirement is told as uploaded and in its parts; where it does not parse, why, and its name if it has one."""
    assert rows(text) == [a_row(text, **expected)]


@pytest.mark.parametrize("text", ["na\u00efve>=1", "bar\u00e9"])
def test_no_name_is_better_than_half_of_one(text: str) -> None:
    """A name with letters that no name can have is not cut to the name of another project."""
    (row,) = rows(text)
    assert (row.requirement, row.name) == (text, None)


@pytest.mark.parametrize("depth", [100, 3_000])
def test_a_marker_in_parentheses(depth: int) -> None:
    """However deep a marker is nested, the requirement is a row."""
    text = f"bar; {'(' * depth}os_name == 'nt'{')' * depth}"
    (row,) = rows(text)
    assert (row.position, row.requirement, row.name) == (0, text, "bar")


def test_positions() -> None:
    """Requirements keep their order and place; the same one twice is two rows."""
    made = rows("b", "a", "b")
    assert made == [a_row(text, name=text, position=place) for place, text in enumerate(["b", "a", "b"])]


def test_null_and_nothing() -> None:
    """A release that lists no requirements, or says nothing of them, has no rows."""
    assert rows() == []
    assert list(dependencies_rows(visit_with({"info": {"requires_dist": None}}))) == []


def test_several_releases() -> None:
    """Each release that was read has its own requirements."""
    world = World()
    world.add("foo", ["1.0"], requires_dist=["a"])
    world.add("foo", ["2.0"], requires_dist=["b"])
    visit = ProjectDocuments(project="foo", releases=(release_of(world, "foo", "2.0"), release_of(world, "foo", "1.0")))
    assert list(dependencies_rows(visit)) == [a_row("b", name="b", version="2.0"), a_row("a", name="a")]


def test_no_document_no_rows() -> None:
    """Where there is no document there are no rows."""
    assert list(dependencies_rows(ProjectDocuments(project="foo"))) == []
    assert list(dependencies_rows(ProjectDocuments(project=None))) == []


# From core metadata -------------------------------------------------------------------------------------------


def a_visit(requires_dist: list[str] | None, *, fill: bool, body: bytes = METADATA) -> ProjectDocuments:
    """A visit that brought a release with these requirements, and the core metadata of its wheel."""
    world = World()
    world.add("foo")
    view = release_of(world, "foo", "1.0")
    content = Release(Info(requires_dist=requires_dist))
    files = (File(filename="foo-1.0.tar.gz"), File(filename=WHEEL))
    metadata = open_core_metadata(body, f"{ROOT}/{WHEEL}.metadata")
    releases = (ReleaseView("1.0", content, view.document, files),)
    return ProjectDocuments(project="foo", releases=releases, core_metadata={WHEEL: metadata}, use_core_metadata=fill)


FROM_METADATA = [
    a_row("bar>=1", specifier=">=1", source="core_metadata"),
    a_row("baz", name="baz", position=1, source="core_metadata"),
]


@pytest.mark.parametrize(
    ("requires_dist", "fill", "expected"),
    [
        (None, True, FROM_METADATA),
        (None, False, []),
        ([], True, []),
        ([], False, []),
        (["bar"], True, [a_row("bar")]),
    ],
)
def test_core_metadata_fills_what_the_index_does_not_say(
    requires_dist: list[str] | None, fill: bool, expected: list[Dependency]
) -> None:
    """Core metadata speaks only where the index says nothing (null, not an empty list), and only where it is asked."""
    assert list(dependencies_rows(a_visit(requires_dist, fill=fill))) == expected


def test_core_metadata_without_requirements() -> None:
    """A file whose own metadata requires nothing has no rows."""
    visit = a_visit(None, fill=True, body=b"Metadata-Version: 2.1\nName: foo\n")
    assert list(dependencies_rows(visit)) == []


# Through the index --------------------------------------------------------------------------------------------


def silent(world: World, *versions: str) -> dict[str, str]:
    """Releases of foo of which the index knows no requirements, but whose wheels do; the wheels' paths."""
    paths = {}
    for version in versions:
        filename = f"foo-{version}-py3-none-any.whl"
        world.upload("foo", version, filename=f"foo-{version}.tar.gz")
        file = world.upload("foo", version, filename=filename, metadata=METADATA)
        paths[version] = f"/{file.path()}.metadata"
    return paths


def test_one_metadata_request_a_silent_release(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A release that the index says nothing of takes one request more, one that it speaks of none."""
    paths = silent(world, "1.0", "2.0")
    world.add("foo", ["3.0"], requires_dist=["bar"])
    world.add("foo", ["0.1"], requires_dist=[])
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES, releases="all", core_metadata=True)
    assert [(row.version, row.requirement, row.source) for row in rows_in(batch)["dependencies"]] == [
        ("3.0", "bar", "index"),
        ("1.0", "bar>=1", "core_metadata"),
        ("1.0", "baz", "core_metadata"),
        ("2.0", "bar>=1", "core_metadata"),
        ("2.0", "baz", "core_metadata"),
    ]
    releases = {f"/pypi/foo/{version}/json": 1 for version in ("0.1", "1.0", "2.0")}
    assert fake.counts == {"/pypi/foo/json": 1, **releases, paths["1.0"]: 1, paths["2.0"]: 1}


def test_the_latest_takes_no_further_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The latest release's requirements come with the project document, and no metadata is asked for unasked."""
    silent(world, "1.0")
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES)
    assert counts(batch) == {"dependencies": 0}
    assert fake.counts == {"/pypi/foo/json": 1}


@pytest.mark.parametrize(("fill", "expected"), [(False, 0), (True, 2)])
def test_the_stream_core_metadata_changes_nothing(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, fill: bool, expected: int
) -> None:
    """The rows are the same whether the stream core_metadata is read too or not."""
    paths = silent(world, "1.0")
    fake = serve()
    (alone,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=fill)
    fake.new_run()
    (together,) = read(connect(fake), ["foo"], [*DEPENDENCIES, core_metadata.STREAM], core_metadata=fill)
    assert rows_in(alone)["dependencies"] == rows_in(together)["dependencies"]
    assert counts(together) == {"dependencies": expected, "core_metadata": 1}
    assert fake.counts == {"/pypi/foo/json": 1, paths["1.0"]: 1}


def test_metadata_that_is_gone(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Metadata that the index promises and does not have is no rows, and no failure."""
    world.add("foo")
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=True)
    assert (counts(batch), batch.failures) == ({"dependencies": 0}, {})


@pytest.mark.parametrize(("fault", "error"), [(faults.html(), DamagedError), (faults.unavailable(), UnavailableError)])
def test_metadata_that_fails(
    world: World, fake: FakeIndex, connect: Connect, fault: faults.Fault, error: type[Exception]
) -> None:
    """Metadata that cannot be had costs this stream its rows of this project, and no other stream."""
    (path,) = silent(world, "1.0").values()
    fake.fault(path, fault, times=None)
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "dependencies"]), core_metadata=True)
    assert counts(batch) == {"files": 2}
    assert {name: type(failure) for name, failure in batch.failures.items()} == {"dependencies": error}


def test_metadata_that_is_cut_short(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Half of a file, which nothing compresses, is never taken for a file that requires nothing."""
    file = world.upload(
        "foo", "1.0", filename=WHEEL, metadata=b"Metadata-Version: 2.1\nName: foo\nRequires-Dist: bar\n"
    )
    fake.fault(f"/{file.path()}.metadata", faults.truncated(33), times=None)
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=True)
    assert {name: type(failure) for name, failure in batch.failures.items()} == {"dependencies": UnreachableError}


def test_metadata_of_a_document_without_urls(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where an index lists files under their versions only, the metadata that was asked for is read as well."""
    file = {"filename": WHEEL, "packagetype": "bdist_wheel", "core-metadata": {"sha256": "0"}, "url": f"../x/{WHEEL}"}
    world.override("/pypi/foo/json", {"info": {"version": "1.0"}, "releases": {"1.0": [file]}})
    world.override(f"/pypi/x/{WHEEL}.metadata", METADATA, "application/octet-stream")
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=True)
    assert rows_in(batch)["dependencies"] == FROM_METADATA


def test_an_address_that_is_none(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A file address that no one can read costs at most this stream's rows, never the run."""
    file = {"filename": WHEEL, "packagetype": "bdist_wheel", "core-metadata": {"sha256": "0"}, "url": "http://[x/a"}
    document = {"info": {"version": "1.0"}, "releases": {"1.0": [file]}, "urls": [file]}
    world.override("/pypi/foo/json", document)
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "dependencies"]), core_metadata=True)
    assert [row.url for row in rows_in(batch)["files"]] == ["http://[x/a"]
