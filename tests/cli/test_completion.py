"""cli/completion.py: what shells complete."""

import subprocess
import sys

import pytest

from tests.cli import Run


def completed(run: Run, words: str) -> list[str]:
    """What bash offers at the end of a command line."""
    count = len(words.split()) - (not words.endswith(" "))
    done = run(_SOURCE_PYPI_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count))
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("source-pypi sync --streams ve", ["versions"]),
        ("source-pypi sync --streams files,v", ["files,versions", "files,vulnerabilities"]),
        ("source-pypi sync --streams versions,v", ["versions,vulnerabilities"]),
        ("source-pypi sync --releases ", ["latest", "all"]),
        ("source-pypi syn", ["sync"]),
        ("source-pypi sync --follow", ["--follow-dependencies"]),
    ],
)
def test_completion(run: Run, words: str, offered: list[str]) -> None:
    """Commands, options, choices and the streams of a list are completed; a stream is offered once."""
    assert completed(run, words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script(shell: str) -> None:
    """The variable prints the script that a shell loads, as docs/cli.md says."""
    done = subprocess.run(
        [sys.executable, "-m", "source_pypi"],
        capture_output=True,
        text=True,
        check=False,
        env={"_SOURCE_PYPI_COMPLETE": f"{shell}_source", "PATH": "/usr/bin:/bin"},
    )
    assert f"_SOURCE_PYPI_COMPLETE={shell}_complete" in done.stdout
