"""Provenance documents: bundles of attestations with a statement and a certificate that can be read."""

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from tests.oracle.simulator.model import Bundle, DistFile

ISSUER = "https://accounts.example.com"
NOT_BEFORE = datetime(2024, 1, 1, 10, 0, 0, tzinfo=UTC)
NOT_AFTER = NOT_BEFORE + timedelta(minutes=10)
INTEGRATED = NOT_BEFORE + timedelta(seconds=5)
_ISSUER_V2 = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")


def identity(bundle: Bundle) -> str:
    """Who signed: an account's address, or the address of a workflow."""
    return bundle.email or f"https://code.example.com/{bundle.repository}/{bundle.workflow}@refs/tags/v1"


@cache
def _certificate(identity: str) -> str:
    """A certificate of the identity, as Base64 of its DER form."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example")])
    general: x509.GeneralName = (
        x509.RFC822Name(identity) if "://" not in identity else x509.UniformResourceIdentifier(identity)
    )
    issuer = bytes([0x0C, len(ISSUER)]) + ISSUER.encode()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(x509.SubjectAlternativeName([general]), critical=True)
        .add_extension(x509.UnrecognizedExtension(_ISSUER_V2, issuer), critical=False)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def statement(file: DistFile, predicate: str) -> str:
    """The in-toto statement of an attestation, as JSON."""
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": file.filename, "digest": {"sha256": file.digest("sha256")}}],
            "predicateType": predicate,
            "predicate": None,
        }
    )


def _publisher(bundle: Bundle) -> dict[str, Any]:
    publisher: dict[str, Any] = {"kind": bundle.kind, "claims": None}
    if bundle.kind == "Google":
        return publisher | {"email": bundle.email}
    workflow = "workflow" if bundle.kind == "GitHub" else "workflow_filepath"
    return publisher | {"repository": bundle.repository, workflow: bundle.workflow, "environment": bundle.environment}


def _attestation(file: DistFile, bundle: Bundle, predicate: str, position: int) -> dict[str, Any]:
    entry = {
        "logIndex": str(bundle.log_index + position),
        "integratedTime": str(int(INTEGRATED.timestamp())),
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    }
    return {
        "version": 1,
        "verification_material": {"certificate": _certificate(identity(bundle)), "transparency_entries": [entry]},
        "envelope": {
            "statement": base64.b64encode(statement(file, predicate).encode()).decode(),
            "signature": base64.b64encode(b"signed").decode(),
        },
    }


def provenance(file: DistFile) -> dict[str, Any]:
    """The provenance document of a file."""
    return {
        "version": 1,
        "attestation_bundles": [
            {
                "publisher": _publisher(bundle),
                "attestations": [
                    _attestation(file, bundle, predicate, position)
                    for position, predicate in enumerate(bundle.statements)
                ],
            }
            for bundle in file.bundles
        ],
    }
