"""What happens on an index: each change says what it did; None where it found nothing to do."""

from collections.abc import Callable
from random import Random

from tests.oracle.simulator import content
from tests.oracle.simulator.model import DistFile, Index, Project, Release

Change = Callable[[Random, Index], str | None]


def _project(random: Random, index: Index) -> Project | None:
    return random.choice([*index.projects.values()]) if index.projects else None


def _release(random: Random, index: Index) -> tuple[Project, Release] | None:
    every = [(project, release) for project in index.projects.values() for release in project.releases.values()]
    return random.choice(every) if every else None


def _file(random: Random, index: Index, *, attested: bool = False) -> tuple[Project, Release, DistFile] | None:
    every = [
        (project, release, file)
        for project in index.projects.values()
        for release in project.releases.values()
        for file in release.files
        if file.bundles or not attested
    ]
    return random.choice(every) if every else None


def upload_release(random: Random, index: Index) -> str | None:
    """A new release of a project."""
    project = _project(random, index)
    release = None if project is None else content.add_release(random, index, project)
    if project is None or release is None:
        return None
    index.bump(project, 1 + len(release.files))
    return f"{project.key}: release {release.version} with {len(release.files)} files"


def upload_file(random: Random, index: Index) -> str | None:
    """A new file of a release."""
    found = _release(random, index)
    file = None if found is None else content.add_file(random, index, *found)
    if found is None or file is None:
        return None
    index.bump(found[0])
    return f"{found[0].key}: file {file.filename}"


def yank(random: Random, index: Index) -> str | None:
    """Yank a release, or take it back."""
    found = _release(random, index)
    if found is None:
        return None
    project, release = found
    release.yanked = not release.yanked
    release.yanked_reason = random.choice((None, "", "broken on Sundays")) if release.yanked else None
    index.bump(project)
    return f"{project.key}: {release.version} {'yanked' if release.yanked else 'not yanked any more'}"


def delete_file(random: Random, index: Index) -> str | None:
    """Delete a file, but not the last one that has requirements which the index does not list: those rows stay."""
    found = _file(random, index)
    if found is None:
        return None
    project, release, file = found
    if release.requirements_hidden and [one for one in release.files if one.metadata is not None] == [file]:
        return None
    release.files.remove(file)
    index.bump(project)
    return f"{project.key}: file {file.filename} deleted"


def delete_release(random: Random, index: Index) -> str | None:
    """Delete a release with its files."""
    found = _release(random, index)
    if found is None:
        return None
    project, release = found
    del project.releases[release.version]
    index.bump(project)
    return f"{project.key}: release {release.version} deleted"


def delete_project(random: Random, index: Index) -> str | None:
    """Delete a project."""
    project = _project(random, index)
    if project is None:
        return None
    index.bump(project)
    del index.projects[project.key]
    return f"{project.key}: deleted"


def recreate_project(random: Random, index: Index) -> str | None:
    """Create a project under the name of one that was deleted."""
    gone = sorted(index.ever - index.projects.keys())
    if not gone:
        return None
    project = content.add_project(random, index, random.choice(gone), random.randint(0, 3))
    return f"{project.key}: created again with {len(project.releases)} releases"


def new_project(random: Random, index: Index) -> str:
    """Create a project under a new name."""
    name = f"new.Project_{len(index.ever)}"
    project = content.add_project(random, index, name, random.randint(0, 3))
    return f"{project.key}: created with {len(project.releases)} releases"


def quarantine_project(random: Random, index: Index) -> str | None:
    """Quarantine a project, or clear it."""
    project = _project(random, index)
    if project is None:
        return None
    project.status = "active" if project.quarantined else "quarantined"
    project.status_reason = None
    index.bump(project)
    return f"{project.key}: {project.status}"


def quarantine_release(random: Random, index: Index) -> str | None:
    """Quarantine a release, or clear it."""
    found = _release(random, index)
    if found is None:
        return None
    project, release = found
    release.quarantined = not release.quarantined
    index.bump(project)
    return f"{project.key}: release {release.version} {'quarantined' if release.quarantined else 'cleared'}"


def archive(random: Random, index: Index) -> str | None:
    """Archive or deprecate a project, or take it back; the serial does not move."""
    project = _project(random, index)
    if project is None or project.quarantined:
        return None
    project.status = random.choice([one for one in ("active", "archived", "deprecated") if one != project.status])
    project.status_reason = None if project.status == "active" else random.choice((None, "use another one"))
    return f"{project.key}: {project.status}"


def change_roles(random: Random, index: Index) -> str | None:
    """Give a role or take one away; where an account is deleted the serial does not move."""
    project = _project(random, index)
    if project is None:
        return None
    role = (random.choice(("Owner", "Maintainer")), random.choice(content.USERS))
    if role in project.roles:
        project.roles.remove(role)
        silent = random.random() < 0.5
    else:
        project.roles = sorted([*project.roles, role], key=lambda one: (one[0] != "Owner", one[1]))
        silent = False
    if not silent:
        index.bump(project)
    return f"{project.key}: roles {project.roles}{' (silently)' if silent else ''}"


def change_organization(random: Random, index: Index) -> str | None:
    """Join or leave an organization; the serial does not move."""
    project = _project(random, index)
    if project is None:
        return None
    project.organization = None if project.organization else "another-organization"
    return f"{project.key}: organization {project.organization}"


def add_advisory(random: Random, index: Index) -> str | None:
    """A new advisory of a release; the serial does not move."""
    found = _release(random, index)
    if found is None:
        return None
    project, release = found
    release.advisories.append(content.advisory(random, index))
    return f"{project.key}: advisory {release.advisories[-1].id} of {release.version}"


def change_advisory(random: Random, index: Index) -> str | None:
    """Edit, withdraw or remove an advisory; the serial does not move."""
    affected = [
        (project, release)
        for project in index.projects.values()
        for release in project.releases.values()
        if release.advisories
    ]
    if not affected:
        return None
    project, release = random.choice(affected)
    number = random.randrange(len(release.advisories))
    advisory = release.advisories[number]
    what = random.choice(("edited", "withdrawn", "removed", "fixed"))
    if what == "removed":
        del release.advisories[number]
    elif what == "withdrawn":
        advisory.withdrawn = index.pass_time(1).replace(microsecond=0)
    elif what == "edited":
        advisory.details += " Edited."
    else:
        advisory.fixed_in = [*advisory.fixed_in, "99.0"]
    return f"{project.key}: advisory {advisory.id} of {release.version} {what}"


def change_metadata(random: Random, index: Index) -> str | None:
    """
    Other metadata of a release, as after a repair by the operators; the serial moves. Requirements that were shown do
    not become null, which would mean that they are unknown.
    """
    found = _release(random, index)
    if found is None:
        return None
    project, release = found
    shown = release.shown_requirements is not None
    release.metadata = content.metadata(random, sorted(index.ever))
    release.requirements_hidden = random.random() < 0.2 and not shown
    if shown and not release.metadata.requires_dist:
        release.metadata.requires_dist = ["repaired>=1"]
    for file in release.files:
        if file.metadata is not None:
            file.metadata = content.core_metadata(project, release)
    index.bump(project)
    return f"{project.key}: metadata of {release.version}"


def offer_metadata(random: Random, index: Index) -> str | None:
    """METADATA of a file that was not offered before, as when an index catches up; the serial does not move."""
    found = _file(random, index)
    if found is None or found[2].metadata is not None:
        return None
    project, release, file = found
    file.metadata = content.core_metadata(project, release)
    return f"{project.key}: METADATA of {file.filename} offered"


def add_provenance(random: Random, index: Index) -> str | None:
    """A file without provenance gets one; its page changes, the serial does not move."""
    found = _file(random, index)
    if found is None or found[2].bundles:
        return None
    found[2].bundles.append(content.bundle(random))
    return f"{found[0].key}: provenance of {found[2].filename}"


def change_provenance(random: Random, index: Index) -> str | None:
    """A further bundle of a file that has one; neither document nor page of the project changes."""
    found = _file(random, index, attested=True)
    if found is None:
        return None
    found[2].bundles.append(content.bundle(random))
    return f"{found[0].key}: another bundle of {found[2].filename}"


def withdraw_provenance(random: Random, index: Index) -> str | None:
    """The provenance of a file is gone; its page says so, the serial does not move."""
    found = _file(random, index, attested=True)
    if found is None:
        return None
    found[2].bundles = []
    return f"{found[0].key}: provenance of {found[2].filename} withdrawn"


def touch(random: Random, index: Index) -> str | None:
    """A journalled change that no document shows but in its serial, as an invitation."""
    project = _project(random, index)
    if project is None:
        return None
    index.bump(project)
    return f"{project.key}: serial {project.serial} and nothing else"


CHANGES: dict[str, tuple[Change, int]] = {
    "upload-release": (upload_release, 6),
    "upload-file": (upload_file, 4),
    "yank": (yank, 4),
    "delete-file": (delete_file, 3),
    "delete-release": (delete_release, 3),
    "delete-project": (delete_project, 2),
    "recreate-project": (recreate_project, 3),
    "new-project": (new_project, 2),
    "quarantine-project": (quarantine_project, 3),
    "quarantine-release": (quarantine_release, 2),
    "archive": (archive, 3),
    "change-roles": (change_roles, 3),
    "change-organization": (change_organization, 1),
    "add-advisory": (add_advisory, 3),
    "change-advisory": (change_advisory, 4),
    "change-metadata": (change_metadata, 2),
    "offer-metadata": (offer_metadata, 1),
    "add-provenance": (add_provenance, 2),
    "change-provenance": (change_provenance, 2),
    "withdraw-provenance": (withdraw_provenance, 2),
    "touch": (touch, 2),
}
"""The changes by name, each with its weight."""
