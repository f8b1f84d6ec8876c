"""``spark/rows.py``: the rows of tasks, without Spark and without Arrow."""

import logging
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import source_pypi
from source_pypi.errors import SourceError, UnknownProjectsError
from source_pypi.spark.options import read_options
from source_pypi.spark.rows import open_task, read_rows
from source_pypi.spark.tasks import Task, plan_tasks
from tests.fake_index import FakeIndex, World, faults

NOW = 1_795_332_577.5
NAMES = "flask,click,requests"


def rows_of(task: Task) -> Iterator[dict[str, Any]]:
    """Yield the rows of a task as a worker reads it."""
    received: Task = pickle.loads(pickle.dumps(task))
    for rows in read_rows(open_task(received), received.options):
        yield from (row.as_dict() for row in rows)


def read(options: dict[str, Any], **more: str) -> list[dict[str, Any]]:
    """Return the rows of all tasks of a job, one task after the other."""
    return [row for task in plan_tasks(read_options(options | more), started_at=NOW) for row in rows_of(task)]


@pytest.mark.parametrize("partitions", ["1", "2", "3"])
@pytest.mark.parametrize("selected", [{"path": NAMES}, {"whole_index": "true"}, {"path": "click,requests==2.0"}])
def test_tasks_have_the_rows_of_a_run(
    options: dict[str, Any], fake: FakeIndex, partitions: str, selected: dict[str, str]
) -> None:
    """However a job is divided, its rows are those of one run, and each project is requested once."""
    rows = read(options, partitions=partitions, **selected)
    fake.new_run()
    projects = selected.get("path", "").split(",") if "path" in selected else []
    whole = "whole_index" in selected
    expected = source_pypi.read("files", projects, whole_index=whole, index_url=fake.url, requests_per_second=0)
    seen_at = {"seen_at": datetime.fromtimestamp(NOW, UTC)}
    assert rows == [row.as_dict() | seen_at for row in expected]


def test_task_that_is_run_again(options: dict[str, Any], fake: FakeIndex) -> None:
    """A task that Spark runs again has the same rows, with the same time."""
    (task, _) = plan_tasks(read_options(options | {"path": NAMES, "partitions": "2"}))
    first = list(rows_of(task))
    fake.new_run()
    assert list(rows_of(task)) == first


def test_error_of_the_run(options: dict[str, Any]) -> None:
    """A missing project fails its task, after the rows of the others."""
    rows = iter(rows_of(plan_tasks(read_options(options | {"path": "flask,nope"}))[0]))
    assert [next(rows)["project"] for _ in range(4)] == ["flask"] * 4
    with pytest.raises(UnknownProjectsError):
        next(rows)


def test_errors_as_warnings(options: dict[str, Any], fake: FakeIndex, caplog: pytest.LogCaptureFixture) -> None:
    """With ``on_error`` "warn", projects that cannot be read are named in the log, and the rows of the others stay."""
    fake.fault("/pypi/click/json", faults.html())
    with caplog.at_level(logging.WARNING, "source_pypi"):
        rows = read(options, path="flask,nope,click", on_error="warn")
    assert [row["project"] for row in rows] == ["flask"] * 4
    assert [("nope" in line, "/pypi/click/json" in line) for line in caplog.messages] == [(False, True), (True, False)]


def test_run_that_ends_early_fails(options: dict[str, Any], fake: FakeIndex) -> None:
    """An index that refuses the client fails the task all the same: most rows would be missing."""
    fake.fault("/pypi/*", faults.missing(401), times=None)
    with pytest.raises(SourceError, match="401"):
        read(options, path=NAMES, on_error="warn")


def test_reader_that_stops_ends_the_requests(world: World, options: dict[str, Any], fake: FakeIndex) -> None:
    """If Spark needs no more rows, the projects that are left are not requested."""
    names = [f"project{number}" for number in range(20)]
    for name in names:
        world.add(name, releases=["1.0"])
    (task,) = plan_tasks(read_options(options | {"path": ",".join(names)}))
    parts = iter(read_rows(open_task(task), task.options, most=3))
    assert [row.project for row in next(parts)] == ["project0", "project0", "project1"]
    del parts
    assert len(fake.requests) < 8
