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
    """The extras that ask for a requirement, by its marker. Empty: it may be asked for without any.

    A marker asks for an extra only if each of its alternatives does: ``extra == "x" or python_version < "3"`` does not.
    """
    text = str(marker) if marker is not None else ""
    alternatives = [text] if "(" in text else text.split(" or ")
    named = [_EXTRA.findall(alternative) for alternative in alternatives]
    return frozenset(canonicalize_name(one or other) for found in named for one, other in found if all(named))
