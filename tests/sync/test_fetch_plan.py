"""sync/fetch_plan.py: which documents are requested, and on which condition."""

from typing import Any

import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.services.index.documents import ABSENT, UNCHANGED, Fingerprint
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.sync.fetch_plan import (
    FetchPlan,
    file_conditions,
    in_full,
    make_fetch_plan,
    needs_page,
    page_condition,
    project_condition,
    release_changed,
    releases_to_recheck,
)
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import CODES, Partition, ProjectState

A, B = fingerprint_of('"a"', b"", 5), fingerprint_of('"b"', b"", 6)
PROJECT, PAGE, RELEASES = DocumentKind.PROJECT, DocumentKind.PAGE, DocumentKind.RELEASES
CORE_METADATA, PROVENANCE = DocumentKind.CORE_METADATA, DocumentKind.PROVENANCE


def previous(name: str = "statuses", *, full_check: bool = False, **changes: Any) -> PreviousState:
    """What a stream that read document A and page B has in state."""
    fingerprints = {CODES[PROJECT]: A, CODES[PAGE]: B}
    state = replace(ProjectState(1, b"term", True, 5, fingerprints, {}), **changes)
    return PreviousState(choose_streams([name]), {name: state}, frozenset({name}), full_check)


# Plans --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "settings", "expected"),
    [
        (["release"], {}, FetchPlan(frozenset({RELEASES}))),
        (["dependencies"], {}, FetchPlan(frozenset({RELEASES}), metadata=True)),
        (["dependencies"], {"releases": "all"}, FetchPlan(frozenset({RELEASES}), "all", metadata=True)),
        (
            ["dependencies"],
            {"core_metadata": True},
            FetchPlan(frozenset({RELEASES}), use_core_metadata=True, metadata=True),
        ),
        (["files", "statuses"], {"core_metadata": True}, FetchPlan(frozenset({PROJECT, PAGE}), pages=True)),
        (["dependencies"], {"follow_dependencies": 1}, FetchPlan(frozenset({RELEASES, PROJECT}), metadata=True)),
        (
            ["files"],
            {"follow_dependencies": 1, "core_metadata": True},
            FetchPlan(frozenset({PROJECT}), use_core_metadata=True, pages=True, metadata=True),
        ),
    ],
    ids=lambda value: None if isinstance(value, FetchPlan) else str(value),
)
def test_plan_has_what_streams_read_and_settings_need(
    names: list[str], settings: dict[str, Any], expected: FetchPlan
) -> None:
    """A plan has the documents that streams read; core metadata is used if something is filled from it."""
    assert make_fetch_plan(choose_streams(names), make_config(settings)) == expected


# The project document and the page ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("follow", "requirements", "expected"),
    [(False, None, A), (True, ("bar",), A), (True, None, in_full(A))],
)
def test_document_comes_in_full_if_its_requirements_are_unknown(
    follow: bool, requirements: tuple[str, ...] | None, expected: Fingerprint
) -> None:
    """Requirements that are needed and not in state are in the document only."""
    plan = FetchPlan(frozenset({PROJECT}), follow=follow)
    assert project_condition(plan, previous(requirements=requirements)) == expected
    assert in_full(A) == Fingerprint(serial=5)


@pytest.mark.parametrize(
    ("kinds", "absent", "has_document", "expected"),
    [
        ({PROJECT}, False, True, False),
        ({PROJECT}, True, False, True),
        ({PAGE}, False, False, True),
        ({PROVENANCE}, False, True, True),
        ({PROVENANCE}, False, False, False),
    ],
)
def test_page_is_needed(kinds: set[DocumentKind], absent: bool, has_document: bool, expected: bool) -> None:
    """The page is needed if a stream reads it, if it leads to provenance, or if it has to explain an absence."""
    assert needs_page(FetchPlan(frozenset(kinds)), absent=absent, has_document=has_document) is expected


@pytest.mark.parametrize(
    ("project", "absent", "expected"),
    [(A, False, B), (None, False, B), (B, False, in_full(B)), (ABSENT, True, in_full(B)), (None, True, in_full(B))],
)
def test_page_comes_in_full_if_the_document_changed(
    project: Fingerprint | None, absent: bool, expected: Fingerprint
) -> None:
    """The page is requested in full if rows have to be made of it and a document that changed, or is absent."""
    assert page_condition(previous(), project, absent=absent) == expected


# Releases -----------------------------------------------------------------------------------------------------

PARTITIONS = {"3.0": Partition(b"digest"), "2.0": Partition(b"digest", A), "1.0": Partition(b"digest", B)}


@pytest.mark.parametrize(
    ("kinds", "full_check", "pins", "expected"),
    [
        ({RELEASES}, False, (), []),
        ({RELEASES}, True, (), ["2.0", "1.0"]),
        ({RELEASES}, False, ("1", "3.0"), ["1.0"]),
        ({RELEASES}, False, ("9", "2.0"), ["2.0", "9"]),
        ({PROJECT}, True, ("1.0",), []),
    ],
    ids=["no pins", "full check", "pins in another spelling", "pin without state", "releases are not read"],
)
def test_releases_to_recheck(
    kinds: set[DocumentKind], full_check: bool, pins: tuple[str, ...], expected: list[str]
) -> None:
    """Pinned releases, or all in a full check, are requested of an unchanged project, if they have a document."""
    before = previous("release", full_check=full_check, partitions=PARTITIONS)
    assert releases_to_recheck(FetchPlan(frozenset(kinds)), before, pins) == expected


def test_release_that_was_not_received_has_not_changed() -> None:
    """A release document that is unchanged or absent makes no rows."""
    before = previous("release", partitions=PARTITIONS)
    assert [release_changed(before, "1.0", response) for response in (UNCHANGED, None)] == [False, False]


# Documents of files -------------------------------------------------------------------------------------------

FILES = {"known": Partition(b"digest", A)}


@pytest.mark.parametrize(
    ("unchanged", "full_check", "needed_in_full", "expected"),
    [
        (True, False, (), {"known": None}),
        (True, True, (), {"known": None, "new": Fingerprint()}),
        (False, False, (), {"known": A, "new": Fingerprint()}),
        (True, False, ("known", "new"), {"known": in_full(A), "new": Fingerprint()}),
    ],
    ids=["unchanged", "full check", "changed", "needed in full"],
)
def test_conditions_of_the_documents_of_files(
    unchanged: bool, full_check: bool, needed_in_full: tuple[str, ...], expected: dict[str, Fingerprint | None]
) -> None:
    """Behind unchanged documents, known files are not requested, and new ones by a full check only."""
    before = previous("core_metadata", full_check=full_check, partitions=FILES)
    conditions = file_conditions(
        CORE_METADATA, ["known", "new"], before, unchanged=unchanged, needed_in_full=needed_in_full
    )
    assert conditions == expected
