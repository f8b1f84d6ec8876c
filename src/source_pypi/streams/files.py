"""``files``: a distribution file."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.index import documents
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.wheels import WheelName, parse_wheel
from source_pypi.streams._values import absolute, text
from source_pypi.streams.stream import ONE_A_PROJECT, ProjectDocuments, Row, Stream

_NO_WHEEL = "no wheel, or a name that breaks the rules"
_NOT_SAID = "the index does not say"


class File(Struct, frozen=True, gc=False):
    """A distribution file: everything that the index says of it, and what a wheel's name tells."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The version that lists it, as the index has it.", source="releases")]
    filename: Annotated[str, describe("The file's name, unique on the index.", source="releases[].filename")]
    packagetype: Annotated[
        str | None,
        describe(
            "sdist, bdist_wheel, bdist_egg, bdist_wininst, bdist_msi, bdist_dumb, bdist_rpm or bdist_dmg.",
            source="releases[].packagetype",
            null=_NOT_SAID,
        ),
    ]
    python_version: Annotated[
        str | None,
        describe(
            "'source' for a source distribution, else the tag of the file's name.",
            source="releases[].python_version",
            null=_NOT_SAID,
        ),
    ]
    build_tag: Annotated[
        str | None, describe("A wheel's build tag.", source="releases[].filename", null=f"none; {_NO_WHEEL}")
    ]
    python_tags: Annotated[
        list[str] | None,
        describe("A wheel's Python tags (PEP 425).", source="releases[].filename", null=_NO_WHEEL),
    ]
    abi_tags: Annotated[
        list[str] | None, describe("A wheel's ABI tags (PEP 425).", source="releases[].filename", null=_NO_WHEEL)
    ]
    platform_tags: Annotated[
        list[str] | None,
        describe("A wheel's platform tags (PEP 425).", source="releases[].filename", null=_NO_WHEEL),
    ]
    size: Annotated[
        Integer | None, describe("Size of the file.", source="releases[].size", unit="bytes", null=_NOT_SAID)
    ]
    url: Annotated[
        str | None,
        describe("Where the file is, as an absolute address.", source="releases[].url", null=_NOT_SAID),
    ]
    md5: Annotated[
        str | None,
        describe("MD5 of the file, in hexadecimal.", source="releases[].digests.md5", null=_NOT_SAID),
    ]
    sha256: Annotated[
        str | None,
        describe("SHA-256 of the file, in hexadecimal.", source="releases[].digests.sha256", null=_NOT_SAID),
    ]
    blake2b_256: Annotated[
        str | None,
        describe("BLAKE2b-256 of the file, in hexadecimal.", source="releases[].digests.blake2b_256", null=_NOT_SAID),
    ]
    has_core_metadata: Annotated[
        bool | None,
        describe(
            "Whether the file's METADATA can be read at its address with .metadata behind it (PEP 658).",
            source="releases[].core-metadata",
            null=_NOT_SAID,
        ),
    ]
    core_metadata_sha256: Annotated[
        str | None,
        describe("SHA-256 of that METADATA.", source="releases[].core-metadata.sha256", null="there is none to read"),
    ]
    uploaded_at: Annotated[
        datetime | None,
        describe("Time of the upload.", source="releases[].upload_time_iso_8601", null=_NOT_SAID),
    ]
    requires_python: Annotated[
        str | None,
        describe("Supported Python versions (PEP 440).", source="releases[].requires_python", null="not given"),
    ]
    yanked: Annotated[
        bool | None,
        describe("Whether the file's release was yanked (PEP 592).", source="releases[].yanked", null=_NOT_SAID),
    ]
    yanked_reason: Annotated[
        str | None,
        describe("Why it was yanked.", source="releases[].yanked_reason", null="not yanked, or no reason given"),
    ]
    comment_text: Annotated[
        str | None, describe("The uploader's comment.", source="releases[].comment_text", null="none")
    ]
    has_sig: Annotated[
        bool | None,
        describe("Deprecated: always false since May 2023.", source="releases[].has_sig", null=_NOT_SAID),
    ]
    downloads: Annotated[
        Integer | None,
        describe("Deprecated: the index no longer counts.", source="releases[].downloads", null="not counted"),
    ]


def files_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """A row for each file that the project document lists; one that is listed twice counts where it is first."""
    if visit.project is None or visit.document is None:
        return
    seen: set[str] = set()
    for version, files in visit.document.content.listed().items():
        for file in files:
            filename = file.name()
            if filename and filename not in seen:
                seen.add(filename)
                yield _row(visit.project, version, filename, file, visit.document.url)


def _row(project: str, version: str, filename: str, file: documents.File, base: str) -> File:
    wheel: WheelName | None = parse_wheel(filename)
    digests = file.digests or documents.Digests()
    metadata = file.core_metadata
    return File(  # by position, in the record's order: by name, msgspec takes seven times as long for so many fields
        project,
        version,
        filename,
        text(file.packagetype),
        text(file.python_version),
        None if wheel is None else wheel.build,
        None if wheel is None else wheel.python_tags,
        None if wheel is None else wheel.abi_tags,
        None if wheel is None else wheel.platform_tags,
        file.size,
        absolute(file.url, base),
        digests.md5 or file.md5_digest or None,
        digests.sha256 or None,
        digests.blake2b_256 or None,
        None if metadata is None else metadata is not False,
        metadata.get("sha256") if isinstance(metadata, dict) else None,
        file.uploaded(),
        text(file.requires_python),
        file.yanked,
        text(file.yanked_reason),
        text(file.comment_text),
        file.has_sig,
        None if file.downloads == -1 else file.downloads,
    )


STREAM = Stream(
    name="files",
    row="a distribution file",
    record=File,
    key=("filename",),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_A_PROJECT,
    rows=files_rows,
)
