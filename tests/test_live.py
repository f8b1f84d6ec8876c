"""The live index, a handful of projects: whether what it answers is still what we read. ``make live`` runs it."""

from pathlib import Path

import pytest

import source_pypi
from source_pypi.errors import UnknownProjectsError

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
