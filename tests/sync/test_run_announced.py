"""sync/run.py: documents that the index announces but does not have, pins, ranges, clocks and full checks of files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from source_pypi.config import make_config
from source_pypi.errors import NotOfferedError, UnknownReleaseError
from source_pypi.selection import select
from source_pypi.services.index.documents import Listed, Listing
from source_pypi.sync.batch import Notice
from source_pypi.sync.listing import serials_of
from source_pypi.sync.notices import NoticeKind
from source_pypi.sync.run import Run
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import DAY, NOW, MemoryStore, full_sync
from tests.streams.provenance import attested
from tests.sync.helpers import METADATA, Connect, paths, rich, streams


def wheels(world: World, *versions: str) -> None:
    """Add releases with a wheel that has core metadata and provenance."""
    for version in versions:
        name = f"foo-{version}-py3-none-any.whl"
        metadata = METADATA.replace(b"1.0", version.encode())
        world.upload("foo", version, filename=name, metadata=metadata, provenance=attested(name))


def lines(run: Run) -> list[str]:
    """Take all batches of a run, and return its warnings."""
    return [warning for batch in run.batches() for warning in batch.warnings]


def test_core_metadata_that_is_announced_and_missing_keeps_rows(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """METADATA that the document announces and that answers 404 deletes no rows."""
    wheels(world, "1.0", "2.0")
    index, store = connect(fake), MemoryStore()
    names = ["core_metadata", "dependencies"]
    store.sync(fake, index, ["foo"], names, releases="all", core_metadata=True)
    before = store.tables()
    assert [len(before[name]) for name in names] == [2, 2]
    world.yank("foo", "1.0")
    fake.fault("*.metadata", faults.missing(), times=None)
    store.sync(fake, index, ["foo"], names, releases="all", core_metadata=True)
    assert store.tables() == store.merged() == before


def test_first_run_says_how_much_core_metadata_is_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Also a first run says, once for all projects, how many METADATA files the index announces and does not have."""
    wheels(world, "1.0", "2.0")
    world.upload("bar", "1.0", filename="bar-1.0-py3-none-any.whl", metadata=METADATA)
    fake.fault("*.metadata", faults.missing(), times=None)
    config = make_config({"projects": ["foo", "bar"], "releases": "all"})
    assert lines(Run(connect(fake), select(config), streams("core_metadata"), config)) == [
        "core metadata (METADATA): the index announces 3 of 2 projects (foo, bar) for which it then answers 404; "
        "loaded rows stay"
    ]


@pytest.mark.parametrize("full_check_days", [0, 7])
def test_release_documents_that_are_listed_and_missing_keep_rows(
    world: World, fake: FakeIndex, connect: Connect, full_check_days: int
) -> None:
    """Release documents that are listed and answer 404 delete no rows, whether the project changed or not."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    settings: dict[str, Any] = {"releases": "all", "full_check_days": full_check_days}
    store.sync(fake, index, ["foo"], ["dependencies", "vulnerabilities"], **settings)
    before = store.tables()
    assert len(before["dependencies"]) == 3
    for version in ("1.0", "2.0"):
        fake.fault(f"/pypi/foo/{version}/json", faults.missing(), times=None)
    if full_check_days:
        world.upload("foo", "3.0", filename="foo-3.0-py2-none-any.whl")
    store.sync(fake, index, ["foo"], ["dependencies", "vulnerabilities"], **settings)
    assert store.tables() == store.merged() == before
    assert Notice(NoticeKind.UNREAD, count=2) in store.batches[0].notices or not full_check_days


def test_releases_without_documents_are_reported_once(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """However many projects have releases without release documents, a run says it in one line."""
    for name in "ab":
        world.add(name, ["1.0", "2.0", "3.0"])
    config = make_config({"projects": ["a", "b"], "releases": "all"})
    run = Run(connect(serve(poverty=True)), select(config), streams("dependencies"), config)
    assert [line for batch in run.batches() for line in batch.warnings] == [
        "the index has no release documents of 4 releases of 2 projects (a, b): rows made from them are missing, or "
        "stay as they were loaded before"
    ]


def test_pins_on_an_index_without_release_documents(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """An index without release documents is reported once, not as a wrong version of each pinned project."""
    for name in "abc":
        world.add(name, ["1.0", "2.0"])
    config = make_config({"projects": ["a==1.0", "b==1.0", "c==1.0"]})
    run = Run(connect(serve(poverty=True)), select(config), streams("files", "dependencies"), config)
    assert lines(run) == []
    (error,) = run.summary.errors
    assert isinstance(error, NotOfferedError)
    assert str(error).startswith("this index offers no release documents (")


@pytest.mark.parametrize("names", [["files"], ["versions", "projects"], ["dependencies"]], ids=str)
def test_pin_that_no_release_satisfies_is_an_error_in_every_run(
    world: World, fake: FakeIndex, connect: Connect, names: list[str]
) -> None:
    """A pin without release is an error in every run, whatever streams are selected, also if it is added later."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], names)
    for _ in range(2):
        (batch,) = store.sync(fake, index, ["foo==9"], names)
        assert [type(error) for error in batch.user_errors] == [UnknownReleaseError]
    for status in (200, 304):
        (batch,) = store.sync(fake, index, ["foo==1.0.0"], names)
        assert batch.user_errors == ()
        if "dependencies" not in names:
            assert paths(fake) == [f"/pypi/foo/json {status}"]


@pytest.mark.parametrize(("range_", "errors"), [("foo>=9", 1), ("foo<1", 1), ("foo>=1,<3", 0), ("foo==2.*", 0)])
def test_range_that_no_release_satisfies_is_an_error(
    world: World, fake: FakeIndex, connect: Connect, tmp_path: Path, range_: str, errors: int
) -> None:
    """A range of a requirement file that no release satisfies is an error; the rows are loaded all the same."""
    rich(world)
    file = tmp_path / "requirements.txt"
    file.write_text(range_)
    config = make_config({})
    run = Run(connect(fake), select(config, [file]), streams("files"), config)
    assert [counts for batch in run.batches() if (counts := batch.counts)] == [{"files": 7}]
    assert [type(error) for error in run.summary.errors] == [UnknownReleaseError] * errors


def test_full_check_reads_provenance_again(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A full check reads provenance again that changed while document and page did not change."""
    wheels(world, "1.0", "2.0")
    index, store = connect(fake), MemoryStore()
    settings: dict[str, Any] = {"releases": "all", "full_check_days": 0}
    path = "/integrity/foo/1.0/foo-1.0-py3-none-any.whl/provenance"
    store.sync(fake, index, ["foo"], ["attestations"], **settings)
    assert f"{path} 200" in paths(fake)
    store.sync(fake, index, ["foo"], ["attestations"], **settings)
    assert (any(line.startswith(path) for line in paths(fake)), store.rows) == (True, {})
    world.override(path, {"version": 1, "attestation_bundles": []})
    store.sync(fake, index, ["foo"], ["attestations"], releases="all", full_check_days=3650)
    assert not any(line.startswith(path) for line in paths(fake))
    store.sync(fake, index, ["foo"], ["attestations"], **settings)
    assert [row["version"] for row in store.tables()["attestations"]] == ["2.0"]


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize(
    ("stream", "path"),
    [
        ("core_metadata", "*.metadata"),
        ("attestations", "/integrity/*"),
        ("vulnerabilities", "/pypi/foo/1.0/json"),
    ],
)
def test_announced_document_that_is_missing_is_requested_by_the_next_run(
    world: World, fake: FakeIndex, connect: Connect, stream: str, path: str, *, loaded: bool
) -> None:
    """Rows stay, and the next run requests again what was announced and answered 404; then only full checks do."""
    wheels(world, "1.0", "2.0")
    world.add_advisory("foo", "1.0", "PYSEC-1")
    index, store = connect(fake), MemoryStore()
    settings: dict[str, Any] = {"releases": "all"}
    expected = full_sync(fake, index, ["foo"], [stream], **settings).tables()
    fake.new_run()
    if loaded:
        store.sync(fake, index, ["foo"], [stream], **settings)
        world.add_role("foo", "ann")  # another serial
        settings["full_check_days"] = 0
    fake.fault(path, faults.missing(), times=None)
    missing = store.sync(fake, index, ["foo"], [stream], **settings)
    assert store.tables().get(stream, []) == (expected[stream] if loaded else [])
    assert [one.notices or one.warnings for one in missing] != [()]
    settings["full_check_days"] = 3650
    requested = []
    for _ in range(2):
        store.sync(fake, index, ["foo"], [stream], **settings)
        requested.append(sum(line.endswith(" 404") for line in paths(fake)) > 0)
    assert requested == [True, False]
    fake.clear_faults()
    store.sync(fake, index, ["foo"], [stream], releases="all", full_check_days=0)
    assert store.tables() == store.merged() == expected


def test_clock_that_is_set_back_loses_no_change(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the clock is set back by an hour, rows still get later times than before, and state as well."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"], at=NOW)
    first = store.batches[0].seen_at
    world.yank("foo", "1.0")
    store.sync(fake, index, ["foo"], ["files"], at=NOW - 3600)
    assert store.rows == {"files": 7}
    assert store.batches[0].seen_at > first
    store.sync(fake, index, ["foo"], ["files"], at=NOW - 3599)
    assert store.states["foo"]["files"].checked_at > NOW


def test_clock_within_a_run_never_goes_back(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the clock is set back during a run, the times of its batches do not decrease."""
    for name in "abc":
        world.add(name)
    times = iter([NOW, NOW, NOW + 10, NOW - 3600])
    last = [float(NOW)]

    def clock() -> float:
        last[0] = float(next(times, last[0]))
        return last[0]

    store = MemoryStore()
    given = store.sync(fake, connect(fake), [*"abc"], ["files"], now=clock)
    seen = [batch.seen_at for batch in given]
    assert seen == sorted(seen)


def test_clock_that_was_ahead_once_prevents_no_full_check(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If a run had a clock 400 days ahead, the next one ignores its times, and checks in full."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["vulnerabilities"], releases="all", at=NOW + 400 * DAY)
    world.set_advisories("foo", "1.0", [])
    store.sync(fake, index, ["foo"], ["vulnerabilities"], releases="all", at=NOW)
    assert store.deleted_keys["vulnerabilities"] == [{"project": "foo", "version": "1.0", "id": "PYSEC-1"}]
    assert store.states["foo"]["vulnerabilities"].checked_at == NOW


@pytest.mark.parametrize("serial", [0, 7])
def test_constant_serials_are_not_trusted(serial: int) -> None:
    """A list with one serial for all projects, or with zeros, has no serials."""
    names = ["a", "b", "c"]
    assert serials_of(Listing([Listed(name, serial) for name in names])) == dict.fromkeys(names)


def test_listed_serial_that_is_lower_than_the_documents_is_not_trusted(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """A project whose listed serial is lower than that of its document is requested: the list does not move with it."""
    for name in "abc":
        world.add(name)
    index, store = connect(fake), MemoryStore()
    listed = [{"name": name, "_last-serial": number} for number, name in enumerate("abc", 1)]
    world.override(
        "/simple/", {"meta": {"api-version": "1.0"}, "projects": listed}, "application/vnd.pypi.simple.v1+json"
    )
    store.sync(fake, index, [], ["files"], whole_index=True)
    for name in "abc":
        world.upload(name, "9", filename=f"{name}-9.tar.gz")
    store.sync(fake, index, [], ["files"], whole_index=True)
    store.sync(fake, index, [], ["files"], whole_index=True)
    assert [path for path in paths(fake) if path.startswith("/pypi/")] != []


@pytest.mark.parametrize(
    ("setting", "before", "missing", "warnings"),
    [
        ("auto", False, True, 0),
        ("fail", False, True, 0),
        ("warn", False, False, 1),
        ("auto", True, False, 1),
        ("warn", True, False, 1),
        ("fail", True, True, 1),
    ],
)
def test_missing_projects_fail_or_warn(
    world: World, fake: FakeIndex, connect: Connect, setting: str, *, before: bool, missing: bool, warnings: int
) -> None:
    """``missing_projects`` decides whether a project that the index does not have is an error or a warning."""
    world.add("other")
    index, store = connect(fake), MemoryStore()
    if before:
        world.add("foo")
        store.sync(fake, index, ["foo", "other"], ["files"])
        world.delete_project("foo")
    given = store.sync(fake, index, ["foo", "other"], ["files"], missing_projects=setting)
    (batch,) = [one for one in given if one.project == "foo"]
    assert (batch.missing, len(batch.warnings) + len(batch.notices)) == (missing, warnings)


def described(world: World, name: str) -> None:
    """Add a project whose first release has a wheel with METADATA."""
    content = METADATA.replace(b"Name: foo", b"Name: %s" % name.encode())
    world.upload(name, "1.0", filename=f"{name}-1.0-py3-none-any.whl", metadata=content)
    world.upload(name, "2.0", filename=f"{name}-2.0.tar.gz")
    world.override(f"/pypi/{name}/1.0/json", b"{}", status=404)


def test_pins_without_release_documents_are_read_from_metadata(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Pinned releases without documents are read from METADATA, once; a run reports it in one line, not as an error."""
    for name in "ab":
        described(world, name)
    index, store = connect(fake), MemoryStore()
    names = ["a==1.0", "b==1.0"]
    store.sync(fake, index, names, ["dependencies", "classifiers"])
    assert [path for path in paths(fake) if ".metadata" in path] != []
    assert [(row["project"], row["version"], row["requirement"]) for row in store.tables()["dependencies"]] == [
        ("a", "1.0", "filled"),
        ("b", "1.0", "filled"),
    ]
    assert {row["source"] for row in store.tables()["dependencies"]} == {"core_metadata"}
    for full_check_days in (7, 0):
        store.sync(fake, index, names, ["dependencies", "classifiers"], full_check_days=full_check_days)
        assert [path for path in paths(fake) if ".metadata" in path] == []
        assert [batch.user_errors for batch in store.batches] == [(), ()]
        assert store.rows == {}
    config = make_config({"projects": names})
    fake.new_run()
    run = Run(connect(fake), select(config), streams("dependencies"), config)
    assert lines(run) == [
        "pinned releases without release documents: 2 of 2 projects (a, b); core metadata (METADATA) stands for them"
    ]
    assert run.summary.errors == []


def test_metadata_of_a_pin_gives_way_to_its_document(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the release document appears, rows are made from it."""
    described(world, "a")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a==1.0"], ["dependencies"])
    del world.overrides["/pypi/a/1.0/json"]
    world.projects["a"].releases["1.0"].info["requires_dist"] = ["new"]
    store.sync(fake, index, ["a==1.0"], ["dependencies"])
    assert [(row["requirement"], row["source"]) for row in store.tables()["dependencies"]] == [("new", "index")]


def test_streams_that_need_the_release_document_of_a_pin_report_it(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """METADATA stands for no advisories: with that stream, the missing document is an error, and other rows come."""
    described(world, "a")
    store = MemoryStore()
    store.sync(fake, connect(fake), ["a==1.0"], ["dependencies", "vulnerabilities", "release"])
    assert [type(error) for batch in store.batches for error in batch.user_errors] == [NotOfferedError]
    assert {name: len(rows) for name, rows in store.tables().items() if rows} == {"dependencies": 1}


@pytest.mark.parametrize("content", [METADATA, METADATA.replace(b"1.0", b"9.0")], ids=["project", "version"])
def test_metadata_of_another_pin_makes_no_row(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, content: bytes
) -> None:
    """METADATA of another project or version makes no row, and a warning says so."""
    fake = serve(strict=False)
    name = "a" if content is METADATA else "foo"
    world.upload(name, "1.0", filename=f"{name}-1.0-py3-none-any.whl", metadata=content)
    world.upload(name, "2.0", filename=f"{name}-2.0.tar.gz")
    world.override(f"/pypi/{name}/1.0/json", b"{}", status=404)
    store = MemoryStore()
    store.sync(fake, connect(fake), [f"{name}==1.0"], ["dependencies"])
    fake.new_run()
    assert store.tables() == {"dependencies": []}
    assert [type(error) for batch in store.batches for error in batch.user_errors] == [NotOfferedError]
    assert [f"the core metadata of {name}" in line for batch in store.batches for line in batch.warnings] == [True]
