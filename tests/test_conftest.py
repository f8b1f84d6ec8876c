"""conftest.py: what a run of the tests prints."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: Tests whose classes name DuckDB's types, and which Hypothesis and pytest hold until the interpreter exits.
TESTS = """
import duckdb
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test


class Machine(RuleBasedStateMachine):
    connect, kind, module = duckdb.connect, duckdb.DuckDBPyConnection, duckdb

    @rule()
    def select(self):
        duckdb.connect().close()


@pytest.mark.parametrize("kind", [Machine])
def test_machine(kind):
    class Derived(kind):
        pass

    run_state_machine_as_test(Derived, settings=settings(database=None, max_examples=2))
"""


def test_summary_is_the_last_line(tmp_path: Path) -> None:
    """A run prints nothing after pytest's summary, such as the types that DuckDB's binding reports at exit."""
    (tmp_path / "test_machine.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("1 passed in ")
