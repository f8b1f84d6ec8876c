"""``projects``: a row for each project, flat."""

from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.streams.projects import Project, projects_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.streams import visit_to, visit_with

#: A row of a project of which the index says nothing.
NOTHING: dict[str, Any] = dict.fromkeys(Project.__struct_fields__) | {"project": "foo"}


def row(document: dict[str, Any], *, serial: int | None = None) -> Any:
    """The one row that is made of a document."""
    (made,) = projects_rows(visit_with(document, serial=serial))
    return made


def test_a_project_of_the_index() -> None:
    """A row tells what the latest release says, who owns the project, and how much there is of it."""
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
    )
    assert list(projects_rows(visit_to(world, "flask-web"))) == [expected]


def test_a_project_of_which_everything_is_yanked() -> None:
    """Where all releases are yanked, so is the latest, and the row says why."""
    world = World()
    world.add("foo", ["1.0", "2.0"])
    world.yank("foo", "1.0")
    world.yank("foo", "2.0", "broken")
    (made,) = projects_rows(visit_to(world, "foo"))
    assert isinstance(made, Project)
    assert (made.latest_version, made.yanked, made.yanked_reason) == ("2.0", True, "broken")


def test_a_document_that_says_nothing() -> None:
    """Of a document that says nothing there is a row, in which everything is null."""
    assert row({"info": {}}) == Project(**NOTHING)


def test_a_document_in_which_everything_is_null() -> None:
    """Null is like not there."""
    nulls = dict.fromkeys(("name", "version", "summary", "keywords", "classifiers", "project_urls", "yanked"))
    document = {"info": nulls, **dict.fromkeys(("last_serial", "ownership", "releases", "urls", "vulnerabilities"))}
    assert row(document) == Project(**NOTHING)


def test_texts_that_mean_nothing() -> None:
    """Empty texts and UNKNOWN are null, empty lists and objects are not."""
    given = dict.fromkeys(("name", "version", "summary", "author", "author_email", "maintainer"), "UNKNOWN")
    given |= dict.fromkeys(("maintainer_email", "license", "license_expression", "keywords", "home_page"), "")
    lists: dict[str, Any] = {"classifiers": [], "requires_dist": [], "provides_extra": [], "license_files": []}
    expected = NOTHING | {"classifiers": [], "requires_dist": [], "extras": [], "license_files": [], "project_urls": {}}
    document = {"info": given | lists | {"project_urls": {}}, "ownership": {"roles": [], "organization": ""}}
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
def test_serial(document: dict[str, Any], sent: int | None, expected: int | None) -> None:
    """The serial is the document's, or where it has none, the header's."""
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
def test_counts(releases: dict[str, Any], expected: dict[str, int]) -> None:
    """Versions are counted with and without files, and sizes are added up as far as they are known."""
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
def test_uploads(times: list[str | None], first: datetime | None, last: datetime | None) -> None:
    """First and last upload are compared in UTC; times that cannot be read do not count."""
    files = [{"upload_time_iso_8601": time} for time in times]
    counts: dict[str, Any] = {"version_count": 1, "file_count": len(files), "total_size": None}
    expected = NOTHING | counts | {"first_upload_at": first, "last_upload_at": last}
    assert row({"info": {}, "releases": {"1.0": files}}) == Project(**expected)


def test_a_sum_that_no_column_holds() -> None:
    """Sizes that add up to more than 64 bits do not make a row that no table can hold."""
    made = row({"info": {}, "releases": {"1.0": [{"size": 2**63 - 1}], "2.0": [{"size": 2**63 - 1}]}})
    assert made.total_size is None or made.total_size < 2**63


def test_no_document_no_row() -> None:
    """Where there is no document there is no row."""
    assert list(projects_rows(ProjectDocuments(project="foo"))) == []
    assert list(projects_rows(ProjectDocuments(project=None))) == []
