"""Which projects: from names and pins to targets, each project once, in the order in which it was first named."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.config import Config
from source_pypi.errors import NoProjectsError, ProjectNameError

_ASKED = re.compile(
    r"""\s*(?P<name>[^\s=<>!~;@\[\],()]+)     # checked by PEP 508's rule below
        \s*(?:\[[^\]]*\])?                    # extras choose no document
        \s*(?:===?\s*(?P<version>[^\s=,;*]+))?\s*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A project to visit.

    ``project`` is the normalised name (PEP 503), ``pins`` the versions that were asked for by name, ``unpinned``
    whether it was asked for without a version too, so that the ``releases`` setting says which releases are read.
    """

    project: NormalizedName
    pins: tuple[str, ...] = ()
    unpinned: bool = True


def select(config: Config) -> tuple[Target, ...]:
    """The projects that a configuration chooses.

    :raises ProjectNameError: for a text that cannot be a project's name, with or without a pin.
    :raises NoProjectsError: when nothing was chosen.
    """
    asked = [_parse(text) for text in config.projects]
    if config.project_name is not None:
        name, pin = _parse(config.project_name)
        asked.insert(0, (name, config.version or pin))
    if not asked:
        raise NoProjectsError
    return merge(asked)


def merge(asked: Iterable[tuple[NormalizedName, str | None]]) -> tuple[Target, ...]:
    """One target a project, however often and with whichever versions it was asked for."""
    versions: dict[NormalizedName, dict[str | None, None]] = {}
    for name, version in asked:
        versions.setdefault(name, {})[version] = None
    return tuple(
        Target(name, tuple(version for version in chosen if version is not None), None in chosen)
        for name, chosen in versions.items()
    )


def _parse(text: str) -> tuple[NormalizedName, str | None]:
    match = _ASKED.fullmatch(text)
    if match is None:
        raise ProjectNameError(text, "write a name, or name==version")
    try:
        return canonicalize_name(match["name"], validate=True), match["version"]
    except InvalidName as error:
        raise ProjectNameError(
            text, "a name has ASCII letters, digits, '.', '-' and '_', and begins and ends with a letter or digit"
        ) from error
