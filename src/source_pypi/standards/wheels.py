"""The names of distribution files and their parts: wheels (PEP 427 and PEP 425), source archives, older formats.

Names of wheel variants end in a label, and the variants of a release are described in a file of its own (PEP 825).
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name

from source_pypi.standards.versions import normalized, parse_version

#: Endings of source archives: those of PEP 625 and of earlier tools.
SDIST_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.z", ".tbz", ".tbz2", ".txz", ".tar")
#: Endings of all other distribution files.
_OTHER_ENDINGS = (".whl", ".egg", ".exe", ".msi", ".rpm", ".dmg", ".deb")
#: The ending of the file that describes the wheel variants of a release, and what ``kind_of`` calls it.
_VARIANTS_ENDING, VARIANTS = "-variants.json", "variants"
_ENDINGS = (*SDIST_ENDINGS, *_OTHER_ENDINGS, _VARIANTS_ENDING)
#: A platform at the end of a name without its ending: the name of a built archive (bdist_dumb, bdist_wininst).
_PLATFORM = re.compile(r"[.-](?:linux|macosx|darwin|win32|win-|win_|cygwin|freebsd|solaris|sunos|aix|mingw)[\w.+-]*$")
_NAME = re.compile(r"[\w.]+")
_BUILD = re.compile(r"\d{1,4300}(?!\d)", re.ASCII)
_LABEL = re.compile(r"[0-9a-z_.]{1,16}")
#: A platform tag. It tells a label from the platform of a name whose build tag is invalid.
_PLATFORM_TAG = re.compile(r"any|win32|[^_.]+_[^.]+")
#: Tags that one name may expand to; real names expand to a few dozen.
_MOST_TAGS = 4096
#: Characters of a name that is parsed; file systems accept 255 bytes.
_LONGEST = 4096


class WheelName(Struct, frozen=True):
    """The build tag, the compatibility tags and the variant label of a wheel's name; None: it has no tag, or no label.

    Names share these lists, so callers must not change them.
    """

    build: str | None
    python_tags: list[str]
    abi_tags: list[str]
    platform_tags: list[str]
    variant_label: str | None = None


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
    """Parse the part after the version: a compressed tag set, with a build tag before it, or a label after it, or both.

    None: it is invalid.
    """
    parts, label = _split_label(text.split("-"))
    if len(parts) not in (3, 4):
        return None
    build = parts[0] if len(parts) == 4 else None
    if build is not None and not _BUILD.match(build):
        return None
    tags = _expand(parts[-3:])
    return None if tags is None else WheelName(build, *tags, label)


def _split_label(parts: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """The parts after the version without the variant label, and the label; None: there is none.

    A label follows three tags, of which the first does not begin with a digit, as a build tag does.
    """
    if len(parts) == (5 if _BUILD.match(parts[0]) else 4) and _LABEL.fullmatch(parts[-1]):
        platforms = parts[-2].lower().split(".")
        if all(_PLATFORM_TAG.fullmatch(platform) for platform in platforms):
            return parts[:-1], parts[-1]
    return parts, None


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
    """The type of a file by its name: ``bdist_wheel``, ``sdist`` or ``variants``; None for others.

    An archive whose name ends in a platform (``foo-1.0.linux-x86_64.tar.gz``) was built: it is no source distribution.
    """
    lower = filename.lower()
    if lower.endswith(".whl"):
        return "bdist_wheel"
    if lower.endswith(_VARIANTS_ENDING):
        return VARIANTS
    ending = _ending(lower, SDIST_ENDINGS)
    return "sdist" if ending and not _PLATFORM.search(lower[: -len(ending)][-_LONGEST:]) else None


def python_version_in(filename: str) -> str | None:
    """The ``python_version`` that the public index gives a file: ``source`` for an sdist, else the name's Python tag.

    None: the name of a wheel has no tags, or the file is of another type.
    """
    kind, parts = kind_of(filename), filename[:-4].split("-")
    if kind == "bdist_wheel" and len(parts) >= 5:
        return _split_label(parts[2:])[0][-3]
    return "source" if kind == "sdist" else None


def is_distribution(filename: str) -> bool:
    """Whether a name ends like that of a distribution file, or of the file that describes variants."""
    return bool(_ending(filename.lower(), _ENDINGS))


def name_in_url(url: str) -> str | None:
    """The name of the file at a URL: the last segment of its path, percent-decoded, without query and fragment.

    None: the path ends in a slash.
    """
    segment = url.partition("#")[0].partition("?")[0].rpartition("/")[2]
    return unquote(segment).replace("\\", "/").rpartition("/")[2].replace("\0", "") or None


def version_in(filename: str, project: str) -> str | None:
    """The version in a file's name: in PEP 440's normal form if it is valid, else as written; None: there is none.

    :param project: the project's normalised name, which tells where the version begins.
    """
    ending = _ending(filename.lower(), _ENDINGS)
    if not ending or len(filename) > _LONGEST:
        return None
    stem = filename[: -len(ending)]
    if ending in (".whl", ".egg", _VARIANTS_ENDING):
        written = [*stem.split("-"), ""][1]
    else:
        stem = _PLATFORM.sub("", stem) if ending != ".rpm" else stem.rpartition(".")[0].rpartition("-")[0]
        written = _after_name(stem, project)
    return (normalized(written) or normalized(written.replace("_", "-")) or written) if written else None


def begins_with(filename: str, project: str) -> bool:
    """Whether a file's name begins with a project's name, up to a dash.

    :param project: the project's normalised name.
    """
    ends = (match.start() for match in re.finditer("-", filename[:_LONGEST]))
    return any(canonicalize_name(filename[:end]) == project for end in ends)


def _after_name(stem: str, project: str) -> str:
    """What follows the project's name, which may contain dashes itself; else what follows the last dash."""
    for match in re.finditer("-", stem):
        if canonicalize_name(stem[: match.start()]) == project:
            return stem[match.end() :]
    return stem.rpartition("-")[2] if "-" in stem else ""


def _ending(lower: str, endings: tuple[str, ...]) -> str:
    return next((ending for ending in endings if lower.endswith(ending)), "")
