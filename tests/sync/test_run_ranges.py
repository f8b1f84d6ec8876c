"""sync/run.py: ranges of versions select the highest release that they admit."""

from collections.abc import Callable

import pytest

from source_pypi.errors import UnknownReleaseError
from tests.fake_index import FakeIndex, World
from tests.memory_store import DAY, NOW, MemoryStore
from tests.sync.helpers import EVERY, Connect, agrees, paths, read, releases_in, rich, streams


def loaded(store: MemoryStore) -> list[str]:
    """The versions of the rows of ``release``."""
    return [row["version"] for row in store.tables()["release"]]


@pytest.mark.parametrize(
    ("names", "versions"),
    [
        (["foo>=1,<2"], ["1.10"]),
        (["foo~=1.0"], ["1.10"]),
        (["foo~=1.9.0"], ["1.9"]),
        (["foo==1.*"], ["1.10"]),
        (["foo!=2.0"], ["1.10"]),
        (["foo>=2"], ["2.0"]),
        (["foo>=2.1rc1"], ["3.0rc2"]),
        (["foo>2"], ["3.0rc2"]),
        (["foo<2", "foo<1.10"], ["1.10", "1.9"]),
        (["foo<2", "foo==1.0"], ["1.0", "1.10"]),
        (["foo<2", "foo==1.10"], ["1.10"]),
        (["foo<2", "foo"], ["1.10", "2.0"]),
    ],
)
def test_range_selects_the_highest_release(
    world: World, fake: FakeIndex, connect: Connect, names: list[str], versions: list[str]
) -> None:
    """A range selects the highest release that it admits; a pre-release if it names one, or admits nothing else.

    All requirements of a project count.
    """
    world.add("foo", releases=["1.0", "1.9", "1.10", "2.0", "3.0rc2"])
    (batch,) = read(connect(fake), names, streams("release"))
    assert sorted(releases_in(batch)) == versions
    assert batch.user_errors == ()


def test_yanked_release_is_selected_by_its_pin_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A range passes over yanked releases; if it admits no other, it selects none, and that is an error (PEP 592)."""
    world.add("foo", releases=["1.0", "1.1", "2.0"])
    world.yank("foo", "1.1")
    world.yank("foo", "2.0")
    (batch,) = read(connect(fake), ["foo<2", "foo==2.0"], streams("release"))
    assert sorted(releases_in(batch)) == ["1.0", "2.0"]
    fake.new_run()
    (batch,) = read(connect(fake), ["foo>=2"], streams("release"))
    (error,) = batch.user_errors
    assert str(error) == (
        f"the index has no release of foo that >=2 admits ({fake.url}/pypi/foo/json lists none): check the versions; "
        "a yanked release has to be pinned"
    )
    assert batch.versions == {">=2": None}


def test_release_without_files_is_not_selected(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A release without files is selected only if the range admits no release with files."""
    world.add("foo", releases=["1.0", "1.1", "2.0"])
    for version in ("1.1", "2.0"):
        for filename in list(world.projects["foo"].releases[version].files):
            world.delete_file(filename)
    (batch,) = read(connect(fake), ["foo<2", "foo>=2"], streams("release"))
    assert batch.versions == {"<2": "1.0", ">=2": "2.0"}


def test_new_release_takes_the_place_of_the_selected_one(world: World, fake: FakeIndex, connect: Connect) -> None:
    """When the range admits a higher release, its rows replace those of the earlier one; others change nothing."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<3"], EVERY)
    assert loaded(store) == ["2.0"]
    world.upload("foo", "2.1", filename="foo-2.1.tar.gz")
    (batch, *_) = store.sync(fake, index, ["foo<3"], EVERY)
    assert (loaded(store), batch.versions) == (["2.1"], {"<3": "2.1"})
    world.upload("foo", "4.0", filename="foo-4.0.tar.gz")
    store.sync(fake, index, ["foo<3"], EVERY)
    assert loaded(store) == ["2.1"]
    world.yank("foo", "2.1")
    store.sync(fake, index, ["foo<3"], EVERY)
    assert loaded(store) == ["2.0"]
    assert agrees(fake, index, store, ["foo<3"], EVERY)


def test_unchanged_project_takes_conditional_requests(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An unchanged project is requested on condition, as is its selected release, and says nothing of versions."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<3"], ["release"])
    (batch, *_) = store.sync(fake, index, ["foo<3"], ["release"])
    assert paths(fake) == ["/pypi/foo/json 304", "/pypi/foo/2.0/json 304"]
    assert (store.rows, batch.versions) == ({}, None)


def test_advisory_of_the_selected_release_is_found(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An advisory that affects the selected release comes with the next run, as it does for a pinned one."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<3"], ["vulnerabilities"])
    world.add_advisory("foo", "2.0", "PYSEC-7")
    store.sync(fake, index, ["foo<3"], ["vulnerabilities"])
    assert [row["id"] for row in store.tables()["vulnerabilities"]] == ["PYSEC-7"]


@pytest.mark.parametrize(
    ("before", "after", "versions"),
    [("foo", "foo<3", ["2.0"]), ("foo<3", "foo<2", ["1.0"]), ("foo<3", "foo", ["3.0"]), ("foo<3", "foo==3.0", ["3.0"])],
)
def test_other_range_reads_another_release(
    world: World, fake: FakeIndex, connect: Connect, before: str, after: str, versions: list[str]
) -> None:
    """Another requirement selects another release, although the project has not changed."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, [before], EVERY)
    store.sync(fake, index, [after], EVERY)
    assert loaded(store) == versions
    assert agrees(fake, index, store, [after], EVERY)


def test_range_that_no_release_satisfies_any_more(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Rows of a release that is gone go, also if the range admits no other; the range is an error then."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<2"], ["release"])
    world.delete_release("foo", "1.0")
    (batch,) = store.sync(fake, index, ["foo<2"], ["release"])
    assert [type(error) for error in batch.user_errors] == [UnknownReleaseError]
    assert (loaded(store), batch.versions) == ([], {"<2": None})


def test_mistyped_range_deletes_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A range that no release has ever satisfied deletes nothing that was loaded before."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<3"], ["release"])
    (batch,) = store.sync(fake, index, ["foo>=9"], ["release"])
    assert [type(error) for error in batch.user_errors] == [UnknownReleaseError]
    assert loaded(store) == ["2.0"]


@pytest.mark.parametrize("day", [0, 8])
def test_all_releases_are_read_beside_a_range(world: World, fake: FakeIndex, connect: Connect, day: int) -> None:
    """With all releases, a range beside the bare name adds nothing, and only the release it selects is asked again."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<3", "foo"], ["release"], releases="all")
    store.sync(fake, index, ["foo<3", "foo"], ["release"], releases="all", at=NOW + day * DAY)
    assert loaded(store) == ["1.0", "2.0", "3.0"]
    others = [] if day == 0 else ["/pypi/foo/1.0/json 304"]
    assert sorted(paths(fake)) == sorted(["/pypi/foo/json 304", "/pypi/foo/2.0/json 304", *others])


def without_documents(world: World) -> None:
    """Serve no project document."""
    world.override("/pypi/foo/json", b"{}", status=404)


def without_releases(world: World) -> None:
    """Serve a project document that lists no releases."""
    world.override("/pypi/foo/json", {"info": {"name": "foo", "version": "2.0"}, "urls": []})


@pytest.mark.parametrize("form", [without_documents, without_releases])
@pytest.mark.parametrize("names", [["files"], ["release"], ["dependencies", "files"]])
def test_index_that_does_not_list_releases(
    world: World, fake: FakeIndex, connect: Connect, form: Callable[[World], None], names: list[str]
) -> None:
    """Where the project document lists no releases, or there is none, the page says which release is selected."""
    world.add("foo", releases=["1.0", "1.1", "2.0"])
    world.yank("foo", "1.1")
    form(world)
    (batch,) = read(connect(fake), ["foo<2"], streams(*names))
    readable = form is without_releases or names != ["release"]
    assert (batch.versions, batch.user_errors) == ({"<2": "1.0"} if readable else None, ())


def test_page_that_cannot_be_read_leaves_rows(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If nothing lists the versions in this run, rows of releases stay, and a warning says so."""
    world.add("foo", releases=["1.0", "2.0"])
    without_releases(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<2"], ["release"])
    world.override("/pypi/foo/json", {"info": {"name": "foo", "version": "2.0", "summary": "s"}, "urls": []})
    world.override("/simple/foo/", b"", status=404)
    (batch,) = store.sync(fake, index, ["foo<2"], ["release"])
    assert batch.warnings == ("foo: nothing lists its versions, so that ranges select none",)
    assert (loaded(store), batch.versions, batch.user_errors) == (["1.0"], None, ())


def test_failed_release_document_leaves_the_version(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the document of the selected release cannot be read, rows stay, and so does the version of earlier runs."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo<3"], ["release", "files"])
    world.upload("foo", "2.1", filename="foo-2.1.tar.gz")
    world.override("/pypi/foo/2.1/json", b"no JSON")
    (batch,) = store.sync(fake, index, ["foo<3"], ["release", "files"])
    assert list(batch.failures) == ["release"]
    assert (loaded(store), batch.versions) == (["2.0"], None)
    del world.overrides["/pypi/foo/2.1/json"]
    world.upload("foo", "2.1", filename="foo-2.1.zip")
    (batch,) = store.sync(fake, index, ["foo<3"], ["release", "files"])
    assert (loaded(store), batch.versions) == (["2.1"], {"<3": "2.1"})
