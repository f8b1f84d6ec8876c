"""Indexes of a few hundred small projects, and their changes between two runs."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.fake_index import World

#: One project in this many changes between two runs.
ONE_IN = 4


def name_of(number: int) -> str:
    """Return the name of the project with a number."""
    return f"project-{number:04}"


def small_world(projects: int, releases: int = 2) -> World:
    """Return a world of projects with a few releases of two files each, which give rows to every table.

    Each project of the first half depends on one of the second half, for ``follow_dependencies``.
    """
    world = World(serial=1_000_000)
    for number in range(projects):
        name, needed = name_of(number), name_of(number + projects // 2)
        world.add(
            name,
            releases=[f"{release}.0" for release in range(1, releases + 1)],
            owner=f"user-{number % 7}",
            summary=f"The project of number {number}",
            classifiers=["Programming Language :: Python :: 3", f"Topic :: Number {number % 5}"],
            requires_dist=[f"{needed}>=1", "click"] if number < projects // 2 else [],
            project_urls={"Source": f"https://{name}.example.org/"},
        )
        if number % 9 == 0:
            world.add_advisory(name, "1.0", f"PYSEC-{number}")
    return world


def change(world: World, chance: random.Random) -> None:
    """Change some projects: an upload, a yank, a deletion, an advisory, a new owner, or the like."""
    for name in [name for name in world.projects if chance.randrange(ONE_IN) == 0]:
        chance.choice(_EVENTS)(world, name, chance)


def _upload(world: World, name: str, chance: random.Random) -> None:
    world.projects[name].release("9.0", wheel=True, sdist=True, info={"summary": "News", "requires_dist": ["click>=8"]})


def _yank(world: World, name: str, chance: random.Random) -> None:
    world.yank(name, "1.0", "broken")


def _delete_file(world: World, name: str, chance: random.Random) -> None:
    files = [filename for release in world.projects[name].releases.values() for filename in release.files]
    world.delete_file(chance.choice(files))


def _delete_release(world: World, name: str, chance: random.Random) -> None:
    world.delete_release(name, "1.0")


def _delete_project(world: World, name: str, chance: random.Random) -> None:
    world.delete_project(name)


def _add_advisory(world: World, name: str, chance: random.Random) -> None:
    world.add_advisory(name, "1.0", f"GHSA-{chance.randrange(1000)}")


def _archive(world: World, name: str, chance: random.Random) -> None:
    world.archive(name)


def _quarantine(world: World, name: str, chance: random.Random) -> None:
    world.quarantine(name)


def _change_owner(world: World, name: str, chance: random.Random) -> None:
    world.add_role(name, "heir")
    for role in world.projects[name].roles[:-1]:
        world.remove_role(name, role.user)


_EVENTS: tuple[Callable[[World, str, random.Random], None], ...] = (
    _upload,
    _yank,
    _delete_file,
    _delete_release,
    _delete_project,
    _add_advisory,
    _archive,
    _quarantine,
    _change_owner,
)
