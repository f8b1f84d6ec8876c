"""The world: the data of an index, its changes, and their journal.

Each public method is one change. A change appends to the journal, and so gives the project a new serial, only
where index-api.md 12 says that the index does; all others change documents (and ETags) without a serial.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fake_index.model import (
    INFO_DEFAULTS,
    File,
    JournalEntry,
    Project,
    Release,
    Role,
    Vulnerability,
    advisory,
    digests_of,
    normalize,
    packagetype_of,
    python_version_of,
    size_of,
    time_of,
)


def _digest_of_metadata(content: bytes) -> str:
    """The digest of a file's METADATA."""
    return digests_of(content)["sha256"]


def _metadata_of(name: str, version: str) -> bytes:
    """The METADATA of a release that says nothing but whose it is."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()


@dataclass(frozen=True, slots=True)
class Override:
    """A literal document, for what the model cannot express."""

    body: bytes
    content_type: str
    status: int


class World:
    """The data of an index. Safe to change while a server uses it."""

    def __init__(self, serial: int = 0, start: str = "2024-01-01T00:00:00Z") -> None:
        self.lock = threading.RLock()
        #: By normalised name.
        self.projects: dict[str, Project] = {}
        self.journal: list[JournalEntry] = []
        #: The global serial: that of the newest journal row. index-api.md 12
        self.serial = serial
        self.overrides: dict[str, Override] = {}
        #: Keys that "a deploy" added to every `info`. index-api.md 2.7
        self.deployed: dict[str, Any] = {}
        self.file_gaps: frozenset[str] = frozenset()
        self._clock = time_of(start)
        self._where: dict[str, tuple[str, str]] = {}  # file name -> (normalised name, version)
        self._spent: set[str] = set()  # file names that may never come back
        self._revisions: dict[str, int] = {}
        self._revision = 0
        self._epoch = 0
        self._changing: set[str] = set()
        self._before: dict[str, Project | None] = {}
        self._last_change: tuple[str, int] | None = None

    # Reading ---------------------------------------------------------------------------------------------

    def get(self, name: str) -> Project | None:
        """The project of that name in any spelling."""
        return self.projects.get(normalize(name))

    def file(self, filename: str) -> tuple[Project, Release, File] | None:
        """A file with its release and project."""
        if filename not in self._where:
            return None
        name, version = self._where[filename]
        release = self.projects[name].releases[version]
        return self.projects[name], release, release.files[filename]

    def before(self, name: str) -> Project | None:
        """The project before its last change; None: it did not exist."""
        return self._before.get(normalize(name))

    def projects_before(self) -> tuple[list[Project], int]:
        """All projects and the global serial before the last change of any project."""
        earlier = dict(self.projects)
        if self._last_change is None:
            return list(earlier.values()), self.serial
        name, serial = self._last_change
        previous = self._before[name]
        if previous is None:
            earlier.pop(name, None)
        else:
            earlier[name] = previous
        return list(earlier.values()), serial

    def revision_of(self, scope: str | None) -> tuple[int, int]:
        """Changes whenever a document about this project (None: about all of them) may have changed."""
        return self._epoch, self._revision if scope is None else self._revisions.get(scope, 0)

    # Building --------------------------------------------------------------------------------------------

    def project(self, name: str) -> Project:
        """The project of that name, created when there is none (journal: `create`)."""
        found = self.get(name)
        if found is not None:
            return found
        with self.one_change(name):
            made = Project(name, self, self._tick())
            self.projects[made.normalized] = made
            self._log(made, None, "create")
        return made

    def add(
        self,
        name: str,
        releases: Iterable[str] = ("1.0",),
        *,
        owner: str | None = None,
        **info: Any,
    ) -> Project:
        """A project whose releases have an sdist and a wheel each, and `info` as given, as one change."""
        unknown = sorted(set(info) - set(INFO_DEFAULTS))
        if unknown:
            raise TypeError(f"no key of info: {', '.join(unknown)}")
        with self.one_change(name):
            project = self.project(name)
            if owner is not None:
                self.add_role(name, owner)
            for version in releases:
                project.release(version, wheel=True, sdist=True, info=info)
        return project

    def release(self, name: str, version: str, info: Mapping[str, Any] | None = None) -> Release:
        """A release, without files; `info` overrides any key of `info` (journal: `new release`).

        Asked for again it is left as it is: "the first uploaded data for a release is stored, subsequent
        uploads do not update it" (index-api.md 3).
        """
        with self.one_change(name):
            project = self.project(name)
            if version not in project.releases:
                project.releases[version] = Release(version, self._tick(), dict(info or {}))
                self._log(project, version, "new release")
            return project.releases[version]

    def upload(
        self,
        name: str,
        version: str,
        *,
        filename: str,
        size: int | None = None,
        uploaded_at: str | datetime | None = None,
        packagetype: str | None = None,
        python_version: str | None = None,
        content: bytes | None = None,
        **fields: Any,
    ) -> File:
        """Upload one file, making project and release when needed (journal: `add <tag> file <name>`).

        `fields` are those of File. A wheel has a metadata file unless `core_metadata=None` is said.
        """
        with self.one_change(name):
            if filename in self._spent:
                raise ValueError(f"file names can never be reused (index-api.md 3): {filename}")
            release = self.release(name, version)
            kind = packagetype or packagetype_of(filename)
            if kind == "bdist_wheel":
                fields.setdefault("metadata", _metadata_of(name, version))
                fields.setdefault("core_metadata", _digest_of_metadata(fields["metadata"] or b""))
            if content is not None:
                size = len(content)
                fields.setdefault("digests", digests_of(content))
            made = File(
                filename,
                size_of(filename) if size is None else size,
                kind,
                python_version or python_version_of(filename),
                self._tick() if uploaded_at is None else time_of(uploaded_at),
                content=content,
                **fields,
            )
            self._place(release, name, made)
            return made

    def override(
        self,
        path: str,
        body: bytes | Mapping[str, Any],
        content_type: str = "application/json",
        status: int = 200,
    ) -> None:
        """Answer this path (without the prefix) with this document, whatever the model holds."""
        if not isinstance(body, bytes):
            text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            body = f"{text}\n".encode()
        with self.lock:
            self.overrides[path] = Override(body, content_type, status)
            self._epoch += 1

    # Changes with a journal row, index-api.md 12 ---------------------------------------------------------

    def yank(self, name: str, version: str, reason: str | None = None) -> None:
        """Yank a whole release, the only yank there is (index-api.md 3)."""
        self._set_yank(name, version, True, reason, "yank release")

    def unyank(self, name: str, version: str) -> None:
        """Withdraw a yank."""
        self._set_yank(name, version, False, None, "unyank release")

    def delete_file(self, filename: str) -> None:
        """Delete one file; its release stays."""
        project, release, _ = self._found_file(filename)
        with self.one_change(project.name):
            del release.files[filename]
            del self._where[filename]
            self._log(project, release.version, f"remove file {filename}")

    def delete_release(self, name: str, version: str) -> None:
        """Delete a release with its files."""
        with self.one_change(name):
            project = self._found(name)
            for filename in project.releases.pop(version).files:
                del self._where[filename]
            self._log(project, version, "remove release")

    def delete_project(self, name: str) -> None:
        """Delete a project with its releases and files."""
        with self.one_change(name):
            project = self._found(name)
            for release in project.releases.values():
                for filename in release.files:
                    del self._where[filename]
            self._log(project, None, "remove project")
            del self.projects[project.normalized]

    def quarantine(self, name: str) -> None:
        """Hide a project, as its administrators do with malware."""
        self._set_status(name, "quarantined", "project quarantined")

    def unquarantine(self, name: str) -> None:
        """Show a quarantined project again."""
        self._set_status(name, "active", "project quarantine cleared")

    def quarantine_release(self, name: str, version: str) -> None:
        """Hide one release."""
        self._set_release_quarantine(name, version, True, "release quarantined")

    def unquarantine_release(self, name: str, version: str) -> None:
        """Show one release again."""
        self._set_release_quarantine(name, version, False, "release quarantine cleared")

    def add_role(self, name: str, user: str, role: str = "Owner") -> None:
        """Give a user a role in the project."""
        with self.one_change(name):
            project = self._found(name)
            project.roles = (*project.roles, Role(user, role))
            self._log(project, None, f"add {role} {user}")

    def remove_role(self, name: str, user: str) -> None:
        """Remove all roles of a user in the project."""
        with self.one_change(name):
            project = self._found(name)
            for role in [role for role in project.roles if role.user == user]:
                self._log(project, None, f"remove {role.role} {user}")
            project.roles = tuple(role for role in project.roles if role.user != user)

    def invite(self, name: str, user: str, role: str = "Owner") -> None:
        """Invite a user: only the serial changes (index-api.md 12)."""
        with self.one_change(name):
            self._log(self._found(name), None, f"invite {role} {user}")

    # Changes without a journal row, index-api.md 12 ------------------------------------------------------

    def archive(self, name: str) -> None:
        """The owner archives the project."""
        self._set_status(name, "archived")

    def unarchive(self, name: str) -> None:
        """The owner takes the project out of the archive."""
        self._set_status(name, "active")

    def deprecate(self, name: str) -> None:
        """Set the status deprecated, which the public index never uses (index-api.md 7.1)."""
        self._set_status(name, "deprecated")

    def set_advisories(self, name: str, version: str, advisories: Iterable[Vulnerability | str]) -> None:
        """Replace the advisories of one release; a string is an id."""
        with self.one_change(name):
            made = (advisory(item) if isinstance(item, str) else item for item in advisories)
            self._found(name).releases[version].advisories = tuple(made)

    def add_advisory(self, name: str, version: str, item: Vulnerability | str) -> None:
        """One more advisory of one release."""
        release = self._found(name).releases[version]
        self.set_advisories(name, version, [*release.advisories, item])

    def withdraw_advisory(self, name: str, identifier: str, at: str = "2024-06-01T00:00:00Z") -> None:
        """Withdraw an advisory wherever the project has it; it stays listed (index-api.md 13)."""
        with self.one_change(name):
            for release in self._found(name).releases.values():
                release.advisories = tuple(
                    replace(item, withdrawn=at) if item.id == identifier else item for item in release.advisories
                )

    def set_organization(self, name: str, organization: str | None) -> None:
        """The project joins an organization, or leaves it (None)."""
        with self.one_change(name):
            self._found(name).organization = organization

    def set_namespaces(self, name: str, namespaces: Iterable[tuple[str, bool]]) -> None:
        """The project's name belongs to these namespaces; True: their owner owns the project, too."""
        with self.one_change(name):
            self._found(name).namespaces = tuple(namespaces)

    def rename_organization(self, old: str, new: str) -> None:
        """An organization gets another name, in all its projects."""
        for project in [found for found in self.projects.values() if found.organization == old]:
            self.set_organization(project.name, new)

    def rename_user(self, old: str, new: str) -> None:
        """A user gets another name, in all projects."""
        for project in [p for p in self.projects.values() if any(role.user == old for role in p.roles)]:
            with self.one_change(project.name):
                project.roles = tuple(Role(new, role.role) if role.user == old else role for role in project.roles)

    def delete_account(self, user: str) -> None:
        """Delete an account with its roles, without a journal row."""
        for project in [p for p in self.projects.values() if any(role.user == user for role in p.roles)]:
            with self.one_change(project.name):
                project.roles = tuple(role for role in project.roles if role.user != user)

    def backfill(self, filename: str, **changes: Any) -> None:
        """The index fills in fields of a file later: provenance, core_metadata, content..."""
        project, release, old = self._found_file(filename)
        if changes.get("metadata") and old.core_metadata:
            changes = {"core_metadata": _digest_of_metadata(changes["metadata"]), **changes}
        with self.one_change(project.name):
            release.files[filename] = replace(old, **changes)

    def deploy(self, key: str, value: Any) -> None:
        """A new version of the index adds a key to every `info`."""
        with self.lock:
            self.deployed[key] = value
            self._epoch += 1

    def leave_out(self, *keys: str) -> None:
        """Another version of the index leaves these keys of files to the pages; none: project documents have all."""
        with self.lock:
            self.file_gaps = frozenset(keys)
            self._epoch += 1

    def set_serial(self, name: str, serial: int) -> None:
        """Let a project's serial lag behind the journal (index-api.md 12)."""
        with self.one_change(name):
            self._found(name).last_serial = serial

    # Inside ----------------------------------------------------------------------------------------------

    @contextmanager
    def one_change(self, name: str) -> Iterator[None]:
        """Combine all changes inside into one change of this project, for `stale` copies and caches."""
        key = normalize(name)
        with self.lock:
            if key in self._changing:
                yield
                return
            self._changing.add(key)
            previous = self.projects.get(key)
            self._before[key] = None if previous is None else previous.snapshot()
            self._last_change = key, self.serial
            try:
                yield
            finally:
                self._changing.discard(key)
                self._revisions[key] = self._revisions.get(key, 0) + 1
                self._revision += 1

    def _tick(self) -> datetime:
        """A later time on each call; always the same sequence."""
        self._clock += timedelta(minutes=1, microseconds=1)
        return self._clock

    def _log(self, project: Project, version: str | None, action: str) -> None:
        self.serial += 1
        project.last_serial = self.serial
        timestamp = int(self._clock.replace(tzinfo=UTC).timestamp())
        self.journal.append(JournalEntry(project.name, version, timestamp, action, self.serial))

    def _found(self, name: str) -> Project:
        project = self.get(name)
        if project is None:
            raise KeyError(f"no such project: {name}")
        return project

    def _found_file(self, filename: str) -> tuple[Project, Release, File]:
        found = self.file(filename)
        if found is None:
            raise KeyError(f"no such file: {filename}")
        return found

    def _place(self, release: Release, name: str, made: File) -> None:
        release.files[made.filename] = made
        self._where[made.filename] = normalize(name), release.version
        self._spent.add(made.filename)
        self._log(self._found(name), release.version, f"add {made.python_version} file {made.filename}")

    def _set_yank(self, name: str, version: str, yanked: bool, reason: str | None, action: str) -> None:
        with self.one_change(name):
            project = self._found(name)
            release = project.releases[version]
            release.yanked, release.yanked_reason = yanked, reason
            self._log(project, version, action)

    def _set_status(self, name: str, status: str, action: str | None = None) -> None:
        with self.one_change(name):
            project = self._found(name)
            project.status = status
            if action is not None:
                self._log(project, None, action)

    def _set_release_quarantine(self, name: str, version: str, quarantined: bool, action: str) -> None:
        with self.one_change(name):
            project = self._found(name)
            project.releases[version].quarantined = quarantined
            self._log(project, version, action)
