"""The order of versions, the one that `info` describes, the one that a URL means. index-api.md 4.5, 2.6"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from tests.fake_index.model import Project, Release

#: The index's own test for a prerelease: it *contains* such letters. index-api.md 4.5
_PRERELEASE = re.compile(r"(a|b|rc|dev|alpha|beta|c|pre|preview)")

_LEGACY_PART = re.compile(r"(\d+|[a-z]+|\.|-)")
_LEGACY_NAMES = {"pre": "c", "preview": "c", "-": "final-", "rc": "c", "dev": "@"}


@lru_cache(maxsize=65536)
def order(version: str) -> tuple[int, Any]:
    """Sort key: invalid versions come before all valid ones. index-api.md 4.5"""
    try:
        return 1, Version(version)
    except InvalidVersion:
        return 0, _legacy_order(version)


def is_prerelease(version: str) -> bool:
    """Whether the index's database regards a version as a prerelease."""
    return _PRERELEASE.search(version.lower()) is not None


def visible(project: Project) -> list[Release]:
    """The visible releases, the oldest version first."""
    if project.status == "quarantined":
        return []
    shown = [release for release in project.releases.values() if not release.quarantined]
    return sorted(shown, key=lambda release: order(release.version))


def latest(project: Project) -> Release | None:
    """The release that `info` describes: not yanked, then stable, then newest. index-api.md 4.5"""
    best: Release | None = None
    for release in visible(project):  # ascending, so that an equal one replaces
        if best is None or _rank(release) >= _rank(best):
            best = release
    return best


def find(project: Project, version: str) -> Release | None:
    """The release that a URL means: by canonical version, or by spelling if two share it. index-api.md 2.6"""
    found = [release for release in visible(project) if same(release.version, version)]
    if len(found) == 1:
        return found[0]
    return next((release for release in found if release.version == version), None)


def same(one: str, other: str) -> bool:
    """Whether both are spellings of one version."""
    return canonicalize_version(one) == canonicalize_version(other)


def _rank(release: Release) -> tuple[bool, bool]:
    return not release.yanked, not is_prerelease(release.version)


def _legacy_order(version: str) -> tuple[str, ...]:
    """The order of versions before PEP 440, as in setuptools."""
    parts: list[str] = []
    for part in _legacy_parts(version.lower()):
        if part.startswith("*"):
            if part < "*final":  # a prerelease comes before the dashes in front of it
                while parts and parts[-1] == "*final-":
                    parts.pop()
            while parts and parts[-1] == "00000000":  # trailing zeros do not count
                parts.pop()
        parts.append(part)
    return tuple(parts)


def _legacy_parts(version: str) -> Iterator[str]:
    for found in _LEGACY_PART.split(version):
        part = _LEGACY_NAMES.get(found, found)
        if not part or part == ".":
            continue
        yield part.zfill(8) if part[0] in "0123456789" else f"*{part}"
    yield "*final"
