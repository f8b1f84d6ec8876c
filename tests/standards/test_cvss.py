"""standards/cvss.py: base scores of vectors, and their words."""

import pytest

from source_pypi.standards.cvss import base_score, rating

pytest.importorskip("cvss")


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U", 9.8),
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", None),
        ("CVSS:3.1/AV:X", None),
        ("CVSS:4.0/AV:N", None),
        ("CVSS:3.1/" + "AV:N/" * 500, None),
        ("9.8", None),
        ("", None),
    ],
)
def test_base_score(vector: str, score: float | None) -> None:
    """The base score leaves out temporal metrics; an invalid vector, or one of version 2, has none."""
    assert base_score(vector) == score


def test_rating() -> None:
    """Words are those of CVSS, with their lowest scores."""
    scores = (10, 9, 8.9, 7, 6.9, 4, 3.9, 0.1, 0)
    words = ("critical", "critical", "high", "high", "medium", "medium", "low", "low", "none")
    assert tuple(map(rating, scores)) == words
