"""How single values must look in a table, by the documentation of the streams and the standards that it names."""

import re
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

Row = dict[str, Any]
SOME_TIME = "some time"
"""What stands for a time that only the product can know."""

_WELL_KNOWN = {
    "homepage": "homepage",
    "source": "source",
    "repository": "source",
    "sourcecode": "source",
    "github": "source",
    "download": "download",
    "changelog": "changelog",
    "changes": "changelog",
    "whatsnew": "changelog",
    "history": "changelog",
    "releasenotes": "releasenotes",
    "documentation": "documentation",
    "docs": "documentation",
    "issues": "issues",
    "bugs": "issues",
    "issue": "issues",
    "tracker": "issues",
    "issuetracker": "issues",
    "bugtracker": "issues",
    "funding": "funding",
    "sponsor": "funding",
    "donate": "funding",
    "donation": "funding",
}


def text(value: str | None) -> str | None:
    """The text, or None if it means nothing: empty, or the UNKNOWN of old tools."""
    return None if value is None or value in {"", "UNKNOWN"} else value


def spelt(name: str) -> str:
    """A project's name in another spelling, always the same one."""
    return (name, name.upper(), name.replace("-", "_"), name.replace("-", "._"))[len(name) * 7 % 4]


def keywords(value: str | None) -> list[str] | None:
    """Keywords split at commas, or else at white space; None where there are none."""
    told = text(value)
    if told is None:
        return None
    return [part.strip() for part in told.split(",")] if "," in told else told.split()


def well_known(label: str) -> str | None:
    """The well-known label that a label means (PEP 753); None if it means none."""
    return _WELL_KNOWN.get(re.sub(r"[^a-z0-9]", "", label.lower()))


def parsed(version: str) -> Version | None:
    """The version as PEP 440 reads it; None where it does not."""
    try:
        return Version(version)
    except InvalidVersion:
        return None


def same_version(one: str, other: str) -> bool:
    """Whether two texts are the same version, in any spelling of PEP 440."""
    return one == other or (parsed(one) is not None and parsed(one) == parsed(other))


def version_parts(version: str) -> Row:
    """The fields of `versions` that are made of the version's text."""
    read = parsed(version)
    if read is None:
        names = ("normalized_version", "is_prerelease", "pre", "post", "dev", "local")
        return {"valid_pep440": False, **dict.fromkeys(names)}
    return {
        "valid_pep440": True,
        "normalized_version": str(read),
        "is_prerelease": read.is_prerelease,
        "pre": "".join(map(str, read.pre)) if read.pre else None,
        "post": read.post,
        "dev": read.dev,
        "local": read.local,
    }


#: The fields of `statuses` that need a later version of the format than the simulated index has.
NAMESPACES = ("namespaces", "owned_namespaces")


def wheel_parts(filename: str) -> Row:
    """The fields of `files` that are made of a wheel's name; None in each for what is no wheel."""
    nothing = dict.fromkeys(("build_tag", "python_tags", "abi_tags", "platform_tags", "variant_label"))
    if not filename.endswith(".whl"):
        return nothing
    try:
        _, _, build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return nothing
    return {
        "build_tag": "".join(map(str, build)) or None,
        "python_tags": sorted({tag.interpreter for tag in tags}),
        "abi_tags": sorted({tag.abi for tag in tags}),
        "platform_tags": sorted({tag.platform for tag in tags}),
        "variant_label": None,
    }


def in_order(versions: list[str]) -> list[str]:
    """Each version once, in the order of PEP 440; those that it does not know first."""

    def key(version: str) -> tuple[bool, Version]:
        read = parsed(version)
        return (read is not None, read or Version("0"))

    return sorted(dict.fromkeys(versions), key=key)


def _pin(requirement: Requirement) -> str | None:
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator not in {"==", "==="}:
        return None
    return None if specifiers[0].version.endswith(".*") else specifiers[0].version


def requirement_parts(written: str) -> Row:
    """
    The fields of `dependencies` that are made of a requirement's text. One that PEP 508 does not allow still names the
    project that it begins with, unless it is only an address or a path.
    """
    names = ("extras", "specifier", "pin", "marker", "extra", "url")
    try:
        read = Requirement(written)
    except InvalidRequirement:
        begin = re.match(r"\s*([A-Za-z0-9][\w.-]*)(?=[\s(<>=!~;,\[]|$)", written)
        return {"name": canonicalize_name(begin[1]) if begin else None, **dict.fromkeys(names), "parse_error": True}
    marker = str(read.marker) if read.marker else None
    extras = re.findall(r'extra == "([^"]+)"', marker or "")
    return {
        "name": canonicalize_name(read.name),
        "extras": sorted(read.extras) or None,
        "specifier": str(read.specifier) or None,
        "pin": _pin(read),
        "marker": marker,
        "extra": ", ".join(extras) or None,
        "url": read.url,
        "parse_error": False,
    }
