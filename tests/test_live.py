"""The live index, a handful of projects: whether what it answers is still what we read. ``make live`` runs it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

import source_pypi
from source_pypi.config import make_config
from source_pypi.errors import UnknownProjectsError
from source_pypi.selection import select
from source_pypi.services.index.api import open_index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from source_pypi.sync.state_codec import pack_text
from tests.memory_store import MemoryStore

pytestmark = pytest.mark.live


def test_three_projects() -> None:
    """The public index, or the mirror that stands for it, gives rows of well-known projects."""
    rows = {row.project: row for row in source_pypi.read("projects", ["requests", "flask", "sampleproject"])}
    assert set(rows) == {"requests", "flask", "sampleproject"}
    assert rows["flask"].name == "Flask"
    assert rows["requests"].file_count > 200
    assert rows["sampleproject"].summary == "A sample Python project"


def test_missing_project(tmp_path: Path) -> None:
    """A name that nobody has is said to be missing."""
    with pytest.raises(UnknownProjectsError):
        list(source_pypi.read("projects", ["no-such-project-source-pypi-0000"]))


def test_keys_take_little_room() -> None:
    """The keys of real projects take at most 8 bytes each in a platform's state."""
    config = make_config({"projects": ["requests", "flask", "sampleproject"]})
    chosen = choose_streams(["versions", "files", "classifiers", "urls", "dependencies"])
    keys = size = 0
    for batch in batches(open_index(config), select(config), chosen, config, MemoryStore(keys=True)):
        for change in batch.changes.values():
            bare = replace(
                change.state, parts={name: replace(p, keys=None) for name, p in change.state.partitions.items()}
            )
            keys += change.count or 0
            size += len(pack_text(change.state)) - len(pack_text(bare))
    assert keys > 500
    assert size / keys <= 8, f"{size / keys:.1f} bytes a key"
