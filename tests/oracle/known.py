"""What the product is known to do wrong: left out of histories that must hold, shown one by one in the scenarios."""

import pytest

HISTORIES = frozenset({"releases-missing", "releases-null", "releases-type"})
"""Faults that cost rows by what is documented: versions without files go with a document's `releases`."""

WIRE: frozenset[str] = frozenset()
"""Changes of raw answers that break a promise; `stop`: a run that stops, although the index is sound."""


def wrong(reason: str) -> pytest.MarkDecorator:
    """The mark of a promise that is known to be broken."""
    return pytest.mark.xfail(strict=True, reason=reason)
