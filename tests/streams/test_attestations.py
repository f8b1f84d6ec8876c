"""``attestations``: a row for each attestation of a file."""

import json
import sys
from base64 import b64encode, encodebytes
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from source_pypi.errors import ExtraMissingError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Provenance, open_document
from source_pypi.streams._attestation import ISSUER
from source_pypi.streams.attestations import STREAM, Attestation, attestations_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.streams import ROOT, visit_with
from tests.sync.helpers import read

Connect = Callable[..., Index]
FILE = "foo-1.0.tar.gz"
WORKFLOW = "https://code.example.com/acme/foo/.github/workflows/release.yml@refs/tags/v1.0"
OIDC = "https://token.example.com"
PUBLISH = "https://docs.example.com/attestations/publish/v1"
SLSA = "https://slsa.dev/provenance/v1"
SHA = "ab" * 32
FROM, UNTIL = datetime(2024, 11, 6, 22, 37, 7, tzinfo=UTC), datetime(2024, 11, 6, 22, 47, 7, tzinfo=UTC)
GITHUB = {"kind": "GitHub", "claims": None, "repository": "acme/foo", "workflow": "release.yml", "environment": ""}


# An attestation -------------------------------------------------------------------------------------------------


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


def entry(**given: Any) -> dict[str, Any]:
    """A transparency log's entry, in camel case with numbers as texts."""
    return {
        "logIndex": "147137139",
        "logId": {"keyId": text64("log")},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": "1730932627",
        "inclusionPromise": {"signedEntryTimestamp": text64("signed")},
        "inclusionProof": {"logIndex": "25232877", "rootHash": text64("root"), "treeSize": "25232878", "hashes": []},
        "canonicalizedBody": text64("{}"),
    } | given


def attestation(
    *, cert: bytes = A_CERTIFICATE, said: bytes | str | None = None, entries: Any = None, **given: Any
) -> dict[str, Any]:
    """An attestation, as an index hands it out."""
    material = {"certificate": text64(cert), "transparency_entries": [entry()] if entries is None else entries}
    envelope = {"statement": text64(statement_of() if said is None else said), "signature": text64("signature")}
    return {"version": 1, "verification_material": material, "envelope": envelope} | given


def bundle(*attestations: Any, publisher: Any = GITHUB) -> dict[str, Any]:
    """What one publisher attests."""
    return {"publisher": publisher, "attestations": list(attestations)}


def provenance(*bundles: Any) -> dict[str, Any]:
    """A provenance document."""
    return {"version": 1, "attestation_bundles": list(bundles)}


def visit(documents: Mapping[str, Any], project: Mapping[str, Any] | None = None) -> ProjectDocuments:
    """A visit that brought these provenance documents."""
    listed = {"info": {"version": "1.0"}, "releases": {"1.0": [{"filename": name} for name in documents]}}
    opened = {
        name: open_document(json.dumps(document).encode(), Provenance, f"{ROOT}/integrity/foo/1.0/{name}/provenance")
        for name, document in documents.items()
    }
    return replace(visit_with(project or listed), provenance=opened)


def rows(*bundles: Any) -> list[Any]:
    """The rows made of the provenance document of one file."""
    return list(attestations_rows(visit({FILE: provenance(*bundles)})))


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


def row(**given: Any) -> Attestation:
    """The row of an attestation, with what is different about it."""
    return Attestation(**ROW | given)


# What is read ---------------------------------------------------------------------------------------------------


def test_an_attestation_of_the_index() -> None:
    """There is a row for each attestation of each bundle, by their places."""
    slsa = statement_of(predicate=SLSA)
    account = certificate((x509.RFC822Name("bot@acme.example"),), utf8string("https://accounts.example.com"))
    made = rows(
        bundle(attestation(), attestation(said=slsa)),
        bundle(attestation(cert=account), publisher={"kind": "Google", "claims": None, "email": "bot@acme.example"}),
    )
    assert made == [
        row(),
        row(position=1, predicate_type=SLSA, statement=slsa),
        row(
            bundle=1,
            publisher_kind="Google",
            publisher_repository=None,
            publisher_workflow=None,
            publisher_email="bot@acme.example",
            certificate_identity="bot@acme.example",
            certificate_issuer="https://accounts.example.com",
        ),
    ]


def test_files_of_several_versions() -> None:
    """A row has the version that lists its file, the first one if several do, or the latest if none is listed."""
    document = provenance(bundle(attestation()))
    names = ["foo-1.0.tar.gz", "foo-2.0.tar.gz", "foo-3.0.tar.gz"]
    releases = {"1.0": [{"filename": names[0]}], "1.0.0": [{"filename": names[0]}], "2.0": [{"filename": names[1]}]}
    project = {"info": {"version": "3.0"}, "releases": releases, "urls": [{"filename": names[2]}, {}]}
    made = list(attestations_rows(visit(dict.fromkeys(names, document), project)))
    assert made == [
        row(filename=names[0]),
        row(filename=names[1], version="2.0"),
        row(filename=names[2], version="3.0"),
    ]


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
    """Every kind of publisher has its columns, and what has no column is among the claims."""
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
def test_entries_of_the_log(entries: Any, expected: dict[str, Any]) -> None:
    """The first entry counts, in camel case with numbers as texts or in snake case with numbers."""
    assert rows(bundle(attestation(entries=entries))) == [row(**expected)]


@pytest.mark.parametrize(
    ("said", "expected"),
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
def test_odd_statements(said: bytes | str, expected: dict[str, Any]) -> None:
    """What a statement lacks is null and said, and the statement itself stays as far as it is text."""
    assert rows(bundle(attestation(said=said))) == [row(**expected)]


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
def test_odd_certificates(cert: bytes, expected: dict[str, Any]) -> None:
    """What a certificate lacks is null and said, and what else it tells stays."""
    assert rows(bundle(attestation(cert=cert))) == [row(**expected)]


def test_certificates_that_are_broken_anywhere() -> None:
    """Whatever byte of a certificate is wrong, there is a row."""
    broken = [
        A_CERTIFICATE[:at] + bytes([A_CERTIFICATE[at] ^ 0x55]) + A_CERTIFICATE[at + 1 :]
        for at in range(len(A_CERTIFICATE))
    ]
    made = rows(bundle(*(attestation(cert=cert) for cert in broken)))
    assert [one.position for one in made] == list(range(len(broken)))


def test_base64_in_lines() -> None:
    """Base64 may be broken into lines, as some libraries write it."""
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
def test_odd_attestations(made: dict[str, Any], expected: dict[str, Any]) -> None:
    """An attestation of which little or nothing can be read is a row that says so."""
    assert rows(bundle(made)) == [row(**expected)]


@pytest.mark.parametrize(
    "bundles",
    [[], [{}], [bundle()], [{"publisher": GITHUB, "attestations": None}], [{"attestations": "x"}], ["x", None]],
)
def test_no_attestations_no_rows(bundles: Sequence[Any]) -> None:
    """Bundles that hold nothing give no rows."""
    assert rows(*bundles) == []


def test_bundles_keep_their_places() -> None:
    """An empty bundle counts, so that the others keep their places."""
    assert rows(bundle(), bundle(attestation())) == [row(bundle=1)]


@pytest.mark.parametrize(
    "given",
    [
        ProjectDocuments(project=None),
        ProjectDocuments(project="foo"),
        visit({}),
        visit({FILE: provenance(bundle(attestation()))}, {"info": {}, "releases": {"1.0": []}}),
    ],
)
def test_no_documents_no_rows(given: ProjectDocuments) -> None:
    """Where a document is missing, or does not list the file, there are no rows."""
    assert list(attestations_rows(given)) == []


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its library the stream says what to install, before anything is asked for."""
    assert STREAM.require is not None
    STREAM.require()
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.asn1", None)
    with pytest.raises(ExtraMissingError) as caught:
        STREAM.require()
    assert str(caught.value) == "attestations needs the extra: pip install 'source-pypi[attestations]'"


# What the library says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        attestation(),
        attestation(said=statement_of(predicate=SLSA)),
        attestation(cert=certificate((x509.RFC822Name("bot@acme.example"),), utf8string(OIDC))),
        attestation(entries=[entry(integratedTime="0")]),
        attestation(version=2),
        attestation(entries=[]),
        attestation(cert=b"x"),
        attestation(cert=certificate((x509.UniformResourceIdentifier(WORKFLOW),), b"\x0c\x05abc")),
        attestation(said="{"),
        attestation(envelope={}),
        attestation(envelope={"statement": text64(statement_of())}),
        attestation(verification_material=None),
        {},
    ],
)
def test_what_pypi_attestations_reads(made: dict[str, Any]) -> None:
    """What ``pypi-attestations`` reads is what the row says, and what it refuses has a parse_error."""
    library = pytest.importorskip("pypi_attestations")
    (said,) = rows(bundle(made))
    try:
        judged = library.Attestation.model_validate(made)
        issuer = judged.certificate_claims.get(ISSUER)
        statement = judged.statement
    except Exception:  # of pydantic, pyasn1, cryptography or json
        assert said.parse_error is not None
        return
    (subject,) = statement["subject"]
    read_of_it = (issuer, statement["predicateType"], subject["name"], subject["digest"]["sha256"], statement)
    told = (said.certificate_issuer, said.predicate_type, said.subject_name, said.subject_sha256)
    assert (*told, json.loads(said.statement), said.parse_error) == (*read_of_it, None)


# Over the wire --------------------------------------------------------------------------------------------------


def attested(world: World, *versions: str) -> None:
    """Releases of foo with an attested wheel, and an sdist without."""
    for version in versions:
        wheel = f"foo-{version}-py3-none-any.whl"
        made = provenance(bundle(attestation(said=statement_of(wheel))))
        world.upload("foo", version, filename=wheel, provenance=made)
        world.upload("foo", version, filename=f"foo-{version}.tar.gz")


def wheel_row(version: str) -> Attestation:
    """The row of a wheel that ``attested`` uploads."""
    wheel = f"foo-{version}-py3-none-any.whl"
    return row(version=version, filename=wheel, subject_name=wheel, statement=statement_of(wheel))


@pytest.mark.parametrize(
    ("asked", "versions"),
    [(("foo", "latest"), ["2.0"]), (("foo==1.0", "latest"), ["1.0"]), (("foo", "all"), ["1.0", "2.0"])],
)
def test_requests(world: World, fake: FakeIndex, connect: Connect, asked: tuple[str, str], versions: list[str]) -> None:
    """It takes a document, a page, and a request for each attested file of the wanted releases."""
    attested(world, "1.0", "2.0")
    name, releases = asked
    (batch,) = read(connect(fake), [name], [STREAM], releases=releases)
    made = rows_in(batch)["attestations"]
    assert sorted(made, key=lambda one: one.version) == [wheel_row(version) for version in versions]
    documents = {f"/integrity/foo/{v}/foo-{v}-py3-none-any.whl/provenance": 1 for v in versions}
    assert fake.counts == {"/pypi/foo/json": 1, "/simple/foo/": 1, **documents}


def test_no_attestations_no_requests(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Files that have no provenance cost no request."""
    world.add("foo")
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    assert (rows_in(batch), batch.failures) == ({"attestations": []}, {})
    assert fake.counts == {"/pypi/foo/json": 1, "/simple/foo/": 1}


def test_provenance_that_cannot_be_had(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A provenance document that is no such document costs the project's rows, and says where it is."""
    attested(world, "1.0")
    path = "/integrity/foo/1.0/foo-1.0-py3-none-any.whl/provenance"
    world.override(path, b"<html>")
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    assert rows_in(batch) == {}
    assert f"{fake.url}{path}: expected a provenance document" in str(batch.failures["attestations"])
