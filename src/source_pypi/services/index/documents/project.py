"""Project and release documents as an index sends them: ``/pypi/<name>/json``, ``/pypi/<name>/<version>/json``.

Every key is optional and nullable: the public index always sends most of them, but mirrors omit some.

Reading on
    index-api.md 4 (project document), 5 (release document), 13 (vulnerabilities), 14 (deprecated keys), 19 (mirrors).
"""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Struct, field

from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents.times import in_utc
from source_pypi.standards.wheels import name_in_url


class Digests(Struct, frozen=True, gc=False):
    """Checksums of a file."""

    md5: Annotated[str | None, describe("MD5 of the file, in hexadecimal.")] = None
    sha256: Annotated[str | None, describe("SHA-256 of the file, in hexadecimal.")] = None
    blake2b_256: Annotated[str | None, describe("BLAKE2b-256 of the file, in hexadecimal; since 2023.")] = None


class File(Struct, frozen=True, gc=False):
    """A distribution file in ``urls`` and ``releases``."""

    filename: Annotated[str | None, describe("The file's name, unique on the index.")] = None
    packagetype: Annotated[
        str | None,
        describe("sdist, bdist_wheel, bdist_egg, bdist_wininst, bdist_msi, bdist_dumb, bdist_rpm or bdist_dmg."),
    ] = None
    python_version: Annotated[str | None, describe("'source' for an sdist, else the tag of the file's name.")] = None
    size: Annotated[Integer | None, describe("Size of the file.", unit="bytes")] = None
    url: Annotated[str | None, describe("URL of the file; relative on some mirrors.")] = None
    digests: Annotated[Digests | None, describe("Checksums of the file.")] = None
    md5_digest: Annotated[str | None, describe("Deprecated: the same as digests.md5.")] = None
    core_metadata: Annotated[
        bool | dict[str, str | None] | None,
        describe("Checksums of the METADATA file at <url>.metadata (PEP 658); false: there is none."),
    ] = field(default=None, name="core-metadata")
    upload_time: Annotated[datetime | None, describe("Time of the upload in UTC, to the second, without zone.")] = None
    upload_time_iso_8601: Annotated[datetime | None, describe("Time of the upload, ISO 8601.")] = None
    requires_python: Annotated[str | None, describe("Python versions that the release supports (PEP 440).")] = None
    yanked: Annotated[bool | None, describe("Whether the release was yanked (PEP 592).")] = None
    yanked_reason: Annotated[str | None, describe("Why the release was yanked.")] = None
    comment_text: Annotated[str | None, describe("The uploader's comment.")] = None
    downloads: Annotated[Integer | None, describe("Deprecated: always -1.")] = None
    has_sig: Annotated[bool | None, describe("Deprecated: always false since May 2023.")] = None

    def uploaded(self) -> datetime | None:
        """Time of the upload in UTC; some mirrors have only the older key."""
        when = self.upload_time_iso_8601 or self.upload_time
        return when if when is None or when.tzinfo is UTC else in_utc(when)  # saves a call for nearly all files

    def name(self) -> str | None:
        """The file's name, else the end of its URL: pypiserver lists URLs only (index-api.md 19)."""
        return self.filename or (None if self.url is None else name_in_url(self.url))


class Downloads(Struct, frozen=True, gc=False):
    """Deprecated counts, always -1."""

    last_day: Annotated[Integer | None, describe("Deprecated: always -1.")] = None
    last_week: Annotated[Integer | None, describe("Deprecated: always -1.")] = None
    last_month: Annotated[Integer | None, describe("Deprecated: always -1.")] = None


class Info(Struct, frozen=True, gc=False):
    """Metadata of a release: the core metadata of the first uploaded file."""

    name: Annotated[str | None, describe("The project's name as its owners write it.")] = None
    version: Annotated[str | None, describe("Version of the described release, as uploaded.")] = None
    summary: Annotated[str | None, describe("One-line summary of the project.")] = None
    description: Annotated[str | None, describe("The long description, as uploaded.")] = None
    description_content_type: Annotated[str | None, describe("Media type of the description.")] = None
    keywords: Annotated[str | None, describe("Keywords, separated by commas; in old uploads by anything.")] = None
    license: Annotated[str | None, describe("Licence as free text, possibly the whole licence.")] = None
    license_expression: Annotated[str | None, describe("Licence as an SPDX expression (PEP 639).")] = None
    license_files: Annotated[list[str] | None, describe("Names of the licence files (PEP 639).")] = None
    classifiers: Annotated[list[str] | None, describe("Trove classifiers.")] = None
    author: Annotated[str | None, describe("Author's name.")] = None
    author_email: Annotated[str | None, describe("Author's e-mail address.")] = None
    maintainer: Annotated[str | None, describe("Maintainer's name.")] = None
    maintainer_email: Annotated[str | None, describe("Maintainer's e-mail address.")] = None
    requires_python: Annotated[str | None, describe("Supported Python versions (PEP 440).")] = None
    requires_dist: Annotated[list[str] | None, describe("Dependencies (PEP 508), as uploaded.")] = None
    provides_extra: Annotated[list[str] | None, describe("Names of the extras.")] = None
    dynamic: Annotated[list[str] | None, describe("Core metadata fields that a build may change (PEP 643).")] = None
    platform: Annotated[str | None, describe("The first platform named.")] = None
    home_page: Annotated[str | None, describe("Deprecated: URL of the home page.")] = None
    download_url: Annotated[str | None, describe("Deprecated: URL to download from.")] = None
    docs_url: Annotated[str | None, describe("URL of documentation that the index hosted in the past.")] = None
    bugtrack_url: Annotated[str | None, describe("Deprecated: always null.")] = None
    project_urls: Annotated[dict[str, str | None] | None, describe("URLs by label.")] = None
    project_url: Annotated[str | None, describe("The project's page on the index.")] = None
    package_url: Annotated[str | None, describe("The same as project_url.")] = None
    release_url: Annotated[str | None, describe("The release's page on the index.")] = None
    downloads: Annotated[Downloads | None, describe("Deprecated: always -1.")] = None
    yanked: Annotated[bool | None, describe("Whether the release was yanked (PEP 592).")] = None
    yanked_reason: Annotated[str | None, describe("Why the release was yanked.")] = None


class Vulnerability(Struct, frozen=True):
    """An advisory that affects the release, from OSV."""

    id: Annotated[str | None, describe("The advisory's identifier, e.g. PYSEC-2021-9.")] = None
    source: Annotated[str | None, describe("Who reported it.")] = None
    link: Annotated[str | None, describe("URL of the advisory.")] = None
    aliases: Annotated[list[str] | None, describe("Other identifiers of the same vulnerability.")] = None
    details: Annotated[str | None, describe("The advisory's text.")] = None
    summary: Annotated[str | None, describe("One-line summary of the advisory.")] = None
    fixed_in: Annotated[list[str] | None, describe("Versions that fix it.")] = None
    withdrawn: Annotated[datetime | None, describe("When it was withdrawn.")] = None

    def name(self) -> str | None:
        """Return what identifies it: its identifier, else its first alias, else its URL; None: it has none."""
        return self.id or next(iter(self.aliases or ()), None) or self.link or None


class Role(Struct, frozen=True, gc=False):
    """A role of a user in a project."""

    role: Annotated[str | None, describe("Owner or Maintainer.")] = None
    user: Annotated[str | None, describe("The user's name.")] = None


class Ownership(Struct, frozen=True):
    """The ownership of a project."""

    roles: Annotated[list[Role] | None, describe("Roles of users, owners first.")] = None
    organization: Annotated[str | None, describe("Organization that owns the project.")] = None


class Release(Struct, frozen=True):
    """A release document: ``/pypi/<name>/<version>/json``."""

    info: Annotated[Info, describe("Metadata of the release.")]
    last_serial: Annotated[
        Integer | None, describe("The project's serial, which increases with each journalled change.")
    ] = None
    ownership: Annotated[Ownership | None, describe("Owners of the project; since February 2026.")] = None
    urls: Annotated[list[File] | None, describe("The release's files.")] = None
    vulnerabilities: Annotated[list[Vulnerability] | None, describe("Advisories that affect the release.")] = None


class Project(Release, frozen=True):
    """A project document: ``/pypi/<name>/json``, the document of the latest release with the files of all releases."""

    releases: Annotated[
        dict[str, list[File] | None] | None, describe("Files by version; an empty list where a release has none.")
    ] = None

    def listed(self) -> dict[str, list[File]]:
        """Files by version; only those of the latest release if the index omits ``releases`` (index-api.md 19)."""
        if self.releases is None:
            return {} if self.info.version is None else {self.info.version: self.urls or []}
        return {version: files or [] for version, files in self.releases.items()}
