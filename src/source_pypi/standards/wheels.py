"""The name of a wheel and its parts (binary distribution format, PEP 427 and PEP 425)."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from packaging.tags import parse_tag

from source_pypi.standards.versions import parse_version

_NAME = re.compile(r"[\w.]+")
_BUILD = re.compile(r"\d{1,4300}(?!\d)", re.ASCII)
#: Tags that one name may expand to; real names expand to a few dozen.
_MOST_TAGS = 4096
#: Characters of a name that is parsed; file systems accept 255 bytes.
_LONGEST = 4096


class WheelName(Struct, frozen=True):
    """The build tag (None: it has none) and the compatibility tags of a wheel's name.

    Names share these lists, so callers must not change them.
    """

    build: str | None
    python_tags: list[str]
    abi_tags: list[str]
    platform_tags: list[str]


def parse_wheel(filename: str) -> WheelName | None:
    """Parse the name of a wheel; None if ``packaging`` rejects the name, or it has more than 4,096 characters.

    The parts of names repeat from file to file, so each part is parsed once and cached, which is faster than
    ``packaging.utils.parse_wheel_filename``; a test compares the results of both.
    """
    stem, dot, suffix = filename.rpartition(".")
    if not dot or suffix != "whl" or len(filename) > _LONGEST:
        return None
    name, _, rest = stem.partition("-")
    version, _, tags = rest.partition("-")
    return _parse_tags(tags) if tags and _is_release(name, version) else None


@lru_cache(maxsize=1024)  # files of a release follow each other
def _is_release(name: str, version: str) -> bool:
    """Whether a name may begin with this project and version."""
    return "__" not in name and _NAME.fullmatch(name) is not None and parse_version(version) is not None


@lru_cache(maxsize=16_384)
def _parse_tags(text: str) -> WheelName | None:
    """Parse the part after the version: an optional build tag and a compressed tag set; None if it is invalid."""
    parts = text.split("-")
    if len(parts) not in (3, 4):
        return None
    build = parts[0] if len(parts) == 4 else None
    if build is not None and not _BUILD.match(build):
        return None
    tags = _expand(parts[-3:])
    return None if tags is None else WheelName(build, *tags)


def _expand(parts: Sequence[str]) -> tuple[list[str], list[str], list[str]] | None:
    """Python, ABI and platform tags of a compressed tag set, in the order of the name; None if it is invalid."""
    components = [part.lower().split(".") for part in parts]
    if math.prod(map(len, components)) > _MOST_TAGS:
        return None
    try:
        parse_tag("-".join(parts).lower())
    except ValueError:
        return None
    python, abi, platform = (list(dict.fromkeys(component)) for component in components)
    return python, abi, platform


def kind_of(filename: str) -> str | None:
    """The type of a distribution by its file name: ``bdist_wheel`` or ``sdist``; None for others."""
    if filename.endswith(".whl"):
        return "bdist_wheel"
    return "sdist" if filename.endswith((".tar.gz", ".zip")) else None
