"""Requirements (PEP 508)."""

import re

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.safety.limits import LONGEST_PARSED, cached_if_short

_EXTRA = re.compile(r"""extra == "([^"]*)"|"([^"]*)" == extra""")


@cached_if_short(65_536)
def parse_requirement(text: str) -> Requirement | None:
    """The requirement; None if ``read_requirement`` raises. Results are cached, since texts repeat."""
    try:
        return read_requirement(text)
    except InvalidRequirement:
        return None


def read_requirement(text: str) -> Requirement:
    """The requirement.

    :raises InvalidRequirement: when it violates PEP 508, or is too long, or nested too deep.
    """
    if len(text) > LONGEST_PARSED:
        raise InvalidRequirement(f"it has more than {LONGEST_PARSED:,} characters")
    try:
        return Requirement(text)
    except RecursionError as error:
        raise InvalidRequirement("it is nested too deep") from error


def pinned_version(specifiers: SpecifierSet) -> str | None:
    """The only version that the specifiers allow; None if they allow several."""
    exact = [spec.version for spec in specifiers if spec.operator in ("==", "===") and not spec.version.endswith(".*")]
    return exact[0] if exact else None


def extras_named(marker: Marker | None) -> frozenset[NormalizedName]:
    """The extras that a marker requires; empty: it may be true without an extra.

    A marker requires an extra only if each of its alternatives does: ``extra == "x" or python_version < "3"`` does not.
    """
    try:
        return _named(str(marker)) if marker is not None else frozenset()
    except RecursionError:  # a hostile marker must not end the run
        return frozenset()


def _named(text: str) -> frozenset[NormalizedName]:
    alternatives = [_named(part) for part in parts] if len(parts := _split(text, " or ")) > 1 else []
    if alternatives:
        return frozenset().union(*alternatives) if all(alternatives) else frozenset()
    conditions = _split(text, " and ")
    if len(conditions) > 1:
        return frozenset().union(*map(_named, conditions))
    if text.startswith("("):
        return _named(text[1:-1])
    match = _EXTRA.fullmatch(text)
    return frozenset({canonicalize_name(match[1] or match[2])}) if match else frozenset()


def _split(text: str, word: str) -> list[str]:
    """Split the text of a marker at ``and`` or ``or`` outside of parentheses and quotes."""
    parts, depth, start, quoted = [], 0, 0, False
    for position, char in enumerate(text):
        quoted ^= char == '"'
        depth += (char == "(") - (char == ")") if not quoted else 0
        if not depth and not quoted and text.startswith(word, position):
            parts.append(text[start:position])
            start = position + len(word)
    return [*parts, text[start:]]
