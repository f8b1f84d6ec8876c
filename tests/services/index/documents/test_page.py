"""services/index/documents/page.py: project pages and the list of projects."""

from datetime import UTC
from typing import Any

import pytest

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents import Listed, Listing, Page, PageFile, ProjectStatus, open_document
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.services.index.documents.page import Meta, serial_of, unsupported_version
from tests.fake_index import World
from tests.fake_index.documents import View, listing_json, page_html, page_json

ADDRESS = "http://index.test/simple/foo/"
A_PAGE = "a project page as JSON (PEP 691, with 'files')"
A_LIST = "the list of projects as JSON (PEP 691, with 'projects')"


def sample_world() -> World:
    """A world with one archived project with two files."""
    world = World()
    world.add("Foo", ["1.0"])
    world.backfill("foo-1.0.tar.gz", provenance={})
    world.archive("Foo")
    return world


def test_page_of_the_index() -> None:
    """A page is typed: files, versions, status and serial."""
    world = sample_world()
    document = open_document(page_json(world.projects["foo"], View("http://index.test")), Page, ADDRESS)
    files = world.projects["foo"].releases["1.0"].files
    integrity = "http://index.test/integrity/foo/1.0/foo-1.0.tar.gz/provenance"
    assert document.invalid_fields == ()
    assert document.content == Page(
        files=[
            PageFile(
                filename=name,
                url=f"http://index.test/{file.path()}",
                hashes={"sha256": file.all_digests()["sha256"]},
                size=file.size,
                upload_time=file.uploaded_at.replace(tzinfo=UTC),
                yanked=False,
                core_metadata={"sha256": file.core_metadata} if file.core_metadata else False,
                provenance=integrity if name.endswith(".gz") else None,
            )
            for name, file in sorted(files.items())
        ],
        meta=Meta("1.4", world.projects["foo"].last_serial),
        name="foo",
        versions=["1.0"],
        status=ProjectStatus("archived"),
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"files":[]}', Page(files=[])),
        (b'{"files":[{}],"meta":{}}', Page(files=[PageFile()], meta=Meta())),
        (b'{"files":[],"meta":{"_last-serial":"7"}}', Page(files=[], meta=Meta(last_serial="7"))),
        (b'{"files":[],"versions":[],"project-status":{}}', Page(files=[], versions=[], status=ProjectStatus())),
        (
            b'{"files":[{"filename":"a","yanked":"why","size":null,"hashes":{}}],"alternate-locations":[]}',
            Page(files=[PageFile("a", hashes={}, yanked="why")]),
        ),
    ],
)
def test_optional_keys(body: bytes, expected: Page) -> None:
    """A page may omit versions, sizes, status and serial (index-api.md 7.4), and have unknown keys."""
    document = open_document(body, Page, ADDRESS)
    assert (document.content, document.invalid_fields) == (expected, ())


def test_page_of_an_archived_project() -> None:
    """The page of an archived project without files is read (index-api.md 3)."""
    body = (
        b'{"alternate-locations":[],"files":[],"meta":{"_last-serial":22222086,"api-version":"1.4"},"name":"pil",'
        b'"project-status":{"status":"archived"},"versions":[]}'
    )
    expected = Page([], Meta("1.4", 22222086), "pil", [], ProjectStatus("archived"))
    assert open_document(body, Page, ADDRESS).content == expected


def test_invalid_fields_of_a_page() -> None:
    """A value of a wrong type is null and reported."""
    body = b'{"files":[{"filename":1,"url":"u"},7],"meta":[],"name":{},"versions":[1,"2"],"project-status":"active"}'
    document = open_document(body, Page, ADDRESS)
    assert document.content == Page(files=[PageFile(url="u")], versions=["2"])
    assert document.invalid_fields == (
        InvalidField("$.files[0].filename", "text", "1"),
        InvalidField("$.files[1]", "an object", "7"),
        InvalidField("$.meta", "an object", "[]"),
        InvalidField("$.name", "text", "{}"),
        InvalidField("$.versions[0]", "text", "1"),
        InvalidField("$.project-status", "an object", "'active'"),
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"files":null}', b'{"files":{}}', b'{"projects":[]}', b"404"])
def test_body_without_files_is_refused(body: bytes) -> None:
    """A body without ``files`` is not a page."""
    with pytest.raises(DocumentError) as caught:
        open_document(body, Page, ADDRESS)
    assert (caught.value.url, caught.value.expected) == (ADDRESS, A_PAGE)


def test_html_page_is_refused() -> None:
    """The error for HTML names the expected document and quotes the beginning."""
    body = page_html(sample_world().projects["foo"], View("http://index.test"))
    with pytest.raises(DocumentError) as caught:
        open_document(body, Page, ADDRESS)
    assert (caught.value.expected, caught.value.found[:33]) == (A_PAGE, '\'<!DOCTYPE html> <html lang="en">')


def test_list_of_projects() -> None:
    """The list is typed: names and serials."""
    world = sample_world()
    body = listing_json(world.projects.values(), world.serial)
    document = open_document(body, Listing, "http://index.test/simple/")
    serial = world.projects["foo"].last_serial
    assert document.content == Listing([Listed("Foo", serial)], Meta("1.4", world.serial))
    assert document.invalid_fields == ()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"projects":null}', b'{"projects":{}}', b'{"files":[]}', b"<html>"])
def test_body_without_projects_is_refused(body: bytes) -> None:
    """A body without ``projects`` is not the list of projects."""
    with pytest.raises(DocumentError) as caught:
        open_document(body, Listing, ADDRESS)
    assert caught.value.expected == A_LIST


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        (-1, -1),
        ("7", 7),
        ("0", 0),
        (None, None),
        ("", None),
        (" 7", None),
        ("7.0", None),
        ("-7", None),
        ("\u0667", None),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
    ],
)
def test_serial_of_text_and_number(value: Any, expected: int | None) -> None:
    """A serial is an integer of 64 bits, or a text of ASCII digits."""
    assert serial_of(value) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0", None),
        ("1.99", None),
        ("1", None),
        ("1.4.2", None),
        ("", None),
        (None, None),
        ("2.0", "2.0"),
        ("10.1", "10.1"),
        ("new", "new"),
    ],
)
def test_unsupported_version_of_the_format(version: str | None, expected: str | None) -> None:
    """A page with another major version is not read (PEP 629)."""
    assert unsupported_version(Meta(api_version=version)) == expected
    assert unsupported_version(None) is None
