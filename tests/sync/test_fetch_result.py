"""sync/fetch_result.py: what a fetch found."""

from source_pypi.errors import (
    NotOfferedError,
    UnavailableError,
)
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.fetch_result import FetchResult


def test_requirements_are_kept_if_all_could_be_read() -> None:
    """Requirements are kept in state only if all of them could be read; what an index never offers does not count."""
    outage, lacks = UnavailableError("x", 503, 7, 1.0, None), NotOfferedError("x", "y")
    assert FetchResult(requirements=("a",)).complete_requirements == ("a",)
    assert FetchResult(
        requirements=("a",), failures={DocumentKind.CORE_METADATA: lacks, DocumentKind.PAGE: outage}
    ).complete_requirements == ("a",)
    for cut in (
        FetchResult(requirements=("a",), failures={DocumentKind.RELEASES: outage}),
        FetchResult(requirements=("a",), failures={DocumentKind.CORE_METADATA: outage}),
        FetchResult(requirements=("a",), unusable={DocumentKind.RELEASES}),
        FetchResult(requirements=("a",), user_errors=[outage]),
        FetchResult(),
    ):
        assert cut.complete_requirements is None
