"""Large worlds for benchmarks: the same arguments make the same world, in little time and memory."""

from __future__ import annotations

import random
from typing import Any

from tests.fake_index.world import World

_TAGS = (
    "py3-none-any",
    "cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64",
    "cp312-cp312-musllinux_1_2_x86_64",
    "cp312-cp312-macosx_11_0_arm64",
    "cp312-cp312-macosx_10_13_x86_64",
    "cp312-cp312-win_amd64",
    "cp313-cp313-win_arm64",
    "cp313-cp313t-manylinux_2_28_x86_64",
    "cp39-abi3-win32",
    "pp310-pypy310_pp73-win_amd64",
)

_CLASSIFIERS = (
    "Development Status :: 4 - Beta",
    "Development Status :: 5 - Production/Stable",
    "Environment :: Console",
    "Intended Audience :: Developers",
    "Intended Audience :: Science/Research",
    "License :: OSI Approved :: MIT License",
    "Operating System :: OS Independent",
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3 :: Only",
    "Programming Language :: Python :: 3.11",
    "Programming Language :: Python :: 3.12",
    "Programming Language :: Python :: 3.13",
    "Programming Language :: Python :: Implementation :: CPython",
    "Topic :: Scientific/Engineering",
    "Topic :: Software Development :: Libraries :: Python Modules",
    "Typing :: Typed",
)

_REQUIREMENTS = (
    "numpy>=1.26",
    "requests<3,>=2.31",
    'tomli>=2; python_version < "3.11"',
    "typing-extensions>=4.9",
    "attrs",
    'pytest>=8; extra == "test"',
    'sphinx>=7; extra == "docs"',
    'colorama; sys_platform == "win32"',
    "pyyaml~=6.0",
    "click!=8.1.4,>=8.1",
)

_VOCABULARY = (
    "the a of and to in is that for it with as on be at by this have from or one all were we when your "
    "can said there use an each which she do how their if will up other about out many then them these "
    "so some her would make like him into time has look two more write go see number no way could "
    "people my than first water been call who oil its now find long down day did get come made may part "
    "package index release version module function returns value install command option default "
    "configuration example argument string bytes reader writer parser stream table column record schema "
    "changes support faster error message documentation"
)
_WORDS = tuple(_VOCABULARY.split())

#: Multiples of the golden ratio, modulo 1, are spread evenly, however many there are.
_GOLDEN = (5**0.5 - 1) / 2


def generated_world(
    projects: int = 500,
    files: int = 100,
    description_bytes: int = 8000,
    seed: int = 1,
    *,
    most_files: int | None = None,
) -> World:
    """`projects` projects named project-0000..., about `files` files each, five or so to a release.

    With `most_files` they have from `files` to that many, spread evenly over the logarithms, also the first few.
    """
    world = World(serial=20_000_000, start="2015-01-01T00:00:00Z")
    for number in range(projects):
        count = files if most_files is None else round(files * (most_files / files) ** (number * _GOLDEN % 1))
        _add_project(world, f"project-{number:04}", count, description_bytes, random.Random(seed * 1_000_003 + number))
    return world


def prose(chance: random.Random, size: int) -> str:
    """Text of about this many bytes that compresses like prose: sentences, headings, some code."""
    parts: list[str] = []
    written = 0
    while written < size:
        sentence = " ".join(chance.choices(_WORDS, k=chance.randint(6, 18))).capitalize() + "."
        kind = chance.random()
        if kind < 0.05:
            sentence = f"\n\n## {' '.join(chance.choices(_WORDS, k=3)).title()}\n\n"
        elif kind < 0.10:
            name, value = chance.choices(_WORDS, k=2)
            sentence = f"\n\n```python\n{name} = {value}({chance.randrange(1000)})\n```\n\n"
        parts.append(sentence)
        written += len(sentence) + 1
    return " ".join(parts)[:size]


def _add_project(world: World, name: str, files: int, description_bytes: int, chance: random.Random) -> None:
    """One project, as one change; its releases share one `info` to save memory."""
    info = _info(name, description_bytes, chance)
    stem = name.replace("-", "_")
    versions: list[str] = []
    with world.one_change(name):
        world.project(name)
        world.add_role(name, f"user{chance.randrange(1000)}")
        left = files
        while left > 0:
            version = _next_version(len(versions), chance)
            versions.append(version)
            world.release(name, version).info = info
            count = min(left, chance.randint(3, 7))
            world.upload(name, version, filename=f"{stem}-{version}.tar.gz")
            for tag in chance.sample(_TAGS, count - 1):
                world.upload(name, version, filename=f"{stem}-{version}-{tag}.whl")
            left -= count
        if versions and chance.random() < 0.3:
            world.yank(name, versions[0], "broken on import")


def _next_version(number: int, chance: random.Random) -> str:
    """0.0.0, 0.0.1, ... with some release candidates."""
    version = f"{number // 20}.{number // 5 % 4}.{number % 5}"
    return f"{version}rc{chance.randint(1, 3)}" if chance.random() < 0.08 else version


def _info(name: str, description_bytes: int, chance: random.Random) -> dict[str, Any]:
    home = f"https://{name}.example.org/"
    return {
        "author_email": f"{name} developers <dev@{name}.example.org>",
        "classifiers": sorted(chance.sample(_CLASSIFIERS, 9)),
        "description": prose(chance, description_bytes),
        "description_content_type": "text/markdown",
        "keywords": ", ".join(chance.choices(_WORDS, k=4)),
        "license_expression": chance.choice(("MIT", "Apache-2.0", "BSD-3-Clause")),
        "license_files": ["LICENSE"],
        "project_urls": {"Homepage": home, "Changelog": f"{home}changes", "Issues": f"{home}issues"},
        "provides_extra": ["docs", "test"],
        "requires_dist": chance.sample(_REQUIREMENTS, chance.randint(2, 8)),
        "requires_python": chance.choice((">=3.9", ">=3.10", ">=3.11")),
        "summary": " ".join(chance.choices(_WORDS, k=8)).capitalize(),
    }
