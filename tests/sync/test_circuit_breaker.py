"""sync/circuit_breaker.py: when a kind of document is no longer requested."""

import pytest
from msgspec.structs import replace

from source_pypi.errors import RefusedError, SourceError, UnreachableError
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.circuit_breaker import CircuitBreaker
from source_pypi.sync.fetch_plan import FetchPlan
from source_pypi.sync.fetch_result import FetchResult

PLAN = FetchPlan(frozenset({DocumentKind.PROJECT, DocumentKind.PAGE}))
OUTAGE, REFUSED = UnreachableError("a", "b", 1, 1.0), RefusedError("a", 403, "")


def breaker_after(*errors: SourceError | None) -> CircuitBreaker:
    """A circuit breaker after projects whose pages had these errors; None: it could be read."""
    breaker = CircuitBreaker()
    for error in errors:
        breaker.add(FetchResult(failures={} if error is None else {DocumentKind.PAGE: error}), PLAN.documents)
    return breaker


@pytest.mark.parametrize(
    "errors",
    [[OUTAGE] * 2, [OUTAGE, OUTAGE, REFUSED, OUTAGE, OUTAGE], [OUTAGE, OUTAGE, None, OUTAGE, OUTAGE]],
    ids=["two", "another error between", "success between"],
)
def test_fewer_than_three_outages_in_a_row_change_nothing(errors: list[SourceError | None]) -> None:
    """A success, or an error that is no outage, starts the count again."""
    assert breaker_after(*errors).without_failing(PLAN) is PLAN


def test_kind_is_not_requested_after_three_outages_in_a_row() -> None:
    """After three outages in a row the plan loses the kind, and later results have the error."""
    breaker = breaker_after(OUTAGE, OUTAGE, OUTAGE)
    assert breaker.without_failing(PLAN) == replace(PLAN, documents=frozenset({DocumentKind.PROJECT}))
    later = FetchResult()
    breaker.add(later, PLAN.documents)
    assert later.failures == {DocumentKind.PAGE: OUTAGE}


def test_failed_project_document_does_not_count_for_the_others() -> None:
    """If the project document failed, the documents behind it were not requested."""
    breaker = CircuitBreaker()
    for _ in range(3):
        failures: dict[DocumentKind, SourceError] = dict.fromkeys((DocumentKind.PROJECT, DocumentKind.PAGE), OUTAGE)
        breaker.add(FetchResult(failures=failures), PLAN.documents)
    assert breaker.without_failing(PLAN) is PLAN
