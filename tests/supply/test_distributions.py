"""``make release``: the contents of the distributions, and the wheel in a clean environment."""

import email
import json
import os
import re
import subprocess
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from source_pypi import __version__
from tests.connector import ROOT

pytestmark = pytest.mark.supply

#: Folders that are for developers of the package only.
WORKSHOP = ("tests", "benchmarks", "requirements", "integration_tests", ".ci", ".venv", "recordings", "fake_index")
CORE = {"click", "distlib", "msgspec", "packaging", "urllib3"}
#: A time as ``SOURCE_DATE_EPOCH`` has it.
EPOCH = "1700000000"
REPOSITORY = "https://git.example.com/team/source-pypi"


def build(folder: Path) -> Path:
    """Build and check what is published, in a folder, and return it."""
    command = ["make", "--no-print-directory", "release", f"DIST={folder}", f"REPOSITORY={REPOSITORY}"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the results of ``make release``."""
    return build(tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """The wheel."""
    return dist / f"source_pypi-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run Python in an environment into which pip has installed the wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", str(wheel)], check=True)

    def run(*arguments: str) -> str:
        done = subprocess.run([python, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def test_build_is_reproducible(dist: Path, tmp_path: Path) -> None:
    """A second build gives the same bytes."""
    again = build(tmp_path / "dist")
    digests = [{f.name: sha256(f.read_bytes()).hexdigest() for f in sorted(d.iterdir())} for d in (dist, again)]
    assert digests[0] == digests[1]
    assert [*digests[0]] == [
        "source-pypi.cdx.json",
        f"source_pypi-{__version__}-py3-none-any.whl",
        f"source_pypi-{__version__}.tar.gz",
    ]


def test_wheel_contents(wheel: Path) -> None:
    """The wheel has the package's modules, the one that Spark finds, ``py.typed``, the licence, and nothing else."""
    modules = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"source_pypi-{__version__}.dist-info"
    metadata = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names == modules | metadata
    assert {"source_pypi/py.typed", "pyspark_pypi/__init__.py"} <= names


def test_source_distribution_contents(dist: Path) -> None:
    """The source distribution has the sources of the wheel and the documentation, but no tests and no recordings."""
    with tarfile.open(dist / f"source_pypi-{__version__}.tar.gz") as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.partition("/")[0] for name in names} == {
        *(
            "src",
            "docs",
            "README.md",
            "CHANGELOG.md",
            "LICENSE",
            "pyproject.toml",
            "PKG-INFO",
            ".gitignore",
            "hatch_build.py",
        ),
    }
    assert [name for name in names if any(f"/{part}/" in f"/{name}/" for part in WORKSHOP)] == []


def test_metadata(wheel: Path) -> None:
    """The wheel has the repository's addresses, authors and keywords, and a description whose links are absolute."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"source_pypi-{__version__}.dist-info/METADATA").decode()
    headers = email.message_from_string(text)
    labels = dict(one.split(", ") for one in headers.get_all("Project-URL", []))
    assert list(labels) == ["Source", "Documentation", "Changelog", "Issues"]
    assert all(url.startswith(REPOSITORY) for url in labels.values())
    assert (headers["Author"], headers["License-Expression"]) == ("The source-pypi authors", "MIT")
    assert {"airbyte", "duckdb", "pypi"} <= set(headers["Keywords"].split(","))
    links = re.findall(r"\]\(([^)\s]+)\)", str(headers.get_payload()))
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert f"{REPOSITORY}/blob/v{__version__}/CHANGELOG.md" in links


def test_release_needs_the_address(tmp_path: Path) -> None:
    """Without an address of the repository, nothing is built, and the error says what to do."""
    command = ["make", "--no-print-directory", "release", f"DIST={tmp_path / 'dist'}", "REPOSITORY="]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == "the address of the repository is not known: REPOSITORY=https://... make release\n"
    assert not (tmp_path / "dist").exists()


def test_sbom_lists_the_runtime_lock(dist: Path) -> None:
    """The SBOM (CycloneDX) names this package, and lists every package of the runtime lock with its version."""
    sbom = json.loads((dist / "source-pypi.cdx.json").read_text())
    locked = dict(re.findall(r"^(\S+)==([^\s;]+)", (ROOT / "requirements" / "runtime.txt").read_text(), re.MULTILINE))
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["name"] == "source-pypi"
    assert {one["name"]: one["version"] for one in sbom["components"]} == locked
    assert all(one["purl"].startswith("pkg:pypi/") for one in sbom["components"])


def test_wheel_installs_with_five_dependencies(clean: Callable[..., str]) -> None:
    """Pip installs the wheel with the five dependencies of the core; ``spec`` then runs."""
    listed = json.loads(clean("-m", "pip", "--disable-pip-version-check", "list", "--format", "json"))
    assert {canonicalize_name(one["name"]) for one in listed} - {"pip", "setuptools"} == {"source-pypi", *CORE}
    assert json.loads(clean("-m", "source_pypi", "spec"))["type"] == "SPEC"


def test_missing_extra_is_named(clean: Callable[..., str]) -> None:
    """Without an extra, a command that needs it ends with one line that names it."""
    code = (
        "import subprocess, sys; command = [sys.executable, '-m', 'source_pypi', 'sync', 'flask', *sys.argv[1:]]; "
        "print(subprocess.run(command, capture_output=True, text=True).stderr)"
    )
    assert clean("-c", code).strip() == "error: --into pypi.duckdb needs the extra: pip install 'source-pypi[duckdb]'"
    assert "pip install 'source-pypi[dlt]'" in clean("-c", code, "--into", "postgresql://host/db")


def test_dependencies_are_documented() -> None:
    """docs/dependencies.md has a section for every dependency of the core and of the extras."""
    text = (ROOT / "docs" / "dependencies.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {canonicalize_name(Requirement(one).name) for one in project["dependencies"]} == CORE
    extras = [one for wanted in project["optional-dependencies"].values() for one in wanted]
    for name in {Requirement(one).name for one in [*project["dependencies"], *extras]} - {"source-pypi"}:
        assert f"`{name}`" in text, name
