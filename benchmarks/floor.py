"""The minimal loop that ``source-pypi read`` is compared with: it makes the same rows from the same documents.

Flow
    Request over one connection, decompress, decode with types, make rows, write RECORD lines. It checks, retries,
    repairs and reports nothing, has no rate limit, and supports only the generated index of ``tests.fake_index``, for
    which it writes what ``read`` writes (``benchmarks.rows`` compares all of it).

Usage: ``python benchmarks/floor.py ADDRESS NAMES > floor.jsonl``; NAMES is a file with one project name per line.
"""

import gzip
import http.client
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct, field
from packaging.version import Version

PHASES = {"a": 1, "b": 2, "rc": 3}


class Digests(Struct):
    """Checksums of a file."""

    md5: str
    sha256: str
    blake2b_256: str


class File(Struct):
    """A file in a project document."""

    filename: str
    packagetype: str
    python_version: str
    size: int
    url: str
    digests: Digests
    upload_time_iso_8601: datetime
    requires_python: str | None
    yanked: bool
    yanked_reason: str | None
    comment_text: str | None
    has_sig: bool
    downloads: int
    core_metadata: bool | dict[str, str] = field(name="core-metadata", default=False)


class Info(Struct):
    """The metadata of the latest release."""

    name: str
    version: str
    summary: str | None
    author: str | None
    author_email: str | None
    maintainer: str | None
    maintainer_email: str | None
    license: str | None
    license_expression: str | None
    license_files: list[str] | None
    keywords: str | None
    classifiers: list[str]
    requires_python: str | None
    requires_dist: list[str] | None
    provides_extra: list[str] | None
    project_urls: dict[str, str] | None
    home_page: str | None
    yanked: bool
    yanked_reason: str | None


class Ownership(Struct):
    """Who owns a project."""

    organization: str | None


class Project(Struct):
    """A project document."""

    info: Info
    releases: dict[str, list[File]]
    ownership: Ownership
    last_serial: int


class Parsed(NamedTuple):
    """A version as PEP 440 parses it."""

    version: Version
    sort_key: str


def main() -> None:
    """Fetch, decode, write."""
    url, names = urlsplit(sys.argv[1]), Path(sys.argv[2]).read_text().split()
    assert url.hostname is not None
    connection = http.client.HTTPConnection(url.hostname, url.port)
    documents, sections_of = msgspec.json.Decoder(Project), msgspec.json.Decoder(dict[str, Raw])
    encode = msgspec.json.Encoder().encode

    def write(stream: bytes, row: dict[str, Any]) -> None:
        line = b'{"type":"RECORD","record":{"stream":"%b","data":%b,"emitted_at":%d}}\n'
        sys.stdout.buffer.write(line % (stream, encode(row), time.time() * 1000))

    for name in names:
        seen_at = datetime.now(UTC)
        body = fetch(connection, f"/pypi/{name}/json")
        document, sections = documents.decode(body), sections_of.decode(body)
        write(b"projects", project_row(name, document) | {"seen_at": seen_at})
        for row in version_rows(name, document):
            row["seen_at"] = seen_at
            write(b"versions", row)
        for row in file_rows(name, document):
            row["seen_at"] = seen_at
            write(b"files", row)
        write(b"project", {**sections, "project": name, "seen_at": seen_at})
        del sections["releases"]
        write(b"release", {**sections, "project": name, "version": document.info.version, "seen_at": seen_at})
    write(b"stats", sections_of.decode(fetch(connection, "/stats/")))


def fetch(connection: http.client.HTTPConnection, path: str) -> bytes:
    """Return the body of a response."""
    connection.request("GET", path, headers={"Accept": "application/json", "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    return gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body


def project_row(name: str, document: Project) -> dict[str, Any]:
    """Return the row of ``projects``."""
    info = document.info
    files = [file for files in document.releases.values() for file in files]
    uploads = [file.upload_time_iso_8601 for file in files]
    return {
        "project": name,
        "name": info.name,
        "latest_version": info.version,
        "summary": info.summary or None,
        "author": info.author or None,
        "author_email": info.author_email or None,
        "maintainer": info.maintainer or None,
        "maintainer_email": info.maintainer_email or None,
        "license": info.license or None,
        "license_expression": info.license_expression,
        "license_files": info.license_files,
        "keywords": info.keywords.split(", ") if info.keywords else None,
        "classifiers": info.classifiers,
        "requires_python": info.requires_python or None,
        "requires_dist": info.requires_dist,
        "extras": info.provides_extra,
        "project_urls": info.project_urls,
        "home_page": info.home_page or None,
        "yanked": info.yanked,
        "yanked_reason": info.yanked_reason,
        "organization": document.ownership.organization,
        "version_count": len(document.releases),
        "file_count": len(files),
        "total_size": sum(file.size for file in files),
        "first_upload_at": min(uploads, default=None),
        "last_upload_at": max(uploads, default=None),
        "serial": document.last_serial,
    }


def version_rows(name: str, document: Project) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``versions``; every version of the generated index has files."""
    for text, files in document.releases.items():
        parsed, sort_key = parse_version(text)
        uploads = [file.upload_time_iso_8601 for file in files]
        kinds = {file.packagetype for file in files}
        yield {
            "project": name,
            "version": text,
            "valid_pep440": True,
            "normalized_version": str(parsed),
            "sort_key": sort_key,
            "is_prerelease": parsed.is_prerelease,
            "pre": f"{parsed.pre[0]}{parsed.pre[1]}" if parsed.pre else None,
            "post": parsed.post,
            "dev": parsed.dev,
            "local": parsed.local,
            "first_upload_at": min(uploads),
            "last_upload_at": max(uploads),
            "file_count": len(files),
            "total_size": sum(file.size for file in files),
            "has_sdist": "sdist" in kinds,
            "has_wheel": "bdist_wheel" in kinds,
            "requires_python": files[0].requires_python or None,
            "yanked": all(file.yanked for file in files),
            "yanked_reason": files[0].yanked_reason,
            "is_latest": text == document.info.version,
        }


def file_rows(name: str, document: Project) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``files``; the generated index has no wheel with a build tag, and no invalid name."""
    for version, files in document.releases.items():
        for file in files:
            wheel = file.filename.endswith(".whl")
            tags = [part.split(".") for part in file.filename[:-4].split("-")[-3:]] if wheel else [None, None, None]
            metadata = file.core_metadata
            yield {
                "project": name,
                "version": version,
                "filename": file.filename,
                "packagetype": file.packagetype,
                "python_version": file.python_version,
                "build_tag": None,
                "python_tags": tags[0],
                "abi_tags": tags[1],
                "platform_tags": tags[2],
                "variant_label": None,
                "size": file.size,
                "url": file.url,
                "md5": file.digests.md5,
                "sha256": file.digests.sha256,
                "blake2b_256": file.digests.blake2b_256,
                "has_core_metadata": metadata is not False,
                "core_metadata_sha256": metadata["sha256"] if isinstance(metadata, dict) else None,
                "uploaded_at": file.upload_time_iso_8601,
                "requires_python": file.requires_python or None,
                "yanked": file.yanked,
                "yanked_reason": file.yanked_reason,
                "comment_text": file.comment_text or None,
                "has_sig": file.has_sig,
                "downloads": None if file.downloads == -1 else file.downloads,
            }


@cache
def parse_version(text: str) -> Parsed:
    """Return a version with its sort key; the generated index has only final releases and release candidates."""
    version = Version(text)
    release = [str(part) for part in version.release]
    while len(release) > 1 and release[-1] == "0":
        release.pop()
    numbers = ".".join(f"{len(part):02}{part}" for part in release)
    pre = f"{PHASES[version.pre[0]]}{len(str(version.pre[1])):02}{version.pre[1]}" if version.pre else "9"
    return Parsed(version, f"1010~{numbers}!{pre}09")


if __name__ == "__main__":
    main()
