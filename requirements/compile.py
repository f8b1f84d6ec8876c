"""Compile the locks from pyproject.toml: ``compile.py [--check | --upgrade]``.

``uv pip compile`` writes versions and hashes and no addresses. What is locked stays locked until ``--upgrade``.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent

#: Each lock, and what goes into it.
LOCKS = {
    "runtime.txt": (
        "pyproject.toml",
        *("--extra", "advisories", "--extra", "attestations", "--extra", "duckdb"),
        *("--group", "build"),
    ),
    "dev.txt": (
        "pyproject.toml",
        *("--extra", "advisories", "--extra", "attestations", "--extra", "duckdb", "--extra", "keyring"),
        *("--group", "build", "--group", "dev"),
    ),
    "servers.txt": ("requirements/servers.in",),
    "supply.txt": ("requirements/supply.in", "--group", "pyproject.toml:build"),
    "warehouses.txt": (
        "pyproject.toml",
        *("--extra", "advisories", "--extra", "attestations", "--extra", "duckdb", "--extra", "dlt"),
        *("--group", "build", "--group", "dev"),
    ),
    "mutants.txt": (
        "pyproject.toml",
        "requirements/mutants.in",
        *("--extra", "advisories", "--extra", "attestations", "--extra", "duckdb", "--extra", "keyring"),
        *("--group", "build", "--group", "dev"),
    ),
    "browser.txt": (
        "pyproject.toml",
        "requirements/browser.in",
        *("--extra", "advisories", "--extra", "attestations", "--extra", "duckdb"),
        *("--group", "build"),
    ),
    "frames.txt": (
        "pyproject.toml",
        "requirements/frames.in",
        *("--extra", "arrow", "--extra", "duckdb"),
        *("--group", "build"),
    ),
    "clickhouse.txt": (
        "pyproject.toml",
        "requirements/clickhouse.in",
        *("--extra", "attestations", "--extra", "duckdb"),
        *("--group", "build"),
    ),
    "spark.txt": (
        "pyproject.toml",
        "requirements/spark.in",
        *("--extra", "advisories", "--extra", "attestations", "--extra", "duckdb", "--extra", "spark"),
        *("--group", "build"),
    ),
    "docs.txt": ("requirements/docs.in",),
    "pyairbyte.txt": ("requirements/pyairbyte.in",),
    "cdk.txt": ("requirements/cdk.in",),
    "cdk-lowest.txt": ("requirements/cdk-lowest.in",),
    "peers.txt": ("requirements/peers.in",),
    "image.txt": ("pyproject.toml", "--extra", "advisories", "--extra", "attestations"),
    "image-sync.txt": (
        "pyproject.toml",
        *("--extra", "advisories", "--extra", "attestations", "--extra", "duckdb"),
    ),
    "image-build.txt": ("--group", "pyproject.toml:build"),
}
OPTIONS = (
    "--quiet",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--custom-compile-command",
    "make lock",
)


def compile_lock(name: str, output: Path, *options: str) -> None:
    """Write one lock; ``output`` is where the versions to keep stand, and where the new ones go."""
    uv = Path(sys.executable).with_name("uv")
    command = [
        str(uv),
        "pip",
        "compile",
        *OPTIONS,
        *LOCKS[name],
        *options,
        "--output-file",
        str(output),
    ]
    subprocess.run(command, cwd=PROJECT, check=True)


def drifted() -> list[str]:
    """The locks that would come out differently today."""
    names = []
    with tempfile.TemporaryDirectory() as folder:
        for name in LOCKS:
            copy = Path(folder) / name
            shutil.copy(HERE / name, copy)
            compile_lock(name, copy)
            if copy.read_text() != (HERE / name).read_text():
                names.append(name)
    return names


def main() -> None:
    """Write the locks, or with ``--check`` say which do not fit pyproject.toml."""
    if "--check" in sys.argv:
        if names := drifted():
            sys.exit(f"locks out of date: {', '.join(names)} (make lock)")
        return
    for name in LOCKS:
        compile_lock(name, HERE / name, *(["--upgrade"] if "--upgrade" in sys.argv else []))


if __name__ == "__main__":
    main()
