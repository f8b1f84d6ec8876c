"""Provenance documents, as they are on the wire: ``/integrity/<project>/<version>/<file>/provenance``.

Only the outline is checked here; what is inside an attestation is read by the stream ``attestations``.

Reading on
    PEP 740; index-api.md 9.
"""

from typing import Annotated, Any

from msgspec import Struct

from source_pypi.fields import Integer, describe


class Bundle(Struct, frozen=True):
    """The attestations that one publisher made of a file."""

    publisher: Annotated[dict[str, Any] | None, describe("Who published: kind, repository, workflow, ...")] = None
    attestations: Annotated[list[dict[str, Any]] | None, describe("What was attested.")] = None


class Provenance(Struct, frozen=True):
    """A provenance document."""

    attestation_bundles: Annotated[list[Bundle], describe("Attestations by publisher.")]
    version: Annotated[Integer | None, describe("Version of the format.")] = None
