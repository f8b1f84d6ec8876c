"""What was asked for: a project by name, perhaps with a version and extras."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.errors import ProjectNameError
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from packaging.requirements import Requirement  # a tenth of what a run imports, and few read files of them

_ASKED = re.compile(
    # possessive, so that a long run of white space takes no longer than it is
    r"""(?P<name>[^\s=<>!~;@\[\],()]++)          # checked by PEP 508's rule below
        \s*+(?:\[(?P<extras>[^\]]*)\])?
        \s*+(?:===?\s*+(?P<version>[^\s=,;*]+))?""",
    re.VERBOSE,
)


class Requested(Struct, frozen=True):
    """A project that was asked for: its normalised name, the version it was pinned to (None: none), its extras."""

    project: NormalizedName
    pin: str | None = None
    extras: frozenset[NormalizedName] = frozenset()


class RequirementsFile(Struct, frozen=True):
    """What a file names.

    :ivar asked: the projects, in the order of the file, as often as it names them.
    :ivar notes: what was passed over, and why, a line each that begins with the file.
    """

    requested: tuple[Requested, ...] = ()
    warnings: tuple[str, ...] = ()


def parse_requested(text: str) -> Requested:
    """Read a name, or a name with a pin and extras: ``flask``, ``requests==2.31.0``, ``requests[socks]``.

    :raises ProjectNameError: when it is neither.
    """
    match = _ASKED.fullmatch(text.strip())
    if match is None:
        raise ProjectNameError(without_credentials(text), "write a name, or name==version")
    return Requested(project_name(match["name"], text), match["version"], extras((match["extras"] or "").split(",")))


def requested_by(requirement: "Requirement") -> Requested:
    """What a requirement (PEP 508) asks for: markers choose platforms, and every platform is meant.

    :raises ProjectNameError: when no project can have the name.
    """
    exact = (one.version for one in requirement.specifier if is_exact(one.operator, one.version))
    return Requested(project_name(requirement.name), next(exact, None), extras(requirement.extras))


def is_exact(operator: str, version: str) -> bool:
    """Whether a version specifier (PEP 440) leaves one version: ``===`` always, ``==`` unless it ends with ``.*``."""
    return operator == "===" or (operator == "==" and not version.endswith(".*"))


def project_name(name: str, text: str | None = None) -> NormalizedName:
    """The normalised name (PEP 503).

    :raises ProjectNameError: when no project can have it; ``text`` is what the message shows.
    """
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName as error:
        rule = "a name has ASCII letters, digits, '.', '-' and '_', and begins and ends with a letter or digit"
        raise ProjectNameError(without_credentials(text or name), rule) from error


def extras(names: Iterable[str]) -> frozenset[NormalizedName]:
    """Names of extras, normalised (PEP 685)."""
    return frozenset(canonicalize_name(name.strip()) for name in names if name.strip())
