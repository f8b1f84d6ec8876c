"""Single promises about what documents say, and what is remembered of them, each kept or broken by one fault."""

from pathlib import Path
from random import Random

import pytest

from tests.oracle.product import names
from tests.oracle.simulator import content
from tests.oracle.simulator.changes import CHANGES
from tests.oracle.simulator.doctored import PARTS
from tests.oracle.simulator.documents import Style
from tests.oracle.stage import DOCUMENT_STREAMS, Staged, fault


@pytest.mark.parametrize(
    ("destination", "column"),
    [
        ("duckdb", "_ab_cdc_deleted_at"),
        ("duckdb", "project"),
        ("duckdb", "version"),
        ("read", "seen_at"),
        ("read", "project"),
        ("read", "version"),
        ("duckdb", "seen_at"),
        ("read", "_ab_cdc_deleted_at"),
    ],
)
def test_a_key_named_like_our_columns(tmp_path: Path, staged: Staged, destination: str, column: str) -> None:
    """A key of a document that is named like one of our columns does not set it: all rows are right."""
    with staged(tmp_path, destination=destination) as stage:
        outcome = stage.load(fault(f"own-{column}", times=-1))
        assert (outcome.status, stage.differences()) == (0, [])


@pytest.mark.parametrize(
    "name",
    [
        *(f"{part}-{how}" for part in PARTS for how in ("missing", "null", "type")),
        *("version-null", "version-type", "roles-null", "roles-missing", "classifiers-null"),
        *("latest-null", "users-null", "advisories-null"),
    ],
)
def test_a_document_without_a_part(tmp_path: Path, staged: Staged, name: str) -> None:
    """A part of a document that is missing, null or of a wrong type says nothing: what was loaded stays."""
    with staged(tmp_path, streams=(*DOCUMENT_STREAMS, "classifiers")) as stage:
        for number in range(6):
            for release in stage.project(number).releases.values():
                release.metadata.classifiers = ["Private"]
                content.add_file(Random(number), stage.index, stage.project(number), release)
        stage.load()
        before = {table: set(rows) for table, rows in stage.there().items()}
        stage.load(fault(name, times=-1))
        assert {table: set(rows) for table, rows in stage.there().items()} == before


@pytest.mark.parametrize("name", ["releases-missing", "releases-null", "releases-type"])
@pytest.mark.parametrize("destination", ["duckdb", "read"])
def test_versions_without_files(tmp_path: Path, staged: Staged, destination: str, name: str) -> None:
    """Versions without files, which no page shows, go with `releases`: a message says so, and the others stay."""
    with staged(tmp_path, streams=("versions", "files"), destination=destination) as stage:
        for number in range(6):
            next(iter(stage.project(number).releases.values())).files.clear()
        stage.load()
        before = {key for key, row in stage.there()["versions"].items() if row["file_count"]}
        outcome = stage.load(fault(name, times=-1))
        assert {key for key, row in stage.there()["versions"].items() if row["file_count"]} == before
        assert "no longer list releases, and pages do not show versions without files" in outcome.everything


@pytest.mark.parametrize("name", ["version-null", "version-type"])
@pytest.mark.parametrize("destination", ["duckdb", "read"])
@pytest.mark.parametrize("before", ["latest", "all"])
def test_metadata_of_a_version(tmp_path: Path, staged: Staged, destination: str, name: str, before: str) -> None:
    """A version whose files are null or of a wrong type says nothing: the METADATA of its files stays."""
    with staged(tmp_path, streams=("core_metadata",), destination=destination) as stage:
        for number in range(6):
            for seed in range(3):
                content.add_file(Random(seed), stage.index, stage.project(number), stage.project(number).latest)
        stage.load(releases=before)
        for number in range(6):
            stage.index.bump(stage.project(number))
        stage.load(fault(name, times=-1))
        assert [line for line in stage.differences() if "missing" in line] == []


@pytest.mark.parametrize("name", ["version-null", "version-type"])
@pytest.mark.parametrize("destination", ["duckdb", "read"])
def test_attestations_of_a_version(tmp_path: Path, staged: Staged, destination: str, name: str) -> None:
    """A version whose files are null or of a wrong type says nothing: the attestations of its files stay."""
    with staged(tmp_path, streams=("attestations",), destination=destination) as stage:
        for number in range(6):
            for release in stage.project(number).releases.values():
                content.add_file(Random(number), stage.index, stage.project(number), release)
                for file in release.files:
                    file.bundles = [content.bundle(Random(number))]
        stage.load()
        stage.load(fault(name, times=-1))
        assert stage.differences() == []


@pytest.mark.parametrize("name", ["version-null", "version-type"])
@pytest.mark.parametrize("destination", ["duckdb", "read"])
def test_the_only_version(tmp_path: Path, staged: Staged, destination: str, name: str) -> None:
    """The same holds where a project has one version: its files stay, and a message names the project."""
    with staged(tmp_path, streams=("files", "versions"), destination=destination) as stage:
        project = stage.project(1)
        project.releases = {project.latest.version: project.latest}
        content.add_file(Random(9), stage.index, project, project.latest)
        stage.load()
        outcome = stage.load(fault(name, 1, times=-1))
        assert (stage.differences(), names("proj-1-x", outcome.messages)) == ([], True)


def test_metadata_that_is_not_there(tmp_path: Path, staged: Staged) -> None:
    """METADATA that is listed and answers 404 once leaves what was loaded, and a message says so."""
    with staged(tmp_path, streams=("core_metadata", "files")) as stage:
        stage.load()
        before = set(stage.there()["core_metadata"])
        for number in range(6):
            CHANGES["touch"][0](Random(number), stage.index)
        outcome = stage.load(fault("http-404", kind="metadata", times=-1), full_check_days=0)
        assert (bool(before), set(stage.there()["core_metadata"])) == (True, before)
        assert "METADATA" in outcome.messages or "core_metadata" in outcome.messages


@pytest.mark.parametrize("destination", ["duckdb", "read"])
@pytest.mark.parametrize("name", ["http-403", "http-404", "http-451", "http-500"])
def test_metadata_that_is_refused(tmp_path: Path, staged: Staged, destination: str, name: str) -> None:
    """METADATA of one project that is refused each time costs nothing else, a message names it, and its rows stay."""
    with staged(tmp_path, streams=("core_metadata", "dependencies", "files"), destination=destination) as stage:
        for number in range(6):
            for seed in range(3):
                content.add_file(Random(seed), stage.index, stage.project(number), stage.project(number).latest)
        stage.load()
        assert stage.differences() == []
        for number in range(6):
            release = stage.project(number).latest
            release.metadata.summary = "Another one"
            for file in release.files:
                file.metadata = file.metadata and content.core_metadata(stage.project(number), release)
            stage.index.bump(stage.project(number))
        before = set(stage.there()["core_metadata"])
        outcome = stage.load(fault(name, 2, kind="metadata", times=-1), full_check_days=0)
        assert (stage.differences("proj-2-x"), set(stage.there()["core_metadata"])) == ([], before)
        assert names("proj-2-x", outcome.messages)


def test_metadata_that_was_not_there_once(tmp_path: Path, staged: Staged) -> None:
    """METADATA that answers 404 in one run is asked for again by the next one."""
    with staged(tmp_path, streams=("core_metadata", "files")) as stage:
        stage.load(fault("not-yet", kind="metadata", times=-1))
        stage.load()
        assert stage.differences() == []


def test_a_page_without_a_document(tmp_path: Path, staged: Staged) -> None:
    """A document that is 404 while the page still lists files is no deletion: what was loaded stays."""
    with staged(tmp_path, streams=("projects", "files", "statuses")) as stage:
        stage.load()
        before = set(stage.there()["files"])
        stage.load(fault("http-404", 2, times=-1))
        assert set(stage.there()["files"]) == before


@pytest.mark.parametrize("loaded", [False, True])
def test_provenance_that_was_not_there_once(tmp_path: Path, staged: Staged, loaded: bool) -> None:
    """Provenance that the page lists and that answers 404 in one run is asked for again by the next one."""
    with staged(tmp_path, streams=("attestations",)) as stage:
        if loaded:
            stage.load()
            for project in stage.index.projects.values():
                stage.index.bump(project)
        stage.load(fault("not-yet", kind="provenance", times=-1))
        stage.load(full_check_days=0)
        assert stage.differences() == []


def test_a_serial_that_is_wrong_once(tmp_path: Path, staged: Staged) -> None:
    """A document with a serial far too high does not keep later ones from being loaded."""
    with staged(tmp_path) as stage:
        stage.load(fault("serial-high", 1))
        content.add_release(Random(99), stage.index, stage.project(1))
        stage.index.bump(stage.project(1))
        for _ in range(3):
            stage.load(full_check_days=0)
        assert stage.differences() == []


def test_a_page_that_does_not_speak_of_provenance(tmp_path: Path, staged: Staged) -> None:
    """A page without the key `provenance` says nothing of provenance: what was loaded stays."""
    with staged(tmp_path, streams=("attestations",)) as stage:
        for number in range(6):
            for file in stage.project(number).latest.files:
                file.bundles = [content.bundle(Random(number))]
        stage.load()
        stage.load(fault("provenance-missing", kind="page", times=-1), full_check_days=0)
        assert stage.differences() == []


def test_a_list_that_is_short(tmp_path: Path, staged: Staged) -> None:
    """A list that lacks most of what it had removes nothing from the stream of the list."""
    with staged(tmp_path, streams=("listing", "files")) as stage:
        stage.load()
        stage.load(fault("list-short", kind="list", times=-1))
        assert stage.differences() == []


def test_the_other_feed(tmp_path: Path, staged: Staged) -> None:
    """The feed of projects in the place of the feed of releases is an error, and the rows stay."""
    with staged(tmp_path, streams=("recent_releases", "files")) as stage:
        stage.load()
        outcome = stage.load(fault("foreign", kind="updates", times=-1))
        assert (outcome.status, stage.differences()) == (1, [])


def test_the_page_of_another_project(tmp_path: Path, staged: Staged) -> None:
    """A page that names another project is an error that names the project which was asked for, and no row."""
    with staged(tmp_path, streams=("statuses", "files")) as stage:
        outcome = stage.load(fault("foreign", 2, kind="page", times=-1))
        assert (outcome.status, stage.unsound(outcome)) == (1, [])


@pytest.mark.parametrize("change", ["all withdrawn", "one withdrawn", "another one"])
def test_provenance_that_changes(tmp_path: Path, staged: Staged, change: str) -> None:
    """Provenance that changes or is withdrawn on its own is read again by a full check."""
    with staged(tmp_path, streams=("attestations",)) as stage:
        attested = [file for number in range(6) for file in stage.project(number).latest.files]
        for number, file in enumerate(attested):
            file.bundles = [content.bundle(Random(number)), content.bundle(Random(99))]
        stage.load(full_check_days=0)
        assert stage.differences() == []
        for file in attested:
            changed = {"all withdrawn": [], "one withdrawn": file.bundles[:1], "another one": file.bundles[::-1]}
            file.bundles = changed[change]
        stage.load(full_check_days=0)
        assert stage.differences() == []


@pytest.mark.parametrize("name", ["foreign", "redirect-foreign"])
def test_the_provenance_of_another_file(tmp_path: Path, staged: Staged, name: str) -> None:
    """Provenance whose statements name another file is an error that names the project, and the rows stay."""
    with staged(tmp_path, streams=("attestations",)) as stage:
        for number in range(6):
            project = stage.project(number)
            content.add_file(Random(number), stage.index, project, project.latest)
            for file in project.latest.files:
                file.bundles = [content.bundle(Random(number))]
        stage.load()
        outcome = stage.load(fault(name, 2, kind="provenance", times=-1), full_check_days=0)
        assert (outcome.status, stage.differences(), names("proj-2-x", outcome.said)) == (1, [], True)


def test_serials_that_do_not_move(tmp_path: Path, staged: Staged) -> None:
    """Where the index gives every project the same serial, a new release is seen by the next run all the same."""
    with staged(tmp_path, whole=True, style=Style(serials="constant")) as stage:
        stage.load()
        for project in stage.index.projects.values():
            content.add_release(Random(99), stage.index, project)
        stage.load()
        assert stage.differences() == []


def test_a_project_that_loses_its_releases(tmp_path: Path, staged: Staged) -> None:
    """A listed project whose releases are deleted, and that leaves the list then, has no rows any more."""
    with staged(tmp_path, whole=True, streams=("projects", "files", "statuses")) as stage:
        stage.project(2).releases.clear()
        stage.index.bump(stage.project(2))
        stage.load()
        del stage.index.projects["proj-2-x"]
        stage.load()
        assert stage.differences() == []


@pytest.mark.parametrize("destination", ["duckdb", "read"])
def test_a_file_of_two_projects(tmp_path: Path, staged: Staged, destination: str) -> None:
    """A file that two projects list stays where only one of them drops it."""
    with staged(tmp_path, destination=destination, streams=("files",)) as stage:
        first, second = stage.project(0).latest, stage.project(5).latest
        shared = first.files[0]
        second.files.append(shared)
        stage.load()
        first.files.remove(shared)
        stage.index.bump(stage.project(0))
        stage.load()
        assert shared.filename in {key[-1] for key in stage.there()["files"]}


def test_what_download_url_means(tmp_path: Path, staged: Staged) -> None:
    """Download-URL is the well-known label 'download' (PEP 753)."""
    with staged(tmp_path, streams=("urls",)) as stage:
        stage.project(0).latest.metadata.download_url = "https://www.example.com/get"
        stage.load()
        labels = {key[2]: row["well_known"] for key, row in stage.there()["urls"].items() if key[0] == "proj-0-x"}
        assert labels["Download-URL"] == "download"


def test_one_project_without_a_document(tmp_path: Path, staged: Staged) -> None:
    """404 for the document of one project, whose page is there, is told of this project, and not of the index."""
    with staged(tmp_path, streams=("projects", "files")) as stage:
        outcome = stage.load(fault("http-404", 2, times=-1))
        assert names("proj-2-x", outcome.messages)
        assert "this index has no project documents" not in outcome.messages


def test_many_failures_are_all_named(tmp_path: Path, staged: Staged) -> None:
    """Each project that fails is named, however many there are."""
    with staged(tmp_path, projects=30) as stage:
        odd = [number for number in range(30) if number % 2]
        outcome = stage.load(*(fault("html", number, times=-1) for number in odd))
        assert [number for number in odd if not names(f"proj-{number}-x", outcome.messages)] == []
