"""``attestations``: one attestation of a file, from its provenance document.

What is read
    An attestation (PEP 740) is a signed statement about a file. Statement and certificate are read, nothing is
    verified: a row tells what an attestation says, not that it is true.

With what
    ``cryptography`` reads the certificate and the values of its extensions; the rest is JSON. ``pypi-attestations``
    reads the same, and is what these rows are tested against, but it comes with the whole machinery of signing: 25
    packages, 66 MB and 0.46 s to import, against 3, 18 MB and 0.08 s.

Leniency
    What cannot be read is null, said in ``parse_error``, and never costs the row.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Struct

from source_pypi.errors import ExtraMissingError
from source_pypi.reads import Reads
from source_pypi.record import Integer, about
from source_pypi.streams.core_metadata import versions_of_files
from source_pypi.streams.stream import Row, Stream, Visit
from source_pypi.streams.values import text

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")

#: The extension that says who vouched for the signer: "Issuer (V2)" of Fulcio, a UTF8String in DER.
#: github.com/sigstore/fulcio, docs/oid-info.md
ISSUER = "1.3.6.1.4.1.57264.1.8"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PUBLISHER = "attestation_bundles[].publisher"
_CERTIFICATE = "attestation_bundles[].attestations[].verification_material.certificate"
_ENTRIES = "attestation_bundles[].attestations[].verification_material.transparency_entries[0]"
_STATEMENT = "attestation_bundles[].attestations[].envelope.statement"
_NOT_OF_THIS_KIND = "this kind of publisher has none, or none was given"
_UNREADABLE = "it cannot be read: see parse_error"


class Attestations(Struct, frozen=True, kw_only=True, gc=False):
    """An attestation: who published the file, what is stated of it, by which identity, and when it was logged."""

    project: Annotated[str, about("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, about("The version that lists the file, as the index has it.", source="releases")]
    filename: Annotated[str, about("The file that it is about.", source="the provenance document that was asked for")]
    bundle: Annotated[
        int,
        about("Place of its bundle, from 0; a bundle is what one publisher attests.", source="attestation_bundles"),
    ]
    position: Annotated[int, about("Its place in the bundle, from 0.", source="attestation_bundles[].attestations")]
    publisher_kind: Annotated[
        str | None,
        about("Who published, by kind: GitHub, GitLab, Google, ...", source=f"{_PUBLISHER}.kind", null=_UNREADABLE),
    ]
    publisher_repository: Annotated[
        str | None,
        about("The repository that it was published from.", source=f"{_PUBLISHER}.repository", null=_NOT_OF_THIS_KIND),
    ]
    publisher_workflow: Annotated[
        str | None,
        about(
            "The file of the workflow that published it.",
            source=f"{_PUBLISHER}.workflow, .workflow_filepath",
            null=_NOT_OF_THIS_KIND,
        ),
    ]
    publisher_environment: Annotated[
        str | None,
        about("The environment that it ran in.", source=f"{_PUBLISHER}.environment", null=_NOT_OF_THIS_KIND),
    ]
    publisher_email: Annotated[
        str | None,
        about("The account that published it.", source=f"{_PUBLISHER}.email", null=_NOT_OF_THIS_KIND),
    ]
    publisher_claims: Annotated[
        dict[str, str | None] | None,
        about(
            "What else the index tells of the publisher: its claims, and keys that other kinds have.",
            source=f"{_PUBLISHER}.claims, and keys without a column",
            null="nothing else",
        ),
    ]
    predicate_type: Annotated[
        str | None,
        about("What kind of statement it is, as an address.", source=f"{_STATEMENT}: predicateType", null=_UNREADABLE),
    ]
    subject_name: Annotated[
        str | None,
        about("The file's name, as stated.", source=f"{_STATEMENT}: subject[0].name", null=_UNREADABLE),
    ]
    subject_sha256: Annotated[
        str | None,
        about(
            "SHA-256 of the file in hexadecimal, as stated.",
            source=f"{_STATEMENT}: subject[0].digest.sha256",
            null=_UNREADABLE,
        ),
    ]
    certificate_identity: Annotated[
        str | None,
        about(
            "Who signed: the address of a workflow, or of an account.",
            source=f"{_CERTIFICATE}: subject alternative name",
            null=_UNREADABLE,
        ),
    ]
    certificate_issuer: Annotated[
        str | None,
        about("Who vouched for that identity.", source=f"{_CERTIFICATE}: extension {ISSUER}", null=_UNREADABLE),
    ]
    certificate_not_before: Annotated[
        datetime | None,
        about("Time from which the certificate holds: just before signing.", source=_CERTIFICATE, null=_UNREADABLE),
    ]
    certificate_not_after: Annotated[
        datetime | None, about("Time until which the certificate holds.", source=_CERTIFICATE, null=_UNREADABLE)
    ]
    integrated_at: Annotated[
        datetime | None,
        about(
            "Time at which the transparency log took it in.",
            source=f"{_ENTRIES}.integratedTime",
            null="the log gives none (version 2 of Rekor does not), or it cannot be read: see parse_error",
        ),
    ]
    log_index: Annotated[
        Integer | None,
        about(
            "Its number in the transparency log.",
            source=f"{_ENTRIES}.logIndex",
            null="none is given, or it cannot be read: see parse_error",
        ),
    ]
    statement: Annotated[
        str | None, about("The statement, as signed: in-toto, as JSON.", source=_STATEMENT, null=_UNREADABLE)
    ]
    parse_error: Annotated[
        str | None,
        about(
            "What could not be read of it, and why.", source="attestation_bundles[]", null="everything could be read"
        ),
    ]


def attestations_rows(visit: Visit) -> Iterator[Row]:
    """A row for each attestation in the provenance documents that the visit brought.

    :raises ExtraMissingError: when there are such documents, and the library that reads certificates is missing.
    """
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


def _row(place: Mapping[str, Any], publisher: Mapping[str, Any] | None, attestation: Mapping[str, Any]) -> Attestations:
    notes = _Notes()
    notes.attempt("version", lambda: _version(attestation.get("version")))
    material = notes.branch("verification_material", attestation.get("verification_material"))
    envelope = notes.branch("envelope", attestation.get("envelope"))
    if envelope is not None:
        notes.attempt("signature", lambda: _base64(envelope.get("signature")))
    values = {
        **_publisher(publisher, notes),
        **_statement(envelope, notes),
        **_certificate(material, notes),
        **_entry(material, notes),
    }
    return Attestations(**place, **values, parse_error="; ".join(notes.said) or None)


class _UnreadableError(ValueError):
    """What cannot be read, and why."""


@dataclass(slots=True)
class _Notes:
    """Reads what can be read, and notes what cannot. What is missing inside of what is missing is not noted again."""

    said: list[str] = field(default_factory=list)

    def attempt(self, what: str, read: Callable[[], T]) -> T | None:
        """What is read, or None and a note."""
        try:
            return read()
        except _UnreadableError as error:
            self.said.append(f"{what}: {error}")
            return None

    def text(self, what: str, value: object) -> str | None:
        """A text that may be missing."""
        return text(self.attempt(what, lambda: _of_type(value, str, "a text")))

    def needed(self, what: str, value: object) -> str | None:
        """A text that must not be missing."""
        return self.attempt(what, lambda: _there(text(_of_type(value, str, "a text"))))

    def branch(self, what: str, value: object) -> dict[str, Any] | None:
        """An object that must not be missing."""
        return self.attempt(what, lambda: _there(_of_type(value, dict, "an object")))

    def first(self, what: str, value: object) -> dict[str, Any] | None:
        """The first object of a list, which must not be missing."""
        items = self.attempt(what, lambda: _there(_of_type(value, list, "a list") or None))
        return None if items is None else self.branch(f"{what}[0]", items[0])


def _version(value: object) -> None:
    """There is one version of the format; another one may mean something else by the same keys."""
    if value != 1:
        raise _UnreadableError("not 1")


def _there(value: T | None) -> T:
    if value is None:
        raise _UnreadableError("missing")
    return value


def _of_type(value: object, type_: type[T], named: str) -> T | None:
    if value is None or isinstance(value, type_):
        return value
    raise _UnreadableError(f"not {named}")


def _base64(value: object) -> bytes:
    """Bytes from base64, also where a library has broken it into lines."""
    given = _there(_of_type(value, str, "a text"))
    try:
        return b64decode("".join(given.split()), validate=True)
    except ValueError as error:
        raise _UnreadableError("not base64") from error


# Publisher ----------------------------------------------------------------------------------------------------

_OWN_COLUMNS = {"kind", "repository", "workflow", "workflow_filepath", "environment", "email", "claims"}


def _publisher(publisher: Mapping[str, Any] | None, notes: _Notes) -> dict[str, Any]:
    """Who published. The kinds are an open set, so that no key is needed but the kind."""
    given = notes.branch("publisher", publisher) or {}
    claims = notes.attempt("publisher.claims", lambda: _of_type(given.get("claims"), dict, "an object")) or {}
    rest = {key: value for key, value in given.items() if key not in _OWN_COLUMNS} | claims
    said = {
        key: notes.text(f"publisher.{key}", given.get(key))
        for key in ("repository", "workflow", "workflow_filepath", "environment", "email")
    }
    return {
        "publisher_kind": _needed(publisher, "publisher", "kind", notes),
        "publisher_repository": said["repository"],
        "publisher_workflow": said["workflow"] or said["workflow_filepath"],
        "publisher_environment": said["environment"],
        "publisher_email": said["email"],
        "publisher_claims": {key: _claim(value) for key, value in rest.items()} or None,
    }


def _claim(value: object) -> str | None:
    """A claim as text; what is no text, as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


# Statement ----------------------------------------------------------------------------------------------------


def _statement(envelope: Mapping[str, Any] | None, notes: _Notes) -> dict[str, Any]:
    """What is stated, in the words of in-toto: https://in-toto.io/Statement/v1."""
    written = tree = subject = digest = None
    if envelope is not None:
        written = notes.attempt("statement", lambda: _utf8(_base64(envelope.get("statement"))))
    if written is not None:
        tree = notes.attempt("statement", lambda: _json_object(written))
    if tree is not None:
        subject = notes.first("statement.subject", tree.get("subject"))
    if subject is not None:
        digest = notes.branch("statement.subject[0].digest", subject.get("digest"))
    return {
        "statement": written,
        "predicate_type": _needed(tree, "statement", "predicateType", notes),
        "subject_name": _needed(subject, "statement.subject[0]", "name", notes),
        "subject_sha256": _needed(digest, "statement.subject[0].digest", "sha256", notes),
    }


def _needed(tree: Mapping[str, Any] | None, what: str, key: str, notes: _Notes) -> str | None:
    return None if tree is None else notes.needed(f"{what}.{key}", tree.get(key))


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _UnreadableError("not UTF-8") from error


def _json_object(written: str) -> dict[str, Any]:
    try:
        tree = msgspec.json.decode(written)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _UnreadableError("not JSON") from error
    return _there(_of_type(tree, dict, "an object"))


# Certificate --------------------------------------------------------------------------------------------------


def _certificate(material: Mapping[str, Any] | None, notes: _Notes) -> dict[str, Any]:
    """Who signed, who vouched for it, and when."""
    certificate = extensions = identity = issuer = None
    if material is not None:
        certificate = notes.attempt("certificate", lambda: _opened(_base64(material.get("certificate"))))
    if certificate is not None:
        extensions = notes.attempt("certificate", lambda: _extensions(certificate))
    if extensions is not None:
        identity = notes.attempt("certificate: subject alternative name", lambda: _identity(extensions))
        issuer = notes.attempt(f"certificate: extension {ISSUER}", lambda: _issuer(extensions))
    return {
        "certificate_identity": identity,
        "certificate_issuer": issuer,
        "certificate_not_before": None if certificate is None else certificate.not_valid_before_utc,
        "certificate_not_after": None if certificate is None else certificate.not_valid_after_utc,
    }


def _opened(der: bytes) -> "x509.Certificate":
    from cryptography import x509  # noqa: PLC0415 - see require_cryptography

    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise _UnreadableError("not an X.509 certificate in DER") from error


def _extensions(certificate: "x509.Certificate") -> "x509.Extensions":
    from cryptography import x509  # noqa: PLC0415 - see require_cryptography

    try:
        return certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise _UnreadableError("its extensions cannot be read") from error


def _identity(extensions: "x509.Extensions") -> str:
    """The first name that is a text: an address of a workflow, or of an account."""
    from cryptography import x509  # noqa: PLC0415 - see require_cryptography

    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise _UnreadableError("missing") from error
    return _there(next((name.value for name in names if isinstance(name.value, str)), None))


def _issuer(extensions: "x509.Extensions") -> str:
    from cryptography import x509  # noqa: PLC0415 - see require_cryptography
    from cryptography.hazmat import asn1  # noqa: PLC0415

    try:
        value = extensions.get_extension_for_oid(x509.ObjectIdentifier(ISSUER)).value
    except x509.ExtensionNotFound as error:
        raise _UnreadableError("missing") from error
    try:
        return asn1.decode_der(str, value.public_bytes())
    except ValueError as error:
        raise _UnreadableError("not a UTF8String") from error


# Transparency log ---------------------------------------------------------------------------------------------


def _entry(material: Mapping[str, Any] | None, notes: _Notes) -> dict[str, Any]:
    """When it was logged, and where: in camel case with numbers as texts, or as PEP 740 has it (index-api.md 9)."""
    entry: Mapping[str, Any] = {}
    if material is not None:
        entry = notes.first("transparency_entries", material.get("transparency_entries")) or {}
    logged = entry.get("integratedTime", entry.get("integrated_time"))
    index = entry.get("logIndex", entry.get("log_index"))
    return {
        "integrated_at": notes.attempt("integratedTime", lambda: _time(_number(logged))),
        "log_index": notes.attempt("logIndex", lambda: _number(index)),
    }


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if value is None or (type(value) is int and 0 <= value < 2**63):
        return value
    raise _UnreadableError("not a whole number of 64 bits")


def _time(seconds: int | None) -> datetime | None:
    """The time; 0 is none: the second version of Rekor gives no time (github.com/sigstore/rekor-tiles, CLIENTS.md)."""
    try:
        return _EPOCH + timedelta(seconds=seconds) if seconds else None
    except OverflowError as error:
        raise _UnreadableError("not a time") from error


STREAM = Stream(
    name="attestations",
    row="an attestation of a file",
    record=Attestations,
    key=("filename", "bundle", "position"),
    reads=(Reads.PROJECT, Reads.PAGE, Reads.PROVENANCE),
    cost="1 a project for its page, and 1 a file of a wanted release that has any, beyond the project document",
    rows=attestations_rows,
    require=require_cryptography,
)
