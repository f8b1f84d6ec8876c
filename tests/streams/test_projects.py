"""``projects``: a row for each project."""

from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.streams.projects import Project, projects_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.streams import documents_of, documents_with

#: A row of a project of which the index says nothing.
NOTHING: dict[str, Any] = dict.fromkeys(Project.__struct_fields__) | {"project": "foo", "source": "document"}


def row(document: dict[str, Any], *, serial: int | None = None) -> Any:
    """The row of a document."""
    (made,) = projects_rows(documents_with(document, serial=serial))
    return made


def test_project_of_the_index() -> None:
    """A row has the metadata of the latest release, the owner, and totals over the releases."""
    world = World(serial=100)
    info: dict[str, Any] = {
        "author": "A. Uthor",
        "author_email": "a@example.com",
        "maintainer": "M. Aintainer",
        "maintainer_email": "m@example.com",
        "classifiers": ["Typing :: Typed"],
        "home_page": "https://example.com/",
        "keywords": "web, wsgi",
        "license": "see LICENSE",
        "license_expression": "BSD-3-Clause",
        "license_files": ["LICENSE"],
        "project_urls": {"Docs": "https://example.com/docs"},
        "provides_extra": ["async"],
        "requires_dist": ["werkzeug>=3"],
        "requires_python": ">=3.9",
        "summary": "A framework",
    }
    world.project("Flask.Web")
    world.set_organization("Flask.Web", "pallets")
    world.release("Flask.Web", "2.0", info)
    world.release("Flask.Web", "0.1", {"summary": "An idea"})
    for filename, version, size, when in (
        ("flask_web-2.0.tar.gz", "2.0", 1000, "2024-05-01T12:00:00.000001"),
        ("flask_web-2.0-py3-none-any.whl", "2.0", 200, "2024-05-01T12:00:00"),
        ("flask_web-1.0.tar.gz", "1.0", 30, "2020-01-01T00:00:00"),
    ):
        world.upload("Flask.Web", version, filename=filename, size=size, uploaded_at=when)
    expected = Project(
        project="flask-web",
        name="Flask.Web",
        latest_version="2.0",
        summary="A framework",
        author="A. Uthor",
        author_email="a@example.com",
        maintainer="M. Aintainer",
        maintainer_email="m@example.com",
        license="see LICENSE",
        license_expression="BSD-3-Clause",
        license_files=["LICENSE"],
        keywords=["web", "wsgi"],
        classifiers=["Typing :: Typed"],
        requires_python=">=3.9",
        requires_dist=["werkzeug>=3"],
        extras=["async"],
        project_urls={"Homepage": "https://example.com/", "Docs": "https://example.com/docs"},
        home_page="https://example.com/",
        yanked=False,
        yanked_reason=None,
        organization="pallets",
        version_count=3,
        file_count=3,
        total_size=1230,
        first_upload_at=datetime(2020, 1, 1, tzinfo=UTC),
        last_upload_at=datetime(2024, 5, 1, 12, 0, 0, 1, UTC),
        serial=world.projects["flask-web"].last_serial,
        source="document",
    )
    assert list(projects_rows(documents_of(world, "flask-web"))) == [expected]


def test_project_with_all_releases_yanked() -> None:
    """If all releases are yanked, the latest one is, and the row has the reason."""
    world = World()
    world.add("foo", ["1.0", "2.0"])
    world.yank("foo", "1.0")
    world.yank("foo", "2.0", "broken")
    (made,) = projects_rows(documents_of(world, "foo"))
    assert isinstance(made, Project)
    assert (made.latest_version, made.yanked, made.yanked_reason) == ("2.0", True, "broken")


def test_empty_document_is_a_row_of_nulls() -> None:
    """An empty document is a row in which everything is null."""
    assert row({"info": {}}) == Project(**NOTHING)


def test_null_values_are_like_missing_ones() -> None:
    """Null values give the same row as missing keys."""
    nulls = dict.fromkeys(("name", "version", "summary", "keywords", "classifiers", "project_urls", "yanked"))
    document = {"info": nulls, **dict.fromkeys(("last_serial", "ownership", "releases", "urls", "vulnerabilities"))}
    assert row(document) == Project(**NOTHING)


def test_empty_texts_are_null() -> None:
    """Empty texts and UNKNOWN are null; empty lists and objects are not."""
    info = dict.fromkeys(("name", "version", "summary", "author", "author_email", "maintainer"), "UNKNOWN")
    info |= dict.fromkeys(("maintainer_email", "license", "license_expression", "keywords", "home_page"), "")
    lists: dict[str, Any] = {"classifiers": [], "requires_dist": [], "provides_extra": [], "license_files": []}
    expected = NOTHING | {"classifiers": [], "requires_dist": [], "extras": [], "license_files": [], "project_urls": {}}
    document = {"info": info | lists | {"project_urls": {}}, "ownership": {"roles": [], "organization": ""}}
    assert row(document) == Project(**expected)


@pytest.mark.parametrize(
    ("document", "sent", "expected"),
    [
        ({"last_serial": 7}, None, 7),
        ({"last_serial": 7}, 8, 7),
        ({"last_serial": 0}, 8, 0),
        ({"last_serial": None}, 8, 8),
        ({}, 8, 8),
        ({"last_serial": "7"}, 8, 8),
        ({}, None, None),
    ],
)
def test_serial_of_document_or_header(document: dict[str, Any], sent: int | None, expected: int | None) -> None:
    """The serial is the document's, or the header's if the document has none."""
    assert row({"info": {}, **document}, serial=sent) == Project(**NOTHING | {"serial": expected})


@pytest.mark.parametrize(
    ("releases", "expected"),
    [
        ({}, {"version_count": 0, "file_count": 0, "total_size": 0}),
        ({"1.0": [], "2.0": None}, {"version_count": 2, "file_count": 0, "total_size": 0}),
        ({"1.0": [{}]}, {"version_count": 1, "file_count": 1, "total_size": None}),
        (
            {"1.0": [{"size": 5}, {"size": None}], "2.0": [{"size": 7}]},
            {"version_count": 2, "file_count": 3, "total_size": 12},
        ),
    ],
)
def test_versions_and_files_are_counted(releases: dict[str, Any], expected: dict[str, int]) -> None:
    """Versions count with or without files, and known sizes are added up."""
    assert row({"info": {}, "releases": releases}) == Project(**NOTHING | expected)


@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        ([None, "2024-01-01T00:00:00Z"], datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)),
        (
            ["2024-01-01T00:00:00", "2024-01-01T01:00:00+02:00", "2024-01-01T00:00:00.5Z"],
            datetime(2023, 12, 31, 23, tzinfo=UTC),
            datetime(2024, 1, 1, 0, 0, 0, 500_000, UTC),
        ),
        (["0001-01-01T00:00:00+02:00"], None, None),
        (["yesterday"], None, None),
    ],
)
def test_first_and_last_upload_in_utc(times: list[str | None], first: datetime | None, last: datetime | None) -> None:
    """The first and last uploads are compared in UTC; invalid times are ignored."""
    files = [{"upload_time_iso_8601": time} for time in times]
    counts: dict[str, Any] = {"version_count": 1, "file_count": len(files), "total_size": None}
    expected = NOTHING | counts | {"first_upload_at": first, "last_upload_at": last}
    assert row({"info": {}, "releases": {"1.0": files}}) == Project(**expected)


def test_total_size_above_64_bits_is_null() -> None:
    """A total size that exceeds 64 bits is null."""
    made = row({"info": {}, "releases": {"1.0": [{"size": 2**63 - 1}], "2.0": [{"size": 2**63 - 1}]}})
    assert made.total_size is None or made.total_size < 2**63


def test_missing_document_has_no_row() -> None:
    """Without a document there is no row."""
    assert list(projects_rows(ProjectDocuments(project="foo"))) == []
    assert list(projects_rows(ProjectDocuments(project=None))) == []
