"""Requirements, as PEP 508 reads them."""

import re
from functools import lru_cache

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

_EXTRA = re.compile(r"""\bextra == "([^"]*)"|"([^"]*)" == extra\b""")


@lru_cache(maxsize=65_536)
def parse_requirement(text: str) -> Requirement | None:
    """The requirement, or None where PEP 508 does not know such a one. The same texts come again and again."""
    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError):
        return None


def extras_named(marker: Marker | None) -> frozenset[NormalizedName]:
    """The extras that a marker names: those that ask for the requirement. Empty: it is asked for in any case."""
    if marker is None:
        return frozenset()
    return frozenset(canonicalize_name(one or other) for one, other in _EXTRA.findall(str(marker)))
