"""``files``: a distribution file."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, about
from source_pypi.services.index.documents import Digests, File
from source_pypi.services.index.documents.kinds import Reads
from source_pypi.standards.wheels import WheelName, parse_wheel
from source_pypi.streams._values import absolute, text
from source_pypi.streams.stream import ONE_A_PROJECT, Row, Stream, Visit

_NO_WHEEL = "no wheel, or a name that breaks the rules"
_NOT_SAID = "the index does not say"


class Files(Struct, frozen=True, gc=False):
    """A distribution file: everything that the index says of it, and what a wheel's name tells."""

    project: Annotated[str, about("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, about("The version that lists it, as the index has it.", source="releases")]
    filename: Annotated[str, about("The file's name, unique on the index.", source="releases[].filename")]
    packagetype: Annotated[
        str | None,
        about(
            "sdist, bdist_wheel, bdist_egg, bdist_wininst, bdist_msi, bdist_dumb, bdist_rpm or bdist_dmg.",
            source="releases[].packagetype",
            null=_NOT_SAID,
        ),
    ]
    python_version: Annotated[
        str | None,
        about(
            "'source' for a source distribution, else the tag of the file's name.",
            source="releases[].python_version",
            null=_NOT_SAID,
        ),
    ]
    build_tag: Annotated[
        str | None, about("A wheel's build tag.", source="releases[].filename", null=f"none; {_NO_WHEEL}")
    ]
    python_tags: Annotated[
        list[str] | None,
        about("A wheel's Python tags (PEP 425).", source="releases[].filename", null=_NO_WHEEL),
    ]
    abi_tags: Annotated[
        list[str] | None, about("A wheel's ABI tags (PEP 425).", source="releases[].filename", null=_NO_WHEEL)
    ]
    platform_tags: Annotated[
        list[str] | None,
        about("A wheel's platform tags (PEP 425).", source="releases[].filename", null=_NO_WHEEL),
    ]
    size: Annotated[Integer | None, about("Size of the file.", source="releases[].size", unit="bytes", null=_NOT_SAID)]
    url: Annotated[
        str | None,
        about("Where the file is, as an absolute address.", source="releases[].url", null=_NOT_SAID),
    ]
    md5: Annotated[
        str | None,
        about("MD5 of the file, in hexadecimal.", source="releases[].digests.md5", null=_NOT_SAID),
    ]
    sha256: Annotated[
        str | None,
        about("SHA-256 of the file, in hexadecimal.", source="releases[].digests.sha256", null=_NOT_SAID),
    ]
    blake2b_256: Annotated[
        str | None,
        about("BLAKE2b-256 of the file, in hexadecimal.", source="releases[].digests.blake2b_256", null=_NOT_SAID),
    ]
    has_core_metadata: Annotated[
        bool | None,
        about(
            "Whether the file's METADATA can be read at its address with .metadata behind it (PEP 658).",
            source="releases[].core-metadata",
            null=_NOT_SAID,
        ),
    ]
    core_metadata_sha256: Annotated[
        str | None,
        about("SHA-256 of that METADATA.", source="releases[].core-metadata.sha256", null="there is none to read"),
    ]
    uploaded_at: Annotated[
        datetime | None,
        about("Time of the upload.", source="releases[].upload_time_iso_8601", null=_NOT_SAID),
    ]
    requires_python: Annotated[
        str | None,
        about("Supported Python versions (PEP 440).", source="releases[].requires_python", null="not given"),
    ]
    yanked: Annotated[
        bool | None,
        about("Whether the file's release was yanked (PEP 592).", source="releases[].yanked", null=_NOT_SAID),
    ]
    yanked_reason: Annotated[
        str | None,
        about("Why it was yanked.", source="releases[].yanked_reason", null="not yanked, or no reason given"),
    ]
    comment_text: Annotated[str | None, about("The uploader's comment.", source="releases[].comment_text", null="none")]
    has_sig: Annotated[
        bool | None,
        about("Deprecated: always false since May 2023.", source="releases[].has_sig", null=_NOT_SAID),
    ]
    downloads: Annotated[
        Integer | None,
        about("Deprecated: the index no longer counts.", source="releases[].downloads", null="not counted"),
    ]


def files_rows(visit: Visit) -> Iterator[Row]:
    """A row for each file that the project document lists; one that is listed twice counts where it is first."""
    if visit.project is None or visit.document is None:
        return
    seen: set[str] = set()
    for version, files in visit.document.content.listed().items():
        for file in files:
            filename = file.name()
            if filename and filename not in seen:
                seen.add(filename)
                yield _row(visit.project, version, filename, file, visit.document.address)


def _row(project: str, version: str, filename: str, file: File, base: str) -> Files:
    wheel: WheelName | None = parse_wheel(filename)
    digests = file.digests or Digests()
    metadata = file.core_metadata
    return Files(  # by position, in the record's order: by name, msgspec takes seven times as long for so many fields
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
    record=Files,
    key=("filename",),
    reads=(Reads.PROJECT,),
    cost=ONE_A_PROJECT,
    rows=files_rows,
)
