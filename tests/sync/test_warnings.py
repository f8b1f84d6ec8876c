"""sync/warnings.py: what the user should know of a project that is absent, or whose documents have keys of ours."""

import json
from typing import Any

import pytest

from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT, Release, Statistics, open_document
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from source_pypi.sync.batch import Notice
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.notices import NoticeKind
from source_pypi.sync.warnings import absence_notices, absence_warnings, own_key_warnings
from tests.batches import batch_with, rows_in
from tests.streams import ROOT, documents_with
from tests.sync.batching import BEFORE, FOO, absent, batch, previous

REMOVED = (Notice(NoticeKind.REMOVED_ROWS),)


def test_named_project_that_never_existed_is_missing() -> None:
    """A named project that the index has never had is missing, without a warning."""
    given = batch(absent(), previous("files"))
    assert (given.missing, given.warnings, rows_in(given)) == (True, (), {"files": []})


def test_unnamed_project_that_does_not_exist_is_a_warning() -> None:
    """A project that is only listed or required, and does not exist, is a warning."""
    result = FetchResult(
        SelectedProject("foo", named=False),  # type: ignore[arg-type]
        ProjectDocuments(project="foo"),
        {DocumentKind.PROJECT: ABSENT},
        missing=True,
    )
    given = batch(result, previous("files"))
    warning = "foo is listed or required, but the index does not have it"
    assert (given.missing, given.warnings) == (False, (warning,))


def test_removed_project_is_reported_and_deletes_its_rows() -> None:
    """A removed project is reported with others, and its rows are deleted."""
    given = batch(absent(warnings=["first"]), previous("files", states={"files": BEFORE}), keys=True)
    assert (given.missing, given.warnings, given.notices) == (False, ("first",), REMOVED)
    assert given.changes["files"].deleted_keys == [{"project": "foo", "filename": "a.whl"}]


@pytest.mark.parametrize(
    ("known", "missing_projects", "missing", "missing_allowed", "warnings"),
    [
        (False, "auto", True, False, ()),
        (False, "fail", True, False, ()),
        (False, "warn", False, True, ("foo is not on the index: check the spelling",)),
        (True, "auto", False, False, ()),
        (True, "fail", True, False, ()),
        (True, "warn", False, True, ()),
    ],
)
def test_named_project_that_does_not_exist(
    known: bool, missing_projects: str, missing: bool, missing_allowed: bool, warnings: tuple[str, ...]
) -> None:
    """A project that never existed is an error or a warning, as the setting says; one that existed is reported."""
    before = previous("files", states={"files": BEFORE} if known else {})
    given = batch(absent(), before, missing_projects=missing_projects)
    assert (given.missing, given.missing_allowed, given.warnings) == (missing, missing_allowed, warnings)
    assert given.notices == (REMOVED if known else ())


def test_project_that_exists_has_no_warning() -> None:
    """A project that the index has is no reason for a warning."""
    existing = FetchResult(FOO, ProjectDocuments(project="foo"))
    before = previous("files", states={"files": BEFORE})
    assert absence_warnings(existing, before, named=True, allowed=False) == []
    assert absence_notices(existing, before) == []


OURS = {"VERSION": 1, "PROJECT": "bar", "_ab_cdc_deleted_at": None}


@pytest.fixture
def documents() -> ProjectDocuments:
    """Documents of every kind that becomes a row as a whole, each with keys that are names of columns."""
    document = documents_with({"info": {"name": "foo", "version": "1.0"}, **OURS}).document
    release = open_document(json.dumps({"info": {}, **OURS}).encode(), Release, f"{ROOT}/pypi/foo/1.0/json")
    statistics = open_document(json.dumps({"top_packages": {}, **OURS}).encode(), Statistics, f"{ROOT}/stats/")
    view = ReleaseView("1.0", release.content, release)
    return ProjectDocuments(project="foo", document=document, releases=(view,), statistics=statistics)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"project": [{}]}, {"/pypi/foo/json": "PROJECT, _ab_cdc_deleted_at"}),
        ({"release": [{}]}, {"/pypi/foo/1.0/json": "PROJECT, VERSION, _ab_cdc_deleted_at"}),
        ({"stats": [{}]}, {"/stats/": "_ab_cdc_deleted_at"}),
        ({"project": []}, {}),
        ({"files": [{}]}, {}),
        ({}, {}),
    ],
    ids=["project", "release", "stats", "without rows", "another stream", "unchanged"],
)
def test_keys_that_are_columns_of_ours(
    documents: ProjectDocuments, changes: dict[str, list[Any]], expected: dict[str, str]
) -> None:
    """Keys that would set columns of ours, in any case, are a warning if the document becomes a row as a whole."""
    made = batch_with("foo", changes).changes
    assert own_key_warnings(choose_streams(["all"]), documents, made) == [
        f"{ROOT}{path} has keys that are columns of source-pypi, which are left out: {names}"
        for path, names in expected.items()
    ]
