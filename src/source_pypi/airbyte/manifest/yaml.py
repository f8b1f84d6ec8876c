"""Plain values as YAML that people read: block style, long texts as blocks.

Our own, since it is this short: the core has no YAML library, and writing needs little of YAML. A text is written as a
JSON string, which YAML reads too, unless it is surely a word or a block of lines.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: Texts that are only ever texts: a letter first, so no number or time; no mark that means something; not these words.
_WORDS = re.compile(r"[A-Za-z_$][A-Za-z0-9_/.-]*(?: [A-Za-z0-9_/.-]+)*")
_NO_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
#: Lines that can stand as a block: printable, without white space at their ends and at the beginning of the first.
_BLOCK = re.compile(r"[!-~](?:[ -~]*[!-~])?(?:\n[ -~]*[!-~])+")


def as_yaml(value: Mapping[str, Any]) -> str:
    """A document that reads back as the value."""
    return "\n".join(_mapping(value, "")) + "\n"


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_text(key)}:", item, indent + "  ")


def _sequence(value: Sequence[Any], indent: str) -> Iterator[str]:
    for item in value:
        if isinstance(item, Mapping) and item:
            first, *others = _mapping(item, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from others
        else:
            yield from _entry(f"{indent}-", item, indent + "  ")


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent)
    elif isinstance(value, (list, tuple)) and value:
        yield head
        yield from _sequence(value, indent)
    elif isinstance(value, str) and _BLOCK.fullmatch(value):
        yield f"{head} |-"
        yield from (f"{indent}{line}" for line in value.split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value, ensure_ascii=False)


def _text(value: str) -> str:
    plain = _WORDS.fullmatch(value) and value.lower() not in _NO_WORDS
    return value if plain else json.dumps(value, ensure_ascii=False)
