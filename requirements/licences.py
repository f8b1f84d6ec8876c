"""The licences of what is installed with this package: ``licences.py [--list]``; an error, where one is not allowed.

Looked at are the packages of the runtime lock, and those that the extras bring, as far as the environment has them: the
one for developing has all but those of ``dlt``, the one of the warehouses has those too. pip-licenses reads what the
packages say: their SPDX expression (PEP 639), or else their classifiers.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).with_name("runtime.txt")
EXTRAS = ("advisories", "arrow", "attestations", "dlt", "duckdb", "keyring", "spark")
#: SPDX identifiers of licences that ask for no more than their text, and what classifiers call them.
ALLOWED = {
    "0BSD": (),
    "Apache-2.0": ("Apache Software License", "Apache License 2.0"),
    "BSD-2-Clause": (),
    "BSD-3-Clause": ("BSD License", "3-Clause BSD License"),
    "CC0-1.0": (),
    "ISC": ("ISC License (ISCL)",),
    "MIT": ("MIT License",),
    "MIT-0": (),
    "PSF-2.0": ("Python Software Foundation License",),
    "Unlicense": ("The Unlicense (Unlicense)",),
    "Zlib": (),
}
#: Packages with another licence, and why that is no hindrance.
EXCEPTIONS = {
    "certifi": "MPL-2.0: certificates, unchanged, as a package of its own",
    "cvss": "LGPL-3.0: only with the extra advisories, as a package of its own",
    "orjson": "MPL-2.0 and MIT or Apache-2.0: only with the extra dlt, as a package of its own",
    "pathspec": "MPL-2.0: builds the package, and is no part of it",
    "psycopg2-binary": "LGPL-3.0: only with the extra dlt, as a package of its own",
    "tqdm": "MPL-2.0 and MIT: only with the extra dlt, as a package of its own",
}


def is_allowed(licence: str) -> bool:
    """Whether a licence is allowed: one of alternatives, or all that hold together; never where both occur."""
    names = {*ALLOWED, *(name for names in ALLOWED.values() for name in names)}
    options = [licence] if licence in names else licence.split(" OR ")
    return any(all(part in names for part in re.split(r" AND |; ", option)) for option in options if option)


def locked() -> Iterator[str]:
    """The packages of the runtime lock that this system and this Python get."""
    for line in re.findall(r"^\S[^\\\n]*==[^\\\n]*", LOCK.read_text(), re.MULTILINE):
        requirement = Requirement(line.strip())
        if requirement.marker is None or requirement.marker.evaluate():
            yield canonicalize_name(requirement.name)


def brought(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """What a package with extras needs, and what that needs, as far as it is installed."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    try:
        needs = [Requirement(text) for text in requires(name) or ()]
    except PackageNotFoundError:
        return
    yield canonicalize_name(name)
    for need in needs:
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield from brought(canonicalize_name(need.name), frozenset(need.extras), seen)


def licences() -> dict[str, str]:
    """The licence of each package, by name."""
    names = sorted({*locked(), *brought("source-pypi", frozenset(EXTRAS), set())} - {"source-pypi"})
    wanted = ["--with-system", "--from", "mixed", "--format", "json", "--packages", *names]
    command = [sys.executable, "-m", "piplicenses", *wanted]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found: dict[str, str] = {canonicalize_name(one["Name"]): one["License"] for one in told}
    return {str(name): found.get(name, "not installed") for name in names}


def main() -> None:
    """List them, or say which are not allowed."""
    found = licences()
    if "--list" in sys.argv:
        for name, licence in found.items():
            print(f"{name:28} {licence}")
    wrong = [f"{name}: {one}" for name, one in found.items() if not is_allowed(one) and name not in EXCEPTIONS]
    if wrong:
        sys.exit(f"licences that are not allowed (requirements/licences.py): {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
