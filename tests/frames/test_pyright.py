"""The types of the library, as pyright sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_typing import PROGRAM, ROOT, expected

pytestmark = pytest.mark.frames


def test_pyright_refuses_what_is_misspelt(tmp_path: Path) -> None:
    """Pyright reports an error in each line with a misspelt stream, field or setting, and in no other."""
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    config = {"include": ["program.py"], "extraPaths": [str(ROOT / "src")], "reportUnusedExpression": False}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    lines = {one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"}
    assert lines == set(expected("error")), done.stdout
    types = {
        one["range"]["start"]["line"] + 1: one["message"].rpartition(' is "')[2].rstrip('"')
        for one in found
        if one["severity"] == "information"
    }
    assert types == expected("type:")
