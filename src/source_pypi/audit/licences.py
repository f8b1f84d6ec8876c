"""Licence expressions (SPDX): the licences that they name, and which of them one may choose between."""

import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

#: Most alternatives of an expression. Real ones have fewer than ten; a hostile one could have billions.
MOST_ALTERNATIVES = 1_000
_TOKEN = re.compile(r"\(|\)|[^\s()]+(?:\s+WITH\s+[^\s()]+)?")

Alternatives = frozenset[frozenset[str]]


def identifiers(expression: str) -> frozenset[str]:
    """The licences that an expression names, each with its exception, in SPDX's spelling; none if it is not valid."""
    try:
        normal = canonicalize_license_expression(expression)
    except (InvalidLicenseExpression, ValueError):
        return frozenset()
    return frozenset(token for token in _TOKEN.findall(normal) if token not in ("(", ")", "AND", "OR"))


def alternatives(expression: str) -> Alternatives | None:
    """The sets of licences between which one may choose; None: the expression is not valid, or has too many.

    ``MIT OR (BSD-3-Clause AND Zlib)`` has two: {MIT}, and {BSD-3-Clause, Zlib}.
    """
    try:
        tokens = _TOKEN.findall(canonicalize_license_expression(expression))
        return _any_of(tokens)
    except (InvalidLicenseExpression, ValueError, RecursionError):
        return None


def is_accepted(expression: str, licences: frozenset[str]) -> bool | None:
    """Whether one may choose an alternative that has only these licences; None: unknown."""
    found = alternatives(expression)
    return None if found is None else any(one <= licences for one in found)


def is_avoidable(expression: str, licences: frozenset[str]) -> bool | None:
    """Whether one may choose an alternative that has none of these licences; None: unknown."""
    found = alternatives(expression)
    return None if found is None else any(not one & licences for one in found)


def _any_of(tokens: list[str]) -> Alternatives:
    """Take alternatives up to the end or a closing parenthesis."""
    found = _all_of(tokens)
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        found |= _all_of(tokens)
    return found


def _all_of(tokens: list[str]) -> Alternatives:
    """Take what AND connects."""
    found = _one_of(tokens)
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        others = _one_of(tokens)
        if len(found) * len(others) > MOST_ALTERNATIVES:
            raise ValueError("too many alternatives")
        found = frozenset(one | other for one in found for other in others)
    return found


def _one_of(tokens: list[str]) -> Alternatives:
    """Take a licence, or an expression in parentheses."""
    if not tokens:
        raise ValueError("a licence is missing")
    token = tokens.pop(0)
    if token != "(":  # noqa: S105 - it is a parenthesis
        return frozenset({frozenset({token})})
    found = _any_of(tokens)
    if not tokens or tokens.pop(0) != ")":
        raise ValueError("a parenthesis is missing")
    return found
