"""docs/how-to/data-frames.ipynb: its cells run, and return what is shown."""

import os
import sys
from pathlib import Path

import pytest

from tests.docs.pages import replayed
from tests.docs.session import DOCS

pytestmark = pytest.mark.frames


def test_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outputs in the notebook are those of its cells; ``python -m tests.docs`` writes them."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    shown = (DOCS / "how-to" / "data-frames.ipynb").read_text(encoding="utf-8")
    assert replayed("how-to/data-frames.ipynb", tmp_path) == shown
