"""``spark/tasks.py``: how a job is divided."""

import pickle
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from source_pypi.errors import NoProjectsError, NotOfferedError
from source_pypi.selection import SelectedProject
from source_pypi.spark.filters import Condition
from source_pypi.spark.options import read_options
from source_pypi.spark.tasks import Task, plan_tasks
from tests.fake_downloads import FakeTop
from tests.fake_index import FakeIndex, World, faults

NOW = 1_795_332_577.5


def names(tasks: list[Task]) -> list[list[str]]:
    """Return the projects of each task."""
    return [[one.project for one in task.selection.projects] for task in tasks if task.selection is not None]


def test_one_task_by_default(options: dict[str, Any], fake: FakeIndex) -> None:
    """Without ``partitions``, one task reads everything, and planning requests nothing."""
    read = read_options(options | {"path": "flask,requests"})
    assert plan_tasks(read, started_at=NOW) == [Task(options=read, started_at=NOW)]
    assert fake.requests == []


def test_ranges_of_projects(options: dict[str, Any], fake: FakeIndex) -> None:
    """``partitions`` divides the projects into ranges in their order, with their pins and extras; nothing is sent."""
    path = "flask==1.0,requests[socks],click,a,b"
    tasks = plan_tasks(read_options(options | {"path": path, "partitions": "2"}), started_at=NOW)
    assert names(tasks) == [["flask", "requests"], ["click", "a", "b"]]
    assert tasks[0].selection is not None
    assert tasks[0].selection.projects[0] == SelectedProject(canonicalize_name("flask"), pins=("1.0",), unpinned=False)
    assert {task.started_at for task in tasks} == {NOW}
    assert fake.requests == []
    assert pickle.loads(pickle.dumps(tasks)) == tasks


@pytest.mark.parametrize(("partitions", "count"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_rate_limit_is_divided(options: dict[str, Any], partitions: int, count: int) -> None:
    """The tasks together keep the rate limit of the job; there are no more tasks than projects."""
    chosen = {"path": "flask,requests,click", "partitions": str(partitions), "requests_per_second": "6"}
    tasks = plan_tasks(read_options(options | chosen))
    assert [task.options.config.requests_per_second for task in tasks] == [6 / count] * count


def test_whole_index(options: dict[str, Any], fake: FakeIndex) -> None:
    """If the whole index is read, its list is requested once, and divided; named projects come first."""
    chosen = {"whole_index": "true", "path": "requests==1.0", "exclude": "cl*", "partitions": "2"}
    tasks = plan_tasks(read_options(options | chosen))
    assert names(tasks) == [["requests"], ["flask"]]
    assert [(one.named, one.pins) for task in tasks if task.selection for one in task.selection.projects] == [
        (True, ("1.0",)),
        (False, ()),
    ]
    assert [request.path for request in fake.requests] == ["/simple/"]


def test_conditions_select_projects(options: dict[str, Any], fake: FakeIndex) -> None:
    """Filters select among the named projects, and among those of the index's list."""
    starts_with_f, none = Condition("StringStartsWith", "f"), Condition("EqualTo", "nope")
    assert names(plan_tasks(read_options(options | {"path": "requests,flask"}), [starts_with_f])) == [["flask"]]
    assert plan_tasks(read_options(options | {"path": "requests,flask"}), [starts_with_f, none]) == []
    assert fake.requests == []
    assert names(plan_tasks(read_options(options | {"whole_index": "true"}), [starts_with_f])) == [["flask"]]


def test_conditions_do_not_select_where_dependencies_are_followed(options: dict[str, Any]) -> None:
    """If dependencies are followed, a filter leaves no project out: another one may require it."""
    read = read_options(options | {"path": "requests", "follow_dependencies": "1"})
    assert plan_tasks(read, [Condition("EqualTo", "click")], NOW) == [Task(options=read, started_at=NOW)]


def test_most_downloaded_projects_are_divided(options: dict[str, Any]) -> None:
    """The list of the setting ``top`` is requested once by the driver."""
    with FakeTop("requests", "click", "flask") as top:
        chosen = {"top": "3", "top_url": f"{top.url}/top.json", "partitions": "2"}
        assert names(plan_tasks(read_options(options | chosen))) == [["requests"], ["click", "flask"]]
        assert top.paths == ["/top.json"]


@pytest.mark.parametrize("stream", ["listing", "stats", "events", "advisories", "downloads"])
def test_other_streams_have_one_task(options: dict[str, Any], stream: str) -> None:
    """Streams of the index as a whole, and of other services, have one task, whatever ``partitions`` says."""
    read = read_options(options | {"stream": stream, "path": "flask,click", "partitions": "2"})
    assert plan_tasks(read, started_at=NOW) == [Task(options=read, started_at=NOW)]


def test_errors(options: dict[str, Any], world: World, fake: FakeIndex) -> None:
    """Without projects, or without the list of an index that is read as a whole, a job fails at its beginning."""
    with pytest.raises(NoProjectsError):
        plan_tasks(read_options(options | {"partitions": "2"}))
    fake.fault("/simple/", faults.missing())
    with pytest.raises(NotOfferedError):
        plan_tasks(read_options(options | {"whole_index": "true", "partitions": "2"}))
