"""Parses an attestation (PEP 740): the publisher, the statement, the certificate and the transparency log entry.

A value that cannot be parsed is None and listed among the problems. Nothing is verified.

``cryptography`` parses the certificate and its extensions; the rest is JSON. ``pypi-attestations`` parses the same, and
the tests compare with it, but it depends on everything that signing needs: 25 packages, 66 MB and 0.46 s to import,
compared with 3 packages, 18 MB and 0.08 s.
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

#: The extension that names the signer's identity provider: "Issuer (V2)" of Fulcio, a UTF8String in DER.
#: github.com/sigstore/fulcio, docs/oid-info.md
ISSUER = "1.3.6.1.4.1.57264.1.8"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_attestation(
    publisher: Mapping[str, Any] | None, attestation: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The values of an attestation and of its bundle's publisher, by field name, and the problems found."""
    parser = _Parser()
    parser.attempt("version", lambda: _check_version(attestation.get("version")))
    material = parser.required_object("verification_material", attestation.get("verification_material"))
    envelope = parser.required_object("envelope", attestation.get("envelope"))
    if envelope is not None:
        parser.attempt("signature", lambda: _base64(envelope.get("signature")))
    values = {
        **_publisher(publisher, parser),
        **_statement(envelope, parser),
        **_certificate(material, parser),
        **_log_entry(material, parser),
    }
    return values, parser.problems


class _UnreadableError(ValueError):
    """A value cannot be parsed; the message says why."""


class _Parser(Struct):
    """Parses values and collects the problems. Values inside a missing object are not reported again."""

    problems: list[str] = field(default_factory=list)

    def attempt(self, what: str, parse: Callable[[], T]) -> T | None:
        """The parsed value; None if there was a problem."""
        try:
            return parse()
        except _UnreadableError as error:
            self.problems.append(f"{what}: {error}")
            return None

    def text(self, what: str, value: object) -> str | None:
        """A text; it may be missing."""
        return _text(self.attempt(what, lambda: _of_type(value, str, "a text")))

    def required_text(self, what: str, value: object) -> str | None:
        """A text; it must not be missing."""
        return self.attempt(what, lambda: _present(_text(_of_type(value, str, "a text"))))

    def required_object(self, what: str, value: object) -> dict[str, Any] | None:
        """An object; it must not be missing."""
        return self.attempt(what, lambda: _present(_of_type(value, dict, "an object")))

    def first_object(self, what: str, value: object) -> dict[str, Any] | None:
        """The first object of a list; it must not be missing."""
        items = self.attempt(what, lambda: _present(_of_type(value, list, "a list") or None))
        return None if items is None else self.required_object(f"{what}[0]", items[0])


def _text(value: str | None) -> str | None:
    """None for an empty text, which publishers write for a missing value."""
    return value if value and not value.isspace() else None


def _check_version(value: object) -> None:
    """Only version 1 of the format is known; in another one, the same keys may have other meanings."""
    if value != 1:
        raise _UnreadableError("not 1")


def _present(value: T | None) -> T:
    if value is None:
        raise _UnreadableError("missing")
    return value


def _of_type(value: object, type_: type[T], description: str) -> T | None:
    if value is None or isinstance(value, type_):
        return value
    raise _UnreadableError(f"not {description}")


def _base64(value: object) -> bytes:
    """Bytes from base64, with or without line breaks."""
    encoded = _present(_of_type(value, str, "a text"))
    try:
        return b64decode("".join(encoded.split()), validate=True)
    except ValueError as error:
        raise _UnreadableError("not base64") from error


# Publisher ----------------------------------------------------------------------------------------------------

_KEYS_WITH_COLUMNS = {"kind", "repository", "workflow", "workflow_filepath", "environment", "email", "claims"}


def _publisher(publisher: Mapping[str, Any] | None, parser: _Parser) -> dict[str, Any]:
    """The publisher. New kinds may appear, so that only the kind is required."""
    fields = parser.required_object("publisher", publisher) or {}
    claims = parser.attempt("publisher.claims", lambda: _of_type(fields.get("claims"), dict, "an object")) or {}
    rest = {key: value for key, value in fields.items() if key not in _KEYS_WITH_COLUMNS} | claims
    texts = {
        key: parser.text(f"publisher.{key}", fields.get(key))
        for key in ("repository", "workflow", "workflow_filepath", "environment", "email")
    }
    return {
        "publisher_kind": _required(publisher, "publisher", "kind", parser),
        "publisher_repository": texts["repository"],
        "publisher_workflow": texts["workflow"] or texts["workflow_filepath"],
        "publisher_environment": texts["environment"],
        "publisher_email": texts["email"],
        "publisher_claims": {key: _claim(value) for key, value in rest.items()} or None,
    }


def _claim(value: object) -> str | None:
    """A claim as text; other values as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


# Statement ----------------------------------------------------------------------------------------------------


def _statement(envelope: Mapping[str, Any] | None, parser: _Parser) -> dict[str, Any]:
    """The statement, in the format of in-toto: https://in-toto.io/Statement/v1."""
    body = tree = subject = digest = None
    if envelope is not None:
        body = parser.attempt("statement", lambda: _utf8(_base64(envelope.get("statement"))))
    if body is not None:
        tree = parser.attempt("statement", lambda: _json_object(body))
    if tree is not None:
        subject = parser.first_object("statement.subject", tree.get("subject"))
    if subject is not None:
        digest = parser.required_object("statement.subject[0].digest", subject.get("digest"))
    return {
        "statement": body,
        "predicate_type": _required(tree, "statement", "predicateType", parser),
        "subject_name": _required(subject, "statement.subject[0]", "name", parser),
        "subject_sha256": _required(digest, "statement.subject[0].digest", "sha256", parser),
    }


def _required(tree: Mapping[str, Any] | None, what: str, key: str, parser: _Parser) -> str | None:
    return None if tree is None else parser.required_text(f"{what}.{key}", tree.get(key))


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _UnreadableError("not UTF-8") from error


def _json_object(body: str) -> dict[str, Any]:
    try:
        tree = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _UnreadableError("not JSON") from error
    return _present(_of_type(tree, dict, "an object"))


# Certificate --------------------------------------------------------------------------------------------------


def _certificate(material: Mapping[str, Any] | None, parser: _Parser) -> dict[str, Any]:
    """The signer, the identity provider and the period of validity."""
    certificate = extensions = identity = issuer = None
    if material is not None:
        certificate = parser.attempt("certificate", lambda: _load_certificate(_base64(material.get("certificate"))))
    if certificate is not None:
        extensions = parser.attempt("certificate", lambda: _extensions(certificate))
    if extensions is not None:
        identity = parser.attempt("certificate: subject alternative name", lambda: _identity(extensions))
        issuer = parser.attempt(f"certificate: extension {ISSUER}", lambda: _issuer(extensions))
    return {
        "certificate_identity": identity,
        "certificate_issuer": issuer,
        "certificate_not_before": None if certificate is None else certificate.not_valid_before_utc,
        "certificate_not_after": None if certificate is None else certificate.not_valid_after_utc,
    }


def _load_certificate(der: bytes) -> "x509.Certificate":
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
    """The first name that is a text: the URL of a workflow, or an email address."""
    from cryptography import x509  # noqa: PLC0415 - an extra, and slow to import

    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise _UnreadableError("missing") from error
    return _present(next((name.value for name in names if isinstance(name.value, str)), None))


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


def _log_entry(material: Mapping[str, Any] | None, parser: _Parser) -> dict[str, Any]:
    """Time and index in the log: camel-case keys with numbers as texts, or the keys of PEP 740 (index-api.md 9)."""
    entry: Mapping[str, Any] = {}
    if material is not None:
        entry = parser.first_object("transparency_entries", material.get("transparency_entries")) or {}
    logged = entry.get("integratedTime", entry.get("integrated_time"))
    index = entry.get("logIndex", entry.get("log_index"))
    return {
        "integrated_at": parser.attempt("integratedTime", lambda: _time(_number(logged))),
        "log_index": parser.attempt("logIndex", lambda: _number(index)),
    }


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if value is None or (type(value) is int and 0 <= value < 2**63):
        return value
    raise _UnreadableError("not a whole number of 64 bits")


def _time(seconds: int | None) -> datetime | None:
    """The time; None for 0, which Rekor 2 writes for want of a time (github.com/sigstore/rekor-tiles, CLIENTS.md)."""
    try:
        return _EPOCH + timedelta(seconds=seconds) if seconds else None
    except OverflowError as error:
        raise _UnreadableError("not a time") from error
