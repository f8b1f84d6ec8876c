"""Clauses of version specifiers (PEP 440) as intervals of sort keys, so that SQL can tell which versions they admit.

A clause admits a version with the sort key ``k`` (``versions.sort_key``) if
``(k >= lower AND k < upper) <> excluded``. A bound may be no version's key: ``==1.0`` ends below ``1.0.post0``, but
above each ``1.0+local``.
"""

import re

from msgspec import Struct
from packaging.version import Version

from source_pypi.safety.limits import LONGEST_PARSED, cached_if_short
from source_pypi.standards.versions import family_end, head_end, parse_version, sort_key

#: The least bound that leaves out invalid versions, whose keys sort below those of all valid ones.
VALID = "1"
_OPERATOR = re.compile(r"\s*(===|==|!=|~=|<=|>=|<|>)\s*(.*)", re.DOTALL)


class Clause(Struct, frozen=True):
    """A clause.

    :ivar operator: its operator, as ``>=``; None: it has none.
    :ivar version: what stands behind the operator, as ``1.2.*``; None: nothing.
    :ivar lower: the lowest sort key in its interval; None: there is no lower bound.
    :ivar upper: the lowest sort key above its interval; None: there is no upper bound.
    :ivar excluded: whether it admits the versions outside of the interval, instead of those inside; None: the clause is
        invalid, and nothing is known of what it admits.
    """

    operator: str | None
    version: str | None
    lower: str | None = None
    upper: str | None = None
    excluded: bool | None = None


@cached_if_short()
def clauses_of(specifier: str) -> tuple[Clause, ...]:
    """The clauses of a specifier, in its order; empty: it admits every version."""
    parts = [part.strip() for part in specifier[:LONGEST_PARSED].split(",")]
    return tuple(_clause(part) for part in parts if part)


def is_specifier(text: str) -> bool:
    """Whether a text is a valid specifier that admits not every version."""
    clauses = clauses_of(text)
    return bool(clauses) and all(clause.excluded is not None for clause in clauses)


def admits(clause: Clause, key: str) -> bool | None:
    """Whether a clause admits the version with a sort key; None: the clause is invalid."""
    if clause.excluded is None:
        return None
    inside = (clause.lower is None or key >= clause.lower) and (clause.upper is None or key < clause.upper)
    return inside != clause.excluded


def _clause(text: str) -> Clause:
    from packaging.specifiers import InvalidSpecifier, Specifier  # noqa: PLC0415 - few runs need it

    try:
        parsed = Specifier(text)
    except InvalidSpecifier:
        match = _OPERATOR.match(text)
        return Clause(match[1], match[2] or None) if match else Clause(None, text)
    lower, upper = _interval(parsed.operator, parsed.version)
    return Clause(parsed.operator, parsed.version, lower, upper, parsed.operator == "!=")


def _interval(operator: str, text: str) -> tuple[str | None, str | None]:
    """The lowest key inside of the interval, and the lowest one above it."""
    if operator in ("==", "!=") and text.endswith(".*"):
        return _prefix(text.removesuffix(".*"), text.removesuffix(".*"))
    version = parse_version(text)
    if version is None:  # only === takes what is no version
        return sort_key(text), f"{sort_key(text)}!"
    return _lower(operator, version, text), _upper(operator, version, text)


def _lower(operator: str, version: Version, text: str) -> str:
    if operator == ">":
        return _above(version)
    return VALID if operator in ("<", "<=") else sort_key(text)


def _upper(operator: str, version: Version, text: str) -> str | None:
    if operator in (">", ">="):
        return None
    if operator == "<":
        return sort_key(text if version.is_prerelease else f"{version.public}.dev0")
    if operator == "~=":
        return _prefix("", _release(version, version.release[:-1]))[1]
    return family_end(text)


def _above(version: Version) -> str:
    """The lowest key above a version and, unless it is a post-release, above its post-releases."""
    public = version.public
    if version.dev is not None:
        return sort_key(f"{public.rpartition('dev')[0]}dev{version.dev + 1}")
    if version.post is not None:
        return sort_key(f"{public.rpartition('post')[0]}post{version.post + 1}.dev0")
    return head_end(public)


def _prefix(first: str, last: str) -> tuple[str, str]:
    """From the first development release of one version up to that of the next one after ``last.*``."""
    version = parse_version(last)
    following = "" if version is None else _release(version, (*version.release[:-1], version.release[-1] + 1))
    return sort_key(f"{first}.dev0"), sort_key(f"{following}.dev0")


def _release(version: Version, release: tuple[int, ...]) -> str:
    return f"{version.epoch}!{'.'.join(map(str, release))}"
