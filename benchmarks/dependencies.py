"""The size and import time of each dependency, for docs/dependencies.md: ``python -m benchmarks.dependencies``.

It measures the environment in which it runs, which must have every extra: the bytes of the installed files, and the CPU
time of ``import`` beyond that of a bare interpreter, the least of many tries, in milliseconds and as a multiple of that
interpreter's start, which can be compared between machines.
"""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parents[1] / "docs" / "dependencies.md"
#: The core's dependencies and the extras, with the module that a run imports first.
CORE = {"click": "click", "distlib": "distlib.index", "msgspec": "msgspec", "packaging": "packaging.requirements",
        "urllib3": "urllib3"}  # fmt: skip
EXTRAS = {"advisories": "cvss", "arrow": "pyarrow", "attestations": "cryptography.x509", "duckdb": "duckdb",
          "dlt": "dlt", "keyring": "keyring", "spark": "pyspark.sql.datasource"}  # fmt: skip
TRIES = 15


def packages(requirement: Requirement, seen: set[str]) -> Iterator[str]:
    """Yield a requirement's package and its dependencies, as far as they are installed, without those in ``seen``."""
    name = canonicalize_name(requirement.name)
    if name in seen:
        return
    try:
        needs = [Requirement(text) for text in requires(name) or ()]
    except PackageNotFoundError:
        return
    seen.add(name)
    yield name
    for need in needs:
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in requirement.extras | {""}):
            yield from packages(need, seen)


def size(name: str) -> int:
    """Bytes of a package's files, without what Python compiles."""
    files = [Path(str(file.locate())) for file in distribution(name).files or () if file.suffix != ".pyc"]
    return sum(file.stat().st_size for file in files if file.is_file())


def start(code: str) -> float:
    """Milliseconds of processor time that a Python takes for some code: the least of many tries."""
    return min(_once(code) for _ in range(TRIES))


def _once(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def rows() -> Iterator[str]:
    """The lines of the table."""
    yield "| dependency | packages | MB | import, ms | times a bare start |"
    yield "| --- | --- | --- | --- | --- |"
    bare = start("")
    ours = [Requirement(text) for text in requires("source-pypi") or ()]
    core: dict[str, Requirement] = {canonicalize_name(one.name): one for one in ours if one.marker is None}
    known: set[str] = set()
    for name, module in CORE.items():
        yield _row(f"`{name}`", [*packages(core[name], known)], start(f"import {module}") - bare, bare)
    for extra, module in EXTRAS.items():
        wanted = [one for one in ours if one.marker is not None and one.marker.evaluate({"extra": extra})]
        wanted = [one for one in wanted if canonicalize_name(one.name) not in core]
        seen = set(known)
        brought = [name for one in wanted for name in packages(one, seen)]
        yield _row(f"extra `{extra}`", brought, start(f"import {module}") - bare, bare)


def _row(name: str, found: list[str], milliseconds: float, bare: float) -> str:
    megabytes = sum(map(size, found)) / 1e6
    spent = max(milliseconds, 0)
    return f"| {name} | {len(found)} | {megabytes:.1f} | {spent:.0f} | {spent / bare:.1f}x |"


def main() -> None:
    """Measure, and put the table into the page."""
    today = datetime.now(UTC).date()
    version = ".".join(map(str, sys.version_info[:2]))
    table = "\n".join([f"Measured on {today}, Python {version} on {sys.platform}:", "", *rows()])
    marked = re.compile(r"(<!-- measured -->\n\n).*?(\n\n<!-- end -->)", re.DOTALL)
    PAGE.write_text(marked.sub(lambda found: found[1] + table + found[2], PAGE.read_text()))


if __name__ == "__main__":
    main()
