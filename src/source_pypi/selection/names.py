"""A requested project: its name, with or without a version and extras."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.errors import ProjectNameError
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from packaging.requirements import Requirement  # a tenth of the import time, and few runs need it

_REQUESTED = re.compile(
    # possessive: time stays linear in the length of white space
    r"""(?P<name>[^\s=<>!~;@\[\],()]++)          # validated below
        \s*+(?:\[(?P<extras>[^\]]*)\])?
        \s*+(?:===?\s*+(?P<version>[^\s=,;*]+))?""",
    re.VERBOSE,
)


class Requested(Struct, frozen=True):
    """A requested project.

    :ivar project: its normalised name.
    :ivar pin: its pinned version; None: not pinned.
    :ivar extras: its extras.
    :ivar range: the range of versions that was requested (PEP 440); empty: none, or a pin.
    """

    project: NormalizedName
    pin: str | None = None
    extras: frozenset[NormalizedName] = frozenset()
    range: str = ""


class RequirementsFile(Struct, frozen=True):
    """The content of a requirement file or lock file.

    :ivar requested: the projects in the order of the file, repeated if the file repeats them.
    :ivar warnings: what was skipped and why, one line each, which begins with the file's name.
    """

    requested: tuple[Requested, ...] = ()
    warnings: tuple[str, ...] = ()


def parse_requested(text: str) -> Requested:
    """Parse a name with or without a pin and extras: ``flask``, ``requests==2.31.0``, ``requests[socks]``.

    :raises ProjectNameError: if it is invalid.
    """
    match = _REQUESTED.fullmatch(text.strip())
    if match is None:
        raise ProjectNameError(without_credentials(text), "write a name, or name==version")
    return Requested(project_name(match["name"], text), match["version"], extras((match["extras"] or "").split(",")))


def requested_by(requirement: "Requirement") -> Requested:
    """The project that a requirement (PEP 508) names. Its marker is ignored, so that every platform counts.

    :raises ProjectNameError: if the name is invalid.
    """
    pin = next((one.version for one in requirement.specifier if is_exact(one.operator, one.version)), None)
    versions = str(requirement.specifier) if pin is None else ""
    return Requested(project_name(requirement.name), pin, extras(requirement.extras), versions)


def is_exact(operator: str, version: str) -> bool:
    """Whether a specifier (PEP 440) accepts only one version: ``===`` always, ``==`` unless it ends with ``.*``."""
    return operator == "===" or (operator == "==" and not version.endswith(".*"))


def project_name(name: str, text: str | None = None) -> NormalizedName:
    """The normalised name (PEP 503).

    :param text: what the error message quotes; None: the name.
    :raises ProjectNameError: if the name is invalid.
    """
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName as error:
        rule = "a name has ASCII letters, digits, '.', '-' and '_', and starts and ends with a letter or digit"
        raise ProjectNameError(without_credentials(text or name), rule) from error


def extras(names: Iterable[str]) -> frozenset[NormalizedName]:
    """The normalised names of extras (PEP 685)."""
    return frozenset(canonicalize_name(name.strip()) for name in names if name.strip())
