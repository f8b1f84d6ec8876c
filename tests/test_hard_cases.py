"""What real indexes have that no one would make up: each kind has a test, through the fake index or a recording.

Further kinds are held by test_recordings.py (real documents) and streams/test_statuses.py (what becomes of projects).
"""

import copy
import json
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_pypi.destinations import open_destination
from source_pypi.errors import DocumentError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Document, Listing, Page, Project, open_document
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import ProjectDocuments, ReleaseView, Stream
from source_pypi.sync.batch import Batch
from tests.batches import batch_with, rows_in
from tests.fake_index import FakeIndex, World
from tests.fake_index.documents import View, project_document
from tests.recordings import visit_recorded
from tests.services.index.documents.test_any_document import JSON, LETTERS, MISSING, WHOLE, changes, cleaned, place
from tests.streams import ROOT
from tests.sync.test_run import counts, read

Connect = Callable[..., Index]
OF_PROJECT = tuple(stream for stream in STREAMS if stream.of_project)
#: What no table may lose: it is in a text, in a label, in a name.
ODD_TEXTS = {
    "control characters": "a\x07\x1b[31m\x7f\x85b",
    "NUL": "a\x00b\x00",
    "right to left": "\u202e\u05d0\u05d1\u05d2\u202c \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "beyond the plane": "\U0001f40d\U000e0001",
    "noncharacters": "\ufffe\uffff",
    "lines": "a\r\nb\u2028c\u2029d\x0be",
    "quotes": "\\ \" ' ` $1 %s {0}",
    "combining": "e\u0301 vs \u00e9",
}


def rows_of(batch: Batch, stream: str, *fields: str) -> list[tuple[Any, ...]]:
    """Fields of the rows of a stream."""
    return [tuple(getattr(row, field) for field in fields) for row in rows_in(batch)[stream]]


def loaded(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query of a database gives."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def load(path: Path, streams: tuple[Stream, ...], batches: list[Batch]) -> None:
    """Load batches into a database."""
    with open_destination(str(path), streams, root="") as database:
        for batch in batches:
            database.add(batch)


# Versions -----------------------------------------------------------------------------------------------------


def test_odd_versions(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Versions without files, from before PEP 440, of integers only, and twice in two spellings are all rows."""
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
def test_a_release_of_an_odd_version(world: World, fake: FakeIndex, connect: Connect, version: str) -> None:
    """Whatever a version is called, its release document is asked for by that name, and no other address."""
    world.add("foo", ["9.0"])
    world.release("foo", version, {"requires_dist": ["bar"]})
    (batch,) = read(connect(fake), ["foo"], choose_streams(["dependencies", "files"]), releases="all")
    assert batch.failures == {}
    paths = {request.path for request in fake.requests}
    assert all(path.startswith("/pypi/foo/") and path.endswith("/json") for path in paths)
    if version == "..":  # can be no part of an address
        assert batch.warnings == ("foo: the index has no release documents of 1 versions (..); 1 could be read",)
    elif "/" not in version:
        assert rows_of(batch, "dependencies", "version", "name") == [(version, "bar")]


def test_yanked(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A release is yanked with a reason or without one; an empty reason is none."""
    world.add("foo", ["1.0", "2.0", "3.0", "4.0"])
    for version, reason in (("1.0", "broken"), ("2.0", None), ("3.0", "")):
        world.yank("foo", version, reason)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    expected = [("1.0", True, "broken"), ("2.0", True, None), ("3.0", True, None), ("4.0", False, None)]
    assert rows_of(batch, "versions", "version", "yanked", "yanked_reason") == expected
    assert rows_of(batch, "files", "version", "yanked", "yanked_reason") == [row for row in expected for _ in "ab"]
    assert rows_of(batch, "projects", "latest_version", "yanked", "yanked_reason") == [("4.0", False, None)]


def test_all_yanked(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where every release is yanked, the latest is a yanked one, stable before pre-release."""
    world.add("foo", ["1.0", "2.0rc1"])
    world.yank("foo", "1.0", "broken")
    world.yank("foo", "2.0rc1")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", "latest_version", "yanked", "yanked_reason") == [("1.0", True, "broken")]
    assert rows_of(batch, "versions", "version", "yanked", "is_latest") == [
        ("1.0", True, True),
        ("2.0rc1", True, False),
    ]


def test_only_prereleases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where there are only pre-releases, the highest is the latest."""
    world.add("foo", ["1.0a2", "1.0.dev3", "1.0a10"])
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", "latest_version") == [("1.0a10",)]
    assert {row[0] for row in rows_of(batch, "versions", "is_prerelease")} == {True}


# Files --------------------------------------------------------------------------------------------------------


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
        ("foo-1.0-py3-none-any.any.any-x.whl", "bdist_wheel", "py3"),
        ("foo-not.a.version!-py3-none-any.whl", "bdist_wheel", "py3"),
        ("foo-1.0-build-py3-none-any.whl", "bdist_wheel", "py3"),
    ],
)
def test_kinds_of_files(
    fake: FakeIndex, connect: Connect, filename: str, packagetype: str, python_version: str
) -> None:
    """Every kind of file is a row; of what is no wheel, or has a name that breaks the rules, no tags are told."""
    fake.world.upload("foo", "1.0", filename=filename, packagetype=packagetype, python_version=python_version)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    fields = ("filename", "packagetype", "python_version", "build_tag", "python_tags", "abi_tags", "platform_tags")
    assert rows_of(batch, "files", *fields) == [(filename, packagetype, python_version, None, None, None, None)]


def test_files_filed_elsewhere(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A file counts for the version that lists it, whatever its name says; one that two versions list counts once."""
    world.upload("foo", "1.0", filename="foo-2.0.tar.gz")
    world.upload("foo", "2.0", filename="bar-1.0-py3-none-any.whl")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    expected = [("1.0", "foo-2.0.tar.gz"), ("2.0", "bar-1.0-py3-none-any.whl")]
    assert rows_of(batch, "files", "version", "filename") == expected
    twice = {"filename": "a.tar.gz", "packagetype": "sdist"}
    world.override("/pypi/bar/json", {"info": {}, "releases": {"1": [twice], "2": [twice]}})
    (batch,) = read(connect(fake), ["bar"], choose_streams(["files"]))
    assert rows_of(batch, "files", "version", "filename") == [("1", "a.tar.gz")]


def test_two_sdists(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Two source distributions of a version are two files of it."""
    for suffix in ("tar.gz", "zip"):
        world.upload("foo", "1.0", filename=f"foo-1.0.{suffix}")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "files", "filename", "packagetype") == [("foo-1.0.tar.gz", "sdist"), ("foo-1.0.zip", "sdist")]
    assert rows_of(batch, "versions", "file_count", "has_sdist") == [(2, True)]


# Metadata -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requires_python", [">=3.6,", ">=3.5.*", ">=3.6, <4.0.0a", "3", "'>=2.7'", "~=3.x"])
def test_odd_requires_python(world: World, fake: FakeIndex, connect: Connect, requires_python: str) -> None:
    """What no one can parse is kept as it is, in project, version and file."""
    world.add("foo", requires_python=requires_python)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    told = [row for stream in ("projects", "versions", "files") for row in rows_of(batch, stream, "requires_python")]
    assert told == [(requires_python,)] * 4


def test_odd_requires_dist(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A requirement that no one can parse is a row beside those that parse."""
    requirements = ["pytz (>dev)", "", "ok>=1", "six (>=1.0.*)", "a @ b @ c", "\u00fc", "x; python_version >= 3"]
    world.add("foo", requires_dist=requirements)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    told = rows_of(batch, "dependencies", "position", "requirement")
    assert told == list(enumerate(requirements))
    parsed = rows_of(batch, "dependencies", "requirement", "parse_error")
    assert [text for text, error in parsed if error is None] == ["ok>=1"]
    assert rows_of(batch, "projects", "requires_dist") == [(requirements,)]


@pytest.mark.parametrize("nothing", [None, "", "UNKNOWN"])
def test_three_ways_to_say_nothing(world: World, fake: FakeIndex, connect: Connect, nothing: str | None) -> None:
    """Null, an empty text and UNKNOWN are null in our rows, and stay what they are in documents passed on."""
    fields = ("summary", "author", "author_email", "license", "home_page", "keywords", "requires_python")
    info: dict[str, Any] = dict.fromkeys(fields, nothing)
    world.add("foo", **info)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", *fields) == [(None,) * len(fields)]
    assert counts(batch)["urls"] == 0
    (document,) = rows_in(batch)["project"]
    assert {field: document["info"][field] for field in fields} == info


def test_project_urls_null(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project without addresses has null in its row, and no rows of addresses."""
    world.add("foo")
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", "project_urls", "home_page") == [(None, None)]
    assert counts(batch)["urls"] == 0


def test_a_whole_licence(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path) -> None:
    """A licence of a hundred thousand characters is loaded whole."""
    licence = "Permission is hereby granted,\r\n\tfree of charge \u2014 \n" * 2000
    world.add("foo", license=licence)
    streams = choose_streams(["projects", "project"])
    load(tmp_path / "x.duckdb", streams, list(read(connect(fake), ["foo"], streams)))
    assert loaded(tmp_path / "x.duckdb", "select license from projects") == [(licence,)]
    assert loaded(tmp_path / "x.duckdb", "select info ->> 'license' from project") == [(licence,)]


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
def test_names(world: World, fake: FakeIndex, connect: Connect, name: str, normalized: str) -> None:
    """A project is asked for by the normal form of its name, and keeps the name that its owners write."""
    world.add(name)
    (batch,) = read(connect(fake), [name], OF_PROJECT)
    assert batch.project == normalized
    assert rows_of(batch, "projects", "project", "name") == [(normalized, name)]
    assert {request.path for request in fake.requests} >= {f"/pypi/{normalized}/json"}
    assert batch.failures.keys() <= {"core_metadata", "attestations"}


# Texts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_odd_texts(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path, text: str) -> None:
    """Whatever characters a text has, it is loaded as it is: as a text, in a list, as a label, as part of a key."""
    world.add("foo", summary=text, classifiers=[text], project_urls={text: text}, requires_dist=[f"bar; {text}"])
    world.add_advisory("foo", "1.0", text)
    streams = choose_streams(["projects", "classifiers", "urls", "dependencies", "vulnerabilities"])
    (batch,) = read(connect(fake), ["foo"], streams)
    path = tmp_path / "x.duckdb"
    load(path, streams, [batch])
    assert loaded(path, "select summary, classifiers from projects") == [(text, [text])]
    assert loaded(path, "select classifier from classifiers") == [(text,)]
    assert loaded(path, "select label, url from urls") == [(text, text)]
    assert loaded(path, "select requirement from dependencies") == [(f"bar; {text}",)]
    assert loaded(path, "select id from vulnerabilities") == [(text,)]
    assert batch.invalid_fields == ()


def test_lone_surrogates(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path) -> None:
    """Half a surrogate pair, which JSON can write and nothing can hold, is loaded as U+FFFD, in values and keys."""
    body = (
        rb'{"info":{"version":"1.0","summary":"a\ud83db","classifiers":["\udc0d"],"project_urls":{"x\ud83d":"\udc0d"}}}'
    )
    world.override("/pypi/foo/json", body)
    streams = choose_streams(["projects", "project", "classifiers", "urls"])
    load(tmp_path / "x.duckdb", streams, list(read(connect(fake), ["foo"], streams)))
    assert loaded(tmp_path / "x.duckdb", "select summary, classifiers from projects") == [("a\ufffdb", ["\ufffd"])]
    assert loaded(tmp_path / "x.duckdb", "select label, url from urls") == [("x\ufffd", "\ufffd")]
    assert loaded(tmp_path / "x.duckdb", "select info ->> 'summary' from project") == [("a\ufffdb",)]


def test_recordings_are_loaded(tmp_path: Path) -> None:
    """A real document's rows are in the tables, as many as were made."""
    visit = visit_recorded("zope-interface")
    made = {stream.name: list(stream.rows(visit)) for stream in OF_PROJECT if stream.name != "statuses"}
    load(tmp_path / "x.duckdb", OF_PROJECT, [batch_with("zope-interface", made)])
    for name, rows in made.items():
        assert loaded(tmp_path / "x.duckdb", f"select count(*) from {name}") == [(len(rows),)]


# Sizes --------------------------------------------------------------------------------------------------------


def test_five_thousand_versions(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project of five thousand versions is one request, and its versions sort."""
    versions = [f"{major}.{minor}.dev{major * minor}" for major in range(50) for minor in range(100)]
    with world.one_change("foo"):
        for version in versions:
            world.release("foo", version)
    (batch,) = read(connect(fake), ["foo"], choose_streams(None))
    assert counts(batch) == {"projects": 1, "versions": 5000, "files": 0}
    assert fake.counts == {"/pypi/foo/json": 1}
    by_key = sorted(rows_of(batch, "versions", "sort_key", "version"), key=itemgetter(0))
    assert [version for _, version in by_key] == versions


def test_four_thousand_files(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project of four thousand files, in more than three megabytes, is read whole; its page agrees."""
    with world.one_change("foo"):
        for number in range(4000):
            tag = f"cp3{number % 20}-cp3{number % 20}-manylinux_2_{number % 7}_x86_64"
            world.upload("foo", f"1.{number // 100}", filename=f"foo-1.{number // 100}-{number}-{tag}.whl")
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "statuses"]))
    assert counts(batch) == {"files": 4000, "statuses": 1}
    assert rows_of(batch, "statuses", "status", "file_count", "agree") == [("active", 4000, True)]
    assert len(project_document(world.projects["foo"], View(ROOT)) or b"") > 3_000_000
    assert fake.counts == {"/pypi/foo/json": 1, "/simple/foo/": 1}


# Pages --------------------------------------------------------------------------------------------------------


def test_a_page_without_versions_and_sizes(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A page of version 1.0 of the interface has neither versions nor sizes nor status (index-api.md 7.4)."""
    world.add("foo")
    names = sorted(world.projects["foo"].releases["1.0"].files)
    files = [{"filename": name, "url": f"../../files/{name}", "hashes": {}} for name in names]
    world.override("/simple/foo/", {"meta": {"api-version": "1.0"}, "name": "foo", "files": files})
    (batch,) = read(connect(fake), ["foo"], choose_streams(["statuses"]))
    told = rows_of(batch, "statuses", "status", "file_count", "agree", "serial")
    assert told == [("active", 2, True, None)]


def test_an_index_of_html_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index that has pages as HTML only is said so for the streams that read them; the others are read."""
    world.add("foo")
    world.override("/simple/foo/", b"<!DOCTYPE html>\n<html><body><a href='x'>x</a></body></html>", "text/html")
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "statuses"]))
    assert counts(batch) == {"files": 2}
    assert set(batch.failures) == {"statuses"}
    message = str(batch.failures["statuses"])
    assert f"{fake.url}/simple/foo/" in message
    assert "JSON (PEP 691" in message


# A document of which anything may be wrong --------------------------------------------------------------------


def visit_of(document: Document[Project], page: Document[Page]) -> ProjectDocuments:
    """A visit that brought everything that can be made of a document and a page."""
    version = document.content.info.version or ""
    views = (ReleaseView(version, document.content, document, tuple(document.content.urls or ())),)
    return ProjectDocuments(project="foo", document=document, releases=views, page=page, use_core_metadata=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(changes())
def test_whatever_is_wrong_with_a_document(changed: list[tuple[Any, str, Any]]) -> None:
    """Whatever is missing, null or wrong in a document, every stream makes its rows, and none is lost."""
    sent, wrong = copy.deepcopy(WHOLE), 0
    for path, what, instead in changed:
        place(sent, path, {"missing": MISSING, "null": None, "wrong": instead}[what])
        wrong += what == "wrong" or (what == "null" and isinstance(path[-1], int))
    body = json.dumps(cleaned(sent)).encode()
    document = open_document(body, Project, f"{ROOT}/pypi/foo/json")
    page = {"files": [], "project-status": cleaned(sent).get("ownership")}
    visit = visit_of(document, open_document(json.dumps(page).encode(), Page, f"{ROOT}/simple/foo/"))
    made = {stream.name: list(stream.rows(visit)) for stream in OF_PROJECT}
    content = document.content
    listed = [file for files in content.listed().values() for file in files]
    assert len(document.invalid_fields) == wrong
    assert len(made["versions"]) == len(content.listed())
    assert len(made["files"]) == len(
        {name for file in listed if (name := file.filename or (file.url or "").split("/")[-1])}
    )
    assert len(made["dependencies"]) == len(content.info.requires_dist or ())
    assert len(made["classifiers"]) == len(set(content.info.classifiers or ()))
    assert (len(made["projects"]), len(made["statuses"]), len(made["release"])) == (1, 1, 1)
    for stream in OF_PROJECT:
        encoded = [msgspec.json.decode(msgspec.json.encode(row)) for row in made[stream.name]]
        keys = [tuple(row[name] for name in stream.key) for row in encoded]
        assert len(set(keys)) == len(keys)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["projects", "files", "meta", "project-status", "name"]), JSON), JSON, LETTERS)
def test_whatever_is_wrong_with_a_page(given_keys: dict[str, Any], value: Any, key: str) -> None:
    """Whatever a page or a list holds, it is refused, or every stream makes its rows of it."""
    project = {"name": value, "_last-serial": value}
    for tree in (given_keys, {"projects": [project, value], "files": [{"filename": value, key: value}, value]}):
        body = json.dumps(tree).encode()
        try:
            visit = ProjectDocuments(
                project="foo", page=open_document(body, Page, ROOT), listing=open_document(body, Listing, ROOT)
            )
        except DocumentError:
            continue
        for stream in STREAMS:
            for row in stream.rows(visit):
                msgspec.json.encode(row)
