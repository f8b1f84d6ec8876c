"""``dependencies``: a requirement of a release."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct
from packaging.requirements import InvalidRequirement

from source_pypi.fields import describe
from source_pypi.safety.limits import cached_if_short
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.requirements import extras_named, pinned_version, read_requirement, required_project
from source_pypi.standards.versions import sort_key
from source_pypi.streams._fields import ProjectName, ReleaseVersion
from source_pypi.streams.stream import ONE_PER_RELEASE_OR_METADATA, ProjectDocuments, Row, Stream

_INVALID = "the requirement is invalid"


def _parsed(meaning: str, absent: str) -> Meta:
    return describe(meaning, source="info.requires_dist", null=absent)


class Dependency(Struct, frozen=True, gc=False):
    """A requirement, as uploaded and as parsed (PEP 508)."""

    project: ProjectName
    version: ReleaseVersion
    position: Annotated[int, describe("Position in the release's list, from 0.", source="info.requires_dist")]
    requirement: Annotated[str, describe("The requirement, as uploaded.", source="info.requires_dist")]
    name: Annotated[
        str | None, _parsed("The required project's normalised name (PEP 503).", "the requirement has no valid name")
    ]
    extras: Annotated[list[str] | None, _parsed("The required extras of that project.", f"no extras, or {_INVALID}")]
    specifier: Annotated[str | None, _parsed("The accepted versions (PEP 440).", f"any version, or {_INVALID}")]
    pin: Annotated[
        str | None,
        _parsed(
            "The only accepted version, as the specifier (== or ===) writes it.",
            f"several versions are accepted, or {_INVALID}",
        ),
    ]
    pin_sort_key: Annotated[
        str | None,
        _parsed("The sort key of that version, which joins with versions.sort_key.", "no version is pinned"),
    ]
    marker: Annotated[
        str | None, _parsed("The condition under which it is required (PEP 508).", f"no condition, or {_INVALID}")
    ]
    extra: Annotated[
        str | None,
        _parsed(
            "The extra of the requiring project that it belongs to; several are joined with a comma and a space.",
            f"it belongs to no extra, or {_INVALID}",
        ),
    ]
    url: Annotated[str | None, _parsed("The URL to install it from (PEP 508).", f"no URL, or {_INVALID}")]
    parse_error: Annotated[str | None, _parsed("Why the requirement is invalid.", "the requirement is valid")]
    source: Annotated[
        str,
        describe(
            "Where it is from: 'index', which has the metadata of the release's first file, or 'core_metadata' of a "
            "file.",
            source="the document that it was read from",
        ),
    ]


class _Parsed(Struct, frozen=True):
    """A parsed requirement. It is cached, because releases repeat the requirements of earlier ones."""

    name: str | None
    extras: tuple[str, ...] | None = None
    specifier: str | None = None
    pin: str | None = None
    marker: str | None = None
    extra: str | None = None
    url: str | None = None
    error: str | None = None


def dependencies_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The requirements of each selected release, from its core metadata if the index does not list them."""
    if documents.project is None:
        return
    for release in documents.described_releases:
        texts, source = documents.required(release)
        for position, text in enumerate(texts):
            yield _row(documents.project, release.version, position, text, source)


def _row(project: str, version: str, position: int, text: str, source: str) -> Dependency:
    parsed = _parse(text)
    return Dependency(  # positional: with this many keywords, msgspec takes five times as long
        project,
        version,
        position,
        text,
        parsed.name,
        None if parsed.extras is None else list(parsed.extras),
        parsed.specifier,
        parsed.pin,
        None if parsed.pin is None else sort_key(parsed.pin),
        parsed.marker,
        parsed.extra,
        parsed.url,
        parsed.error,
        source,
    )


@cached_if_short()
def _parse(text: str) -> _Parsed:
    try:
        requirement = read_requirement(text)
    except InvalidRequirement as error:
        return _Parsed(required_project(text), error=str(error).splitlines()[0])
    return _Parsed(
        name=required_project(text),
        extras=tuple(sorted(requirement.extras)) or None,
        specifier=str(requirement.specifier) or None,
        pin=pinned_version(requirement.specifier),
        marker=None if requirement.marker is None else str(requirement.marker),
        extra=", ".join(sorted(extras_named(requirement.marker))) or None,
        url=requirement.url,
    )


STREAM = Stream(
    name="dependencies",
    row="a requirement of a release",
    record=Dependency,
    key=("project", "version", "position"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_PER_RELEASE_OR_METADATA,
    rows=dependencies_rows,
    required_key="info.requires_dist",
    from_metadata=True,
    fallback_documents=(DocumentKind.CORE_METADATA,),
    revision=1,  # since names are not taken from URLs and paths
)
