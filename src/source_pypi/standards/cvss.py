"""CVSS vectors: their base scores, by the library ``cvss`` of the extra ``advisories``."""

from typing import Any

from source_pypi.safety.limits import cached_if_short

#: The lowest scores of the ratings, highest first (CVSS 3.1, 5; the same in 4.0, 6).
_RATINGS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
#: Characters of a vector; the longest valid ones have some 250.
LONGEST_VECTOR = 1_000


@cached_if_short()
def base_score(vector: str) -> float | None:
    """The base score of a vector of CVSS 3.0, 3.1 or 4.0, from 0 to 10; None: it is not valid, or of another version.

    :raises ImportError: when the library is not installed.
    """
    from cvss import CVSS3, CVSS4, CVSSError  # noqa: PLC0415 - an extra

    kinds: dict[str, Any] = {"CVSS:3": CVSS3, "CVSS:4": CVSS4}
    kind = kinds.get(vector[:6])
    if kind is None or len(vector) > LONGEST_VECTOR:
        return None
    try:
        return float(kind(vector).base_score)
    except (CVSSError, ArithmeticError, LookupError, TypeError, ValueError):
        return None


def rating(score: float) -> str:
    """The word for a score: critical, high, medium, low or none."""
    return next((word for lowest, word in _RATINGS if score >= lowest), "none")
