"""results/batch.py: the rows of one project in several streams."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import source_pypi
from source_pypi.errors import UnknownStreamError
from tests.fake_index import FakeIndex, World


@pytest.fixture
def batch(world: World, fake: FakeIndex) -> source_pypi.Batch:
    """Return the batch of a project with two releases, the second of which is yanked."""
    world.add("flask", releases=["1.0", "2.0"])
    world.yank("flask", "2.0", "broken")
    (found,) = source_pypi.open(["flask"], streams=["files", "versions", "project"], index_url=fake.url)
    return found


def test_rows_of_each_stream(batch: source_pypi.Batch) -> None:
    """A batch has the rows of each stream, as often as they are taken, all with the time of the visit."""
    assert (batch.project, set(batch.changed)) == ("flask", {"files", "versions", "project"})
    assert [(row.version, row.yanked_reason) for row in batch["versions"]] == [("1.0", None), ("2.0", "broken")]
    assert batch["versions"] == batch["versions"] == list(batch.rows("versions"))
    (document,) = batch["project"]
    assert document["info"]["name"] == "flask"
    times = [*(row.seen_at for row in batch["files"]), document["seen_at"]]
    assert times == [batch.seen_at] * 5
    assert batch.seen_at.tzinfo is UTC
    assert abs((datetime.now(UTC) - batch.seen_at).total_seconds()) < 600


def test_other_streams(batch: source_pypi.Batch) -> None:
    """A stream that is not read is an error of every method."""
    calls: list[Callable[[Any], object]] = [batch.rows, batch.deleted, batch.size, batch.__getitem__]
    for call in calls:
        for stream in ("roles", ["files"], 5, None):
            with pytest.raises(UnknownStreamError) as caught:
                call(stream)
            assert str(caught.value) == f"no such stream: {stream} (available: versions, files, project)"


def test_representation(batch: source_pypi.Batch) -> None:
    """A batch shows its project and what has changed, not its rows."""
    assert repr(batch).startswith("Batch(project='flask', seen_at=datetime.datetime(")
    assert "yanked" not in repr(batch)


def test_sizes(batch: source_pypi.Batch) -> None:
    """The size is that of the rows as JSON: a line for each."""
    assert batch.size("files") > 4 * len('{"project":"flask"}\n')
    assert batch.size("versions") < batch.size("files")
