"""Single promises about an index that has project pages and no project documents."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from tests.oracle import checks
from tests.oracle.plans import PAGE_STREAMS
from tests.oracle.product import names
from tests.oracle.simulator import content
from tests.oracle.simulator.documents import Style
from tests.oracle.stage import Staged, fault

PAGES = Style(documents=False)
HTML = Style(documents=False, pages="html")


@pytest.mark.parametrize("destination", ["duckdb", "read"])
@pytest.mark.parametrize("told", ["all", "no-times", "names", "bare"])
@pytest.mark.parametrize("pages", ["json", "html"])
def test_what_pages_tell(
    tmp_path: Path,
    staged: Staged,
    pages: Literal["json", "html"],
    told: Literal["all", "no-times", "names", "bare"],
    destination: str,
) -> None:
    """What pages tell is loaded, from JSON and HTML, and what they do not tell is null."""
    style = Style(documents=False, pages=pages, told=told)
    with staged(tmp_path, streams=PAGE_STREAMS, style=style, destination=destination) as stage:
        stage.project(1).status = "quarantined"
        stage.project(2).status, stage.project(2).status_reason = "archived", "done & over"
        next(iter(stage.project(0).releases.values())).yanked = True
        outcome = stage.load()
        assert (outcome.status, stage.differences()) == (0, [])


def test_whether_page_and_document_agree(tmp_path: Path, staged: Staged) -> None:
    """Where there is no document, there is nothing to compare: `agree` is null."""
    with staged(tmp_path, streams=("statuses",), style=PAGES) as stage:
        for number in range(6):
            content.add_file(Random(number), stage.index, stage.project(number), stage.project(number).latest)
        stage.load()
        assert {row["agree"] for row in stage.there()["statuses"].values()} == {None}


@pytest.mark.parametrize("name", ["foreign", "redirect-foreign"])
@pytest.mark.parametrize("style", [PAGES, HTML], ids=["json", "html"])
def test_the_page_of_another_project(tmp_path: Path, staged: Staged, style: Style, name: str) -> None:
    """A page of another project, or a redirect to one, is an error that names the project, and no row."""
    with staged(tmp_path, streams=("projects", "files"), style=style) as stage:
        for number in range(6):
            content.add_file(Random(number), stage.index, stage.project(number), stage.project(number).latest)
        stage.load()
        outcome = stage.load(fault(name, 2, kind="page", times=-1), full_check_days=0)
        assert (outcome.status, stage.differences()) == (1, [])
        assert any(names("proj-2-x", line) for line in checks.errors(outcome))


def test_a_name_in_the_list(tmp_path: Path, staged: Staged) -> None:
    """The name in the list is the one that the index lists: in HTML the text of a link (PEP 503)."""
    with staged(tmp_path, streams=("listing",), style=HTML) as stage:
        stage.load()
        assert stage.there()["listing"][("proj-1-x",)]["name"] == "Proj.1_x"


def test_documents_that_appear(tmp_path: Path, staged: Staged) -> None:
    """Where an index gets project documents later, a full check loads what they have more."""
    streams = ("projects", "versions", "files")
    with staged(tmp_path, streams=streams, style=PAGES) as stage:
        stage.load()
        stage.simulator.restyle(replace(PAGES, documents=True))
        stage.load(full_check_days=0)
        assert stage.differences() == []


@pytest.mark.parametrize("destination", ["duckdb", "read"])
def test_documents_that_disappear(tmp_path: Path, staged: Staged, destination: str) -> None:
    """Where an index loses all its project documents, and has its pages still, no row is lost, and the run fails."""
    streams = ("projects", "versions", "files")
    with staged(tmp_path, streams=streams, destination=destination) as stage:
        stage.load()
        before = stage.there()
        stage.simulator.restyle(PAGES)
        outcome = stage.load(full_check_days=0)
        assert (outcome.status, stage.there()) == (1, before)


@pytest.mark.parametrize("name", ["http-404", "html", "cut", "json-error", "http-403"])
def test_a_page_that_fails(tmp_path: Path, staged: Staged, name: str) -> None:
    """A page that cannot be read leaves the rows of its project, and those of the others are right."""
    with staged(tmp_path, streams=("projects", "versions", "files"), style=PAGES) as stage:
        for number in range(6):
            content.add_file(Random(number), stage.index, stage.project(number), stage.project(number).latest)
        stage.load()
        before = {table: set(rows) for table, rows in stage.there().items()}
        stage.load(fault(name, 2, kind="page", times=-1), full_check_days=0, max_deleted_share=1)
        there = {table: set(rows) for table, rows in stage.there().items()}
        gone = {key for table in before for key in before[table] - there[table] if key[0] != "proj-2-x"}
        assert (gone, there == before or name == "http-404") == (set(), True)
