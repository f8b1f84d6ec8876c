"""``vulnerabilities``: an advisory that affects a release."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from source_pypi.fields import describe
from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents import in_utc
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.versions import sort_key
from source_pypi.streams._fields import NOT_GIVEN, ProjectName, ReleaseVersion
from source_pypi.streams._values import text, texts
from source_pypi.streams.stream import ONE_PER_RELEASE, ProjectDocuments, Row, Stream


def _given(key: str, meaning: str) -> Meta:
    return describe(meaning, source=f"vulnerabilities[].{key}", null=NOT_GIVEN)


class Vulnerability(Struct, frozen=True, kw_only=True, gc=False):
    """An advisory (from OSV) and a release that it affects. A withdrawn advisory keeps its row."""

    project: ProjectName
    version: ReleaseVersion
    id: Annotated[
        str,
        describe(
            "The advisory's identifier, e.g. PYSEC-2021-9. Several advisories may describe one vulnerability: see "
            "aliases.",
            source="vulnerabilities[].id",
        ),
    ]
    aliases: Annotated[list[str] | None, _given("aliases", "Other identifiers of the same vulnerability.")]
    summary: Annotated[str | None, _given("summary", "One-line summary of the advisory.")]
    details: Annotated[str | None, _given("details", "The advisory's text.")]
    fixed_in: Annotated[list[str] | None, _given("fixed_in", "Versions with a fix, each once, in PEP 440 order.")]
    fixed_in_sort_keys: Annotated[
        list[str] | None,
        _given("fixed_in", "The sort keys of fixed_in, in the same order, which compare with versions.sort_key."),
    ]
    link: Annotated[str | None, _given("link", "URL of the advisory.")]
    source: Annotated[str | None, _given("source", "The database that the index got it from.")]
    withdrawn_at: Annotated[
        datetime | None,
        describe("Time of its withdrawal.", source="vulnerabilities[].withdrawn", null="not withdrawn"),
    ]


def vulnerabilities_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The advisories of each selected release, each once."""
    if documents.project is None:
        return
    for release in documents.releases:
        advisories = list(enumerate(release.content.vulnerabilities or ()))
        by_id = {_identifier(advisory, position): advisory for position, advisory in reversed(advisories)}
        for identifier, advisory in sorted(by_id.items()):
            given = texts(advisory.fixed_in)
            fixed = None if given is None else sorted(dict.fromkeys(given), key=sort_key)
            yield Vulnerability(
                project=documents.project,
                version=release.version,
                id=identifier,
                aliases=texts(advisory.aliases),
                summary=text(advisory.summary),
                details=text(advisory.details),
                fixed_in=fixed,
                fixed_in_sort_keys=None if fixed is None else [sort_key(version) for version in fixed],
                link=text(advisory.link),
                source=text(advisory.source),
                withdrawn_at=in_utc(advisory.withdrawn),
            )


def _identifier(advisory: wire.Vulnerability, position: int) -> str:
    """An identifier for the key, even if the advisory lacks the one that the index promises."""
    return advisory.name() or f"unknown-{position}"


STREAM = Stream(
    name="vulnerabilities",
    row="an advisory that affects a release",
    record=Vulnerability,
    key=("project", "version", "id"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_PER_RELEASE,
    rows=vulnerabilities_rows,
    required_key="vulnerabilities",
)
