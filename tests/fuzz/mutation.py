"""Mutation of valid inputs: of the tree, if there is one, then of the text, then of the bytes."""

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz.nasty import BYTES, RAW, TEXTS, VALUES

#: The most repetitions of something, and the largest input in bytes.
MOST_TIMES, LARGEST = 20_000, 200_000
#: Values of a tree above which nothing in it is repeated.
MOST_PLACES = 5_000
#: A placeholder for raw JSON in a tree.
_MARK = "\ue000raw\ue000"
_MARKS = re.compile("|".join((re.escape(json.dumps(_MARK)), re.escape(f'"{_MARK}"'))))

Mutate = Callable[[bytes, random.Random], bytes]


def mutated_json(seed: bytes, chance: random.Random) -> bytes:
    """A JSON document with changed values, keys and lists, sometimes with JSON that no library writes."""
    tree = json.loads(seed)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        tree = _changed(tree, chance)
    text = json.dumps(tree, ensure_ascii=chance.random() < 0.5, indent=chance.choice((None, None, 1)))
    if len(text) > 5 * LARGEST:  # lists of lists of long texts
        return mutated_bytes(seed, chance)
    text = _MARKS.sub(lambda _: chance.choice(RAW), text)
    body = text.encode("utf-8", "surrogatepass")
    return mutated_bytes(body, chance) if chance.random() < 0.1 else body


def mutated_text(seed: bytes, chance: random.Random) -> bytes:
    """A text with lines and parts changed, repeated, moved or replaced."""
    text = seed.decode()
    for _ in range(chance.choice((1, 1, 2, 4))):
        text = chance.choice(_TEXT_CHANGES)(text, chance)[:LARGEST]
    body = text.encode("utf-8", "surrogatepass")
    return mutated_bytes(body, chance) if chance.random() < 0.1 else body


def mutated_bytes(seed: bytes, chance: random.Random) -> bytes:
    """Bytes that were cut, flipped or inserted."""
    body, place = bytearray(seed), chance.randint(0, len(seed))
    what = chance.randrange(4)
    if what == 0:
        del body[place:]
    elif what == 1:
        body[place:place] = chance.choice(BYTES)
    elif what == 2:
        body[place : place + chance.randint(1, 8)] = chance.randbytes(chance.randint(0, 8))
    elif body:
        body[min(place, len(body) - 1)] ^= 1 << chance.randrange(8)
    return bytes(body)


# Trees --------------------------------------------------------------------------------------------------------


def _changed(tree: Any, chance: random.Random) -> Any:
    """The tree with one change."""
    places = _places(tree)
    if not places:
        return _value(chance)
    holder, key = chance.choice(places)
    what = chance.randrange(9)
    if what == 0:
        del holder[key]
    elif what == 1:
        other, place = chance.choice(places)
        holder[key] = json.loads(json.dumps(other[place]))
    elif what == 2 and isinstance(holder, dict):
        holder[_text(chance)] = holder.pop(key)
    elif what == 3 and isinstance(holder, dict):
        holder[_text(chance)] = _value(chance)
    elif what == 4:
        holder[key] = [holder[key]] * (chance.choice((0, 1, 2, 50)) if len(places) < MOST_PLACES else 1)
    elif what == 5:
        holder[key] = {_text(chance): holder[key]}
    else:
        holder[key] = _value(chance)
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every value of a tree: its container, and its key or index."""
    found, waiting = list[tuple[Any, Any]](), [tree] if isinstance(tree, dict | list) else []
    while waiting:
        holder = waiting.pop()
        keys: Sequence[Any] = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _value(chance: random.Random) -> Any:
    what = chance.randrange(10)
    if what < 4:
        return _text(chance)
    return _MARK if what < 6 else json.loads(json.dumps(chance.choice(VALUES)))


def _text(chance: random.Random) -> str:
    """A hostile text, several of them, or one repeated."""
    text = "".join(chance.choices(TEXTS, k=chance.choice((1, 1, 1, 2, 5))))
    return (text * chance.randint(2, MOST_TIMES))[:LARGEST] if chance.random() < 0.03 else text


# Texts --------------------------------------------------------------------------------------------------------


def _insert(text: str, chance: random.Random) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + _text(chance) + text[place:]


def _replace(text: str, chance: random.Random) -> str:
    """Replace a word by another."""
    words = text.split(" ")
    words[chance.randrange(len(words))] = _text(chance)
    return " ".join(words)


def _remove(text: str, chance: random.Random) -> str:
    start, end = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
    return text[:start] + text[end if chance.random() < 0.3 else min(end, start + 20) :]


def _repeat(text: str, chance: random.Random) -> str:
    start = chance.randint(0, len(text))
    times = chance.choice((2, 10, 400, MOST_TIMES)) if chance.random() < 0.3 else 2
    return text[:start] + text[start : start + chance.randint(1, 12)] * times + text[start:]


def _move(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    lines.insert(chance.randint(0, len(lines)), lines.pop(chance.randrange(len(lines))) if lines else "")
    return "".join(lines)


def _double(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    return "".join([*lines, chance.choice(lines) * chance.choice((1, 1, 50))])


_TEXT_CHANGES = (_insert, _insert, _replace, _replace, _remove, _repeat, _move, _double)
