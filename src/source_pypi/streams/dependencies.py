"""``dependencies``: one requirement of a release."""

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from source_pypi.fields import describe
from source_pypi.safety.limits import LONGEST_PARSED, cached_if_short
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.requirements import extras_named, pinned_version, read_requirement
from source_pypi.standards.versions import sort_key
from source_pypi.streams.stream import ONE_A_RELEASE, ProjectDocuments, Row, Stream

_UNPARSED = "none, or the requirement does not parse"
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?!\w)")


class Dependency(Struct, frozen=True, kw_only=True, gc=False):
    """A requirement: as uploaded, and as PEP 508 reads it."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The release that requires it, as the index has it.", source="info.version")]
    position: Annotated[int, describe("Its place in the release's list, from 0.", source="info.requires_dist")]
    requirement: Annotated[str, describe("The requirement, as uploaded.", source="info.requires_dist")]
    name: Annotated[
        str | None,
        describe(
            "Normalised name (PEP 503) of the project that is required.",
            source="info.requires_dist",
            null="no name can be read",
        ),
    ]
    extras: Annotated[
        list[str] | None,
        describe("Extras of that project that are required.", source="info.requires_dist", null=_UNPARSED),
    ]
    specifier: Annotated[
        str | None,
        describe(
            "Versions that will do (PEP 440); null where any will.",
            source="info.requires_dist",
            null="any version, or the requirement does not parse",
        ),
    ]
    pin: Annotated[
        str | None,
        describe(
            "The one version that will do, as the specifier writes it (== or ===).",
            source="info.requires_dist",
            null="several will do, or the requirement does not parse",
        ),
    ]
    pin_sort_key: Annotated[
        str | None,
        describe(
            "The pinned version as versions.sort_key has it: equal for all spellings of one version.",
            source="info.requires_dist",
            null="no version is pinned",
        ),
    ]
    marker: Annotated[
        str | None,
        describe("Condition under which it is required (PEP 508).", source="info.requires_dist", null=_UNPARSED),
    ]
    extra: Annotated[
        str | None,
        describe(
            "The extra of the requiring project that asks for it; several are joined by a comma and a blank.",
            source="info.requires_dist",
            null="it is required in any case, or the requirement does not parse",
        ),
    ]
    url: Annotated[
        str | None,
        describe("Address that it must come from (PEP 508).", source="info.requires_dist", null=_UNPARSED),
    ]
    parse_error: Annotated[
        str | None, describe("Why it does not parse.", source="info.requires_dist", null="it parses")
    ]
    source: Annotated[
        str,
        describe(
            "Who says so: 'index', which keeps the metadata of the first file; or 'core_metadata', a file's own.",
            source="the document it was read from",
        ),
    ]


class _Parsed(Struct, frozen=True):
    """What PEP 508 reads in a text; the same texts come again and again, from release to release."""

    name: str | None
    extras: tuple[str, ...] | None = None
    specifier: str | None = None
    pin: str | None = None
    marker: str | None = None
    extra: str | None = None
    url: str | None = None
    error: str | None = None


def dependencies_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """The requirements of each release that was read; those of its core metadata where the index says nothing."""
    if visit.project is None:
        return
    for release in visit.releases:
        texts, source = visit.required(release)
        for position, text in enumerate(texts):
            yield _row(visit.project, release.version, position, text, source)


def _row(project: str, version: str, position: int, text: str, source: str) -> Dependency:
    parsed = _parse(text)
    return Dependency(
        project=project,
        version=version,
        position=position,
        requirement=text,
        name=parsed.name,
        extras=None if parsed.extras is None else list(parsed.extras),
        specifier=parsed.specifier,
        pin=parsed.pin,
        pin_sort_key=None if parsed.pin is None else sort_key(parsed.pin),
        marker=parsed.marker,
        extra=parsed.extra,
        url=parsed.url,
        parse_error=parsed.error,
        source=source,
    )


@cached_if_short(65_536)
def _parse(text: str) -> _Parsed:
    try:
        requirement = read_requirement(text)
    except InvalidRequirement as error:
        match = _NAME.match(text[:LONGEST_PARSED])
        return _Parsed(canonicalize_name(match[1]) if match else None, error=str(error).splitlines()[0])
    return _Parsed(
        name=canonicalize_name(requirement.name),
        extras=tuple(sorted(requirement.extras)) or None,
        specifier=str(requirement.specifier) or None,
        pin=pinned_version(requirement.specifier),
        marker=None if requirement.marker is None else str(requirement.marker),
        extra=", ".join(sorted(extras_named(requirement.marker))) or None,
        url=requirement.url,
    )


STREAM = Stream(
    name="dependencies",
    row="one requirement of a release",
    record=Dependency,
    key=("project", "version", "position"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_A_RELEASE,
    rows=dependencies_rows,
    required_key="info.requires_dist",
    fallback_documents=(DocumentKind.CORE_METADATA,),
)
