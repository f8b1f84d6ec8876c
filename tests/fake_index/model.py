"""The data of an index: projects, releases, files and roles. `World` (world.py) changes it and keeps the journal."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.fake_index.world import World

#: The keys of `info` that come from the uploaded metadata, with their values if nothing was uploaded. index-api.md 4.2
#: (the other keys are derived from the project and the release).
INFO_DEFAULTS: Mapping[str, Any] = {
    "author": None,
    "author_email": None,
    "bugtrack_url": None,
    "classifiers": [],
    "description": "",
    "description_content_type": None,
    "docs_url": None,
    "download_url": None,
    "dynamic": None,
    "home_page": None,
    "keywords": None,
    "license": None,
    "license_expression": None,
    "license_files": None,
    "maintainer": None,
    "maintainer_email": None,
    "platform": None,
    "project_urls": None,
    "provides_extra": None,
    "requires_dist": None,
    "requires_python": None,
    "summary": None,
}

#: Suffix of a file name -> its packagetype. The types: index-api.md 4.3
_PACKAGE_TYPES = {
    ".whl": "bdist_wheel",
    ".egg": "bdist_egg",
    ".exe": "bdist_wininst",
    ".msi": "bdist_msi",
    ".rpm": "bdist_rpm",
    ".dmg": "bdist_dmg",
    "json": "variants",  # our guess: the index does not have such files yet
}


class JournalEntry(NamedTuple):
    """One row of the journal, in the order in which the index's change log lists its fields."""

    #: Display name at the time of the event.
    name: str
    #: None for events of the project itself.
    version: str | None
    #: Seconds since 1970, UTC.
    timestamp: int
    action: str
    serial: int


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody's direct role in a project."""

    user: str
    #: "Owner" or "Maintainer".
    role: str = "Owner"


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One advisory of a release. index-api.md 13"""

    id: str
    source: str = "osv"
    link: str | None = None
    aliases: tuple[str, ...] | None = ()
    details: str | None = None
    summary: str | None = None
    fixed_in: tuple[str, ...] | None = ()
    #: `2024-01-01T00:00:00Z`; None while it stands. A withdrawn record stays listed.
    withdrawn: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """One uploaded file. What it shares with its release (yank, requires_python) is kept there."""

    filename: str
    #: Bytes.
    size: int
    packagetype: str
    python_version: str
    #: UTC, no zone attached.
    uploaded_at: datetime
    comment_text: str | None = ""
    #: None: derived from the file name, so that a large world costs no memory for them.
    digests: Mapping[str, str] | None = None
    #: sha256 of the separate metadata file; None: there is none.
    core_metadata: str | None = None
    #: The provenance object; None: none was published.
    provenance: Mapping[str, Any] | None = None
    #: What a download answers; None: 404.
    content: bytes | None = None
    #: What a download of `<file>.metadata` answers; None: 404.
    metadata: bytes | None = None

    def all_digests(self) -> dict[str, str]:
        """The three digests that the index publishes, keys sorted."""
        if self.digests is not None:
            return dict(self.digests)
        return digests_of(self.filename.encode())

    def path(self) -> str:
        """Where the file lies below the base address. index-api.md 4.3 `url`"""
        digest = self.all_digests()["blake2b_256"]
        return f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{self.filename}"


@dataclass(slots=True)
class Release:
    """One version of a project, with the metadata frozen at its first upload. index-api.md 3"""

    version: str
    created_at: datetime
    info: dict[str, Any] = field(default_factory=dict)
    #: By file name.
    files: dict[str, File] = field(default_factory=dict)
    yanked: bool = False
    yanked_reason: str | None = None
    quarantined: bool = False
    advisories: tuple[Vulnerability, ...] = ()

    def snapshot(self) -> Release:
        """A copy that later changes of this release do not reach."""
        return replace(self, info=dict(self.info), files=dict(self.files))


@dataclass(slots=True)
class Project:
    """One project; `release` adds to it through the world, so that the journal sees it."""

    #: Display name.
    name: str
    world: World = field(repr=False, compare=False)
    created_at: datetime
    last_serial: int = 0
    #: "active", "archived", "quarantined" or "deprecated".
    status: str = "active"
    organization: str | None = None
    #: By version as stored, in the order of creation.
    releases: dict[str, Release] = field(default_factory=dict)
    roles: tuple[Role, ...] = ()
    #: Namespaces of the name (PEP 752), and whether their owners own the project, too. From api-version 1.5 on.
    namespaces: tuple[tuple[str, bool], ...] = ()

    @property
    def normalized(self) -> str:
        """The name in addresses."""
        return normalize(self.name)

    def release(
        self, version: str, *, wheel: bool = False, sdist: bool = False, info: Mapping[str, Any] | None = None
    ) -> Project:
        """Add a release, with the files asked for, and give the project back for the next call."""
        with self.world.one_change(self.name):
            self.world.release(self.name, version, info=info)
            stem = f"{self.normalized.replace('-', '_')}-{version}"
            if sdist:
                self.world.upload(self.name, version, filename=f"{stem}.tar.gz")
            if wheel:
                self.world.upload(self.name, version, filename=f"{stem}-py3-none-any.whl")
        return self

    def snapshot(self) -> Project:
        """A copy that later changes of this project do not reach."""
        return replace(self, releases={v: release.snapshot() for v, release in self.releases.items()})


def normalize(name: str) -> str:
    """The name as it stands in addresses. index-api.md 6"""
    return re.sub(r"[-_.]+", "-", name).lower()


def digests_of(content: bytes) -> dict[str, str]:
    """The three digests the index publishes of this content, keys sorted."""
    return {
        "blake2b_256": hashlib.blake2b(content, digest_size=32).hexdigest(),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def size_of(filename: str) -> int:
    """A size that is always the same for the same file name."""
    return 10_000 + int.from_bytes(hashlib.sha256(filename.encode()).digest()[:4], "big") % 900_000


def packagetype_of(filename: str) -> str:
    """What kind of file the name says it is; anything unknown is a source archive."""
    return _PACKAGE_TYPES.get(filename[-4:], "sdist")


def python_version_of(filename: str) -> str:
    """The `python_version` that goes with the name: `source`, a wheel's tag, or the old `2.7`."""
    kind = packagetype_of(filename)
    if kind == "sdist":
        return "source"
    if kind == "bdist_wheel":
        tags = filename[:-4].split("-")[2:]
        return tags[1] if tags[0][:1].isdigit() else tags[0]  # a build tag stands before it
    found = re.search(r"-py(\d[\d.]*)(?=[-.])", filename)
    return found.group(1).rstrip(".") if found else "any"


def time_of(value: str | datetime) -> datetime:
    """A time in UTC without a zone, from what a test wrote."""
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed


def advisory(identifier: str, **fields: Any) -> Vulnerability:
    """An advisory with the link and summary that the index would have given it."""
    texts = {"link": f"https://osv.example/vulnerability/{identifier}", "summary": f"Summary of {identifier}"}
    for key in ("aliases", "fixed_in"):
        if fields.get(key) is not None:
            fields[key] = tuple(fields[key])
    return Vulnerability(identifier, **{**texts, **fields})
