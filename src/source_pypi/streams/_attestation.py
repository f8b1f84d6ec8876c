"""What an attestation says (PEP 740): who published a file, what is stated of it, by which identity, logged when.

What cannot be read is None, and told beside what could. Nothing is verified.

With what
    ``cryptography`` reads the certificate and the values of its extensions; the rest is JSON. ``pypi-attestations``
    reads the same, and is what this is tested against, but it comes with the whole machinery of signing: 25 packages,
    66 MB and 0.46 s to import, against 3, 18 MB and 0.08 s.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct, field

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")

#: The extension that says who vouched for the signer: "Issuer (V2)" of Fulcio, a UTF8String in DER.
#: github.com/sigstore/fulcio, docs/oid-info.md
ISSUER = "1.3.6.1.4.1.57264.1.8"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_attestation(
    publisher: Mapping[str, Any] | None, attestation: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What an attestation and its bundle's publisher say, by the names of the stream's fields; and what is odd."""
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
    return values, notes.said


class _UnreadableError(ValueError):
    """What cannot be read, and why."""


class _Notes(Struct):
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
        return _text(self.attempt(what, lambda: _of_type(value, str, "a text")))

    def needed(self, what: str, value: object) -> str | None:
        """A text that must not be missing."""
        return self.attempt(what, lambda: _there(_text(_of_type(value, str, "a text"))))

    def branch(self, what: str, value: object) -> dict[str, Any] | None:
        """An object that must not be missing."""
        return self.attempt(what, lambda: _there(_of_type(value, dict, "an object")))

    def first(self, what: str, value: object) -> dict[str, Any] | None:
        """The first object of a list, which must not be missing."""
        items = self.attempt(what, lambda: _there(_of_type(value, list, "a list") or None))
        return None if items is None else self.branch(f"{what}[0]", items[0])


def _text(value: str | None) -> str | None:
    """None for an empty text: publishers write one for what they have not."""
    return value if value and not value.isspace() else None


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
    from cryptography import x509  # noqa: PLC0415 - an extra, and slow to import

    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise _UnreadableError("not an X.509 certificate in DER") from error


def _extensions(certificate: "x509.Certificate") -> "x509.Extensions":
    from cryptography import x509  # noqa: PLC0415 - an extra, and slow to import

    try:
        return certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise _UnreadableError("its extensions cannot be read") from error


def _identity(extensions: "x509.Extensions") -> str:
    """The first name that is a text: an address of a workflow, or of an account."""
    from cryptography import x509  # noqa: PLC0415 - an extra, and slow to import

    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise _UnreadableError("missing") from error
    return _there(next((name.value for name in names if isinstance(name.value, str)), None))


def _issuer(extensions: "x509.Extensions") -> str:
    from cryptography import x509  # noqa: PLC0415 - an extra, and slow to import
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
