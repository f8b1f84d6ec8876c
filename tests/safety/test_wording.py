"""safety/wording.py: pieces of messages."""

import shlex
import subprocess
import sys

import pytest

from source_pypi.safety.wording import counted, shell_quoted, similar_names, some_of, tries_text


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 projects"), (1, "1 project"), (2, "2 projects"), (12_345, "12,345 projects")]
)
def test_counted(number: int, expected: str) -> None:
    """Only one thing is singular; thousands are separated."""
    assert counted(number, "project") == expected


@pytest.mark.parametrize(
    ("tries", "seconds", "expected"),
    [(1, 0.0, "1 try in 0.0 s"), (2, 1.26, "2 tries in 1.3 s"), (6, 120.0, "6 tries in 120.0 s")],
)
def test_tries_text(tries: int, seconds: float, expected: str) -> None:
    """Messages give the number of tries and the seconds with one decimal."""
    assert tries_text(tries, seconds) == expected


@pytest.mark.parametrize(
    ("names", "expected"), [([], ""), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d"], "a, b, c, ...")]
)
def test_first_names_are_listed(names: list[str], expected: str) -> None:
    """Of more than three names, the first three are listed."""
    assert some_of(names) == expected


def test_similar_names() -> None:
    """Names are similar if they begin alike, in any case, and differ in few characters; the most similar come first."""
    assert similar_names("Reqests", ["flask", "requests", "request", "xequests", "requests-cache"]) == [
        "requests",
        "request",
    ]


@pytest.mark.parametrize(
    "text", ["a", "a b", "it's", 'a "b"', "$HOME", "`ls`", "a!b", "-x", "", "select count(*) from x"]
)
def test_quoted_words(text: str) -> None:
    """A quoted word is that word for a shell."""
    code = "import sys; print(sys.argv[1], end='')"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {shell_quoted(text)}"
    assert subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout == text
