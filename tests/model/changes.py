"""What can happen to an index: changes by name, each of a project, with a number that picks the release or file.

A change that is impossible (a yank in a project without releases) does nothing.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.fake_index import File, Project, Vulnerability, World, advisory

T = TypeVar("T")

PROJECTS = ("alpha", "beta", "gamma")
#: As their owners write them.
SPELLED = {"alpha": "Alpha", "beta": "beta", "gamma": "Gamma"}
VERSIONS = ("1.0", "2.0", "0.9", "2.1rc1", "3.0")
USERS = ("ann", "bob", "cleo")
ADVISORIES = ("PYSEC-1", "PYSEC-2")
ORGANIZATIONS = ("acme", None, "apex")
#: What a release says of itself, frozen with its first upload; there never is a project delta.
METADATA: Sequence[Mapping[str, Any]] = (
    {"requires_dist": ["beta>=1", 'gamma; extra == "more"'], "classifiers": ["Typing :: Typed"]},
    {"requires_dist": ["delta"], "project_urls": {"Source": "https://code.example.com"}, "summary": "Two"},
    {},
    {"requires_dist": ["alpha", "gamma"], "classifiers": ["Typing :: Typed", "Topic :: Utilities"]},
)


@dataclass
class Site:
    """A world with what its changes need to remember."""

    world: World
    uploads: int = 0
    deploys: int = 0

    def happen(self, what: str, name: str, pick: int) -> None:
        """Let a change happen."""
        CHANGES[what](self, SPELLED[name], pick)


def _nth(things: Sequence[T], pick: int) -> T | None:
    return things[pick % len(things)] if things else None


def _project(site: Site, name: str) -> Project | None:
    return site.world.get(name)


def _version(site: Site, name: str, pick: int) -> str | None:
    project = _project(site, name)
    return None if project is None else _nth(list(project.releases), pick)


def _file(site: Site, name: str, pick: int) -> File | None:
    project = _project(site, name)
    releases = [] if project is None else list(project.releases.values())
    return _nth([file for release in releases for file in release.files.values()], pick)


def of_project(method: Callable[[World, str, int], None]) -> "Change":
    """A change of a project, if there is one."""

    def change(site: Site, name: str, pick: int) -> None:
        if _project(site, name) is not None:
            method(site.world, name, pick)

    return change


def of_release(method: Callable[[World, str, str], None]) -> "Change":
    """A change of a release, if there is one."""

    def change(site: Site, name: str, pick: int) -> None:
        version = _version(site, name, pick)
        if version is not None:
            method(site.world, name, version)

    return change


def of_file(method: Callable[[World, File], None]) -> "Change":
    """A change of a file, if there is one."""

    def change(site: Site, name: str, pick: int) -> None:
        file = _file(site, name, pick)
        if file is not None:
            method(site.world, file)

    return change


def _upload(site: Site, name: str, pick: int) -> None:
    """A file of a version, of which there may be none yet, nor of the project."""
    site.uploads += 1
    version = VERSIONS[pick % len(VERSIONS)]
    stem = name.lower().replace(".", "_")
    wheel = pick % 3 != 2
    ending = f"-{site.uploads}-py3-none-any.whl" if wheel else f".post{site.uploads}.tar.gz"
    with site.world.one_change(name):
        site.world.release(name, version, METADATA[(pick + site.uploads) % len(METADATA)])
        site.world.upload(name, version, filename=f"{stem}-{version}{ending}")


def _release_without_files(site: Site, name: str, pick: int) -> None:
    site.world.release(name, VERSIONS[pick % len(VERSIONS)], METADATA[pick % len(METADATA)])


def _create(site: Site, name: str, pick: int) -> None:
    """A whole project at once, with an owner."""
    if _project(site, name) is None:
        with site.world.one_change(name):
            site.world.project(name)
            site.world.add_role(name, USERS[pick % len(USERS)])
            for number in range(pick % 3 + 1):
                _upload(site, name, pick + number)


def _with_metadata(world: World, file: File) -> None:
    """The index begins to serve a file's metadata, or serves another one."""
    requirement = "beta" if file.metadata is None else "gamma"
    name = file.filename.partition("-")[0]
    text = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: {file.filename}\nRequires-Dist: {requirement}\n"
    )
    content = text.encode()
    world.backfill(file.filename, metadata=content, core_metadata=hashlib.sha256(content).hexdigest())


def _with_provenance(world: World, file: File) -> None:
    """A publisher's attestation of a file that had none; of one that has it, it goes."""
    statement = b64encode(f'{{"_type": "x", "subject": [{{"name": "{file.filename}"}}]}}'.encode()).decode()
    bundle = {
        "publisher": {"kind": "GitHub", "repository": "acme/x", "workflow": "release.yml"},
        "attestations": [{"version": 1, "envelope": {"statement": statement, "signature": "eA=="}}],
    }
    given = {"version": 1, "attestation_bundles": [bundle]}
    world.backfill(file.filename, provenance=given if file.provenance is None else None)


def _advise(site: Site, name: str, pick: int) -> None:
    """Another advisory of a release; once it has all, none."""
    version, project = _version(site, name, pick), _project(site, name)
    if project is None or version is None:
        return
    there = project.releases[version].advisories
    more: list[Vulnerability | str] = [advisory(ADVISORIES[len(there)], fixed_in=["9.0"])] if len(there) < 2 else []
    site.world.set_advisories(name, version, [*there, *more] if more else [])


def _leave_out(site: Site, name: str, pick: int) -> None:
    """Leave some keys of files to the pages, or nothing."""
    site.world.leave_out(*(("core-metadata",), ("core-metadata", "size", "yanked", "yanked_reason"), ())[pick % 3])


def _deploy(site: Site, name: str, pick: int) -> None:
    site.deploys += 1
    site.world.deploy("new_key", site.deploys)


Change = Callable[[Site, str, int], None]
_YANKS: Change = of_release(lambda world, name, version: world.yank(name, version, "broken"))
CHANGES: Mapping[str, Change] = {
    "create": _create,
    "upload": _upload,
    "release without files": _release_without_files,
    "delete file": of_file(lambda world, file: world.delete_file(file.filename)),
    "delete release": of_release(lambda world, name, version: world.delete_release(name, version)),
    "delete project": of_project(lambda world, name, _: world.delete_project(name)),
    "yank": _YANKS,
    "unyank": of_release(lambda world, name, version: world.unyank(name, version)),
    "quarantine": of_project(lambda world, name, _: world.quarantine(name)),
    "unquarantine": of_project(lambda world, name, _: world.unquarantine(name)),
    "quarantine release": of_release(lambda world, name, version: world.quarantine_release(name, version)),
    "unquarantine release": of_release(lambda world, name, version: world.unquarantine_release(name, version)),
    "archive": of_project(lambda world, name, _: world.archive(name)),
    "unarchive": of_project(lambda world, name, _: world.unarchive(name)),
    "advisory": _advise,
    "withdraw advisory": of_project(
        lambda world, name, pick: world.withdraw_advisory(name, ADVISORIES[pick % len(ADVISORIES)])
    ),
    "add role": of_project(
        lambda world, name, pick: world.add_role(name, USERS[pick % 3], ("Owner", "Maintainer")[pick % 2])
    ),
    "remove role": of_project(lambda world, name, pick: world.remove_role(name, USERS[pick % 3])),
    "invite": of_project(lambda world, name, pick: world.invite(name, USERS[pick % 3])),
    "rename user": lambda site, name, pick: site.world.rename_user(USERS[pick % 3], USERS[(pick + 1) % 3]),
    "delete account": lambda site, name, pick: site.world.delete_account(USERS[pick % 3]),
    "organization": of_project(lambda world, name, pick: world.set_organization(name, ORGANIZATIONS[pick % 3])),
    "rename organization": lambda site, name, pick: site.world.rename_organization("acme", "apex"),
    "metadata": of_file(_with_metadata),
    "provenance": of_file(_with_provenance),
    "deploy": _deploy,
    "leave out": _leave_out,
}
