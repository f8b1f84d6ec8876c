"""Two runs that write the same database at the same time."""

from collections.abc import Callable
from pathlib import Path

from tests.fake_index import FakeIndex, World
from tests.kills.command import Workdir, after
from tests.kills.tables import content_of


def test_second_writer_is_refused(serve: Callable[..., FakeIndex], world: World, tmp_path: Path) -> None:
    """Of two runs on one database one works; the other ends with a one-line error, and the file is intact."""
    for number in range(20):
        world.add(f"foo-{number}")
    index = serve(latency=0.1)
    workdir = Workdir(tmp_path, index.url)
    config = workdir.settings(projects=[f"foo-{number}" for number in range(20)])
    first = workdir.start("sync", "--config", config, "--into", "one.duckdb")
    while not (tmp_path / "one.duckdb").exists():
        after(0.05)(first)
    second = workdir.start("sync", "--config", config, "--into", "one.duckdb").wait()
    remedy = "close that, or name another file with --into"
    error = f"error: cannot write one.duckdb: it is in use by another program; {remedy}\n"
    assert (second.status, second.output, second.user_errors) == (1, b"", error)
    worked = first.wait()
    assert (worked.status, worked.user_errors) == (0, "")
    assert {table: len(rows) for table, rows in content_of(tmp_path / "one.duckdb").tables.items()} == {
        "projects": 20,
        "versions": 20,
        "files": 20,
    }
