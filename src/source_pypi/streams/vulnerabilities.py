"""``vulnerabilities``: one advisory that touches a release."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index import documents
from source_pypi.services.index.documents import in_utc
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.versions import sort_key
from source_pypi.streams._values import text, texts
from source_pypi.streams.stream import ONE_A_RELEASE, ProjectDocuments, Row, Stream

_NOT_SAID = "the advisory does not say"


class Vulnerability(Struct, frozen=True, kw_only=True, gc=False):
    """An advisory (from OSV), and the release that it touches. A withdrawn one stays, and says so."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The release that it touches, as the index has it.", source="info.version")]
    id: Annotated[
        str,
        describe(
            "The advisory's identifier, e.g. PYSEC-2021-9; one flaw may have several advisories: see aliases.",
            source="vulnerabilities[].id",
        ),
    ]
    aliases: Annotated[
        list[str] | None,
        describe("Other identifiers of the same flaw.", source="vulnerabilities[].aliases", null=_NOT_SAID),
    ]
    summary: Annotated[
        str | None, describe("The advisory in one line.", source="vulnerabilities[].summary", null=_NOT_SAID)
    ]
    details: Annotated[str | None, describe("The advisory's text.", source="vulnerabilities[].details", null=_NOT_SAID)]
    fixed_in: Annotated[
        list[str] | None,
        describe(
            "Versions that fix it, each once, in the order of PEP 440.",
            source="vulnerabilities[].fixed_in",
            null=_NOT_SAID,
        ),
    ]
    link: Annotated[str | None, describe("Where to read it.", source="vulnerabilities[].link", null=_NOT_SAID)]
    source: Annotated[
        str | None, describe("Who reported it to the index.", source="vulnerabilities[].source", null=_NOT_SAID)
    ]
    withdrawn_at: Annotated[
        datetime | None,
        describe("When it was withdrawn.", source="vulnerabilities[].withdrawn", null="it stands"),
    ]


def vulnerabilities_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """The advisories of each release that was read, each once."""
    if visit.project is None:
        return
    for release in visit.releases:
        advisories = list(enumerate(release.content.vulnerabilities or ()))
        by_id = {_identifier(advisory, position): advisory for position, advisory in reversed(advisories)}
        for identifier, advisory in sorted(by_id.items()):
            fixed = texts(advisory.fixed_in)
            yield Vulnerability(
                project=visit.project,
                version=release.version,
                id=identifier,
                aliases=texts(advisory.aliases),
                summary=text(advisory.summary),
                details=text(advisory.details),
                fixed_in=None if fixed is None else sorted(dict.fromkeys(fixed), key=sort_key),
                link=text(advisory.link),
                source=text(advisory.source),
                withdrawn_at=in_utc(advisory.withdrawn),
            )


def _identifier(advisory: documents.Vulnerability, position: int) -> str:
    """An identifier, whatever is missing: the index promises one, and a row needs a key."""
    return advisory.id or next(iter(advisory.aliases or ()), None) or advisory.link or f"unknown-{position}"


STREAM = Stream(
    name="vulnerabilities",
    row="one advisory that touches a release",
    record=Vulnerability,
    key=("project", "version", "id"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_A_RELEASE,
    rows=vulnerabilities_rows,
    required_key="vulnerabilities",
)
