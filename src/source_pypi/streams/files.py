"""``files``: a distribution file."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.wheels import WheelName, parse_wheel
from source_pypi.streams._fields import NOT_GIVEN, FirstSeenAt, ListedVersion, ProjectName, RowSource, YankedReason
from source_pypi.streams._pages import DOCUMENT, PAGE, ListedProject
from source_pypi.streams._values import absolute, text
from source_pypi.streams.stream import ONE_PER_PROJECT, ProjectDocuments, Row, Stream

_NOT_A_WHEEL = "not a wheel, or its name is invalid"


def _listed(key: str, meaning: str, unit: str = "") -> Meta:
    return describe(meaning, source=f"releases[].{key}", unit=unit, null=NOT_GIVEN)


def _in_name(meaning: str) -> Meta:
    return describe(meaning, source="releases[].filename", null=_NOT_A_WHEEL)


class File(Struct, frozen=True, gc=False):
    """A distribution file: what the index publishes about it, and the parts of a wheel's name."""

    project: ProjectName
    version: ListedVersion
    filename: Annotated[
        str,
        describe(
            "The file's name, unique in the project. Two projects may list the same file.", source="releases[].filename"
        ),
    ]
    packagetype: Annotated[
        str | None,
        _listed(
            "packagetype",
            "sdist, bdist_wheel, bdist_egg, bdist_wininst, bdist_msi, bdist_dumb, bdist_rpm or bdist_dmg; variants: "
            "the file that describes the wheel variants of a release (PEP 825).",
        ),
    ]
    python_version: Annotated[
        str | None, _listed("python_version", "'source' for a source distribution; otherwise the tag in its name.")
    ]
    build_tag: Annotated[
        str | None,
        describe("A wheel's build tag.", source="releases[].filename", null=f"no build tag; {_NOT_A_WHEEL}"),
    ]
    python_tags: Annotated[list[str] | None, _in_name("A wheel's Python tags (PEP 425).")]
    abi_tags: Annotated[list[str] | None, _in_name("A wheel's ABI tags (PEP 425).")]
    platform_tags: Annotated[list[str] | None, _in_name("A wheel's platform tags (PEP 425).")]
    variant_label: Annotated[
        str | None,
        describe(
            "The label of a wheel variant, which the release's file of variants explains (PEP 825); 'null': the one "
            "that needs nothing.",
            source="releases[].filename",
            null=f"no variant; {_NOT_A_WHEEL}",
        ),
    ]
    size: Annotated[Integer | None, _listed("size", "Size of the file.", "bytes")]
    url: Annotated[str | None, _listed("url", "The file's URL, absolute.")]
    md5: Annotated[str | None, _listed("digests.md5", "MD5 digest, in hexadecimal.")]
    sha256: Annotated[str | None, _listed("digests.sha256", "SHA-256 digest, in hexadecimal.")]
    blake2b_256: Annotated[str | None, _listed("digests.blake2b_256", "BLAKE2b-256 digest, in hexadecimal.")]
    has_core_metadata: Annotated[
        bool | None,
        _listed("core-metadata", "Whether the index serves the file's METADATA at its URL plus .metadata (PEP 658)."),
    ]
    core_metadata_sha256: Annotated[
        str | None,
        describe(
            "SHA-256 digest of that METADATA, in hexadecimal.",
            source="releases[].core-metadata.sha256",
            null="the index does not serve it, or gives no digest",
        ),
    ]
    uploaded_at: Annotated[datetime | None, _listed("upload_time_iso_8601", "Time of the upload.")]
    first_seen_at: FirstSeenAt
    requires_python: Annotated[str | None, _listed("requires_python", "Supported Python versions (PEP 440).")]
    yanked: Annotated[bool | None, _listed("yanked", "Whether the file's release is yanked (PEP 592).")]
    yanked_reason: YankedReason
    comment_text: Annotated[str | None, _listed("comment_text", "The uploader's comment.")]
    has_sig: Annotated[bool | None, _listed("has_sig", "Deprecated: always false since May 2023.")]
    downloads: Annotated[
        Integer | None,
        describe(
            "Deprecated: the index no longer counts downloads.",
            source="releases[].downloads",
            null="the index does not count them",
        ),
    ]
    source: RowSource


def files_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """A row for each file that the index lists. Of a file that is listed twice, the first entry counts."""
    listed = documents.listed
    if documents.project is None or listed is None:
        return
    seen: set[str] = set()
    of_page = listed.content.page_files if isinstance(listed.content, ListedProject) else frozenset()
    for version, files in listed.content.listed().items():
        for file in files:
            filename = file.name()
            if filename and filename not in seen:
                seen.add(filename)
                source = PAGE if filename in of_page else DOCUMENT
                first_seen_at = documents.first_seen.get(filename)
                yield _row(documents.project, version, filename, file, listed.url, source, first_seen_at)


def _row(
    project: str,
    version: str,
    filename: str,
    file: wire.File,
    base: str,
    source: str,
    first_seen_at: datetime | None,
) -> File:
    wheel: WheelName | None = parse_wheel(filename)
    digests = file.digests or wire.Digests()
    metadata = file.core_metadata
    return File(  # positional: with this many keywords, msgspec takes seven times as long
        project,
        version,
        filename,
        text(file.packagetype),
        text(file.python_version),
        None if wheel is None else wheel.build,
        None if wheel is None else wheel.python_tags,
        None if wheel is None else wheel.abi_tags,
        None if wheel is None else wheel.platform_tags,
        None if wheel is None else wheel.variant_label,
        file.size,
        absolute(file.url, base),
        digests.md5 or file.md5_digest or None,
        digests.sha256 or None,
        digests.blake2b_256 or None,
        None if metadata is None else metadata is not False,
        metadata.get("sha256") if isinstance(metadata, dict) else None,
        file.uploaded(),
        first_seen_at,
        text(file.requires_python),
        file.yanked,
        text(file.yanked_reason),
        text(file.comment_text),
        file.has_sig,
        None if file.downloads == -1 else file.downloads,
        source,
    )


STREAM = Stream(
    name="files",
    row="a distribution file",
    record=File,
    key=("project", "filename"),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_PER_PROJECT,
    rows=files_rows,
    required_key="releases",
    from_page=True,
    says_first_seen=True,
)
