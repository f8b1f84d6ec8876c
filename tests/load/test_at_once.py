"""Two runs that want the same database at the same time."""

from collections.abc import Callable
from pathlib import Path

from tests.fake_index import FakeIndex, World
from tests.kills.command import Place, after
from tests.kills.tables import content_of


def test_two_at_once(serve: Callable[..., FakeIndex], world: World, tmp_path: Path) -> None:
    """One of two runs on one database works, the other says in a line that it is in use; the file is whole."""
    for number in range(20):
        world.add(f"foo-{number}")
    index = serve(latency=0.1)
    place = Place(tmp_path, index.url)
    config = place.settings(projects=[f"foo-{number}" for number in range(20)])
    first = place.start("sync", "--config", config, "--into", "one.duckdb")
    while not (tmp_path / "one.duckdb").exists():
        after(0.05)(first)
    second = place.start("sync", "--config", config, "--into", "one.duckdb").wait()
    remedy = "close that, or name another file with --into"
    told = f"error: cannot write one.duckdb: it is in use by another program; {remedy}\n"
    assert (second.status, second.output, second.user_errors) == (1, b"", told)
    worked = first.wait()
    assert (worked.status, worked.user_errors) == (0, "")
    assert {table: len(rows) for table, rows in content_of(tmp_path / "one.duckdb").tables.items()} == {
        "projects": 20,
        "versions": 20,
        "files": 20,
    }
