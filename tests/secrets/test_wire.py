"""Credentials are sent only to the origin of the index."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from source_pypi import api
from source_pypi.errors import SourceError
from tests.connector import sample_world
from tests.fake_index import FakeIndex, faults
from tests.secrets.conftest import Given
from tests.secrets.hidden import found

Guarded = Callable[..., FakeIndex]


@pytest.mark.parametrize("userinfo", ["", "ann:x@"])
@pytest.mark.parametrize(
    ("stream", "path"),
    [
        ("files", "/pypi/sampleproject/json"),
        ("statuses", "/simple/sampleproject/"),
        ("core_metadata", "/packages/x/sampleproject-4.0.0-py3-none-any.whl.metadata"),
        ("attestations", "/integrity/sampleproject/4.0.0/sampleproject-4.0.0-py3-none-any.whl/provenance"),
    ],
)
def test_redirect_target_gets_no_credentials(
    guarded: Guarded, given: Given, stream: str, path: str, userinfo: str
) -> None:
    """Another origin to which the index redirects, also on the same host, gets no credentials."""
    index = guarded(given)
    with FakeIndex(sample_world()) as other:
        pattern = path if stream != "core_metadata" else "/packages/*.metadata"
        index.fault(pattern, faults.redirect(f"{other.url.replace('://', f'://{userinfo}')}{path}"))
        settings = given.settings(index.url) | {"projects": ["sampleproject==4.0.0"]}
        followed = stream in ("core_metadata", "attestations")  # files may be on another host, documents may not
        rows = api.read(stream, settings.pop("projects"), **settings)
        if followed:
            assert list(rows)
        else:
            with suppress(SourceError):
                list(rows)
        assert [request.path for request in other.requests] == ([path] if followed else [])
        assert not any("authorization" in request.headers for request in other.requests)
        assert found(repr(request).encode() for request in other.requests) == {}
    assert all("authorization" in request.headers for request in index.requests)
