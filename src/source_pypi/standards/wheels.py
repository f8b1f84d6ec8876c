"""What the name of a wheel tells (binary distribution format, PEP 427 and PEP 425)."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from packaging.tags import parse_tag

from source_pypi.standards.versions import parse_version

_NAME = re.compile(r"[\w.]+")
_BUILD = re.compile(r"\d{1,4300}(?!\d)", re.ASCII)
#: Tags that one name may stand for; real ones stand for a few dozen at most.
_MOST_TAGS = 4096
#: Characters of a name that is taken apart; file systems take 255 bytes.
_LONGEST = 4096


class WheelName(Struct, frozen=True):
    """The parts of a wheel's name that are not its project and version; ``build`` is None where it has none.

    Names share these lists, as rows do then: nobody changes them.
    """

    build: str | None
    python_tags: list[str]
    abi_tags: list[str]
    platform_tags: list[str]


def parse_wheel(filename: str) -> WheelName | None:
    """The tags of a wheel's name; None where the name breaks the rules, as ``packaging`` judges them, or is very long.

    ``packaging.utils.parse_wheel_filename`` is not called for each file: the parts of a name repeat from file to file,
    so each part is judged once (a test holds the two judgements against each other).
    """
    stem, dot, suffix = filename.rpartition(".")
    if not dot or suffix != "whl" or len(filename) > _LONGEST:
        return None
    name, _, rest = stem.partition("-")
    version, _, tags = rest.partition("-")
    return _tagged(tags) if tags and _is_release(name, version) else None


@lru_cache(maxsize=1024)  # the files of a release come one after another
def _is_release(name: str, version: str) -> bool:
    """Whether a name may begin with these."""
    return "__" not in name and _NAME.fullmatch(name) is not None and parse_version(version) is not None


@lru_cache(maxsize=16_384)
def _tagged(text: str) -> WheelName | None:
    """What stands behind the version: a build tag, or none, and a compressed tag set."""
    parts = text.split("-")
    if len(parts) not in (3, 4):
        return None
    build = parts[0] if len(parts) == 4 else None
    if build is not None and not _BUILD.match(build):
        return None
    tags = _tags(parts[-3:])
    return None if tags is None else WheelName(build, *tags)


def _tags(parts: Sequence[str]) -> tuple[list[str], list[str], list[str]] | None:
    """Python, ABI and platform tags of a compressed tag set, in the order of the name."""
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
    """What kind of distribution a name is of, where the index does not say: bdist_wheel, sdist; None for others."""
    if filename.endswith(".whl"):
        return "bdist_wheel"
    return "sdist" if filename.endswith((".tar.gz", ".zip")) else None
