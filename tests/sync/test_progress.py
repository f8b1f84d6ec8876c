"""sync/progress.py: how far a run is, as it says while it goes on."""

from collections.abc import Callable

from source_pypi.config import make_config
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.sync.progress import RunProgress
from source_pypi.sync.run import Run
from tests.fake_index import FakeIndex, World
from tests.memory_store import NOW, MemoryStore
from tests.sync.helpers import Connect, streams

NAMES = ("a", "b", "c", "d")


def run_of(index: Index, now: Callable[[], float] = lambda: NOW) -> Run:
    """A run over four projects."""
    config = make_config({"projects": list(NAMES)})
    return Run(index, select(config), streams("files"), config, now)


def test_counts_while_a_run_goes_on(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Each batch finds one more project finished, of all; at the end the run waits for none."""
    for name in NAMES:
        world.add(name)
    run = run_of(connect(fake))
    assert run.progress == RunProgress("", 0, 0, 0)
    seen = [(batch.project, run.progress.done, run.progress.total) for batch in run.batches()]
    assert seen == [("a", 1, 4), ("b", 2, 4), ("c", 3, 4), ("d", 4, 4), (None, 4, 4)]
    assert run.progress == RunProgress("", 4, 0, 4)


def test_project_that_a_run_waits_for(world: World, fake: FakeIndex, connect: Connect) -> None:
    """While the documents of a project have not come, the run waits for that project."""
    for name in NAMES:
        world.add(name)
    fake.latency = 0.05
    waiting: list[str] = []
    runs: list[Run] = []
    runs.append(run_of(connect(fake, on_event=lambda event: waiting.append(runs[0].progress.waiting_for))))
    list(runs[0].batches())
    assert waiting == list(NAMES)


def test_resumed_run_counts_what_was_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Projects that the interrupted run had read are counted by themselves, and among all."""
    for name in NAMES:
        world.add(name)
    store, index = MemoryStore(), connect(fake)
    store.sync(fake, index, NAMES[:3], ["files"], at=NOW + 1)
    store.unfinished = NOW
    fake.new_run()
    run = run_of(index, lambda: NOW + 2)
    projects = [batch.project for batch in run.batches(store) if batch.project]
    assert (projects, run.progress) == (["d"], RunProgress("", 1, 3, 4))
