"""Attestations and provenance documents, and the rows that are expected of them."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from source_pypi.services.index.documents import Provenance, open_document
from source_pypi.streams._attestation import ISSUER
from source_pypi.streams.attestations import Attestation, attestations_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.streams import ROOT, documents_with

FILE = "foo-1.0.tar.gz"


WORKFLOW = "https://code.example.com/acme/foo/.github/workflows/release.yml@refs/tags/v1.0"


OIDC = "https://token.example.com"


PUBLISH = "https://docs.example.com/attestations/publish/v1"


SLSA = "https://slsa.dev/provenance/v1"


SHA = "ab" * 32


FROM, UNTIL = datetime(2024, 11, 6, 22, 37, 7, tzinfo=UTC), datetime(2024, 11, 6, 22, 47, 7, tzinfo=UTC)


GITHUB = {"kind": "GitHub", "claims": None, "repository": "acme/foo", "workflow": "release.yml", "environment": ""}


def utf8string(written: str) -> bytes:
    """A short text in DER."""
    return bytes([0x0C, len(written.encode())]) + written.encode()


@lru_cache
def certificate(names: tuple[x509.GeneralName, ...] | None, issuer: bytes | None) -> bytes:
    """A certificate as Fulcio gives them: no subject, an identity as alternative name, who vouches for it as extension.

    Its key is always the same, so that a test that fails fails again.
    """
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test-intermediate")]),
        subject_name=x509.Name([]),
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=FROM,
        not_valid_after=UNTIL,
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    if issuer is not None:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(ISSUER), issuer)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, None).public_bytes(Encoding.DER)


A_CERTIFICATE = certificate((x509.UniformResourceIdentifier(WORKFLOW),), utf8string(OIDC))


def text64(content: bytes | str) -> str:
    """Content in base64."""
    return b64encode(content if isinstance(content, bytes) else content.encode()).decode()


def statement_of(filename: str = FILE, predicate: str = PUBLISH) -> str:
    """An in-toto statement about a file."""
    subject = [{"name": filename, "digest": {"sha256": SHA}}]
    kind = "https://in-toto.io/Statement/v1"
    return json.dumps({"_type": kind, "subject": subject, "predicateType": predicate, "predicate": None})


def entry(**changes: Any) -> dict[str, Any]:
    """An entry of a transparency log, with camel-case keys and numbers as texts."""
    return {
        "logIndex": "147137139",
        "logId": {"keyId": text64("log")},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": "1730932627",
        "inclusionPromise": {"signedEntryTimestamp": text64("signed")},
        "inclusionProof": {"logIndex": "25232877", "rootHash": text64("root"), "treeSize": "25232878", "hashes": []},
        "canonicalizedBody": text64("{}"),
    } | changes


def attestation(
    *, cert: bytes = A_CERTIFICATE, statement: bytes | str | None = None, entries: Any = None, **changes: Any
) -> dict[str, Any]:
    """An attestation, as an index sends it."""
    material = {"certificate": text64(cert), "transparency_entries": [entry()] if entries is None else entries}
    envelope = {
        "statement": text64(statement_of() if statement is None else statement),
        "signature": text64("signature"),
    }
    return {"version": 1, "verification_material": material, "envelope": envelope} | changes


def attested(filename: str) -> dict[str, Any]:
    """The provenance document of a file, with one attestation."""
    return provenance(bundle(attestation(statement=statement_of(filename))))


def bundle(*attestations: Any, publisher: Any = GITHUB) -> dict[str, Any]:
    """The attestations of one publisher."""
    return {"publisher": publisher, "attestations": list(attestations)}


def provenance(*bundles: Any) -> dict[str, Any]:
    """A provenance document."""
    return {"version": 1, "attestation_bundles": list(bundles)}


def attested_documents(documents: Mapping[str, Any], project: Mapping[str, Any] | None = None) -> ProjectDocuments:
    """The documents of a project with these provenance documents."""
    listed = {"info": {"version": "1.0"}, "releases": {"1.0": [{"filename": name} for name in documents]}}
    opened = {
        name: open_document(json.dumps(document).encode(), Provenance, f"{ROOT}/integrity/foo/1.0/{name}/provenance")
        for name, document in documents.items()
    }
    return replace(documents_with(project or listed), provenance=opened)


def rows(*bundles: Any) -> list[Any]:
    """The rows of the provenance document of one file."""
    return list(attestations_rows(attested_documents({FILE: provenance(*bundles)})))


#: The row of the attestation that ``attestation()`` makes.
ROW: dict[str, Any] = {
    "project": "foo",
    "version": "1.0",
    "filename": FILE,
    "bundle": 0,
    "position": 0,
    "publisher_kind": "GitHub",
    "publisher_repository": "acme/foo",
    "publisher_workflow": "release.yml",
    "publisher_environment": None,
    "publisher_email": None,
    "publisher_claims": None,
    "predicate_type": PUBLISH,
    "subject_name": FILE,
    "subject_sha256": SHA,
    "certificate_identity": WORKFLOW,
    "certificate_issuer": OIDC,
    "certificate_not_before": FROM,
    "certificate_not_after": UNTIL,
    "integrated_at": datetime(2024, 11, 6, 22, 37, 7, tzinfo=UTC),
    "log_index": 147_137_139,
    "statement": statement_of(),
    "parse_error": None,
}


NO_STATEMENT = dict.fromkeys(("statement", "predicate_type", "subject_name", "subject_sha256"))


NO_CERTIFICATE = dict.fromkeys(
    ("certificate_identity", "certificate_issuer", "certificate_not_before", "certificate_not_after")
)


NO_ENTRY = dict.fromkeys(("integrated_at", "log_index"))


def row(**changes: Any) -> Attestation:
    """The row of ``attestation()``, with these changes."""
    return Attestation(**ROW | changes)
