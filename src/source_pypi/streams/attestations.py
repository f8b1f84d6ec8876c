"""``attestations``: an attestation of a file, from its provenance document.

An attestation (PEP 740) is a signed statement about a file. Its statement and certificate are parsed, and nothing is
verified: a row repeats what the attestation states. A value that cannot be parsed is null and named in
``parse_error``; the row stays.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from source_pypi.errors import ExtraMissingError
from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._attestation import ISSUER, parse_attestation
from source_pypi.streams._fields import ListedVersion, ProjectName
from source_pypi.streams._metadata import versions_of_files
from source_pypi.streams.stream import ProjectDocuments, Row, Stream

_PUBLISHER = "attestation_bundles[].publisher"
_CERTIFICATE = "attestation_bundles[].attestations[].verification_material.certificate"
_LOG_ENTRY = "attestation_bundles[].attestations[].verification_material.transparency_entries[0]"
_STATEMENT = "attestation_bundles[].attestations[].envelope.statement"
_UNREADABLE = "it cannot be parsed, see parse_error"


def _publisher(key: str, meaning: str) -> Meta:
    return describe(meaning, source=f"{_PUBLISHER}.{key}", null="publishers of this kind have none, or not given")


def _statement(key: str, meaning: str) -> Meta:
    return describe(meaning, source=f"{_STATEMENT}: {key}", null=_UNREADABLE)


def _certificate(part: str, meaning: str) -> Meta:
    return describe(meaning, source=f"{_CERTIFICATE}{part}", null=_UNREADABLE)


class Attestation(Struct, frozen=True, kw_only=True, gc=False):
    """An attestation: who published the file, what is stated about it, who signed that, and when it was logged."""

    project: ProjectName
    version: ListedVersion
    filename: Annotated[str, describe("The attested file.", source="the requested provenance document")]
    bundle: Annotated[
        int,
        describe(
            "Position of its bundle, from 0. A bundle has the attestations of one publisher.",
            source="attestation_bundles",
        ),
    ]
    position: Annotated[int, describe("Position in the bundle, from 0.", source="attestation_bundles[].attestations")]
    publisher_kind: Annotated[
        str | None,
        describe("The publisher's kind: GitHub, GitLab, Google, ...", source=f"{_PUBLISHER}.kind", null=_UNREADABLE),
    ]
    publisher_repository: Annotated[str | None, _publisher("repository", "The repository that published the file.")]
    publisher_workflow: Annotated[
        str | None, _publisher("workflow, .workflow_filepath", "The workflow file that published the file.")
    ]
    publisher_environment: Annotated[str | None, _publisher("environment", "The deployment environment.")]
    publisher_email: Annotated[str | None, _publisher("email", "The account that published the file.")]
    publisher_claims: Annotated[
        dict[str, str | None] | None,
        describe(
            "Other claims about the publisher, and keys without a column.",
            source=f"{_PUBLISHER}.claims, and keys without a column",
            null="no other claims",
        ),
    ]
    predicate_type: Annotated[str | None, _statement("predicateType", "The kind of statement, as a URL.")]
    subject_name: Annotated[str | None, _statement("subject[0].name", "The file's name, according to the statement.")]
    subject_sha256: Annotated[
        str | None,
        _statement(
            "subject[0].digest.sha256", "SHA-256 digest of the file in hexadecimal, according to the statement."
        ),
    ]
    certificate_identity: Annotated[
        str | None, _certificate(": subject alternative name", "The signer: URL of a workflow, or email address.")
    ]
    certificate_issuer: Annotated[
        str | None, _certificate(f": extension {ISSUER}", "The identity provider that authenticated the signer.")
    ]
    certificate_not_before: Annotated[
        datetime | None, _certificate("", "Start of the certificate's validity, shortly before signing.")
    ]
    certificate_not_after: Annotated[datetime | None, _certificate("", "End of the certificate's validity.")]
    integrated_at: Annotated[
        datetime | None,
        describe(
            "Time at which the transparency log recorded it.",
            source=f"{_LOG_ENTRY}.integratedTime",
            null="the log gives no time (Rekor 2 does not), or it cannot be parsed, see parse_error",
        ),
    ]
    log_index: Annotated[
        Integer | None,
        describe(
            "Its index in the transparency log.",
            source=f"{_LOG_ENTRY}.logIndex",
            null="not given, or it cannot be parsed, see parse_error",
        ),
    ]
    statement: Annotated[str | None, describe("The signed statement (in-toto).", source=_STATEMENT, null=_UNREADABLE)]
    parse_error: Annotated[
        str | None,
        describe("What could not be parsed, and why.", source="attestation_bundles[]", null="all of it was parsed"),
    ]


def attestations_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """A row for each attestation in the fetched provenance documents."""
    if documents.project is None or documents.listed is None or not documents.provenance:
        return
    versions = versions_of_files(documents.listed.content)
    for filename, document in documents.provenance.items():
        for number, bundle in enumerate(document.content.attestation_bundles):
            for position, attestation in enumerate(bundle.attestations or ()):
                if filename in versions:
                    file = {"project": documents.project, "version": versions[filename], "filename": filename}
                    yield _row({**file, "bundle": number, "position": position}, bundle.publisher, attestation)


def require_cryptography() -> None:
    """Check that ``cryptography`` is installed. It is an extra, because only this stream needs it.

    :raises ExtraMissingError: if it is not installed.
    """
    try:
        from cryptography.hazmat.asn1 import decode_der  # noqa: F401, PLC0415 - the newest function in use
    except ImportError as error:
        raise ExtraMissingError("attestations", STREAM.name) from error


def _row(key: Mapping[str, Any], publisher: Mapping[str, Any] | None, attestation: Mapping[str, Any]) -> Attestation:
    values, problems = parse_attestation(publisher, attestation)
    return Attestation(**key, **values, parse_error="; ".join(problems) or None)


STREAM = Stream(
    name="attestations",
    row="an attestation of a file",
    record=Attestation,
    key=("project", "filename", "bundle", "position"),
    documents=(DocumentKind.PROJECT, DocumentKind.PAGE, DocumentKind.PROVENANCE),
    cost="1 per project, its page, and 1 per attested file of the selected releases, beyond the project document",
    rows=attestations_rows,
    require=require_cryptography,
)
