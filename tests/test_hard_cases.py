"""Unusual projects of real indexes, through the fake index; test_texts.py and recordings/ have others."""

from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.destinations import open_destination
from source_pypi.services.index.api import Index
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, Notice
from source_pypi.sync.notices import NoticeKind
from tests.batches import batch_with, rows_in
from tests.fake_index import FakeIndex, World
from tests.fake_index.documents import View, project_document
from tests.recordings import recorded_documents
from tests.streams import ROOT
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]


OF_PROJECT = tuple(stream for stream in STREAMS if stream.of_project and not stream.service)


def rows_of(batch: Batch, stream: str, *fields: str) -> list[tuple[Any, ...]]:
    """Fields of the rows of a stream."""
    return [tuple(getattr(row, field) for field in fields) for row in rows_in(batch)[stream]]


def query(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The result of a query of a database."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def load(path: Path, streams: tuple[Stream, ...], batches: list[Batch]) -> None:
    """Load batches into a database."""
    with open_destination(str(path), streams, root="") as database:
        for batch in batches:
            database.add(batch)


def test_unusual_versions_are_rows(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Versions without files, from before PEP 440, of integers, and in two spellings are rows."""
    versions = ["2004d", "1.0", "1.0.0", "214", "0.7-rc1", "1.0-final", "1.2.1_p2", "v3", " 4", "5.0.*"]
    for version in versions:
        world.release("foo", version)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    made = sorted(rows_of(batch, "versions", "sort_key", "version", "normalized_version", "file_count"))
    assert [row[1:] for row in made] == [
        ("1.0-final", None, 0),
        ("1.2.1_p2", None, 0),
        ("5.0.*", None, 0),
        ("2004d", None, 0),
        ("0.7-rc1", "0.7rc1", 0),
        ("1.0", "1.0", 0),
        ("1.0.0", "1.0.0", 0),
        ("v3", "3", 0),
        (" 4", "4", 0),
        ("214", "214", 0),
    ]


@pytest.mark.parametrize("version", ["2004d", "1.0+local.1", "1!2.0", "1.0-final x", "a/b", "1.0%2f", "1.0?a#b", ".."])
def test_unusual_version_is_requested(world: World, fake: FakeIndex, connect: Connect, version: str) -> None:
    """A release document is requested by its version, whatever it contains, and by no other URL."""
    world.add("foo", ["9.0"])
    world.release("foo", version, {"requires_dist": ["bar"]})
    (batch,) = read(connect(fake), ["foo"], choose_streams(["dependencies", "files"]), releases="all")
    assert batch.failures == {}
    paths = {request.path for request in fake.requests}
    assert all(path.startswith("/pypi/foo/") and path.endswith("/json") for path in paths)
    if version == "..":  # can be no part of an address
        assert batch.notices == (Notice(NoticeKind.UNREAD, count=1),)
    elif "/" not in version:
        assert rows_of(batch, "dependencies", "version", "name") == [(version, "bar")]


def test_yanked_releases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A release is yanked with or without a reason; an empty reason is null."""
    world.add("foo", ["1.0", "2.0", "3.0", "4.0"])
    for version, reason in (("1.0", "broken"), ("2.0", None), ("3.0", "")):
        world.yank("foo", version, reason)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    expected = [("1.0", True, "broken"), ("2.0", True, None), ("3.0", True, None), ("4.0", False, None)]
    assert rows_of(batch, "versions", "version", "yanked", "yanked_reason") == expected
    assert rows_of(batch, "files", "version", "yanked", "yanked_reason") == [row for row in expected for _ in "ab"]
    assert rows_of(batch, "projects", "latest_version", "yanked", "yanked_reason") == [("4.0", False, None)]


def test_latest_release_if_all_are_yanked(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If all releases are yanked, the latest is yanked, and stable ones come before pre-releases."""
    world.add("foo", ["1.0", "2.0rc1"])
    world.yank("foo", "1.0", "broken")
    world.yank("foo", "2.0rc1")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", "latest_version", "yanked", "yanked_reason") == [("1.0", True, "broken")]
    assert rows_of(batch, "versions", "version", "yanked", "is_latest") == [
        ("1.0", True, True),
        ("2.0rc1", True, False),
    ]


def test_latest_release_if_all_are_prereleases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If all releases are pre-releases, the highest is the latest."""
    world.add("foo", ["1.0a2", "1.0.dev3", "1.0a10"])
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", "latest_version") == [("1.0a10",)]
    assert {row[0] for row in rows_of(batch, "versions", "is_prerelease")} == {True}


@pytest.mark.parametrize(
    ("filename", "packagetype", "python_version"),
    [
        ("foo-1.0-py2.4.egg", "bdist_egg", "2.4"),
        ("foo-1.0.win32-py2.7.exe", "bdist_wininst", "2.7"),
        ("foo-1.0.win32-py2.7.msi", "bdist_msi", "2.7"),
        ("foo-1.0-1.noarch.rpm", "bdist_rpm", "any"),
        ("foo-1.0.linux-x86_64.tar.gz", "bdist_dumb", "any"),
        ("foo-1.0-py2.6-macosx10.3.dmg", "bdist_dmg", "2.6"),
        ("foo-1.0.tar.Z", "sdist", "source"),
        ("foo 1.0 (final).zip", "sdist", "source"),
        ("foo-1.0.whl", "bdist_wheel", "any"),
        ("foo-1.0-py3-none-any.any.any-X.whl", "bdist_wheel", "py3"),
        ("foo-not.a.version!-py3-none-any.whl", "bdist_wheel", "py3"),
        ("foo-1.0-build-py3-none-any.whl", "bdist_wheel", "py3"),
    ],
)
def test_every_kind_of_file_is_a_row(
    fake: FakeIndex, connect: Connect, filename: str, packagetype: str, python_version: str
) -> None:
    """Every kind of file is a row; the tags of other files than wheels, and of invalid names, are null."""
    fake.world.upload("foo", "1.0", filename=filename, packagetype=packagetype, python_version=python_version)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    fields = ("filename", "packagetype", "python_version", "build_tag", "python_tags", "abi_tags", "platform_tags")
    assert rows_of(batch, "files", *fields) == [(filename, packagetype, python_version, None, None, None, None)]


def test_file_belongs_to_the_version_that_lists_it(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A file belongs to the first version that lists it, whatever its name says."""
    world.upload("foo", "1.0", filename="foo-2.0.tar.gz")
    world.upload("foo", "2.0", filename="bar-1.0-py3-none-any.whl")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    expected = [("1.0", "foo-2.0.tar.gz"), ("2.0", "bar-1.0-py3-none-any.whl")]
    assert rows_of(batch, "files", "version", "filename") == expected
    twice = {"filename": "a.tar.gz", "packagetype": "sdist"}
    world.override("/pypi/bar/json", {"info": {}, "releases": {"1": [twice], "2": [twice]}})
    (batch,) = read(connect(fake), ["bar"], choose_streams(["files"]))
    assert rows_of(batch, "files", "version", "filename") == [("1", "a.tar.gz")]


def test_two_sdists_of_a_version(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Two source distributions of a version are two files."""
    for suffix in ("tar.gz", "zip"):
        world.upload("foo", "1.0", filename=f"foo-1.0.{suffix}")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "files", "filename", "packagetype") == [("foo-1.0.tar.gz", "sdist"), ("foo-1.0.zip", "sdist")]
    assert rows_of(batch, "versions", "file_count", "has_sdist") == [(2, True)]


@pytest.mark.parametrize("requires_python", [">=3.6,", ">=3.5.*", ">=3.6, <4.0.0a", "3", "'>=2.7'", "~=3.x"])
def test_invalid_requires_python_stays(world: World, fake: FakeIndex, connect: Connect, requires_python: str) -> None:
    """An invalid requires_python is unchanged in project, version and file."""
    world.add("foo", requires_python=requires_python)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    found = [row for stream in ("projects", "versions", "files") for row in rows_of(batch, stream, "requires_python")]
    assert found == [(requires_python,)] * 4


def test_invalid_requirement_is_a_row(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An invalid requirement is a row among those of valid ones."""
    requirements = ["pytz (>dev)", "", "ok>=1", "six (>=1.0.*)", "a @ b @ c", "\u00fc", "x; python_version >= 3"]
    world.add("foo", requires_dist=requirements)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    found = rows_of(batch, "dependencies", "position", "requirement")
    assert found == list(enumerate(requirements))
    parsed = rows_of(batch, "dependencies", "requirement", "parse_error")
    assert [text for text, error in parsed if error is None] == ["ok>=1"]
    assert rows_of(batch, "projects", "requires_dist") == [(requirements,)]


def test_project_without_urls(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project without URLs has null in its row, and no rows in ``urls``."""
    world.add("foo")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", "project_urls", "home_page") == [(None, None)]
    assert counts(batch)["urls"] == 0


@pytest.mark.parametrize(
    ("name", "normalized"),
    [
        ("0-._.-._.-0", "0-0"),
        ("zope.interface", "zope-interface"),
        ("Foo_BAR", "foo-bar"),
        ("A", "a"),
        ("2to3", "2to3"),
    ],
)
def test_unusual_names(world: World, fake: FakeIndex, connect: Connect, name: str, normalized: str) -> None:
    """A project is requested by its normalised name, and its row has the name that its owners write."""
    world.add(name)
    (batch,) = read(connect(fake), [name], OF_PROJECT)
    assert batch.project == normalized
    assert rows_of(batch, "projects", "project", "name") == [(normalized, name)]
    assert {request.path for request in fake.requests} >= {f"/pypi/{normalized}/json"}
    assert batch.failures.keys() <= {"core_metadata", "attestations"}


def test_rows_of_a_recording_are_loaded(tmp_path: Path) -> None:
    """All rows of a recorded document are in the tables."""
    documents = recorded_documents("zope-interface")
    made = {stream.name: list(stream.rows(documents)) for stream in OF_PROJECT if stream.name != "statuses"}
    load(tmp_path / "x.duckdb", OF_PROJECT, [batch_with("zope-interface", made)])
    for name, rows in made.items():
        assert query(tmp_path / "x.duckdb", f"select count(*) from {name}") == [(len(rows),)]


def test_project_of_five_thousand_versions(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project of five thousand versions takes one request, and its versions are in order."""
    versions = [f"{major}.{minor}.dev{major * minor}" for major in range(50) for minor in range(100)]
    with world.one_change("foo"):
        for version in versions:
            world.release("foo", version)
    (batch,) = read(connect(fake), ["foo"], choose_streams(None))
    assert counts(batch) == {"projects": 1, "versions": 5000, "files": 0}
    assert fake.counts == {"/pypi/foo/json": 1}
    by_key = sorted(rows_of(batch, "versions", "sort_key", "version"), key=itemgetter(0))
    assert [version for _, version in by_key] == versions


def test_project_of_four_thousand_files(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project of four thousand files, more than three megabytes, is read whole; its page agrees."""
    with world.one_change("foo"):
        for number in range(4000):
            tag = f"cp3{number % 20}-cp3{number % 20}-manylinux_2_{number % 7}_x86_64"
            world.upload("foo", f"1.{number // 100}", filename=f"foo-1.{number // 100}-{number}-{tag}.whl")
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "statuses"]))
    assert counts(batch) == {"files": 4000, "statuses": 1}
    assert rows_of(batch, "statuses", "status", "file_count", "agree") == [("active", 4000, True)]
    assert len(project_document(world.projects["foo"], View(ROOT)) or b"") > 3_000_000
    assert fake.counts == {"/pypi/foo/json": 1, "/simple/foo/": 1}


def test_page_of_version_1_0(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A page of version 1.0 of the interface has no versions, sizes and status (index-api.md 7.4)."""
    world.add("foo")
    names = sorted(world.projects["foo"].releases["1.0"].files)
    files = [{"filename": name, "url": f"../../files/{name}", "hashes": {}} for name in names]
    world.override("/simple/foo/", {"meta": {"api-version": "1.0"}, "name": "foo", "files": files})
    (batch,) = read(connect(fake), ["foo"], choose_streams(["statuses"]))
    found = rows_of(batch, "statuses", "status", "file_count", "agree", "serial")
    assert found == [("active", 2, True, None)]


def test_html_that_is_no_page_fails_the_streams_of_pages(world: World, fake: FakeIndex, connect: Connect) -> None:
    """HTML that is no page is a failure of the streams that read pages; the others are read."""
    world.add("foo")
    world.override("/simple/foo/", b"<!DOCTYPE html>\n<html><body><a href='x'>x</a></body></html>", "text/html")
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "statuses"]))
    assert counts(batch) == {"files": 2}
    assert set(batch.failures) == {"statuses"}
    message = str(batch.failures["statuses"])
    assert f"{fake.url}/simple/foo/" in message
    assert "expected a project page (PEP 503" in message
