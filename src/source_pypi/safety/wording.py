"""Pieces of messages: numbers and lists of names in words, and words of commands."""

import os
import re
from collections.abc import Iterable, Sequence

#: What needs no quotes in a shell, and what double quotes do not protect in one.
_PLAIN, _SPECIAL = re.compile(r"[\w@%+=:,./-]+"), re.compile(r'["$`\\!]')


def counted(number: int, noun: str) -> str:
    """A number with its noun in the singular or plural: ``1 project``, ``2,000 projects``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some_of(names: Sequence[str], most: int = 3) -> str:
    """The first few of many names, for a message: ``a, b, c, ...``."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def tries_text(tries: int, seconds: float) -> str:
    """The number of tries and their duration, for a message: ``3 tries in 4.2 s``."""
    count = "1 try" if tries == 1 else f"{tries} tries"
    return f"{count} in {seconds:.1f} s"


def similar_names(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of ``names`` that are spelled like ``name``, the most similar first."""
    from difflib import get_close_matches

    lowered = name.lower()
    candidates = {
        other.lower(): other for other in names if abs(len(other) - len(name)) <= 2 and other[:1].lower() == lowered[:1]
    }
    return [candidates[match] for match in get_close_matches(lowered, candidates, n=3, cutoff=0.7)]


def shell_quoted(text: str) -> str:
    """Return a word for the user's shell: POSIX's, or that of Windows."""
    import shlex
    import subprocess

    if _PLAIN.fullmatch(text) and not text.startswith("-"):
        return text
    if os.name == "nt":
        return subprocess.list2cmdline([text])
    return shlex.quote(text) if _SPECIAL.search(text) else f'"{text}"'
