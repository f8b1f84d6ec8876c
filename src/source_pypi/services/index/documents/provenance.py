"""Provenance documents as an index sends them: ``/integrity/<project>/<version>/<file>/provenance``.

Only the outer structure is checked here, and the names that statements carry; the stream ``attestations`` reads the
attestations.

Reading on
    PEP 740; index-api.md 9.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from source_pypi.fields import Integer, describe


class Bundle(Struct, frozen=True):
    """The attestations of a file by one publisher."""

    publisher: Annotated[dict[str, Any] | None, describe("The publisher: kind, repository, workflow, ...")] = None
    attestations: Annotated[list[dict[str, Any]] | None, describe("The attestations.")] = None


class Provenance(Struct, frozen=True):
    """A provenance document."""

    attestation_bundles: Annotated[list[Bundle], describe("Attestations by publisher.")]
    version: Annotated[Integer | None, describe("Version of the format.")] = None


class _Subject(Struct):
    name: str | None = None


class _Statement(Struct):
    subject: list[_Subject] | None = None


def subject_names(provenance: Provenance) -> Iterator[str]:
    """Yield the names of files that the signed statements (in-toto) are about; what cannot be parsed is left out."""
    for bundle in provenance.attestation_bundles:
        for attestation in bundle.attestations or ():
            envelope = attestation.get("envelope")
            encoded = envelope.get("statement") if isinstance(envelope, dict) else None
            try:
                statement = msgspec.json.decode(base64.b64decode(encoded or ""), type=_Statement)
            except (binascii.Error, ValueError, TypeError, msgspec.DecodeError):
                continue
            yield from (subject.name for subject in statement.subject or () if subject.name)
