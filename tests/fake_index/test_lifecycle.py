"""What happens to projects and what becomes visible of it. Sections are those of index-api.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fake_index import FakeIndex, World, advisory, generated_world
from tests.fake_index.client import ask

V1 = "application/vnd.pypi.simple.v1+json"


def _world(act: Callable[[World], object] | None = None) -> World:
    """Foo with releases 1.0 and 2.0, one sdist each (serials 1 to 5), and then `act`."""
    world = World()
    for version in ("1.0", "2.0"):
        world.upload("Foo", version, filename=f"foo-{version}.tar.gz")
    if act is not None:
        act(world)
    return world


def _seen(world: World) -> tuple[object, ...]:
    """(info.version, releases), status of 2.0's document, listed, (status, versions) of the page, items."""
    with FakeIndex(world) as index:
        document, release = ask(index, "/pypi/foo/json"), ask(index, "/pypi/foo/2.0/json")
        page = ask(index, "/simple/foo/", accept=V1)
        listed = bool(ask(index, "/simple/", accept=V1).json()["projects"])
        feed = ask(index, "/rss/project/foo/releases.xml").body.count(b"<item>")
    described = None
    if document.status == 200:
        described = document.json()["info"]["version"], list(document.json()["releases"])
    shown = None
    if page.status == 200:
        shown = page.json()["project-status"]["status"], page.json()["versions"]
    return described, release.status, listed, shown, feed


def _empty(world: World) -> None:
    for version in ("1.0", "2.0"):
        world.delete_release("foo", version)


def _yank_all(world: World) -> None:
    for version in ("1.0", "2.0"):
        world.yank("foo", version)


@pytest.mark.parametrize(
    ("act", "seen"),
    [
        (None, (("2.0", ["1.0", "2.0"]), 200, True, ("active", ["1.0", "2.0"]), 2)),
        (_empty, (None, 404, True, ("active", []), 0)),
        (
            lambda world: world.delete_file("foo-2.0.tar.gz"),
            (("2.0", ["1.0", "2.0"]), 200, True, ("active", ["1.0"]), 2),
        ),
        (
            lambda world: world.yank("foo", "2.0"),
            (("1.0", ["1.0", "2.0"]), 200, True, ("active", ["1.0", "2.0"]), 2),
        ),
        (_yank_all, (("2.0", ["1.0", "2.0"]), 200, True, ("active", ["1.0", "2.0"]), 2)),
        (
            lambda world: world.archive("foo"),
            (("2.0", ["1.0", "2.0"]), 200, True, ("archived", ["1.0", "2.0"]), 2),
        ),
        (lambda world: world.quarantine("foo"), (None, 404, False, ("quarantined", []), 2)),
        (
            lambda world: world.quarantine_release("foo", "2.0"),
            (("1.0", ["1.0"]), 404, True, ("active", ["1.0"]), 2),
        ),
        (
            lambda world: world.delete_release("foo", "2.0"),
            (("1.0", ["1.0"]), 404, True, ("active", ["1.0"]), 1),
        ),
        (lambda world: world.delete_project("foo"), (None, 404, False, None, 0)),
    ],
)
def test_lifecycle(act: Callable[[World], object] | None, seen: tuple[object, ...]) -> None:
    """Each row of the lifecycle matrix (3) shows the same in all documents."""
    assert _seen(_world(act)) == seen


@pytest.mark.parametrize(
    ("versions", "yanked", "latest"),
    [
        (["1.0", "0.9", "2.0rc1"], [], "1.0"),
        (["1.0", "1.10", "1.9"], [], "1.10"),
        (["1.0a1", "1.0b2", "1.0b1"], [], "1.0b2"),
        (["1.0", "1.0.post1"], [], "1.0.post1"),
        (["1.0", "2.0rc1"], ["1.0"], "2.0rc1"),
        (["1.0", "2.0rc1"], ["1.0", "2.0rc1"], "1.0"),
        (["1.0", "2.0"], ["1.0", "2.0"], "2.0"),
        (["0.1", "2004-07-xyz"], [], "0.1"),
        (["0.1dev", "final-release-7"], [], "0.1dev"),
    ],
)
def test_latest_release(versions: list[str], yanked: list[str], latest: str) -> None:
    """`info` describes the newest version that is not yanked and stable, else the next best kind (4.5)."""
    world = World()
    for version in versions:
        world.release("foo", version)
    for version in yanked:
        world.yank("foo", version)
    with FakeIndex(world) as index:
        assert ask(index, "/pypi/foo/json").json()["info"]["version"] == latest


def test_releases_are_sorted_as_strings_and_page_versions_as_versions() -> None:
    """`releases` sorts "0.10.0" before "0.2.0" (4.1), `versions` of the page the other way round (7.1)."""
    world = World()
    world.add("foo", ["0.2.0", "0.10.0"])
    with FakeIndex(world) as index:
        assert list(ask(index, "/pypi/foo/json").json()["releases"]) == ["0.10.0", "0.2.0"]
        assert ask(index, "/simple/foo/", accept=V1).json()["versions"] == ["0.2.0", "0.10.0"]


def test_two_spellings_of_one_version() -> None:
    """An equivalent spelling finds the release, unless two share it: then only the exact ones do (2.6)."""
    world = World()
    world.release("foo", "1.0")
    with FakeIndex(world, strict=False) as index:
        assert ask(index, "/pypi/foo/1/json").json()["info"]["version"] == "1.0"
        world.release("foo", "1.0.0")
        assert ask(index, "/pypi/foo/1.0.0/json").json()["info"]["version"] == "1.0.0"
        assert ask(index, "/pypi/foo/1/json").status == 404


@pytest.mark.parametrize(
    ("act", "actions"),
    [
        (lambda w: w.project("new"), ["create"]),
        (lambda w: w.release("foo", "3.0"), ["new release"]),
        (lambda w: w.upload("foo", "2.0", filename="foo-2.0-cp312-abi3-any.whl"), ["add cp312 file {}"]),
        (lambda w: w.delete_file("foo-2.0.tar.gz"), ["remove file foo-2.0.tar.gz"]),
        (lambda w: w.delete_release("foo", "2.0"), ["remove release"]),
        (lambda w: w.delete_project("foo"), ["remove project"]),
        (lambda w: w.yank("foo", "2.0"), ["yank release"]),
        (lambda w: w.unyank("foo", "2.0"), ["unyank release"]),
        (lambda w: w.add_role("foo", "bob"), ["add Owner bob"]),
        (lambda w: w.remove_role("foo", "alice"), ["remove Owner alice"]),
        (lambda w: w.invite("foo", "bob"), ["invite Owner bob"]),
        (lambda w: w.quarantine("foo"), ["project quarantined"]),
        (lambda w: w.unquarantine("foo"), ["project quarantine cleared"]),
        (lambda w: w.quarantine_release("foo", "2.0"), ["release quarantined"]),
        (lambda w: w.unquarantine_release("foo", "2.0"), ["release quarantine cleared"]),
    ],
)
def test_changes_with_a_serial(act: Callable[[World], object], actions: list[str]) -> None:
    """Each change of the first list of 12 writes its journal row, and the project has its serial."""
    world = _world(lambda world: world.add_role("foo", "alice"))
    before = world.serial
    act(world)
    rows = [(row.action, row.serial) for row in world.journal[before:]]
    named = [action.format("foo-2.0-cp312-abi3-any.whl") for action in actions]
    assert rows == [(action, before + 1 + n) for n, action in enumerate(named)]
    found = world.get(world.journal[-1].name)
    assert found is None or found.last_serial == world.serial


@pytest.mark.parametrize(
    ("before", "act", "path"),
    [
        (None, lambda w: w.archive("foo"), "/simple/foo/"),
        (lambda w: w.archive("foo"), lambda w: w.unarchive("foo"), "/simple/foo/"),
        (None, lambda w: w.deprecate("foo"), "/simple/foo/"),
        (None, lambda w: w.set_advisories("foo", "2.0", [advisory("PYSEC-2")]), "/pypi/foo/json"),
        (None, lambda w: w.withdraw_advisory("foo", "PYSEC-1"), "/pypi/foo/json"),
        (None, lambda w: w.set_organization("foo", "other"), "/pypi/foo/json"),
        (None, lambda w: w.rename_organization("org", "other"), "/pypi/foo/json"),
        (None, lambda w: w.rename_user("alice", "al"), "/pypi/foo/json"),
        (None, lambda w: w.delete_account("alice"), "/pypi/foo/json"),
        (None, lambda w: w.backfill("foo-2.0.tar.gz", core_metadata="ab"), "/pypi/foo/json"),
        (None, lambda w: w.backfill("foo-2.0.tar.gz", provenance={}), "/simple/foo/"),
        (None, lambda w: w.deploy("new_key", None), "/pypi/foo/json"),
    ],
)
def test_changes_without_a_serial(
    before: Callable[[World], object] | None, act: Callable[[World], object], path: str
) -> None:
    """Each change of the second list of 12 changes the document's ETag, and no serial."""
    world = _world()
    world.add_role("foo", "alice")
    world.set_organization("foo", "org")
    world.add_advisory("foo", "2.0", "PYSEC-1")
    if before is not None:
        before(world)
    with FakeIndex(world, strict=False) as index:
        old = ask(index, path, accept=V1)
        act(world)
        new = ask(index, path, accept=V1)
    serial = "x-pypi-last-serial"
    assert (old.headers[serial], old.headers["etag"] == new.headers["etag"]) == (new.headers[serial], False)


def test_advisories_are_those_of_the_release() -> None:
    """An advisory shows in its release's document, in the project's only if that release is described (13)."""
    world = _world()
    world.set_advisories("foo", "1.0", [advisory("PYSEC-1", aliases=["CVE-1"], fixed_in=["2.0"])])
    world.withdraw_advisory("foo", "PYSEC-1")
    expected: list[dict[str, Any]] = [
        {
            "aliases": ["CVE-1"],
            "details": None,
            "fixed_in": ["2.0"],
            "id": "PYSEC-1",
            "link": "https://osv.example/vulnerability/PYSEC-1",
            "source": "osv",
            "summary": "Summary of PYSEC-1",
            "withdrawn": "2024-06-01T00:00:00Z",
        }
    ]
    with FakeIndex(world) as index:
        assert ask(index, "/pypi/foo/json").json()["vulnerabilities"] == []
        assert ask(index, "/pypi/foo/1.0/json").json()["vulnerabilities"] == expected


def test_file_names_never_come_back() -> None:
    """A deleted file's name cannot be used again, not even by a new project of that name (3)."""
    world = _world(lambda world: world.delete_project("foo"))
    with pytest.raises(ValueError, match="never be reused"):
        world.upload("foo", "1.0", filename="foo-1.0.tar.gz")
    world.upload("foo", "1.0", filename="foo-1.0.zip")
    assert world.projects["foo"].last_serial == world.serial


def test_stats_are_sorted_by_name() -> None:
    """Statistics have the largest hundred, sorted by name, and the sum of all (8)."""
    world = World()
    for number in range(101):
        world.upload(f"p{number:03}", "1", filename=f"p{number:03}-1.tar.gz", size=number + 1)
    with FakeIndex(world) as index:
        reply = ask(index, "/stats/", accept="application/json")
    assert list(reply.json()["top_packages"]) == [f"p{number:03}" for number in range(1, 101)]
    assert reply.json()["total_packages_size"] == 5151
    assert not reply.body.endswith(b"\n")


def test_feeds() -> None:
    """Feeds are newest first, without a guid for releases, with `None` for no summary (10)."""
    world = World(start="2024-01-01T00:00:00Z")
    world.release("Foo", "1.0", info={"author_email": "A <a@example.org>", "summary": "S"})
    world.release("Foo", "0.9")
    with FakeIndex(world) as index:
        text = ask(index, "/rss/updates.xml").body.decode()
        newest = ask(index, "/rss/packages.xml").body.decode()
    assert text.partition("<item>")[2] == (
        f"\n      <title>Foo 0.9</title>\n      <link>{index.url}/project/foo/0.9/</link>\n"
        "      <description>None</description>\n      <pubDate>Mon, 01 Jan 2024 00:03:00 GMT</pubDate>\n"
        "    </item>\n    <item>\n      <title>Foo 1.0</title>\n"
        f"      <link>{index.url}/project/foo/1.0/</link>\n"
        "      <description>S</description>\n      <author>a@example.org</author>\n"
        "      <pubDate>Mon, 01 Jan 2024 00:02:00 GMT</pubDate>\n    </item>\n  </channel>\n</rss>\n"
    )
    assert newest.count("<item>") == 1
    assert f"<guid>{index.url}/project/foo/</guid>" in newest


def test_generated_worlds_are_equal() -> None:
    """The same arguments make the same world, of the size that was asked for."""
    one, other = generated_world(3, 40), generated_world(3, 40)
    assert one.projects == other.projects
    assert one.journal == other.journal
    assert list(one.projects) == ["project-0000", "project-0001", "project-0002"]
    sizes = [sum(len(release.files) for release in project.releases.values()) for project in one.projects.values()]
    assert sizes == [40, 40, 40]


def test_generated_projects_of_many_sizes() -> None:
    """The first few are spread over the sizes as well as all of them."""
    world = generated_world(5, 10, 50, most_files=1000)
    sizes = [sum(len(release.files) for release in project.releases.values()) for project in world.projects.values()]
    assert sizes == [10, 172, 30, 511, 88]


def test_what_was_sent_is_counted_without_a_list() -> None:
    """Answers, and the bytes of their bodies as they were encoded, since they were asked for last."""
    world = World()
    world.upload("foo", "1.0", filename="foo-1.0.zip")
    with FakeIndex(world, strict=False, record=False) as index:
        sizes = [len(ask(index, path).body) for path in ("/pypi/foo/json", "/nothing")]
        index.settle()
        assert index.take_sent() == (2, sum(sizes))
        assert index.take_sent() == (0, 0)
        assert index.requests == []
