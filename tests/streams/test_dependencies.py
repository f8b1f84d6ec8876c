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
from tests.streams import ROOT, documents_of, documents_with, release_of
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
DEPENDENCIES = choose_streams(["dependencies"])
WHEEL = "foo-1.0-py3-none-any.whl"
METADATA = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nRequires-Dist: bar>=1\nRequires-Dist: baz\n"


def row_with(requirement: str, **changes: Any) -> Dependency:
    """The row of foo 1.0, whose only requirement is bar, with these changes."""
    plain: dict[str, Any] = {
        "project": "foo",
        "version": "1.0",
        "position": 0,
        "requirement": requirement,
        "name": "bar",
        **dict.fromkeys(("extras", "specifier", "pin", "pin_sort_key", "marker", "extra", "url", "parse_error")),
        "source": "index",
    }
    return Dependency(**plain | changes)


def rows(*requirements: str) -> list[Any]:
    """The rows of a project whose latest release has these requirements."""
    world = World()
    world.add("foo", requires_dist=list(requirements))
    return list(dependencies_rows(documents_of(world, "foo")))


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
def test_requirement_is_parsed(text: str, expected: dict[str, Any]) -> None:
    """A row has the requirement as uploaded and its parts; if it is invalid, the reason, and the name if it has one."""
    assert rows(text) == [row_with(text, **expected)]


@pytest.mark.parametrize(
    "text",
    [
        "git+https://git.example.org/tools/z.git",
        "git+ssh://git@git.example.org/z.git",
        "https://files.example.org/y-1.0.zip",
        "file:///srv/x",
        "file:x",
        "git@git.example.org:tools/z.git",
        "local/x",
        "C:\\x",
        "x\\y",
        "-e ./local",
        "./local",
        "na\u00efve+x",
    ],
)
def test_url_or_path_has_no_name(text: str) -> None:
    """The name is null if a requirement is only a URL or a path: no project is meant that is called like its start."""
    (row,) = rows(text)
    assert (row.requirement, row.name) == (text, None)


@pytest.mark.parametrize("text", ["na\u00efve>=1", "bar\u00e9"])
def test_name_with_invalid_letters_is_null(text: str) -> None:
    """A name with invalid letters is not cut to the name of another project."""
    (row,) = rows(text)
    assert (row.requirement, row.name) == (text, None)


@pytest.mark.parametrize("depth", [100, 3_000])
def test_deeply_nested_marker_is_a_row(depth: int) -> None:
    """A requirement with a deeply nested marker is a row."""
    text = f"bar; {'(' * depth}os_name == 'nt'{')' * depth}"
    (row,) = rows(text)
    assert (row.position, row.requirement, row.name) == (0, text, "bar")


def test_positions() -> None:
    """Requirements keep their order and position; a repeated one is two rows."""
    made = rows("b", "a", "b")
    assert made == [row_with(text, name=text, position=place) for place, text in enumerate(["b", "a", "b"])]


def test_release_without_requirements_has_no_rows() -> None:
    """A release with an empty or missing list of requirements has no rows."""
    assert rows() == []
    assert list(dependencies_rows(documents_with({"info": {"requires_dist": None}}))) == []


def test_each_release_has_its_own_requirements() -> None:
    """Each selected release has its own requirements."""
    world = World()
    world.add("foo", ["1.0"], requires_dist=["a"])
    world.add("foo", ["2.0"], requires_dist=["b"])
    documents = ProjectDocuments(
        project="foo", releases=(release_of(world, "foo", "2.0"), release_of(world, "foo", "1.0"))
    )
    assert list(dependencies_rows(documents)) == [row_with("b", name="b", version="2.0"), row_with("a", name="a")]


def test_missing_document_has_no_rows() -> None:
    """Without a document there are no rows."""
    assert list(dependencies_rows(ProjectDocuments(project="foo"))) == []
    assert list(dependencies_rows(ProjectDocuments(project=None))) == []


# From core metadata -------------------------------------------------------------------------------------------


def documents_with_metadata(requires_dist: list[str] | None, *, fill: bool, body: bytes = METADATA) -> ProjectDocuments:
    """A release with these requirements, and the core metadata of its wheel."""
    world = World()
    world.add("foo")
    view = release_of(world, "foo", "1.0")
    content = Release(Info(requires_dist=requires_dist))
    files = (File(filename="foo-1.0.tar.gz"), File(filename=WHEEL))
    metadata = open_core_metadata(body, f"{ROOT}/{WHEEL}.metadata")
    releases = (ReleaseView("1.0", content, view.document, files),)
    return ProjectDocuments(project="foo", releases=releases, core_metadata={WHEEL: metadata}, use_core_metadata=fill)


FROM_METADATA = [
    row_with("bar>=1", specifier=">=1", source="core_metadata"),
    row_with("baz", name="baz", position=1, source="core_metadata"),
]


@pytest.mark.parametrize(
    ("requires_dist", "fill", "expected"),
    [
        (None, True, FROM_METADATA),
        (None, False, []),
        ([], True, []),
        ([], False, []),
        (["bar"], True, [row_with("bar")]),
    ],
)
def test_core_metadata_replaces_missing_requirements(
    requires_dist: list[str] | None, fill: bool, expected: list[Dependency]
) -> None:
    """Core metadata is used only if the index gives null, not an empty list, and the setting is on."""
    assert list(dependencies_rows(documents_with_metadata(requires_dist, fill=fill))) == expected


def test_core_metadata_without_requirements_has_no_rows() -> None:
    """A file whose metadata has no requirements has no rows."""
    documents = documents_with_metadata(None, fill=True, body=b"Metadata-Version: 2.1\nName: foo\n")
    assert list(dependencies_rows(documents)) == []


# Through the index --------------------------------------------------------------------------------------------


def add_releases_without_requirements(world: World, *versions: str) -> dict[str, str]:
    """Add releases of foo whose requirements only the wheels have; the paths of the wheels."""
    paths = {}
    for version in versions:
        filename = f"foo-{version}-py3-none-any.whl"
        world.upload("foo", version, filename=f"foo-{version}.tar.gz")
        file = world.upload("foo", version, filename=filename, metadata=METADATA)
        paths[version] = f"/{file.path()}.metadata"
    return paths


def test_one_metadata_request_per_release_without_requirements(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A release without requirements on the index takes one more request; other releases take none."""
    paths = add_releases_without_requirements(world, "1.0", "2.0")
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


def test_latest_release_takes_no_further_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without the setting, no metadata is requested; the latest release comes with the project document."""
    add_releases_without_requirements(world, "1.0")
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES)
    assert counts(batch) == {"dependencies": 0}
    assert fake.counts == {"/pypi/foo/json": 1}


@pytest.mark.parametrize(("fill", "expected"), [(False, 0), (True, 2)])
def test_rows_do_not_depend_on_the_stream_core_metadata(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, fill: bool, expected: int
) -> None:
    """The rows are the same whether or not the stream core_metadata is selected."""
    paths = add_releases_without_requirements(world, "1.0")
    fake = serve()
    (alone,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=fill)
    fake.new_run()
    (together,) = read(connect(fake), ["foo"], [*DEPENDENCIES, core_metadata.STREAM], core_metadata=fill)
    assert rows_in(alone)["dependencies"] == rows_in(together)["dependencies"]
    assert counts(together) == {"dependencies": expected, "core_metadata": 1}
    assert fake.counts == {"/pypi/foo/json": 1, paths["1.0"]: 1}


def test_missing_metadata_has_no_rows(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Metadata that the index offers but does not have gives no rows and no failure."""
    world.add("foo")
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=True)
    assert (counts(batch), batch.failures) == ({"dependencies": 0}, {})


@pytest.mark.parametrize(("fault", "error"), [(faults.html(), DamagedError), (faults.unavailable(), UnavailableError)])
def test_failing_metadata_fails_this_stream_only(
    world: World, fake: FakeIndex, connect: Connect, fault: faults.Fault, error: type[Exception]
) -> None:
    """Metadata that cannot be fetched is a failure of this stream's rows of the project, and of no other stream."""
    (path,) = add_releases_without_requirements(world, "1.0").values()
    fake.fault(path, fault, times=None)
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "dependencies"]), core_metadata=True)
    assert counts(batch) == {"files": 2}
    assert {name: type(failure) for name, failure in batch.failures.items()} == {"dependencies": error}


def test_truncated_metadata_is_a_failure(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A truncated uncompressed file is a failure, not a file without requirements."""
    file = world.upload(
        "foo", "1.0", filename=WHEEL, metadata=b"Metadata-Version: 2.1\nName: foo\nRequires-Dist: bar\n"
    )
    fake.fault(f"/{file.path()}.metadata", faults.truncated(33), times=None)
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=True)
    assert {name: type(failure) for name, failure in batch.failures.items()} == {"dependencies": UnreachableError}


def test_metadata_of_files_listed_under_versions_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If an index lists files only under their versions, their metadata is used as well."""
    file = {"filename": WHEEL, "packagetype": "bdist_wheel", "core-metadata": {"sha256": "0"}, "url": f"../x/{WHEEL}"}
    world.override("/pypi/foo/json", {"info": {"version": "1.0"}, "releases": {"1.0": [file]}})
    world.override(f"/pypi/x/{WHEEL}.metadata", METADATA, "application/octet-stream")
    (batch,) = read(connect(fake), ["foo"], DEPENDENCIES, core_metadata=True)
    assert rows_in(batch)["dependencies"] == FROM_METADATA


def test_invalid_file_url_fails_this_stream_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An invalid file URL costs at most this stream's rows."""
    file = {"filename": WHEEL, "packagetype": "bdist_wheel", "core-metadata": {"sha256": "0"}, "url": "http://[x/a"}
    document = {"info": {"version": "1.0"}, "releases": {"1.0": [file]}, "urls": [file]}
    world.override("/pypi/foo/json", document)
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "dependencies"]), core_metadata=True)
    assert [row.url for row in rows_in(batch)["files"]] == ["http://[x/a"]
