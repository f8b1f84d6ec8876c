"""What an index holds: projects, releases, files, advisories, roles, attestations, and a serial that counts changes."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from packaging.version import InvalidVersion, Version

START = datetime(2024, 3, 1, 12, 0, 0, tzinfo=UTC)
_PRERELEASE = re.compile(r"a|b|rc|dev|alpha|beta|c|pre|preview")


def normalized(name: str) -> str:
    """The name as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass
class Bundle:
    """What one publisher attests of a file; `statements` are predicate types, one an attestation."""

    kind: str
    repository: str | None
    workflow: str | None
    environment: str | None
    email: str | None
    statements: list[str]
    log_index: int


@dataclass
class DistFile:
    """A distribution file. `metadata` is the text of its METADATA, None where the index does not offer it."""

    filename: str
    packagetype: str
    python_version: str
    size: int
    uploaded: datetime
    comment: str | None = None
    metadata: str | None = None
    bundles: list[Bundle] = field(default_factory=list)

    def digest(self, algorithm: str) -> str:
        """The digest of the file's (imagined) content, in hexadecimal."""
        content = self.filename.encode()
        if algorithm == "blake2b":
            return hashlib.blake2b(content, digest_size=32).hexdigest()
        return hashlib.new(algorithm, content).hexdigest()

    @property
    def path(self) -> str:
        """Where the index serves the file, from its root and without a slash in front."""
        digest = self.digest("blake2b")
        return f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{self.filename}"


@dataclass
class Advisory:
    """An advisory of a release, as the index shows it."""

    id: str
    aliases: list[str]
    details: str
    summary: str | None
    fixed_in: list[str]
    link: str | None
    withdrawn: datetime | None = None


@dataclass
class Metadata:
    """What the first upload of a release said. An empty text is shown as it is; None is shown as null."""

    summary: str | None = None
    description: str = ""
    author: str | None = None
    author_email: str | None = None
    maintainer: str | None = None
    maintainer_email: str | None = None
    license: str | None = None
    license_expression: str | None = None
    license_files: list[str] | None = None
    keywords: str | None = None
    classifiers: list[str] = field(default_factory=list)
    requires_python: str | None = None
    requires_dist: list[str] | None = None
    extras: list[str] | None = None
    project_urls: dict[str, str] | None = None
    home_page: str | None = None
    download_url: str | None = None


@dataclass
class Release:
    """A release. `requirements_hidden`: the index shows no dependencies, the files' METADATA has them."""

    version: str
    created: datetime
    metadata: Metadata
    files: list[DistFile] = field(default_factory=list)
    yanked: bool = False
    yanked_reason: str | None = None
    quarantined: bool = False
    requirements_hidden: bool = False
    advisories: list[Advisory] = field(default_factory=list)

    @property
    def order(self) -> tuple[bool, Version, str]:
        """A key that sorts as PEP 440 does; versions that it does not know sort below all others."""
        try:
            return (True, Version(self.version), self.version)
        except InvalidVersion:
            return (False, Version("0"), self.version)

    @property
    def looks_like_prerelease(self) -> bool:
        """What the index takes for a prerelease: any version with one of some letters in it."""
        return _PRERELEASE.search(self.version.lower()) is not None

    @property
    def shown_requirements(self) -> list[str] | None:
        """`requires_dist` in the index's documents; None also where there are none."""
        return None if self.requirements_hidden else self.metadata.requires_dist or None


@dataclass
class Project:
    """A project. `name` is the name as its owners write it; `status` one of PEP 792's."""

    name: str
    created: datetime
    serial: int
    releases: dict[str, Release] = field(default_factory=dict)
    roles: list[tuple[str, str]] = field(default_factory=list)
    organization: str | None = None
    status: str = "active"
    status_reason: str | None = None

    @property
    def key(self) -> str:
        """The normalised name."""
        return normalized(self.name)

    @property
    def quarantined(self) -> bool:
        """Whether the project is hidden but for its page."""
        return self.status == "quarantined"

    @property
    def visible(self) -> list[Release]:
        """The releases that documents show, in the order of their texts; none of a quarantined project."""
        if self.quarantined:
            return []
        return [self.releases[version] for version in sorted(self.releases) if not self.releases[version].quarantined]

    @property
    def has_document(self) -> bool:
        """Whether the index answers with a project document: there is a release to describe."""
        return bool(self.visible)

    @property
    def latest(self) -> Release:
        """The release that the index describes: not yanked before yanked, stable before pre, then the highest."""
        return max(self.visible, key=lambda one: (not one.yanked, not one.looks_like_prerelease, one.order))

    @property
    def paged(self) -> list[tuple[Release, DistFile]]:
        """The files that the page shows, by version and name."""
        return [
            (release, file)
            for release in sorted(self.visible, key=lambda one: one.order)
            for file in sorted(release.files, key=lambda one: one.filename)
        ]


@dataclass
class Index:
    """
    The index: projects by normalised name. Names of files are never used twice, serials only rise. `plain`: versions
    and names of files are such that anybody reads the version from the name.
    """

    projects: dict[str, Project] = field(default_factory=dict)
    serial: int = 1000
    now: datetime = START
    used_filenames: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    advisories: int = 0
    plain: bool = False

    def pass_time(self, seconds: float) -> datetime:
        """The time after this number of seconds more; some times are whole seconds."""
        self.now += timedelta(seconds=round(seconds, 6) if int(seconds) % 3 else int(seconds))
        return self.now

    def bump(self, project: Project, by: int = 1) -> None:
        """Journal a change of the project."""
        self.serial += by
        project.serial = self.serial

    @property
    def listed(self) -> list[Project]:
        """The projects in the list: all that are not quarantined, by normalised name."""
        return [project for _, project in sorted(self.projects.items()) if not project.quarantined]
