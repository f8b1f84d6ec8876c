"""``dependencies``: one requirement of a release."""

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from source_pypi.fields import about
from source_pypi.safety.limits import LONGEST_PARSED, remembered
from source_pypi.services.index.documents.kinds import Reads
from source_pypi.standards.requirements import extras_named, pinned_version, read_requirement
from source_pypi.standards.versions import sort_key
from source_pypi.streams.stream import ONE_A_RELEASE, Row, Stream, Visit

_UNPARSED = "none, or the requirement does not parse"
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?!\w)")


class Dependencies(Struct, frozen=True, kw_only=True, gc=False):
    """A requirement: as uploaded, and as PEP 508 reads it."""

    project: Annotated[str, about("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, about("The release that requires it, as the index has it.", source="info.version")]
    position: Annotated[int, about("Its place in the release's list, from 0.", source="info.requires_dist")]
    requirement: Annotated[str, about("The requirement, as uploaded.", source="info.requires_dist")]
    name: Annotated[
        str | None,
        about(
            "Normalised name (PEP 503) of the project that is required.",
            source="info.requires_dist",
            null="no name can be read",
        ),
    ]
    extras: Annotated[
        list[str] | None,
        about("Extras of that project that are required.", source="info.requires_dist", null=_UNPARSED),
    ]
    specifier: Annotated[
        str | None,
        about(
            "Versions that will do (PEP 440); null where any will.",
            source="info.requires_dist",
            null="any version, or the requirement does not parse",
        ),
    ]
    pin: Annotated[
        str | None,
        about(
            "The one version that will do, as the specifier writes it (== or ===).",
            source="info.requires_dist",
            null="several will do, or the requirement does not parse",
        ),
    ]
    pin_sort_key: Annotated[
        str | None,
        about(
            "The pinned version as versions.sort_key has it: equal for all spellings of one version.",
            source="info.requires_dist",
            null="no version is pinned",
        ),
    ]
    marker: Annotated[
        str | None,
        about("Condition under which it is required (PEP 508).", source="info.requires_dist", null=_UNPARSED),
    ]
    extra: Annotated[
        str | None,
        about(
            "The extra of the requiring project that asks for it; several are joined by a comma and a blank.",
            source="info.requires_dist",
            null="it is required in any case, or the requirement does not parse",
        ),
    ]
    url: Annotated[
        str | None,
        about("Address that it must come from (PEP 508).", source="info.requires_dist", null=_UNPARSED),
    ]
    parse_error: Annotated[str | None, about("Why it does not parse.", source="info.requires_dist", null="it parses")]
    source: Annotated[
        str,
        about(
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


def dependencies_rows(visit: Visit) -> Iterator[Row]:
    """The requirements of each release that was read; those of its core metadata where the index says nothing."""
    if visit.project is None:
        return
    for release in visit.releases:
        texts, source = visit.required(release)
        for position, text in enumerate(texts):
            yield _row(visit.project, release.version, position, text, source)


def _row(project: str, version: str, position: int, text: str, source: str) -> Dependencies:
    parsed = _parse(text)
    return Dependencies(
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


@remembered(65_536)
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
    record=Dependencies,
    key=("project", "version", "position"),
    reads=(Reads.RELEASES,),
    cost=ONE_A_RELEASE,
    rows=dependencies_rows,
    made_from="info.requires_dist",
    fills_from=(Reads.CORE_METADATA,),
)
