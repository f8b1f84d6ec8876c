"""The parser of an attestation: publisher, statement, certificate and transparency log entry."""

import json
from base64 import encodebytes
from typing import Any

import pytest
from cryptography import x509

from source_pypi.streams._attestation import ISSUER
from tests.streams.provenance import (
    A_CERTIFICATE,
    GITHUB,
    NO_CERTIFICATE,
    NO_ENTRY,
    NO_STATEMENT,
    OIDC,
    SLSA,
    WORKFLOW,
    attestation,
    bundle,
    certificate,
    entry,
    row,
    rows,
    statement_of,
    text64,
    utf8string,
)


@pytest.mark.parametrize(
    ("publisher", "expected"),
    [
        (GITHUB | {"environment": "pypi"}, {"publisher_environment": "pypi"}),
        (GITHUB | {"environment": None}, {}),
        ({"kind": "GitHub", "repository": "acme/foo", "workflow": "release.yml"}, {}),
        (
            {"kind": "GitLab", "repository": "a/b/c", "workflow_filepath": "ci/build.yml", "environment": "release"},
            {
                "publisher_kind": "GitLab",
                "publisher_repository": "a/b/c",
                "publisher_workflow": "ci/build.yml",
                "publisher_environment": "release",
            },
        ),
        (
            {"kind": "GitLab", "repository": "a/b"},
            {"publisher_kind": "GitLab", "publisher_repository": "a/b", "publisher_workflow": None},
        ),
        (
            {
                "kind": "Other",
                "pipeline": "x",
                "tries": 2,
                "vcs": None,
                "claims": {"ref": "main", "ids": {"b": 1, "a": []}},
            },
            {
                "publisher_kind": "Other",
                "publisher_repository": None,
                "publisher_workflow": None,
                "publisher_claims": {
                    "pipeline": "x",
                    "tries": "2",
                    "vcs": None,
                    "ref": "main",
                    "ids": '{"a": [], "b": 1}',
                },
            },
        ),
        (GITHUB | {"claims": {}}, {}),
        (GITHUB | {"claims": "x"}, {"parse_error": "publisher.claims: not an object"}),
        (
            GITHUB | {"kind": None, "repository": 1, "workflow": ["x"]},
            {
                "publisher_kind": None,
                "publisher_repository": None,
                "publisher_workflow": None,
                "parse_error": "publisher.repository: not a text; publisher.workflow: not a text; "
                "publisher.kind: missing",
            },
        ),
        (
            None,
            {
                "publisher_kind": None,
                "publisher_repository": None,
                "publisher_workflow": None,
                "parse_error": "publisher: missing",
            },
        ),
    ],
)
def test_publishers(publisher: Any, expected: dict[str, Any]) -> None:
    """Every kind of publisher has its columns; keys without a column are among the claims."""
    assert rows(bundle(attestation(), publisher=publisher)) == [row(**expected)]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([{"integrated_time": 1730932627, "log_index": 5}], {"log_index": 5}),
        ([{"integratedTime": "1730932627", "logIndex": "0"}, {"logIndex": "7"}], {"log_index": 0}),
        ([{"integratedTime": "0", "logIndex": "27301"}], {"integrated_at": None, "log_index": 27301}),
        ([{"logIndex": str(2**63 - 1)}], {"integrated_at": None, "log_index": 2**63 - 1}),
        ([{}], NO_ENTRY),
        (
            [{"integratedTime": "soon", "logIndex": str(2**63)}],
            NO_ENTRY
            | {
                "parse_error": "integratedTime: not a whole number of 64 bits; logIndex: not a whole number of 64 bits",
            },
        ),
        (
            [{"integratedTime": 1.5, "logIndex": True}],
            NO_ENTRY
            | {
                "parse_error": "integratedTime: not a whole number of 64 bits; logIndex: not a whole number of 64 bits",
            },
        ),
        (
            [{"integratedTime": -1, "logIndex": "9" * 5000}],
            NO_ENTRY
            | {
                "parse_error": "integratedTime: not a whole number of 64 bits; logIndex: not a whole number of 64 bits",
            },
        ),
        (
            [{"integratedTime": 2**62, "logIndex": 1}],
            NO_ENTRY | {"log_index": 1, "parse_error": "integratedTime: not a time"},
        ),
        ([], NO_ENTRY | {"parse_error": "transparency_entries: missing"}),
        ({}, NO_ENTRY | {"parse_error": "transparency_entries: not a list"}),
        (["x"], NO_ENTRY | {"parse_error": "transparency_entries[0]: not an object"}),
        ([None], NO_ENTRY | {"parse_error": "transparency_entries[0]: missing"}),
    ],
)
def test_log_entries(entries: Any, expected: dict[str, Any]) -> None:
    """The first entry is parsed, with camel-case keys and texts or with snake-case keys and numbers."""
    assert rows(bundle(attestation(entries=entries))) == [row(**expected)]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (b"\xff", NO_STATEMENT | {"parse_error": "statement: not UTF-8"}),
        ("", NO_STATEMENT | {"statement": "", "parse_error": "statement: not JSON"}),
        ("{", NO_STATEMENT | {"statement": "{", "parse_error": "statement: not JSON"}),
        ("[" * 5000, NO_STATEMENT | {"statement": "[" * 5000, "parse_error": "statement: not JSON"}),
        ("[]", NO_STATEMENT | {"statement": "[]", "parse_error": "statement: not an object"}),
        ("null", NO_STATEMENT | {"statement": "null", "parse_error": "statement: missing"}),
        (
            "{}",
            NO_STATEMENT
            | {
                "statement": "{}",
                "parse_error": "statement.subject: missing; statement.predicateType: missing",
            },
        ),
        (
            '{"predicateType": 1, "subject": [{}, {"name": "x"}]}',
            NO_STATEMENT
            | {
                "statement": '{"predicateType": 1, "subject": [{}, {"name": "x"}]}',
                "parse_error": "statement.subject[0].digest: missing; statement.predicateType: not a text; "
                "statement.subject[0].name: missing",
            },
        ),
        (
            '{"predicateType": "x", "subject": [{"name": "y", "digest": {"sha512": "00"}}]}',
            {
                "statement": '{"predicateType": "x", "subject": [{"name": "y", "digest": {"sha512": "00"}}]}',
                "predicate_type": "x",
                "subject_name": "y",
                "subject_sha256": None,
                "parse_error": "statement.subject[0].digest.sha256: missing",
            },
        ),
    ],
)
def test_invalid_statements(statement: bytes | str, expected: dict[str, Any]) -> None:
    """Missing values of a statement are null and reported; the statement stays if it is a text."""
    assert rows(bundle(attestation(statement=statement))) == [row(**expected)]


OTHER_NAME = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), utf8string("bot"))


@pytest.mark.parametrize(
    ("cert", "expected"),
    [
        (b"", NO_CERTIFICATE | {"parse_error": "certificate: not an X.509 certificate in DER"}),
        (A_CERTIFICATE[:-1], NO_CERTIFICATE | {"parse_error": "certificate: not an X.509 certificate in DER"}),
        (
            certificate(None, None),
            {
                "certificate_identity": None,
                "certificate_issuer": None,
                "parse_error": "certificate: subject alternative name: missing; "
                f"certificate: extension {ISSUER}: missing",
            },
        ),
        (
            certificate((x509.UniformResourceIdentifier(WORKFLOW),), b"\x0c\x05abc"),
            {"certificate_issuer": None, "parse_error": f"certificate: extension {ISSUER}: not a UTF8String"},
        ),
        (
            certificate((OTHER_NAME,), utf8string(OIDC)),
            {"certificate_identity": None, "parse_error": "certificate: subject alternative name: missing"},
        ),
        (certificate((OTHER_NAME, x509.UniformResourceIdentifier(WORKFLOW)), utf8string(OIDC)), {}),
        (
            A_CERTIFICATE.replace(WORKFLOW.encode(), b"\xff" * len(WORKFLOW)),
            {
                "certificate_identity": None,
                "certificate_issuer": None,
                "parse_error": "certificate: its extensions cannot be read",
            },
        ),
    ],
    ids=["empty", "cut", "no extensions", "broken issuer", "other name", "two names", "broken name"],
)
def test_invalid_certificates(cert: bytes, expected: dict[str, Any]) -> None:
    """Missing values of a certificate are null and reported; the others stay."""
    assert rows(bundle(attestation(cert=cert))) == [row(**expected)]


def test_certificate_with_any_wrong_byte_is_a_row() -> None:
    """A certificate with any one byte wrong gives a row."""
    broken = [
        A_CERTIFICATE[:at] + bytes([A_CERTIFICATE[at] ^ 0x55]) + A_CERTIFICATE[at + 1 :]
        for at in range(len(A_CERTIFICATE))
    ]
    made = rows(bundle(*(attestation(cert=cert) for cert in broken)))
    assert [one.position for one in made] == list(range(len(broken)))


def test_base64_with_line_breaks() -> None:
    """Base64 may have line breaks, as some libraries write it."""
    material = {"certificate": encodebytes(A_CERTIFICATE).decode(), "transparency_entries": [entry()]}
    envelope = {"statement": encodebytes(statement_of().encode()).decode(), "signature": text64("signature")}
    assert rows(bundle(attestation(verification_material=material, envelope=envelope))) == [row()]


NOTHING = NO_STATEMENT | NO_CERTIFICATE | NO_ENTRY


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({}, NOTHING | {"parse_error": "version: not 1; verification_material: missing; envelope: missing"}),
        (attestation(version=2), {"parse_error": "version: not 1"}),
        (
            attestation(verification_material=[], envelope="x"),
            NOTHING | {"parse_error": "verification_material: not an object; envelope: not an object"},
        ),
        (
            attestation(verification_material={}, envelope={}),
            NOTHING
            | {
                "parse_error": "signature: missing; statement: missing; certificate: missing; "
                "transparency_entries: missing",
            },
        ),
        (
            attestation(
                verification_material={"certificate": "a=b", "transparency_entries": [entry()]},
                envelope={"statement": "\u00e9", "signature": 1},
            ),
            NO_STATEMENT
            | NO_CERTIFICATE
            | {"parse_error": "signature: not a text; statement: not base64; certificate: not base64"},
        ),
    ],
)
def test_invalid_attestations(made: dict[str, Any], expected: dict[str, Any]) -> None:
    """An attestation that cannot be parsed is a row that says so."""
    assert rows(bundle(made)) == [row(**expected)]


@pytest.mark.parametrize(
    "made",
    [
        attestation(),
        attestation(statement=statement_of(predicate=SLSA)),
        attestation(cert=certificate((x509.RFC822Name("bot@acme.example"),), utf8string(OIDC))),
        attestation(entries=[entry(integratedTime="0")]),
        attestation(version=2),
        attestation(entries=[]),
        attestation(cert=b"x"),
        attestation(cert=certificate((x509.UniformResourceIdentifier(WORKFLOW),), b"\x0c\x05abc")),
        attestation(statement="{"),
        attestation(envelope={}),
        attestation(envelope={"statement": text64(statement_of())}),
        attestation(verification_material=None),
        {},
    ],
)
def test_same_values_as_pypi_attestations(made: dict[str, Any]) -> None:
    """The row has the values that ``pypi-attestations`` reads; if it refuses, the row has a parse_error."""
    library = pytest.importorskip("pypi_attestations")
    (row_of_it,) = rows(bundle(made))
    try:
        judged = library.Attestation.model_validate(made)
        issuer = judged.certificate_claims.get(ISSUER)
        statement = judged.statement
    except Exception:  # of pydantic, pyasn1, cryptography or json
        assert row_of_it.parse_error is not None
        return
    (subject,) = statement["subject"]
    expected = (issuer, statement["predicateType"], subject["name"], subject["digest"]["sha256"], statement)
    values = (row_of_it.certificate_issuer, row_of_it.predicate_type, row_of_it.subject_name, row_of_it.subject_sha256)
    assert (*values, json.loads(row_of_it.statement), row_of_it.parse_error) == (*expected, None)
