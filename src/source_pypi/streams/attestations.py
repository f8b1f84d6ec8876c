"""``attestations``: one attestation of a file, from its provenance document.

What is read
    An attestation (PEP 740) is a signed statement about a file. Statement and certificate are read, nothing is
    verified: a row tells what an attestation says, not that it is true.

Leniency
    What cannot be read is null, said in ``parse_error``, and never costs the row.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Struct

from source_pypi.errors import ExtraMissingError
from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._attestation import ISSUER, read_attestation
from source_pypi.streams.core_metadata import versions_of_files
from source_pypi.streams.stream import ProjectDocuments, Row, Stream

_PUBLISHER = "attestation_bundles[].publisher"
_CERTIFICATE = "attestation_bundles[].attestations[].verification_material.certificate"
_ENTRIES = "attestation_bundles[].attestations[].verification_material.transparency_entries[0]"
_STATEMENT = "attestation_bundles[].attestations[].envelope.statement"
_NOT_OF_THIS_KIND = "this kind of publisher has none, or none was given"
_UNREADABLE = "it cannot be read: see parse_error"


class Attestation(Struct, frozen=True, kw_only=True, gc=False):
    """An attestation: who published the file, what is stated of it, by which identity, and when it was logged."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The version that lists the file, as the index has it.", source="releases")]
    filename: Annotated[
        str, describe("The file that it is about.", source="the provenance document that was asked for")
    ]
    bundle: Annotated[
        int,
        describe("Place of its bundle, from 0; a bundle is what one publisher attests.", source="attestation_bundles"),
    ]
    position: Annotated[int, describe("Its place in the bundle, from 0.", source="attestation_bundles[].attestations")]
    publisher_kind: Annotated[
        str | None,
        describe("Who published, by kind: GitHub, GitLab, Google, ...", source=f"{_PUBLISHER}.kind", null=_UNREADABLE),
    ]
    publisher_repository: Annotated[
        str | None,
        describe(
            "The repository that it was published from.", source=f"{_PUBLISHER}.repository", null=_NOT_OF_THIS_KIND
        ),
    ]
    publisher_workflow: Annotated[
        str | None,
        describe(
            "The file of the workflow that published it.",
            source=f"{_PUBLISHER}.workflow, .workflow_filepath",
            null=_NOT_OF_THIS_KIND,
        ),
    ]
    publisher_environment: Annotated[
        str | None,
        describe("The environment that it ran in.", source=f"{_PUBLISHER}.environment", null=_NOT_OF_THIS_KIND),
    ]
    publisher_email: Annotated[
        str | None,
        describe("The account that published it.", source=f"{_PUBLISHER}.email", null=_NOT_OF_THIS_KIND),
    ]
    publisher_claims: Annotated[
        dict[str, str | None] | None,
        describe(
            "What else the index tells of the publisher: its claims, and keys that other kinds have.",
            source=f"{_PUBLISHER}.claims, and keys without a column",
            null="nothing else",
        ),
    ]
    predicate_type: Annotated[
        str | None,
        describe(
            "What kind of statement it is, as an address.", source=f"{_STATEMENT}: predicateType", null=_UNREADABLE
        ),
    ]
    subject_name: Annotated[
        str | None,
        describe("The file's name, as stated.", source=f"{_STATEMENT}: subject[0].name", null=_UNREADABLE),
    ]
    subject_sha256: Annotated[
        str | None,
        describe(
            "SHA-256 of the file in hexadecimal, as stated.",
            source=f"{_STATEMENT}: subject[0].digest.sha256",
            null=_UNREADABLE,
        ),
    ]
    certificate_identity: Annotated[
        str | None,
        describe(
            "Who signed: the address of a workflow, or of an account.",
            source=f"{_CERTIFICATE}: subject alternative name",
            null=_UNREADABLE,
        ),
    ]
    certificate_issuer: Annotated[
        str | None,
        describe("Who vouched for that identity.", source=f"{_CERTIFICATE}: extension {ISSUER}", null=_UNREADABLE),
    ]
    certificate_not_before: Annotated[
        datetime | None,
        describe("Time from which the certificate holds: just before signing.", source=_CERTIFICATE, null=_UNREADABLE),
    ]
    certificate_not_after: Annotated[
        datetime | None, describe("Time until which the certificate holds.", source=_CERTIFICATE, null=_UNREADABLE)
    ]
    integrated_at: Annotated[
        datetime | None,
        describe(
            "Time at which the transparency log took it in.",
            source=f"{_ENTRIES}.integratedTime",
            null="the log gives none (version 2 of Rekor does not), or it cannot be read: see parse_error",
        ),
    ]
    log_index: Annotated[
        Integer | None,
        describe(
            "Its number in the transparency log.",
            source=f"{_ENTRIES}.logIndex",
            null="none is given, or it cannot be read: see parse_error",
        ),
    ]
    statement: Annotated[
        str | None, describe("The statement, as signed: in-toto, as JSON.", source=_STATEMENT, null=_UNREADABLE)
    ]
    parse_error: Annotated[
        str | None,
        describe(
            "What could not be read of it, and why.", source="attestation_bundles[]", null="everything could be read"
        ),
    ]


def attestations_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """A row for each attestation in the provenance documents that the visit brought."""
    if visit.project is None or visit.document is None or not visit.provenance:
        return
    versions = versions_of_files(visit.document.content)
    for filename, document in visit.provenance.items():
        for number, bundle in enumerate(document.content.attestation_bundles):
            for position, attestation in enumerate(bundle.attestations or ()):
                if filename in versions:
                    file = {"project": visit.project, "version": versions[filename], "filename": filename}
                    yield _row({**file, "bundle": number, "position": position}, bundle.publisher, attestation)


def require_cryptography() -> None:
    """Only this stream needs it, so that it is an extra, and loaded only when the stream is read.

    :raises ExtraMissingError: when it is not installed.
    """
    try:
        from cryptography.hazmat.asn1 import decode_der  # noqa: F401, PLC0415 - the newest part of what is used here
    except ImportError as error:
        raise ExtraMissingError("attestations", STREAM.name) from error


def _row(place: Mapping[str, Any], publisher: Mapping[str, Any] | None, attestation: Mapping[str, Any]) -> Attestation:
    values, unread = read_attestation(publisher, attestation)
    return Attestation(**place, **values, parse_error="; ".join(unread) or None)


STREAM = Stream(
    name="attestations",
    row="an attestation of a file",
    record=Attestation,
    key=("filename", "bundle", "position"),
    documents=(DocumentKind.PROJECT, DocumentKind.PAGE, DocumentKind.PROVENANCE),
    cost="1 a project for its page, and 1 a file of a wanted release that has any, beyond the project document",
    rows=attestations_rows,
    require=require_cryptography,
)
