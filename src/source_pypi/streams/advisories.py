"""``advisories``: an advisory of OSV's database about projects of the index."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from source_pypi.errors import ExtraMissingError
from source_pypi.fields import describe
from source_pypi.services.advisories.documents import AdvisoryDocuments
from source_pypi.services.advisories.records import Record, Severity
from source_pypi.standards.cvss import base_score, rating
from source_pypi.streams._advisories import COST, SERVICE, AdvisoryId
from source_pypi.streams._fields import NOT_GIVEN
from source_pypi.streams._values import text
from source_pypi.streams.stream import Row, Stream

#: What identifiers of reports of malicious packages begin with.
_MALWARE = "MAL-"
#: The words that databases use for the ratings of CVSS.
_LABELS = {"critical": "critical", "high": "high", "moderate": "medium", "medium": "medium", "low": "low"}


class AdvisoryReference(Struct, frozen=True, gc=False):
    """A link, and its kind, e.g. ``FIX``."""

    type: str | None
    url: str | None


class Advisory(Struct, frozen=True, kw_only=True, gc=False):
    """An advisory. Several may describe one vulnerability: see ``aliases``, and the view ``advisory_clusters``."""

    id: AdvisoryId
    kind: Annotated[
        str,
        describe("'malware' for a report of a malicious package (MAL-...), otherwise 'vulnerability'.", source="id"),
    ]
    published_at: Annotated[datetime | None, describe("Time of publication.", source="published", null=NOT_GIVEN)]
    modified_at: Annotated[datetime, describe("Time of its last change.", source="modified")]
    withdrawn_at: Annotated[
        datetime | None, describe("Time of its withdrawal.", source="withdrawn", null="not withdrawn")
    ]
    summary: Annotated[str | None, describe("One-line summary.", source="summary", null=NOT_GIVEN)]
    details: Annotated[str | None, describe("Its text, in Markdown.", source="details", null=NOT_GIVEN)]
    aliases: Annotated[list[str], describe("Other identifiers of the same vulnerability.", source="aliases")]
    severity: Annotated[
        str | None,
        describe(
            "critical, high, medium, low or none: the word that the database gives, otherwise that of the CVSS score.",
            source="database_specific.severity, severity",
            null="there is neither",
        ),
    ]
    cvss_v3: Annotated[
        str | None, describe("Its vector of CVSS 3.0 or 3.1.", source="severity[].score", null="none, or invalid")
    ]
    cvss_v3_score: Annotated[
        float | None,
        describe("The base score of cvss_v3, from 0 to 10.", source="severity[].score", null="none, or invalid"),
    ]
    cvss_v4: Annotated[
        str | None, describe("Its vector of CVSS 4.0.", source="severity[].score", null="none, or invalid")
    ]
    cvss_v4_score: Annotated[
        float | None,
        describe("The base score of cvss_v4, from 0 to 10.", source="severity[].score", null="none, or invalid"),
    ]
    projects: Annotated[
        list[str],
        describe("The normalised names of the affected projects (PEP 503).", source="affected[].package.name"),
    ]
    references: Annotated[list[AdvisoryReference], describe("Links, each with its kind.", source="references")]


def advisories_rows(documents: AdvisoryDocuments) -> Iterator[Row]:
    """A row for each advisory."""
    return map(_row, documents.records)


def require_cvss() -> None:
    """Check that ``cvss`` is installed, which computes scores.

    :raises ExtraMissingError: if it is not installed.
    """
    try:
        import cvss  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise ExtraMissingError("advisories", STREAM.name) from error


def _row(record: Record) -> Advisory:
    v3, v3_score = _vector(record, "CVSS_V3")
    v4, v4_score = _vector(record, "CVSS_V4")
    label = record.database_specific and record.database_specific.severity
    score = v3_score if v4_score is None else v4_score
    return Advisory(
        id=record.id,
        kind="malware" if record.id.startswith(_MALWARE) else "vulnerability",
        published_at=record.published,
        modified_at=record.modified,
        withdrawn_at=record.withdrawn,
        summary=text(record.summary),
        details=text(record.details),
        aliases=list(dict.fromkeys(record.aliases)),
        severity=_LABELS.get((label or "").strip().lower()) or (None if score is None else rating(score)),
        cvss_v3=v3,
        cvss_v3_score=v3_score,
        cvss_v4=v4,
        cvss_v4_score=v4_score,
        projects=sorted({project for project, _ in record.projects}),
        references=[AdvisoryReference(one.type, one.url) for one in record.references],
    )


def _vector(record: Record, kind: str) -> tuple[str | None, float | None]:
    """The first valid vector of a kind, and its score: of the advisory, or else of a project in it."""
    for severity in _severities(record):
        if severity.type == kind and severity.score is not None:
            score = base_score(severity.score)
            if score is not None and severity.score.startswith(f"CVSS:{kind[-1]}"):
                return severity.score, score
    return None, None


def _severities(record: Record) -> Iterable[Severity]:
    yield from record.severity
    for _, affected in record.projects:
        yield from affected.severity


STREAM = Stream(
    name="advisories",
    row="an advisory about projects of the index, from OSV's database",
    record=Advisory,
    key=("id",),
    documents=(),
    cost=COST,
    rows=advisories_rows,
    require=require_cvss,
    service=SERVICE,
    merged_by="id",
)
