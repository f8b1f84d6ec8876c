"""Versions (PEP 440), valid and invalid."""

import re

from packaging.version import Version

from source_pypi.safety.limits import LONGEST_PARSED, cached_if_short

_PHASES = {"a": "1", "b": "2", "rc": "3"}
_LAST = "9"


@cached_if_short()
def parse_version(text: str) -> Version | None:
    """The version; None if it violates PEP 440. Results are cached, since texts repeat."""
    if len(text) > LONGEST_PARSED:
        return None
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number with more digits than Python converts
        return None


@cached_if_short()
def normalized(text: str) -> str | None:
    """The version in the normal form of PEP 440; None if it violates PEP 440."""
    version = parse_version(text)
    return None if version is None else str(version)


def same_version(one: str, other: str) -> bool:
    """Whether two spellings are the same version; an invalid version equals only itself."""
    return one == other or ((parsed := parse_version(one)) is not None and parsed == parse_version(other))


@cached_if_short()
def sort_key(text: str) -> str:
    """A text whose order, character by character, is the PEP 440 order of versions.

    An invalid version sorts below all valid ones, as on the index (index-api.md 4.5). Invalid versions are ordered by
    their runs of digits and of other characters; only the first 10,000 characters count.
    """
    version = parse_version(text)
    if version is None:
        runs = re.findall(r"\d+|\D+", text[:LONGEST_PARSED].lower())
        return "0" + "".join(f"1{_number(run)}" if run.isdecimal() and run.isascii() else f"0{run}!" for run in runs)
    return f"{_head(version)}{_post(version)}{_dev(version)}{_local(version)}"


def family_end(text: str) -> str:
    """The lowest text above the sort keys of a version and of its local versions (``1.0+1``), below all others.

    A version with a local part has no local versions of its own: the text is above its own key only.
    """
    version = parse_version(text)
    return sort_key(text) + ("3" if version is None or version.local is None else "0")


def head_end(text: str) -> str:
    """The lowest text above the sort keys of a version, its local versions and its post-releases, below all others.

    :raises ValueError: if the text violates PEP 440.
    """
    version = parse_version(text)
    if version is None:
        raise ValueError(f"{text!r} is no version")
    return f"{_head(version)}2"


def _head(version: Version) -> str:
    """The part of a sort key for epoch, release and pre-release."""
    release = ".".join(_number(part) for part in _without_zeros(version.release))
    return f"1{_number(version.epoch)}~{release}!{_pre(version)}"


def _number(value: int | str) -> str:
    """The digits after their count, so that longer numbers sort after shorter ones."""
    digits = str(value).lstrip("0") or "0"
    length = len(digits)
    return f"{length:02d}{digits}" if length < 99 else f"99{length:06d}{digits}"


def _without_zeros(release: tuple[int, ...]) -> list[int]:
    """The release without final zeros: 1.0 and 1.0.0 are the same version (PEP 440)."""
    parts = list(release)
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return parts


def _pre(version: Version) -> str:
    if version.pre is not None:
        phase, number = version.pre
        return _PHASES[phase] + _number(number)
    return "0" if version.dev is not None and version.post is None else _LAST


def _post(version: Version) -> str:
    return "0" if version.post is None else "1" + _number(version.post)


def _dev(version: Version) -> str:
    return _LAST if version.dev is None else "1" + _number(version.dev)


def _local(version: Version) -> str:
    """Numeric segments sort after others, and more segments after fewer (PEP 440, local version identifiers)."""
    if version.local is None:
        return ""
    segments = version.local.split(".")
    return "".join(f"2{_number(segment)}" if segment.isdecimal() else f"1{segment}!" for segment in segments)
