"""services/downloads/top.py: names of the most downloaded projects, and ``sync --top``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.config import make_config
from source_pypi.errors import ServiceDocumentError, ServiceError
from source_pypi.selection import select
from source_pypi.services.downloads.top import top_projects
from tests.fake_downloads import Answer, FakeTop
from tests.fake_index import FakeIndex, World


@pytest.fixture
def top() -> Iterator[FakeTop]:
    """A list with spellings, a repetition and a name that is none."""
    with FakeTop("Flask", "not a name", "zope.interface", "flask", "click") as made:
        yield made


def config(fake: FakeTop, **settings: Any) -> Any:
    """Settings with this list."""
    return make_config({"top_url": f"{fake.url}/top.json", **settings})


def test_names_in_order(top: FakeTop) -> None:
    """The names are normalised, in the order of the list, each once, in one request."""
    assert top_projects(config(top, top=2)) == ("flask", "zope-interface")
    assert top_projects(config(top, top=100)) == ("flask", "zope-interface", "click")
    assert top.paths == ["/top.json", "/top.json"]


def test_without_the_setting_nothing_is_requested(top: FakeTop) -> None:
    """If the setting is off, there are no names and no request."""
    assert top_projects(config(top)) == ()
    assert top.paths == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<html>", "JSON is malformed: invalid character (byte 0)"),
        (b"", "nothing: there is no such document"),
        (b'{"x": ' + b"[" * 100_000, "JSON that is nested too deep"),
        (b'{"rows": []}', "no names of projects"),
        (b'{"rows": [{"name": "a"}]}', "Object missing required field `project` - at `$.rows[0]`"),
    ],
)
def test_another_document_is_refused(top: FakeTop, body: bytes, found: str) -> None:
    """Anything but the list is an error that names its URL."""
    top.fail(Answer(200, body))
    with pytest.raises(ServiceDocumentError) as caught:
        top_projects(config(top, top=2))
    expected = "a JSON object whose 'rows' have a 'project' each"
    assert caught.value.args == (f"{top.url}/top.json", expected, found, "top_url")


def test_missing_list(top: FakeTop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is not there, or a service that is down, is an error that names the setting."""
    monkeypatch.setattr("source_pypi.http.client.SHORTEST_BACKOFF", 0.01)
    with pytest.raises(ServiceDocumentError, match="nothing: there is no such document"):
        top_projects(make_config({"top": 1, "top_url": f"{top.url}/other.json"}))
    with pytest.raises(ServiceError, match=r"cannot be reached: no connection can be made .*check top_url"):
        top_projects(make_config({"top": 1, "top_url": "http://127.0.0.1:9/top.json", "request_timeout_seconds": 1}))


def test_selection(top: FakeTop) -> None:
    """Named projects come first, and keep their versions; the others may be missing on the index."""
    settings = config(top, top=3, projects=["click==8.0", "rich"], exclude=["zope*"])
    selection = select(settings, top=top_projects(settings))
    found = [(one.project, one.pins, one.unpinned, one.may_be_missing) for one in selection.projects]
    assert found == [
        ("click", ("8.0",), True, False),
        ("rich", (), True, False),
        ("flask", (), True, True),
    ]


def test_sync_top(world: World, fake: FakeIndex, top: FakeTop, tmp_path: Path) -> None:
    """``sync --top`` loads the projects of the list in its order; one that the index does not have is no error."""
    import subprocess

    world.add("flask")
    world.add("click")
    path = tmp_path / "x.duckdb"
    command = ["sync", "--top", "3", "--top-url", f"{top.url}/top.json", "--streams", "projects", "--into", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "source_pypi", *command, "--index-url", fake.url, "--requests-per-second", "0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "zope-interface" in done.stderr
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT project FROM projects ORDER BY seen_at").fetchall() == [
            ("flask",),
            ("click",),
        ]
        pins = connection.execute("SELECT project, file FROM pins ORDER BY position").fetchall()
    assert pins == [(name, "setting top") for name in ("flask", "zope-interface", "click")]
    assert top.paths == ["/top.json"]
