"""Three projects of the public index: its responses still give the expected rows. ``make live`` runs these tests."""

import pytest
from msgspec.structs import replace

import source_pypi
from source_pypi.config import make_config
from source_pypi.errors import UnknownProjectsError
from source_pypi.selection import select
from source_pypi.services.index.api import open_index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import Run
from source_pypi.sync.state_codec import pack_text
from tests.memory_store import MemoryStore

pytestmark = pytest.mark.live


def test_three_projects() -> None:
    """The public index gives rows of three well-known projects."""
    rows = {row.project: row for row in source_pypi.read("projects", ["requests", "flask", "sampleproject"])}
    assert set(rows) == {"requests", "flask", "sampleproject"}
    assert rows["flask"].name == "Flask"
    assert (rows["requests"].file_count or 0) > 200
    assert rows["sampleproject"].summary == "A sample Python project"


def test_unknown_project() -> None:
    """A name that the index does not have is an error that says so."""
    with pytest.raises(UnknownProjectsError):
        list(source_pypi.read("projects", ["no-such-project-source-pypi-0000"]))


def test_keys_take_at_most_eight_bytes() -> None:
    """The keys of real projects take at most 8 bytes each in the state of a platform."""
    config = make_config({"projects": ["requests", "flask", "sampleproject"]})
    chosen = choose_streams(["versions", "files", "classifiers", "urls", "dependencies"])
    keys = size = 0
    run = Run(open_index(config), select(config), chosen, config)
    for batch in run.batches(MemoryStore(keys=True)):
        for change in batch.changes.values():
            partitions = {name: replace(part, keys=None) for name, part in change.state.partitions.items()}
            bare = replace(change.state, partitions=partitions)
            keys += change.count or 0
            size += len(pack_text(change.state)) - len(pack_text(bare))
    assert keys > 500
    assert size / keys <= 8, f"{size / keys:.1f} bytes a key"
