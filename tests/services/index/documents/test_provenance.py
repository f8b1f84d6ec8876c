"""services/index/documents/provenance.py: provenance documents."""

import json
from typing import Any

import pytest

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents import Provenance, open_document
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.services.index.documents.provenance import Bundle

ADDRESS = "http://index.test/integrity/foo/1.0/foo-1.0.tar.gz/provenance"
PUBLISHER = {"kind": "GitHub", "claims": None, "repository": "a/b", "workflow": "release.yml", "environment": ""}
ATTESTATION = {
    "version": 1,
    "verification_material": {"certificate": "AA==", "transparency_entries": [{"logIndex": "147137139"}]},
    "envelope": {"statement": "AA==", "signature": "AA=="},
}


def opened(document: Any) -> Any:
    """The content and the invalid fields of a document."""
    made = open_document(json.dumps(document).encode(), Provenance, ADDRESS)
    return made.content, [str(invalid_field) for invalid_field in made.invalid_fields]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"version": 1, "attestation_bundles": [{"publisher": PUBLISHER, "attestations": [ATTESTATION] * 2}]},
            Provenance([Bundle(PUBLISHER, [ATTESTATION] * 2)], 1),
        ),
        ({"attestation_bundles": []}, Provenance([])),
        ({"version": None, "attestation_bundles": [{}]}, Provenance([Bundle()])),
        ({"version": 2, "attestation_bundles": [{"publisher": None, "x": 1}]}, Provenance([Bundle()], 2)),
    ],
)
def test_only_the_outer_structure_is_typed(document: Any, expected: Provenance) -> None:
    """The outer structure is typed; publishers and attestations stay as sent."""
    assert opened(document) == (expected, [])


def test_invalid_fields_of_provenance() -> None:
    """A value of a wrong type is null and reported; other values stay."""
    bundle = {"publisher": PUBLISHER | {"claims": {"sub": [1]}}, "attestations": [ATTESTATION, 7]}
    document = open_document(
        json.dumps({"version": "1", "attestation_bundles": [bundle, "x"]}).encode(), Provenance, ADDRESS
    )
    assert document.content == Provenance([Bundle(PUBLISHER | {"claims": {"sub": [1]}}, [ATTESTATION])], None)
    assert document.invalid_fields == (
        InvalidField("$.attestation_bundles[0].attestations[1]", "an object", "7"),
        InvalidField("$.attestation_bundles[1]", "an object", "'x'"),
        InvalidField("$.version", "a whole number of 64 bits", "'1'"),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"attestation_bundles":null}',
        b'{"attestation_bundles":{}}',
        b'{"message":"none"}',
        b"<html>",
    ],
)
def test_body_without_bundles_is_refused(body: bytes) -> None:
    """A body without bundles is refused."""
    with pytest.raises(DocumentError) as caught:
        open_document(body, Provenance, ADDRESS)
    assert caught.value.expected == "a provenance document (JSON with 'attestation_bundles')"
