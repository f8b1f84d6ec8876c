"""Rows that were not read are an error whenever they are taken later, never a shorter result."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Thread
from typing import Any

import pytest

import source_pypi
from source_pypi.errors import RowsMissingError, RowsTakenError
from tests.fake_index import FakeIndex, World
from tests.results.test_leaving import SOON, FailingIndex

INTERRUPTED = "rows are missing, because KeyboardInterrupt interrupted the reading: read them again"
CLOSED = "rows are missing, because the reader is closed: read them again"
CANCELLED = "rows are missing, because a task that read them was cancelled: read them again"


@pytest.fixture
def silent() -> Iterator[FailingIndex]:
    """An index that has the project ``aa``, and never answers for another one."""
    index = FailingIndex(b"")
    with index.listener:
        yield index


@pytest.fixture
def settings(silent: FailingIndex) -> dict[str, Any]:
    """Return the settings that read this index."""
    return {"index_url": silent.url, "requests_per_second": 0}


def press_ctrl_c(index: FailingIndex) -> Thread:
    """Interrupt the main thread once it waits for a project that never comes."""

    def wait_and_press() -> None:
        assert index.asked.wait(SOON)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=wait_and_press)
    thread.start()
    return thread


def message_of(call: Callable[[], object]) -> str:
    """Return the message of the error about missing rows that a call raises."""
    with pytest.raises(RowsMissingError) as caught:
        call()
    return str(caught.value)


def test_interrupted_rows(silent: FailingIndex, settings: dict[str, Any]) -> None:
    """After Ctrl-C in a loop, each way to take the rows says that some are missing, again and again."""
    rows = source_pypi.read("projects", ["aa", "bb"], **settings)
    iterator = iter(rows)
    assert next(rows).project == "aa"
    thread = press_ctrl_c(silent)
    with pytest.raises(KeyboardInterrupt):
        list(iterator)
    thread.join()
    ways: list[Callable[[], object]] = [lambda: list(rows), lambda: next(rows), lambda: list(iterator)]
    assert [message_of(way) for way in ways * 2] == [INTERRUPTED] * 6
    with pytest.raises(RowsTakenError):
        rows.to_pandas()


@pytest.mark.parametrize("kept", [True, False])
def test_interrupted_reader(kept: bool, silent: FailingIndex, settings: dict[str, Any]) -> None:
    """After Ctrl-C, a reader returns what it has kept, and then says that rows are missing."""
    with source_pypi.open(["aa", "bb"], streams=["projects", "versions"], **settings) as reader:
        taken: Iterable[Any] = reader["projects"] if kept else reader
        thread = press_ctrl_c(silent)
        with pytest.raises(KeyboardInterrupt):
            list(taken)
        thread.join()
        assert message_of(lambda: list(taken)) == INTERRUPTED
        assert message_of(lambda: list(reader)) == INTERRUPTED
        if kept:
            assert [row.project for row in islice(taken, 1)] == ["aa"]
            assert message_of(lambda: list(reader["versions"])) == INTERRUPTED
    assert message_of(lambda: list(taken)) == INTERRUPTED


def test_interrupted_while_rows_are_made(world: World, fake: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the rows of a batch are made loses the others of this batch: an error says so."""
    world.add("flask", releases=["1.0"])
    rows = source_pypi.read("files", ["flask"], index_url=fake.url)
    monkeypatch.setattr("source_pypi.results.batch.record_type", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        list(rows)
    monkeypatch.undo()
    assert message_of(lambda: list(rows)) == INTERRUPTED


def _interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_closed_reader(world: World, fake: FakeIndex) -> None:
    """A stream that is first read after the reader was closed is an error, not an empty result."""
    world.add("flask", releases=["1.0"])
    with source_pypi.open(["flask"], streams=["files", "versions"], index_url=fake.url) as reader:
        files = reader["files"]
    for way in (lambda: list(files), lambda: next(files), lambda: list(reader["versions"]), lambda: list(reader)):
        assert message_of(way) == CLOSED
    assert fake.requests == []


def test_kept_rows_of_a_closed_reader(world: World, fake: FakeIndex) -> None:
    """Rows that were read and kept before the reader was closed stay readable; those that were not are an error."""
    world.add("flask", releases=["1.0"])
    world.add("click", releases=["1.0", "2.0"])
    settings: dict[str, Any] = {"streams": ["files", "versions"], "index_url": fake.url, "requests_per_second": 0}
    with source_pypi.open(["flask", "click"], **settings) as reader:
        files = list(reader["files"])
    assert list(reader["files"]) == files
    assert [row.version for row in reader["versions"]] == ["1.0", "1.0", "2.0"]
    fake.new_run()
    with source_pypi.open(["flask", "click"], **settings) as reader:
        versions = reader["versions"]
        assert next(versions).project == "flask"
    left = iter(versions)
    assert next(left).project == "flask"
    assert message_of(lambda: next(left)) == message_of(lambda: next(left)) == CLOSED


def test_cancelled_task(settings: dict[str, Any]) -> None:
    """After the task that read was cancelled, rows are missing, and its state has only what was returned."""
    state: dict[str, Any] = {}

    async def read(reader: source_pypi.Reader) -> None:
        batches = aiter(reader)
        assert (await anext(batches)).project == "aa"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(batches), 0.2)

    with source_pypi.open(["aa", "bb"], streams=["projects"], state=state, **settings) as reader:
        asyncio.run(read(reader))
        assert message_of(lambda: list(reader)) == CANCELLED
    assert set(state["projects"]["projects"]) == {"aa"}


def test_batch_that_nobody_got_is_not_in_the_state(world: World, fake: FakeIndex) -> None:
    """A batch that comes after its task was cancelled is not in the state: the next run reads it again."""
    world.add("flask")
    world.add("click")
    state: dict[str, Any] = {}
    settings: dict[str, Any] = {"index_url": fake.url, "requests_per_second": 0, "state": state}

    async def read(reader: source_pypi.Reader) -> None:
        batches = aiter(reader)
        assert (await anext(batches)).project == "flask"
        task = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)  # the thread begins
        time.sleep(0.3)  # and has the batch before the task is told
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with source_pypi.open(["flask", "click"], streams=["projects"], **settings) as reader:
        asyncio.run(read(reader))
    assert set(state["projects"]["projects"]) == {"flask"}


def test_rows_that_were_taken_to_the_end(world: World, fake: FakeIndex) -> None:
    """A loop over rows or batches that were all taken is an error; an iterator that has ended stays at its end."""
    world.add("flask", releases=["1.0"])
    rows = source_pypi.read("files", ["flask"], index_url=fake.url)
    iterator = iter(rows)
    assert [len(chunk) for chunk in iter(lambda: list(islice(iterator, 1)), [])] == [1, 1]
    assert list(iterator) == []
    with pytest.raises(RowsTakenError):
        sum(1 for _ in rows)
    fake.new_run()
    with source_pypi.open(["flask"], streams=["files"], index_url=fake.url) as reader:
        assert [batch.project for batch in reader] == ["flask"]
        for _ in range(2):
            with pytest.raises(RowsTakenError):
                list(reader)


def test_loops_share_the_rows_that_are_left(world: World, fake: FakeIndex) -> None:
    """``next``, ``zip``, loops and asynchronous loops over the same rows continue where the last one ended."""
    world.add("flask", releases=["1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"])
    rows = source_pypi.read("versions", ["flask"], index_url=fake.url)
    taken = [next(rows).version]
    for row in rows:
        taken.append(row.version)
        break
    taken += [one.version for pair in islice(zip(rows, rows, strict=False), 1) for one in pair]

    async def take() -> str:
        async for row in rows:
            return row.version
        return ""

    taken.append(asyncio.run(take()))
    taken += [row.version for row in rows]
    assert taken == ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"]


def test_threads_share_the_rows(world: World, fake: FakeIndex) -> None:
    """Threads may iterate over the same rows, also while one of them waits for the index: each row goes to one."""
    names = ["project0", "project1", "project2", "project3"]
    for name in names:
        world.add(name, releases=["1.0", "2.0"])
    rows = source_pypi.read("versions", names, index_url=fake.url, requests_per_second=10)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda _: [(row.project, row.version) for row in iter(rows.__next__, None)], range(4)))
    taken = [one for part in parts for one in part]
    assert sorted(taken) == [(name, version) for name in names for version in ("1.0", "2.0")]
