"""Unusual metadata of recorded projects."""

from typing import Any

from source_pypi.streams.dependencies import dependencies_rows
from source_pypi.streams.files import File, files_rows
from source_pypi.streams.projects import Project, projects_rows
from source_pypi.streams.roles import Role, roles_rows
from source_pypi.streams.urls import Url, urls_rows
from source_pypi.streams.versions import Version, versions_rows
from tests.recordings import NAMES, recorded, recorded_documents
from tests.streams import ROOT


def test_unknown_values_are_null() -> None:
    """A project whose metadata is UNKNOWN has null values, and its name 0-._.-._.-0 is normalised."""
    nothing = ("summary", "author", "author_email", "maintainer", "maintainer_email", "license", "license_expression")
    also = ("license_files", "keywords", "requires_python", "requires_dist", "extras", "home_page", "yanked_reason")
    expected = Project(
        project="0-0",
        name="0-._.-._.-._.-._.-._.-._.-0",
        latest_version="0.1",
        classifiers=[],
        project_urls={"Download": None, "Homepage": None},
        yanked=False,
        version_count=1,
        file_count=0,
        total_size=0,
        serial=1448421,
        source="document",
        **dict.fromkeys((*nothing, *also, "organization", "first_upload_at", "last_upload_at")),
    )
    assert list(projects_rows(recorded_documents("0-0"))) == [expected]
    assert list(urls_rows(recorded_documents("0-0"))) == []


def test_empty_texts_are_null() -> None:
    """Empty texts are null; texts that only look empty are not."""
    document = recorded("cx-oracle").content.info
    assert (document.maintainer, document.requires_python, document.author) == ("", "", '"Anthony Tuininga",')
    (row,) = projects_rows(recorded_documents("cx-oracle"))
    assert isinstance(row, Project)
    assert (row.maintainer, row.requires_python, row.author) == (None, None, '"Anthony Tuininga",')


def test_long_licence_is_whole() -> None:
    """A licence of many lines is not cut."""
    (row,) = projects_rows(recorded_documents("terminado"))
    assert isinstance(row, Project)
    assert row.license is not None
    assert row.license == recorded("terminado").content.info.license
    assert (len(row.license), row.license[:20]) == (1392, "BSD 2-Clause License")


def test_invalid_requires_python_is_unchanged() -> None:
    """A requires_python that is invalid in PEP 440 is unchanged in files and versions."""
    documents = recorded_documents("pylint")
    rows = [*versions_rows(documents), *files_rows(documents)]
    of_one = [row for row in rows if isinstance(row, Version | File) and row.version == "2.0.0"]
    assert [(type(row).__name__, row.requires_python) for row in of_one] == [
        ("Version", ">=3.4.*"),
        ("File", ">=3.4.*"),
        ("File", ">=3.4.*"),
    ]


def test_unknown_urls_have_no_rows() -> None:
    """Of two URLs, one of them UNKNOWN, the other has a row under each of its labels."""
    assert list(urls_rows(recorded_documents("wsgiref"))) == [
        Url(
            project="wsgiref",
            version="0.1.2",
            label=label,
            well_known="homepage",
            url=f"{ROOT}/pypi/wsgiref",
            source=source,
            read_from="document",
        )
        for label, source in (("Homepage", "project_urls"), ("Home-page", "home_page"))
    ]


def test_project_of_an_organization_without_users() -> None:
    """A project may belong to an organization and to no user."""
    (row,) = projects_rows(recorded_documents("twisted"))
    assert isinstance(row, Project)
    assert row.organization == "twisted"
    assert list(roles_rows(recorded_documents("twisted"))) == []
    assert list(roles_rows(recorded_documents("wsgiref"))) == [Role(project="wsgiref", role="Owner", user="user-1")]


def test_all_requirements_are_valid() -> None:
    """Every requirement of the recorded projects is valid, and has its extra if it has one."""
    rows: list[Any] = [row for name in NAMES for row in dependencies_rows(recorded_documents(name))]
    assert [row.requirement for row in rows if row.parse_error is not None] == []
    assert [row.requirement for row in rows if ("extra" in row.requirement) != (row.extra is not None)] == []
