"""Which versions a record affects, after the algorithm in OSV's specification, with ``packaging``.

It shares no code with the package: tests compare the two.
"""

from collections.abc import Iterable
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

#: Where events of one version come: the order of OSV's own code.
_ORDER = ("introduced", "last_affected", "fixed", "limit")


def affects(record: dict[str, Any], project: str, version: str) -> bool:
    """Whether a record affects a version of a project, whatever else the record says (``withdrawn``)."""
    return any(
        _affects(one, Version(version))
        for one in record.get("affected", ())
        if one["package"]["ecosystem"] == "PyPI" and canonicalize_name(one["package"]["name"]) == project
    )


def _affects(affected: dict[str, Any], version: Version) -> bool:
    listed = any(Version(one) == version for one in affected.get("versions", ()))
    return listed or any(_in_range(one, version) for one in affected.get("ranges", ()) if one["type"] == "ECOSYSTEM")


def _in_range(range_: dict[str, Any], version: Version) -> bool:
    events = [(kind, text) for event in range_["events"] for kind, text in event.items()]
    if not _before_limits([text for kind, text in events if kind == "limit"], version):
        return False
    vulnerable = False
    for kind, text in sorted(events, key=lambda event: _place(*event)):
        if kind == "introduced" and (text == "0" or version >= Version(text)):
            vulnerable = True
        elif (kind == "fixed" and version >= Version(text)) or (kind == "last_affected" and version > Version(text)):
            vulnerable = False
    return vulnerable


def _before_limits(limits: Iterable[str], version: Version) -> bool:
    known = list(limits)
    return not known or any(text == "*" or version < Version(text) for text in known)


def _place(kind: str, text: str) -> tuple[bool, Version, int]:
    is_lowest = kind == "introduced" and text == "0"
    lowest = is_lowest or text == "*"
    return not is_lowest, Version("0") if lowest else Version(text), _ORDER.index(kind)
