"""``attestations``: a row for each attestation of a file."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cryptography import x509

from source_pypi.errors import ExtraMissingError
from source_pypi.services.index.api import Index
from source_pypi.streams.attestations import STREAM, Attestation, attestations_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.streams.provenance import (
    FILE,
    GITHUB,
    SLSA,
    attestation,
    attested_documents,
    bundle,
    certificate,
    provenance,
    row,
    rows,
    statement_of,
    utf8string,
)
from tests.sync.helpers import read

Connect = Callable[..., Index]


def test_attestations_of_several_bundles() -> None:
    """Each attestation of each bundle is a row, with its positions."""
    slsa = statement_of(predicate=SLSA)
    account = certificate((x509.RFC822Name("bot@acme.example"),), utf8string("https://accounts.example.com"))
    made = rows(
        bundle(attestation(), attestation(statement=slsa)),
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


def test_version_that_lists_the_file() -> None:
    """A row has the first version that lists its file, or the latest version if none is listed."""
    document = provenance(bundle(attestation()))
    names = ["foo-1.0.tar.gz", "foo-2.0.tar.gz", "foo-3.0.tar.gz"]
    releases = {"1.0": [{"filename": names[0]}], "1.0.0": [{"filename": names[0]}], "2.0": [{"filename": names[1]}]}
    project = {"info": {"version": "3.0"}, "releases": releases, "urls": [{"filename": names[2]}, {}]}
    made = list(attestations_rows(attested_documents(dict.fromkeys(names, document), project)))
    assert made == [
        row(filename=names[0]),
        row(filename=names[1], version="2.0"),
        row(filename=names[2], version="3.0"),
    ]


@pytest.mark.parametrize(
    "bundles",
    [[], [{}], [bundle()], [{"publisher": GITHUB, "attestations": None}], [{"attestations": "x"}], ["x", None]],
)
def test_bundles_without_attestations_have_no_rows(bundles: Sequence[Any]) -> None:
    """Bundles without attestations have no rows."""
    assert rows(*bundles) == []


def test_empty_bundle_counts() -> None:
    """An empty bundle counts in the positions of the others."""
    assert rows(bundle(), bundle(attestation())) == [row(bundle=1)]


@pytest.mark.parametrize(
    "documents",
    [
        ProjectDocuments(project=None),
        ProjectDocuments(project="foo"),
        attested_documents({}),
        attested_documents({FILE: provenance(bundle(attestation()))}, {"info": {}, "releases": {"1.0": []}}),
    ],
)
def test_missing_documents_have_no_rows(documents: ProjectDocuments) -> None:
    """Without a document, or if it does not list the file, there are no rows."""
    assert list(attestations_rows(documents)) == []


def test_missing_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its library, the stream says what to install before a request is sent."""
    assert STREAM.require is not None
    STREAM.require()
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.asn1", None)
    with pytest.raises(ExtraMissingError) as caught:
        STREAM.require()
    assert str(caught.value) == "attestations needs the extra: pip install 'source-pypi[attestations]'"


def add_attested_releases(world: World, *versions: str) -> None:
    """Add releases of foo with an attested wheel, and an sdist without attestations."""
    for version in versions:
        wheel = f"foo-{version}-py3-none-any.whl"
        made = provenance(bundle(attestation(statement=statement_of(wheel))))
        world.upload("foo", version, filename=wheel, provenance=made)
        world.upload("foo", version, filename=f"foo-{version}.tar.gz")


def wheel_row(version: str) -> Attestation:
    """The row of a wheel of ``add_attested_releases``."""
    wheel = f"foo-{version}-py3-none-any.whl"
    return row(version=version, filename=wheel, subject_name=wheel, statement=statement_of(wheel))


@pytest.mark.parametrize(
    ("requested", "versions"),
    [(("foo", "latest"), ["2.0"]), (("foo==1.0", "latest"), ["1.0"]), (("foo", "all"), ["1.0", "2.0"])],
)
def test_requests(
    world: World, fake: FakeIndex, connect: Connect, requested: tuple[str, str], versions: list[str]
) -> None:
    """One project document, one page, and one request for each attested file of the selected releases."""
    add_attested_releases(world, "1.0", "2.0")
    name, releases = requested
    (batch,) = read(connect(fake), [name], [STREAM], releases=releases)
    made = rows_in(batch)["attestations"]
    assert sorted(made, key=lambda one: one.version) == [wheel_row(version) for version in versions]
    documents = {f"/integrity/foo/{v}/foo-{v}-py3-none-any.whl/provenance": 1 for v in versions}
    assert fake.counts == {"/pypi/foo/json": 1, "/simple/foo/": 1, **documents}


def test_files_without_provenance_take_no_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Files without provenance take no request."""
    world.add("foo")
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    assert (rows_in(batch), batch.failures) == ({"attestations": []}, {})
    assert fake.counts == {"/pypi/foo/json": 1, "/simple/foo/": 1}


def test_invalid_provenance_is_a_failure(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A response that is not a provenance document is a failure of the project's rows, with the URL."""
    add_attested_releases(world, "1.0")
    path = "/integrity/foo/1.0/foo-1.0-py3-none-any.whl/provenance"
    world.override(path, b"<html>")
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    assert rows_in(batch) == {}
    assert f"{fake.url}{path}: expected a provenance document" in str(batch.failures["attestations"])
