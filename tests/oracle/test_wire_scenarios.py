"""Single promises about the wire, and indexes that refuse or are gone, each kept or broken by one fault."""

from pathlib import Path

import pytest

from tests.oracle import checks
from tests.oracle.product import names
from tests.oracle.simulator.documents import Style
from tests.oracle.stage import Staged, fault


@pytest.mark.parametrize("name", ["interim-102", "interim-103"])
def test_an_interim_response(tmp_path: Path, staged: Staged, name: str) -> None:
    """An interim response before the answer is skipped: the rows are right, nothing is reported."""
    with staged(tmp_path) as stage:
        outcome = stage.load(fault(name, times=-1))
        assert (outcome.status, stage.differences()) == (0, [])


@pytest.mark.parametrize("name", ["duplicated", "late-body", "late-absence", "late-304"])
def test_bytes_behind_an_answer(tmp_path: Path, staged: Staged, name: str) -> None:
    """What comes behind an answer never becomes rows of the project that is asked for next."""
    with staged(tmp_path) as stage:
        outcome = stage.load(fault(name, times=3))
        assert stage.unsound(outcome) == []


@pytest.mark.parametrize("name", ["duplicated", "late-body", "late-absence"])
def test_a_connection_out_of_step(tmp_path: Path, staged: Staged, name: str) -> None:
    """One answer too many costs its own project at most: the others are read over another connection."""
    with staged(tmp_path, streams=("files", "statuses"), projects=10) as stage:
        stage.load(fault(name, 1))
        assert stage.differences("proj-1-x") == []


@pytest.mark.parametrize("name", ["foreign", "redirect-foreign"])
def test_the_document_of_another_project(tmp_path: Path, staged: Staged, name: str) -> None:
    """A document that names another project is an error that names the project which was asked for, and no row."""
    with staged(tmp_path) as stage:
        outcome = stage.load(fault(name, 2, times=-1))
        rows = [key for table in stage.there().values() for key, row in table.items() if row["project"] == "proj-2-x"]
        assert (outcome.status, rows) == (1, [])
        assert any(names("proj-2-x", line) for line in checks.errors(outcome))


def test_a_negative_chunk_size(tmp_path: Path, staged: Staged) -> None:
    """A chunk of negative size is a fault of that answer: the other projects are read, and no stack is printed."""
    with staged(tmp_path) as stage:
        outcome = stage.load(fault("negative-chunk", 1, times=-1))
        assert (outcome.traceback, stage.differences("proj-1-x")) == (False, [])


@pytest.mark.parametrize("name", ["endless-trailers", "endless-extension", "endless-chunks", "endless-headers"])
def test_an_endless_answer(tmp_path: Path, staged: Staged, name: str) -> None:
    """An answer that never ends is given up after the timeout, whatever it is that goes on."""
    with staged(tmp_path) as stage:
        stage.load(fault(name, 1), request_timeout_seconds=1)
        assert (stage.simulator.endured, stage.differences("proj-1-x")) == ([], [])


def test_an_index_that_is_gone(tmp_path: Path, staged: Staged) -> None:
    """An index that answers 404 to everything removes nothing."""
    with staged(tmp_path) as stage:
        stage.load()
        outcome = stage.load(fault("http-404", kind="*", times=-1))
        assert (outcome.status, stage.differences()) == (1, [])


@pytest.mark.parametrize("name", ["http-403", "http-451", "json-error"])
def test_refused_neighbours(tmp_path: Path, staged: Staged, name: str) -> None:
    """Three projects in a row that are refused do not keep the others from being read."""
    refused = ("proj-1-x", "proj-2-x", "proj-3-x")
    with staged(tmp_path) as stage:
        outcome = stage.load(*(fault(name, number, times=-1) for number in (1, 2, 3)))
        assert (outcome.status, stage.differences(*refused)) == (1, [])
        assert all(names(one, outcome.said) for one in refused)


@pytest.mark.parametrize(
    "name",
    [
        "http-500",
        *("broken-gzip", "cut", "odd-chunk", "reset"),
    ],
)
def test_the_first_project_fails(tmp_path: Path, staged: Staged, name: str) -> None:
    """A project that fails each time does not keep the others from being read, even if it is the first one."""
    with staged(tmp_path) as stage:
        outcome = stage.load(fault(name, 0, times=-1))
        assert (outcome.status, stage.differences("proj-0-x")) == (1, [])


def test_unauthorized_for_one_project(tmp_path: Path, staged: Staged) -> None:
    """401 for one project, after others were answered, is that project's failure."""
    with staged(tmp_path) as stage:
        outcome = stage.load(fault("http-401", 2, times=-1))
        assert (outcome.status, stage.differences("proj-2-x")) == (1, [])


def test_small_chunks(tmp_path: Path, staged: Staged) -> None:
    """A body that comes in chunks of two bytes takes no more memory than one that comes whole."""
    peaks = []
    for name in ("whole", "tiny"):
        folder = tmp_path / name
        folder.mkdir()
        with staged(folder, streams=("projects",), projects=1, style=Style(gzip=False)) as stage:
            stage.project(0).latest.metadata.description = "x" * 2_000_000
            faults = [fault("tiny-chunks", 0)] if name == "tiny" else []
            outcome = stage.load(*faults)
            assert stage.differences() == []
            peaks.append(outcome.peak_mb)
    assert peaks[1] < peaks[0] + 60
