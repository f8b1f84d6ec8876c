"""An example for the report: an index of 24 projects, requirement files that pin them, and a database of both."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.fake_index import FakeIndex, World
from tests.fake_index.model import advisory
from tests.streams.provenance import attestation, bundle, provenance, statement_of

PURE = ("py3-none-any",)
#: The wheels of a project with compiled code, for two versions of Python.
COMPILED = tuple(
    f"cp{minor}-cp{minor}-{platform}"
    for minor in ("312", "313")
    for platform in (
        "manylinux_2_28_x86_64",
        "manylinux_2_28_aarch64",
        "musllinux_1_2_x86_64",
        "macosx_11_0_arm64",
        "macosx_10_13_x86_64",
        "win_amd64",
    )
)
STABLE = ("cp310-abi3-manylinux_2_28_x86_64", "cp310-abi3-macosx_11_0_arm64", "cp310-abi3-win_amd64")
FREE = ("cp313-cp313t-manylinux_2_28_x86_64", "cp313-cp313t-macosx_11_0_arm64")


class Example(Struct, frozen=True):
    """A project of the example.

    :ivar pin: how requirements.txt requires it; None: it does not.
    :ivar every: days between two releases.
    :ivar last: days since the last one.
    :ivar attested: from which release on files are attested; None: never.
    """

    name: str
    pin: str | None
    versions: tuple[str, ...]
    every: int = 45
    last: int = 20
    requires: tuple[str, ...] = ()
    owners: tuple[str, ...] = ("mara", "jonas")
    license: str | None = "MIT"
    tags: tuple[str, ...] = PURE
    attested: int | None = None
    organization: str | None = None
    summary: str = ""
    info: dict[str, Any] = {}


def _minors(major: int, first: int, last: int, patches: int = 1) -> tuple[str, ...]:
    return tuple(f"{major}.{minor}.{patch}" for minor in range(first, last + 1) for patch in range(patches))


PROJECTS: tuple[Example, ...] = (
    Example(
        "copper-web",
        "==2.3.0",
        ("2.0.0rc1", *_minors(2, 0, 6, 3), "3.0.0rc1", "3.0.0", "3.1.0"),
        requires=("wool-http>=2.2", "quartz-templates>=3.0", "marble-cli>=8.0", "tin-signals>=1.6"),
        owners=("mara", "jonas", "ines"),
        license="BSD-3-Clause",
        attested=12,
        organization="copperworks",
        summary="A small framework for web services",
    ),
    Example(
        "wool-http",
        "~=2.2.0",
        (*_minors(2, 0, 3, 4), "3.0.0", "3.0.1"),
        requires=("glass-markup>=2.1",),
        license="BSD-3-Clause",
        attested=10,
        organization="copperworks",
        summary="The HTTP part of copper-web",
    ),
    Example(
        "quartz-templates",
        "==3.1.2",
        _minors(3, 0, 1, 6),
        requires=("glass-markup>=2.0",),
        license="BSD-3-Clause",
        attested=5,
        summary="Templates that escape",
    ),
    Example("glass-markup", None, _minors(2, 0, 1, 5), tags=(*PURE, *COMPILED), owners=("ines",), attested=6),
    Example("marble-cli", None, _minors(8, 0, 1, 4), license="BSD-3-Clause", attested=4, summary="Command lines"),
    Example("tin-signals", None, _minors(1, 6, 9), every=200, last=900, owners=("jonas",)),
    Example(
        "lattice",
        "==1.26.4",
        (*_minors(1, 24, 26, 5), "2.0.0", "2.1.0", "2.2.0"),
        tags=(*COMPILED, *FREE),
        owners=("lea", "omar", "sofia", "tariq"),
        license="BSD-3-Clause",
        attested=8,
        organization="lattice-project",
        summary="Arrays of many dimensions",
    ),
    Example(
        "data-frames",
        ">=2.1,<2.3",
        _minors(2, 0, 3, 3),
        requires=("lattice>=1.24", "almanac>=2.8", "zones>=2022.7"),
        tags=COMPILED,
        license="BSD-3-Clause",
        attested=6,
        organization="frames",
        summary="Tables in memory",
    ),
    Example("almanac", "==2.8.2", _minors(2, 7, 9, 3), every=120, last=400, license=None, owners=("paul",)),
    Example("zones", "==2024.1", ("2022.7", "2023.3", "2024.1", "2024.2", "2025.1"), every=160, owners=("stuart",)),
    Example(
        "river-requests",
        "==2.31.0",
        _minors(2, 28, 32, 3),
        requires=("certs>=2017.4", "url-tools>=1.21,<3", "idents>=2.5,<4"),
        license="Apache-2.0",
        owners=("nate", "ian"),
        summary="HTTP for people",
    ),
    Example("url-tools", "==1.26.5", (*_minors(1, 25, 26, 9), *_minors(2, 0, 2, 2)), attested=16),
    Example("certs", "==2023.7.22", ("2022.12.7", "2023.7.22", "2024.7.4", "2025.1.31"), license="MPL-2.0"),
    Example("idents", "==3.6", ("3.4", "3.5", "3.6", "3.7", "3.10"), license="BSD-3-Clause", owners=("kim",)),
    Example(
        "vault-crypto",
        "==41.0.3",
        ("40.0.1", "40.0.2", "41.0.0", "41.0.1", "41.0.2", "41.0.3", "41.0.4", "42.0.0", "43.0.0", "44.0.0"),
        tags=(*STABLE, "cp310-abi3-manylinux_2_28_aarch64", "cp310-abi3-musllinux_1_2_x86_64"),
        license="Apache-2.0 OR BSD-3-Clause",
        attested=8,
        organization="vault",
        owners=("alex", "paul"),
        summary="Cryptographic recipes",
    ),
    Example("paper-config", "==6.0.0", ("5.4.1", "6.0.0", "6.0.1", "6.0.2"), every=300, tags=COMPILED),
    Example("stone-lock", "==1.4.0", ("1.3.0", "1.4.0", "1.4.1"), every=180, last=200, license="GPL-3.0-or-later"),
    Example("ember-queue", "==5.3.1", _minors(5, 2, 4, 3), requires=("url-tools>=1.26",), license="BSD-3-Clause"),
    Example("old-loom", "==0.9.2", ("0.9.0", "0.9.1", "0.9.2"), every=200, last=2100, owners=("anne",)),
    Example("night-mail", "==1.2.0", ("1.0.0", "1.1.0", "1.2.0"), every=90, last=60),
    Example("swift-json", "==3.9.10", _minors(3, 9, 10, 11), tags=COMPILED, license="Apache-2.0 OR MIT", attested=14),
    Example("plain-typing", "==4.12.2", _minors(4, 10, 13, 3), license="PSF-2.0", attested=7, organization="plain"),
    Example("half-attested", "==1.1.0", ("1.0.0", "1.1.0", "1.2.0"), attested=1, tags=(*PURE, *STABLE)),
    Example("solo-parser", "==0.4.1", ("0.3.0", "0.4.0", "0.4.1"), every=30, last=9, owners=("yuki",), license=None),
)

#: Advisories: project, first and last affected version, identifier, CVE, summary, fixes.
ADVISORIES = (
    ("wool-http", 0, 11, "PYSEC-2024-9001", "CVE-2024-90001", "Slow parsing of multipart bodies", ("2.3.3", "3.0.1")),
    ("wool-http", 0, 13, "GHSA-xxxx-made-0002", "CVE-2024-90002", "The debugger runs code for others", ("3.0.3",)),
    ("url-tools", 0, 15, "PYSEC-2024-9003", "CVE-2024-90003", "The body of a request follows a redirect", ("1.26.8",)),
    ("vault-crypto", 0, 5, "PYSEC-2024-9004", "CVE-2024-90004", "A null pointer in PKCS 7", ("41.0.4",)),
    ("certs", 0, 1, "PYSEC-2024-9005", "CVE-2024-90005", "A root certificate that is no longer trusted", ("2024.7.4",)),
    ("quartz-templates", 0, 8, "GHSA-xxxx-made-0006", "CVE-2024-90006", "Attributes are not escaped", ("3.1.3",)),
)
#: What requirements.txt has besides: a project that the index does not have, and one of another index.
MORE = ("ghost-package==1.0.0",)


def example_world(now: datetime | None = None) -> World:
    """The index of the example; its releases are dated from ``now``."""
    today = (now or datetime.now(UTC)).replace(hour=12, minute=0, second=0, microsecond=0)
    world = World(serial=20_000_000)
    for one in PROJECTS:
        add_example(world, one, today)
    for project, first, last, identifier, cve, summary, fixes in ADVISORIES:
        versions = next(one.versions for one in PROJECTS if one.name == project)
        for version in versions[first : last + 1]:
            made = advisory(identifier, aliases=(cve,), summary=summary, fixed_in=fixes)
            world.add_advisory(project, version, made)
    world.yank("paper-config", "6.0.0", "does not build with recent compilers")
    world.yank("copper-web", "2.2.1", "requires the wrong Python")
    world.archive("old-loom")
    world.quarantine("night-mail")
    return world


def requirements_text() -> str:
    """The requirement file of the example."""
    lines = [f"{one.name}{one.pin}" for one in PROJECTS if one.pin is not None]
    return "\n".join(["# pinned for the service", *lines, *MORE, ""])


def next_day(world: World) -> None:
    """What happens in the example before a second sync: a release, a yanked one, an advisory, an archived project."""
    now = datetime.now(UTC)
    world.release("url-tools", "9.0.0")
    world.upload("url-tools", "9.0.0", filename="url_tools-9.0.0-py3-none-any.whl", uploaded_at=now)
    world.yank("lattice", "1.26.4", "a wrong result in rare cases")
    world.add_advisory("copper-web", "2.3.0", advisory("PYSEC-2026-9009", summary="A second flaw", fixed_in=("2.3.9",)))
    world.archive("river-requests")


def load_example(
    folder: Path,
    world: World,
    *options: str,
    requirements: str = "requirements.txt",
    change: Callable[[World], None] | None = None,
) -> Path:
    """Load what a requirement file pins into a DuckDB file in its folder, and return the file's path.

    The requirement file of the example is made if it is not there.

    :param change: what changes in the index before a second sync; None: there is no second one.
    """
    listed = folder / requirements
    if not listed.exists():
        listed.write_text(requirements_text())
    settings = folder / "settings.json"
    settings.write_text('{"requests_per_second": 0, "follow_dependencies": 2}')
    with FakeIndex(world) as index:
        arguments = ["-r", f"./{requirements}", "--streams", "all", "--index-url", index.url, "--history", *options]
        command = [sys.executable, "-m", "source_pypi", "sync", "--config", str(settings), *arguments]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=120)
        if change is not None:
            change(world)
            index.new_run()
            subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=120)
    assert (folder / "pypi.duckdb").exists(), done.stderr
    return folder / "pypi.duckdb"


def add_example(world: World, one: Example, today: datetime) -> None:
    """Add a project of the example; its releases are dated from a day."""
    stem = one.name.replace("-", "_")
    info = {
        "license_expression": one.license,
        "requires_dist": list(one.requires) or None,
        "requires_python": ">=3.9",
        "summary": one.summary or f"The package {one.name}",
        "project_urls": {"Homepage": f"https://{one.name}.example/", "Source": f"https://code.example/{one.name}"},
        "classifiers": [
            "Development Status :: 5 - Production/Stable",
            *(f"Programming Language :: Python :: 3.{minor}" for minor in (9, 10, 11, 12, 13)),
        ],
        **one.info,
    }
    world.project(one.name)
    for owner in one.owners:
        world.add_role(one.name, owner, "Owner" if owner == one.owners[0] else "Maintainer")
    if one.organization:
        world.set_organization(one.name, one.organization)
    for position, version in enumerate(one.versions):
        released = today - timedelta(days=one.last + one.every * (len(one.versions) - 1 - position))
        world.release(one.name, version, info)
        names = [f"{stem}-{version}.tar.gz", *(f"{stem}-{version}-{tag}.whl" for tag in one.tags)]
        if one.name == "half-attested":
            names = names[: 2 + position]
        for number, filename in enumerate(names):
            signed = one.attested is not None and position >= one.attested
            if one.name == "half-attested" and number == 0:
                signed = False
            world.upload(
                one.name,
                version,
                filename=filename,
                uploaded_at=released + timedelta(minutes=number),
                size=(40_000 + 2_500 * position) * (9 if "linux" in filename else 4 if "-cp" in filename else 1),
                provenance=_provenance(one, filename) if signed else None,
            )


def _provenance(one: Example, filename: str) -> dict[str, Any]:
    repository = f"{one.organization or one.owners[0]}/{one.name}"
    publisher = {"kind": "GitHub", "claims": None, "repository": repository, "workflow": "release.yml"}
    made = attestation(statement=statement_of(filename))
    return provenance(bundle(made, publisher={**publisher, "environment": "pypi"}))
