"""The actions of the index's journal, parsed: one pattern for each kind (beyond-index.md 2.2)."""

import re
from enum import StrEnum

from msgspec import Struct

from source_pypi.safety.limits import LONGEST_PARSED


class EventKind(StrEnum):
    """What happened. Those after ``RELEASE_QUARANTINE_CLEARED`` occur before 2018 only."""

    CREATE = "create"
    NEW_RELEASE = "new_release"
    ADD_FILE = "add_file"
    REMOVE_FILE = "remove_file"
    REMOVE_RELEASE = "remove_release"
    REMOVE_PROJECT = "remove_project"
    YANK_RELEASE = "yank_release"
    UNYANK_RELEASE = "unyank_release"
    ADD_ROLE = "add_role"
    REMOVE_ROLE = "remove_role"
    CHANGE_ROLE = "change_role"
    INVITE = "invite"
    REVOKE_INVITE = "revoke_invite"
    ACCEPT_INVITE = "accept_invite"
    PROJECT_QUARANTINED = "project_quarantined"
    PROJECT_QUARANTINE_CLEARED = "project_quarantine_cleared"
    RELEASE_QUARANTINED = "release_quarantined"
    RELEASE_QUARANTINE_CLEARED = "release_quarantine_cleared"
    REMOVE = "remove"
    RENAME = "rename"
    UPDATE = "update"
    DOCUPDATE = "docupdate"
    DOCDESTROY = "docdestroy"
    NUKE_USER = "nuke_user"
    KEYROTATE = "keyrotate"
    OTHER = "other"


class Action(Struct, frozen=True):
    """An action and what it names; None: it names none."""

    kind: EventKind
    role: str | None = None
    user: str | None = None
    filename: str | None = None
    python_version: str | None = None


_FIXED = {
    "create": EventKind.CREATE,
    "new release": EventKind.NEW_RELEASE,
    "remove release": EventKind.REMOVE_RELEASE,
    "remove project": EventKind.REMOVE_PROJECT,
    "yank release": EventKind.YANK_RELEASE,
    "unyank release": EventKind.UNYANK_RELEASE,
    "project quarantined": EventKind.PROJECT_QUARANTINED,
    "project quarantine cleared": EventKind.PROJECT_QUARANTINE_CLEARED,
    "release quarantined": EventKind.RELEASE_QUARANTINED,
    "release quarantine cleared": EventKind.RELEASE_QUARANTINE_CLEARED,
    "remove": EventKind.REMOVE,
    "docupdate": EventKind.DOCUPDATE,
    "docdestroy": EventKind.DOCDESTROY,
    "nuke user": EventKind.NUKE_USER,
    "keyrotate": EventKind.KEYROTATE,
}
#: Names of roles begin with a capital letter. Names of teams may have spaces.
_ROLE, _WHO = r"(?P<role>[A-Z]\w*)", r"(?P<user>\S.*)"
_NEW_ROLE = re.compile(rf"add {_ROLE} {_WHO}", re.DOTALL), EventKind.ADD_ROLE
_PATTERNS = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (r"add (?:(?P<python_version>\S+) )?file (?P<filename>\S.*)", EventKind.ADD_FILE),
        (r"remove file (?P<filename>\S.*)", EventKind.REMOVE_FILE),
        (rf"add {_ROLE} {_WHO}", EventKind.ADD_ROLE),
        (rf"remove {_ROLE} {_WHO}", EventKind.REMOVE_ROLE),
        (r"change [A-Z]\w* (?P<user>\S.*) to (?P<role>[A-Z]\w*)", EventKind.CHANGE_ROLE),
        (rf"invite {_ROLE} {_WHO}", EventKind.INVITE),
        (rf"revoke_invite {_ROLE} {_WHO}", EventKind.REVOKE_INVITE),
        (rf"accepted {_ROLE} {_WHO}", EventKind.ACCEPT_INVITE),
        (r"rename from .+", EventKind.RENAME),
        (r"update .+", EventKind.UPDATE),
    )
)


def parse_action(action: str, *, of_release: bool = True) -> Action:
    """Return the kind of an action and what it names; the kind is ``OTHER`` if it is unknown.

    :param of_release: whether the event has a version. One without concerns a role, also if the name of the user or
        team makes it look like that of a file: ``add Owner file x``.
    """
    text = action.strip()
    fixed = _FIXED.get(text)
    if fixed is not None:
        return Action(fixed)
    if len(text) <= LONGEST_PARSED:
        for pattern, kind in _PATTERNS if of_release else (_NEW_ROLE, *_PATTERNS):
            if (match := pattern.fullmatch(text)) is not None:
                return Action(kind, **match.groupdict())
    return Action(EventKind.OTHER)
