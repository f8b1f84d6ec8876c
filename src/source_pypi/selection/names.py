"""A requested project: its name, with or without versions and extras."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.errors import ProjectNameError
from source_pypi.safety.limits import LONGEST_PARSED
from source_pypi.safety.redaction import without_credentials
from source_pypi.standards.index_urls import default_url, index_title

if TYPE_CHECKING:
    from packaging.requirements import Requirement  # a tenth of the import time, and few runs need it

_REQUESTED = re.compile(
    # possessive: time stays linear in the length of white space
    r"""(?P<name>[^\s=<>!~;@\[\],()]++)          # validated below
        \s*+(?:\[(?P<extras>[^\]]*)\])?
        \s*+(?:===?\s*+(?P<version>[^\s=,;*]+)|(?P<range>(?:[<>!~]=?|={2,3})(?!=)[^\[\];@()]*+))?""",
    re.VERBOSE,
)
_FORMS = "write a name, or name==version, or a range such as 'name>=1,<2'"
#: What named a project that no file names.
BY_COMMAND, BY_SETTING, BY_TOP = "command line", "setting projects", "setting top"
BY_PROJECT_NAME, BY_REQUIREMENTS = "setting project_name", "setting 'requirements'"
NO_FILES = frozenset({BY_COMMAND, BY_SETTING, BY_TOP, BY_PROJECT_NAME, BY_REQUIREMENTS})


class NamedIndex(Struct, frozen=True):
    """A place that a file takes projects from: an index, or a folder or page of files (``--find-links``).

    :ivar url: its URL or path, without credentials.
    :ivar title: how messages name it; environment variables are not replaced in it, because they may be secrets.
    """

    url: str
    title: str


class Origin(Struct, frozen=True):
    """Where and how a file requests a project.

    :ivar file: the file's name, or the setting's.
    :ivar line: the line, from 1; None: not known.
    :ivar specifier: the accepted versions, as the file writes them; None: any.
    :ivar marker: the condition under which it is required (PEP 508); None: none.
    :ivar indexes: the indexes that the file names for the project. Several: it may be on any of them. Empty: the file
        names none.
    :ivar hosts: the hosts of the files that a lock file has of it; empty: it has no URLs.
    """

    file: str
    line: int | None = None
    specifier: str | None = None
    marker: str | None = None
    indexes: tuple[NamedIndex, ...] = ()
    hosts: tuple[str, ...] = ()


class Requested(Struct, frozen=True):
    """A requested project.

    :ivar project: its normalised name.
    :ivar pin: its pinned version; None: not pinned.
    :ivar extras: the requested extras.
    :ivar origin: the file that requests it; None: the command line or the setting ``projects``.
    :ivar range: the range of versions that was requested (PEP 440); empty: none, or a pin.
    :ivar named_by: what names it if no file does.
    :ivar not_read: why it is not requested from the index; None: it is.
    """

    project: NormalizedName
    pin: str | None = None
    extras: frozenset[NormalizedName] = frozenset()
    origin: Origin | None = None
    range: str = ""
    named_by: str = BY_SETTING
    not_read: str | None = None

    @property
    def versions(self) -> str:
        """What selects the release: the pin, or else the range; empty: the latest release is selected."""
        return self.range if self.pin is None else self.pin

    @property
    def specifier(self) -> str | None:
        """The accepted versions, as the file or the user writes them; None: any."""
        if self.origin is not None:
            return self.origin.specifier
        return self.range or None if self.pin is None else f"=={self.pin}"


class Unnamed(Struct, frozen=True):
    """A part of a file that may request a project, and does not say which.

    :ivar text: the part, without credentials.
    :ivar why: file, line and reason.
    """

    text: str
    why: str


class RequirementsFile(Struct, frozen=True):
    """The content of a requirement file or lock file.

    :ivar requested: the projects in the order of the file, repeated if the file repeats them.
    :ivar warnings: what was skipped and why, one line each, which begins with the file's name.
    :ivar pip_indexes: the indexes that options of pip name. They hold for all files in pip's format of a command. None:
        the file is in another format.
    :ivar skipped: the named projects that it has from elsewhere than an index: from a URL, a folder, version control.
    :ivar unnamed: what it may request without a name, or in a file that was not read.
    """

    requested: tuple[Requested, ...] = ()
    warnings: tuple[str, ...] = ()
    pip_indexes: tuple[NamedIndex, ...] | None = None
    skipped: tuple[Requested, ...] = ()
    unnamed: tuple[Unnamed, ...] = ()


def parse_requested(text: str) -> Requested:
    """Parse a name with or without versions and extras: ``flask``, ``requests==2.31.0``, ``requests[socks]>=2,<3``.

    :raises ProjectNameError: if it is invalid.
    """
    match = _REQUESTED.fullmatch(text.strip())
    if match is None or len(match["range"] or "") > LONGEST_PARSED:
        raise ProjectNameError(without_credentials(text), _FORMS)
    pin, versions = match["version"], ""
    if match["range"] is not None:
        pin, versions = _pin_or_range(match["range"], text)
    named = extras((match["extras"] or "").split(","))
    return Requested(project_name(match["name"], text), pin, named, range=versions)


def _pin_or_range(specifier: str, text: str) -> tuple[str | None, str]:
    """The pinned version, and else the range, of a specifier that is no single pin."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - few runs need it

    try:
        parsed = SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise ProjectNameError(without_credentials(text), _FORMS) from error
    pin = next((one.version for one in parsed if is_exact(one.operator, one.version)), None)
    return pin, "" if pin is not None else str(parsed)


def requested_by(requirement: "Requirement", file: str, line: int | None = None) -> Requested:
    """The project that a requirement (PEP 508) names. Its marker is ignored, so that every platform counts.

    :raises ProjectNameError: if the name is invalid.
    """
    pin = next((one.version for one in requirement.specifier if is_exact(one.operator, one.version)), None)
    marker = None if requirement.marker is None else str(requirement.marker)
    origin = Origin(file, line, str(requirement.specifier) or None, marker)
    versions = str(requirement.specifier) if pin is None else ""
    return Requested(project_name(requirement.name), pin, extras(requirement.extras), origin, versions)


def on_indexes(requested: Requested, indexes: Iterable[NamedIndex]) -> Requested:
    """A project that a file requests, with the indexes that the file names for it."""
    if requested.origin is None:
        return requested
    return replace(requested, origin=replace(requested.origin, indexes=tuple(dict.fromkeys(indexes))))


def named_index(url: str, title: str | None = None) -> NamedIndex:
    """An index by the URL that a file has; ``title``: how messages name it, None: by its URL."""
    plain = without_credentials(url.strip())
    return NamedIndex(plain, index_title(plain) if title is None else without_credentials(title))


def unknown_index(name: str) -> NamedIndex:
    """An index that a file names without its URL. It equals no index."""
    return NamedIndex(name, f"index {without_credentials(name)!r}")


def public_index() -> NamedIndex:
    """The public index, which tools use unless a file names another one."""
    return named_index(default_url())


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
