"""Provenance documents as an index sends them: ``/integrity/<project>/<version>/<file>/provenance``.

Only the outer structure is checked here; the stream ``attestations`` reads the attestations.

Reading on
    PEP 740; index-api.md 9.
"""

from typing import Annotated, Any

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
