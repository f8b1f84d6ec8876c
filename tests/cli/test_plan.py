"""cli/plan.py: what a dry run prints."""

import pytest

from tests.cli import Run
from tests.fake_index import FakeIndex


@pytest.mark.parametrize(
    ("projects", "rate", "line"),
    [
        (3, 0, "estimated time: as long as the index takes to answer; no rate limit"),
        (3, 2, "estimated time: 1.5 seconds at 2 requests per second"),
        (119, 1, "estimated time: 119.0 seconds at 1 request per second"),
        (300, 1, "estimated time: 5 minutes at 1 request per second"),
        (300, 0.02, "estimated time: 4.2 hours at 0.02 requests per second"),
    ],
)
def test_estimated_time(fake: FakeIndex, run: Run, projects: int, rate: float, line: str) -> None:
    """The time follows from the rate limit, in the unit that suits it."""
    names = [f"p{number}" for number in range(projects)]
    done = run("sync", *names, "--index-url", fake.url, "--requests-per-second", rate, "--dry-run")
    assert line in done.stdout.splitlines()
    assert fake.requests == []


def test_many_projects(fake: FakeIndex, run: Run) -> None:
    """Of many projects some are named, and all are counted."""
    names = [f"p{number}" for number in range(150)]
    done = run("sync", *names, "--index-url", fake.url, "--dry-run")
    assert done.stdout.splitlines()[1] == f"projects: 150: {', '.join(names[:100])}, ..."
