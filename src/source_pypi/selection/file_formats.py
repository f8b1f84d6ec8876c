"""Reads files: bytes, text, TOML and JSON. Every error has the file's name."""

import json
import re
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from source_pypi.errors import RequirementsError
from source_pypi.safety.limits import LARGEST_FILE

_T = TypeVar("_T")
#: The path that stands for standard input.
STANDARD_INPUT = Path("-")
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
_LINE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; of standard input, those that were there when it was first read.

    :raises RequirementsError: if it cannot be read or is too large.
    """
    try:
        if path == STANDARD_INPUT:
            content = _standard_input()
        else:
            with path.open("rb") as file:
                content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: an invalid file name
        reason = error.strerror if isinstance(error, OSError) else error
        raise RequirementsError(str(path), None, f"cannot be read: {reason}") from error
    if len(content) > LARGEST_FILE:
        raise RequirementsError(str(path), None, f"is larger than {LARGEST_FILE // 2**20} MB")
    return content


@cache
def _standard_input() -> bytes:
    """The bytes of standard input, which can be read only once."""
    return sys.stdin.buffer.read(LARGEST_FILE + 1) if sys.stdin is not None else b""


def read_toml(path: Path, shape: type[_T]) -> _T:
    """The content of a TOML file, converted to the type ``shape``.

    :raises RequirementsError: if it cannot be read, is not valid TOML, or does not match ``shape``.
    """
    return _read(path, _toml, "TOML", shape)


def read_json(path: Path, shape: type[_T]) -> _T:
    """The content of a JSON file, converted to the type ``shape``.

    :raises RequirementsError: if it cannot be read, is not valid JSON, or does not match ``shape``.
    """
    return _read(path, json.loads, "JSON", shape)


def convert(path: Path, content: Any, shape: type[_T]) -> _T:
    """The content of a file, converted to the type ``shape``.

    :raises RequirementsError: if it does not match ``shape``.
    """
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        raise RequirementsError(str(path), None, f"does not have the structure of such a file: {error}") from error


def table_lines(path: Path, name: str) -> list[int]:
    """The lines, from 1, at which a TOML file begins an element of an array of tables: ``[[name]]``.

    :raises RequirementsError: as of ``read_toml``.
    """
    header = re.compile(rf"[ \t]*\[\[[ \t]*{re.escape(name)}[ \t]*\]\]")
    content = read_bytes(path)
    lines = decode(content, str(path), byte_order(content) or "utf-8-sig").splitlines()
    return [number for number, line in enumerate(lines, start=1) if header.match(line)]


def byte_order(content: bytes) -> str | None:
    """The encoding that a byte order mark says, as editors and shells on Windows write it; None: there is none."""
    return next((encoding for mark, encoding in _BYTE_ORDER_MARKS if content.startswith(mark)), None)


def decode(content: bytes, file: str, encoding: str = "utf-8-sig") -> str:
    """The text of a file, without the byte order mark that editors on Windows write.

    :raises RequirementsError: if the bytes are not valid in the encoding, or the encoding is unknown.
    """
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        valid, invalid = error.object[: error.start], error.object[error.start]  # without the byte order mark
        name = encoding.removesuffix("-sig").upper()
        raise RequirementsError(file, valid.count(b"\n") + 1, f"is not valid {name}: byte 0x{invalid:02x}") from error
    except (LookupError, UnicodeError) as error:
        raise RequirementsError(file, None, f"cannot be read: unknown encoding {encoding!r}") from error


def _toml(text: str) -> Any:
    if _LONG_KEY.search(text):  # the parser's memory grows with the square of the number of parts
        raise ValueError("a key has more than 100 parts")
    return tomllib.loads(text)


def _read(path: Path, loads: Callable[[str], Any], kind: str, shape: type[_T]) -> _T:
    file, content = str(path), read_bytes(path)
    text = decode(content, file, byte_order(content) or "utf-8-sig")
    try:
        return convert(path, loads(text), shape)
    except json.JSONDecodeError as error:
        raise RequirementsError(file, error.lineno, f"is not valid JSON: {error.msg}") from error
    except tomllib.TOMLDecodeError as error:
        # Before Python 3.14, only the message has the line.
        match = _LINE.search(str(error))
        line = int(match["line"]) if match and match["line"] else None
        raise RequirementsError(file, line, f"is not valid TOML: {_LINE.sub('', str(error))}") from error
    except (ValueError, RecursionError) as error:  # a number or nesting beyond Python's limits
        raise RequirementsError(file, None, f"is not valid {kind}: {error}") from error
