"""Files as they are on the disk: bytes, TOML and JSON, checked once; what is wrong is told with the file's name."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from source_pypi.errors import RequirementsError
from source_pypi.safety.limits import LARGEST_FILE

_T = TypeVar("_T")
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
_LINE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    :raises RequirementsError: when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = error.strerror if isinstance(error, OSError) else error
        raise RequirementsError(str(path), None, f"cannot be read: {reason}") from error
    if len(content) > LARGEST_FILE:
        raise RequirementsError(str(path), None, f"has more than {LARGEST_FILE // 2**20} MB")
    return content


def read_toml(path: Path, shape: type[_T]) -> _T:
    """A TOML file, in the shape that it should have.

    :raises RequirementsError: when it cannot be read, is no TOML, or has another shape.
    """
    return _read(path, _toml, "TOML", shape)


def read_json(path: Path, shape: type[_T]) -> _T:
    """A JSON file, in the shape that it should have.

    :raises RequirementsError: when it cannot be read, is no JSON, or has another shape.
    """
    return _read(path, json.loads, "JSON", shape)


def decode(content: bytes, file: str, encoding: str = "utf-8-sig") -> str:
    """The text of a file; a byte order mark, which editors on Windows write, is no part of it.

    :raises RequirementsError: when the bytes are not of that encoding, or there is no such encoding.
    """
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        read, wrong = error.object[: error.start], error.object[error.start]  # without the byte order mark
        name = encoding.removesuffix("-sig").upper()
        raise RequirementsError(file, read.count(b"\n") + 1, f"is not {name}: byte 0x{wrong:02x}") from error
    except (LookupError, UnicodeError) as error:
        raise RequirementsError(file, None, f"cannot be read: there is no encoding {encoding!r}") from error


def _toml(text: str) -> Any:
    if _LONG_KEY.search(text):  # the parser's memory grows with the square of the parts, and that is most of it
        raise ValueError("a key of more than 100 parts")
    return tomllib.loads(text)


def _read(path: Path, loads: Callable[[str], Any], kind: str, shape: type[_T]) -> _T:
    file, text = str(path), decode(read_bytes(path), str(path))
    try:
        return msgspec.convert(loads(text), shape)
    except msgspec.ValidationError as error:
        raise RequirementsError(file, None, f"has not the shape of such a file: {error}") from error
    except json.JSONDecodeError as error:
        raise RequirementsError(file, error.lineno, f"is no JSON: {error.msg}") from error
    except tomllib.TOMLDecodeError as error:
        # Only Python 3.14 gives the line apart from the message.
        place = _LINE.search(str(error))
        line = int(place["line"]) if place and place["line"] else None
        raise RequirementsError(file, line, f"is no TOML: {_LINE.sub('', str(error))}") from error
    except (ValueError, RecursionError) as error:  # a number or a nesting beyond what Python reads
        raise RequirementsError(file, None, f"is no {kind}: {error}") from error
