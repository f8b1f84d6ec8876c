"""Requirements, as PEP 508 reads them."""

import re

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.safety.limits import LONGEST_PARSED, remembered

_EXTRA = re.compile(r"""extra == "([^"]*)"|"([^"]*)" == extra""")


@remembered(65_536)
def parse_requirement(text: str) -> Requirement | None:
    """The requirement, or None where ``read_requirement`` raises. The same texts come again and again."""
    try:
        return read_requirement(text)
    except InvalidRequirement:
        return None


def read_requirement(text: str) -> Requirement:
    """The requirement.

    :raises InvalidRequirement: when PEP 508 does not know such a one, or it is very long, or nested very deep.
    """
    if len(text) > LONGEST_PARSED:
        raise InvalidRequirement(f"it has more than {LONGEST_PARSED:,} characters")
    try:
        return Requirement(text)
    except RecursionError as error:
        raise InvalidRequirement("it is nested too deep") from error


def pinned_version(specifiers: SpecifierSet) -> str | None:
    """The one version that will do, whatever else is asked of it; None where several will."""
    exact = [one.version for one in specifiers if one.operator in ("==", "===") and not one.version.endswith(".*")]
    return exact[0] if exact else None


def extras_named(marker: Marker | None) -> frozenset[NormalizedName]:
    """The extras that ask for a requirement, by its marker. Empty: it may be asked for without any.

    A marker asks for an extra only if each of its alternatives does: ``extra == "x" or python_version < "3"`` does not.
    """
    try:
        return _named(str(marker)) if marker is not None else frozenset()
    except RecursionError:  # nobody nests a marker so deep, but who wants to end a run
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
    """Parts of a marker's text, split at ``and`` or ``or`` outside of its parentheses and quotes."""
    parts, depth, start, quoted = [], 0, 0, False
    for position, char in enumerate(text):
        quoted ^= char == '"'
        depth += (char == "(") - (char == ")") if not quoted else 0
        if not depth and not quoted and text.startswith(word, position):
            parts.append(text[start:position])
            start = position + len(word)
    return [*parts, text[start:]]
