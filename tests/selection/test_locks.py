"""Lock files: each package of an index is a pin; packages from other sources are listed in one warning."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from packaging.utils import NormalizedName

from source_pypi.errors import RequirementsError
from source_pypi.selection.files import read_requirements
from source_pypi.selection.names import Requested, RequirementsFile
from tests.selection import reasons, without_origins

Read = Callable[[str, str], RequirementsFile]


def requested(project: str, pin: str | None = None, *extras: str) -> Requested:
    """A requested project."""
    return Requested(NormalizedName(project), pin, frozenset(map(NormalizedName, extras)))


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Read a file of that name and content in the working directory."""
    monkeypatch.chdir(tmp_path)

    def read(name: str, content: str) -> RequirementsFile:
        Path(name).write_text(content, "utf-8")
        return read_requirements(Path(name))

    return read


PYLOCK = """
lock-version = "1.0"
created-by = "a locker"
requires-python = ">=3.11"

[[packages]]
name = "click"
version = "8.1.7"
index = "https://packages.example.com/simple"
marker = "sys_platform == 'win32'"
wheels = [{ url = "https://packages.example.com/click-8.1.7-py3-none-any.whl", hashes = { sha256 = "0123" } }]

[[packages]]
name = "flask"
version = "3.0.0"
sdist = { url = "https://packages.example.com/flask-3.0.0.tar.gz", hashes = { sha256 = "0123" } }

[[packages]]
name = "unversioned"
sdist = { url = "https://packages.example.com/unversioned-1.0.tar.gz", hashes = { sha256 = "0123" } }

[[packages]]
name = "patched"
vcs = { type = "git", url = "https://example.com/patched.git", commit-id = "0123" }

[[packages]]
name = "our-app"
directory = { path = ".", editable = true }

[[packages]]
name = "archived"
version = "1.0"
archive = { url = "https://example.com/archived-1.0.zip", hashes = { sha256 = "0123" } }
"""


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.linux.toml"])
def test_pylock(read: Read, name: str) -> None:
    """Both file names of pylock.toml are read; markers are ignored."""
    assert without_origins(read(name, PYLOCK)) == RequirementsFile(
        (requested("click", "8.1.7"), requested("flask", "3.0.0"), requested("unversioned")),
        (f"{name}: skipped, not from an index: patched (vcs), our-app (directory), archived (archive)",),
    )


def test_packages_from_elsewhere_are_kept_with_the_reason(read: Read) -> None:
    """A package that is not from an index is kept, with its line and why it is not read."""
    assert reasons(read("pylock.toml", PYLOCK)) == [
        ("patched", 22, "its file has it from elsewhere (vcs)"),
        ("our-app", 26, "its file has it from elsewhere (directory)"),
        ("archived", 30, "its file has it from elsewhere (archive)"),
    ]


@pytest.mark.parametrize("version", ["1.1", "1.25"])
def test_pylock_of_a_newer_minor_version(read: Read, version: str, caplog: pytest.LogCaptureFixture) -> None:
    """A lock of a newer minor version is read, with a warning that has the file's name; nothing else is logged."""
    file = read("pylock.toml", PYLOCK.replace('lock-version = "1.0"', f'lock-version = "{version}"'))
    assert [one.project for one in file.requested] == ["click", "flask", "unversioned"]
    assert file.warnings[0] == (
        f"pylock.toml: lock-version {version} is newer than 1.0; what 1.0 does not have is ignored"
    )
    assert caplog.records == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lock_in_the_encoding_of_its_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    """A lock file that an editor or shell on Windows wrote is read, with its lines."""
    (tmp_path / "uv.lock").write_bytes(UV.encode(encoding))
    (tmp_path / "Pipfile.lock").write_bytes(json.dumps(PIPFILE).encode(encoding))
    assert len(read_requirements(tmp_path / "Pipfile.lock").requested) == 5
    origins = [one.origin for one in read_requirements(tmp_path / "uv.lock").requested]
    assert [origin.line for origin in origins if origin] == [22, 29]


UV = """
version = 1
revision = 3
requires-python = ">=3.11"

[manifest]
members = ["our-app", "our-lib"]

[[package]]
name = "our-app"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "numpy", version = "1.26.4", source = { registry = "https://packages.example.com/simple" } }]

[package.metadata]
requires-dist = [{ name = "numpy" }]

[[package]]
name = "our-lib"
source = { virtual = "lib" }

[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://packages.example.com/simple" }
resolution-markers = ["python_full_version < '3.12'"]
sdist = { url = "https://packages.example.com/numpy-1.26.4.tar.gz", hash = "sha256:0123", size = 1 }

[[package]]
name = "numpy"
version = "2.0.0"
source = { registry = "https://packages.example.com/simple" }

[[package]]
name = "patched"
version = "1.0"
source = { git = "https://example.com/patched.git?rev=main#0123" }

[[package]]
name = "wheeled"
version = "1.0"
source = { url = "https://example.com/wheeled-1.0-py3-none-any.whl" }
"""


def test_uv_lock(read: Read) -> None:
    """Every version of a package in a uv.lock is a pin; the project itself and other sources are skipped."""
    assert without_origins(read("uv.lock", UV)) == RequirementsFile(
        (requested("numpy", "1.26.4"), requested("numpy", "2.0.0")),
        ("uv.lock: skipped, not from an index: our-app (editable), our-lib (virtual), patched (git), wheeled (url)",),
    )


POETRY = """
# This file is automatically @generated by Poetry 1.8.2 and should not be changed by hand.

[[package]]
name = "Flask"
version = "3.0.0"
description = "A simple framework"
optional = false
python-versions = ">=3.8"
files = [{ file = "flask-3.0.0.tar.gz", hash = "sha256:0123" }]

[package.dependencies]
click = ">=8.1.3"

[[package]]
name = "private"
version = "2.0"

[package.source]
type = "legacy"
url = "https://packages.example.com/simple"
reference = "internal"

[[package]]
name = "patched"
version = "1.0"
develop = false

[package.source]
type = "git"
url = "https://example.com/patched.git"
reference = "main"
resolved_reference = "0123"

[[package]]
name = "beside"
version = "1.0"

[package.source]
type = "directory"
url = "../beside"

[metadata]
lock-version = "2.0"
python-versions = "^3.11"
content-hash = "0123"
"""


def test_poetry_lock(read: Read) -> None:
    """Packages of a poetry.lock are read, including those of a private index."""
    assert without_origins(read("poetry.lock", POETRY)) == RequirementsFile(
        (requested("flask", "3.0.0"), requested("private", "2.0")),
        ("poetry.lock: skipped, not from an index: patched (git), beside (directory)",),
    )


PDM = """
[metadata]
groups = ["default", "dev"]
lock_version = "4.5.0"

[[package]]
name = "requests"
version = "2.31.0"
summary = "Python HTTP for Humans."
groups = ["default"]
dependencies = ["urllib3<3,>=1.21.1"]
files = [{ url = "https://packages.example.com/requests-2.31.0.tar.gz", hash = "sha256:0123" }]

[[package]]
name = "requests"
version = "2.31.0"
extras = ["socks"]
dependencies = ["requests==2.31.0"]

[[package]]
name = "patched"
version = "1.0"
git = "https://example.com/patched.git"
ref = "main"
revision = "0123"

[[package]]
name = "beside"
version = "1.0"
path = "./beside"
editable = true
"""


def test_pdm_lock(read: Read) -> None:
    """Packages of a pdm.lock are read with their extras."""
    assert without_origins(read("pdm.lock", PDM)) == RequirementsFile(
        (requested("requests", "2.31.0"), requested("requests", "2.31.0", "socks")),
        ("pdm.lock: skipped, not from an index: patched (git), beside (path)",),
    )


PIPFILE: dict[str, Any] = {
    "_meta": {
        "hash": {"sha256": "0123"},
        "pipfile-spec": 6,
        "requires": {"python_version": "3.11"},
        "sources": [{"name": "internal", "url": "https://packages.example.com/simple", "verify_ssl": True}],
    },
    "default": {
        "flask": {"hashes": ["sha256:0123"], "index": "internal", "markers": "os_name == 'nt'", "version": "==3.0.0"},
        "requests": {"extras": ["socks"], "version": "===2.31.0"},
        "anything": {"version": "*"},
        "patched": {"git": "https://example.com/patched.git", "ref": "0123"},
        "our-app": {"editable": True, "path": "."},
    },
    "develop": {"pytest": {"version": "==8.0.0"}, "our-app": {"editable": True, "path": "."}},
    "docs": {"Sphinx": {"version": "==7.2.6"}},
}


def test_pipfile_lock(read: Read) -> None:
    """Packages of all categories of a Pipfile.lock are read."""
    assert without_origins(read("Pipfile.lock", json.dumps(PIPFILE))) == RequirementsFile(
        (
            requested("flask", "3.0.0"),
            requested("requests", "2.31.0", "socks"),
            requested("anything"),
            requested("pytest", "8.0.0"),
            requested("sphinx", "7.2.6"),
        ),
        ("Pipfile.lock: skipped, not from an index: patched (git), our-app (path)",),
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [("uv.lock", "version = 1"), ("poetry.lock", "package = []"), ("pdm.lock", ""), ("Pipfile.lock", '{"_meta": {}}')],
)
def test_lock_without_packages_has_no_projects(read: Read, name: str, content: str) -> None:
    """A lock file without packages requests no projects."""
    assert without_origins(read(name, content)) == RequirementsFile()


SHAPE = "does not have the structure of such a file"
LETTERS = "a name has ASCII letters, digits, '.', '-' and '_', and starts and ends with a letter or digit"


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("uv.lock", "[[package]]\nname = \n", 2, "is not valid TOML: Invalid value"),
        ("uv.lock", "package = 1", None, f"{SHAPE}: Expected `array`, got `int` - at `$.package`"),
        ("uv.lock", "[[package]]", None, f"{SHAPE}: Object missing required field `name` - at `$.package[0]`"),
        (
            "uv.lock",
            '[[package]]\nname = "a b"\nsource = {registry = ""}',
            None,
            f"'a b' cannot be a project: {LETTERS}",
        ),
        ("poetry.lock", '[[package]]\nname = ""', None, f"'' cannot be a project: {LETTERS}"),
        ("pdm.lock", '[[package]]\nname = "a"\n[[package]]\n', None, f"{SHAPE}: package 1 has no name"),
        ("pdm.lock", '[[package]]\nname = "../a"', None, f"'../a' cannot be a project: {LETTERS}"),
        ("Pipfile.lock", '{\n"_meta": {}\n]', 3, "is not valid JSON: "),
        ("Pipfile.lock", "", 1, "is not valid JSON: Expecting value"),
        ("Pipfile.lock", "[" * 200_000, None, "is not valid JSON: "),
        ("Pipfile.lock", "[]", None, f"{SHAPE}: Expected `object`, got `array`"),
        ("Pipfile.lock", '{"default": {"a": "*"}}', None, f"{SHAPE}: default.a"),
        ("Pipfile.lock", '{"default": {"a b": {}}}', None, f"'a b' cannot be a project: {LETTERS}"),
        ("pylock.toml", "", None, "is not a valid lock file (PEP 751): Missing required value in lock-version"),
        (
            "pylock.toml",
            'lock-version = "2.0"\ncreated-by = "a"\npackages = []',
            None,
            "is not a valid lock file (PEP 751): pylock version 2.0 is not supported",
        ),
        (
            "pylock.toml",
            PYLOCK.replace("sys_platform ==", "sys_platform !"),
            None,
            "is not a valid lock file (PEP 751): Expected marker operator",
        ),
        (
            "pylock.toml",
            PYLOCK.replace('"our-app"', '"Our App"'),
            None,
            "is not a valid lock file (PEP 751): Name 'Our App' is not normalized in packages[4].name",
        ),
    ],
)
def test_invalid_lock_is_refused(read: Read, name: str, content: str, line: int | None, reason: str) -> None:
    """An invalid lock file is one line with the file's name and, if known, the line number."""
    with pytest.raises(RequirementsError) as caught:
        read(name, content)
    assert (caught.value.file, caught.value.line) == (name, line)
    assert caught.value.reason.startswith(reason)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["pylock.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pyproject.toml"]
)
def test_lock_that_is_not_utf8_is_refused(tmp_path: Path, name: str) -> None:
    """Bytes that are not UTF-8 are an error with their line; a byte order mark is accepted."""
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf\n# caf\xe9")
    with pytest.raises(RequirementsError) as caught:
        read_requirements(tmp_path / name)
    assert caught.value.args == (str(tmp_path / name), 2, "is not valid UTF-8: byte 0xe9")


@pytest.mark.parametrize("name", ["uv.lock", "dev-requirements.txt", "pylock.toml", "requirements.lock"])
def test_missing_lock_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file is an error with its name."""
    with pytest.raises(RequirementsError) as caught:
        read_requirements(tmp_path / name)
    assert caught.value.args == (str(tmp_path / name), None, "cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("pylock.toml", PYLOCK, id="pylock"),
        pytest.param("uv.lock", UV, id="uv"),
        pytest.param("poetry.lock", f"# This file is automatically @generated by Poetry 2.1.3\n{POETRY}", id="poetry"),
        pytest.param("pdm.lock", f"# This file is @generated by PDM.\n{PDM}", id="pdm"),
        pytest.param("Pipfile.lock", json.dumps(PIPFILE), id="pipenv"),
        pytest.param(
            "pyproject.toml", '[project]\nname = "x"\ndependencies = ["flask>=2", "click==8.0"]\n', id="pyproject"
        ),
        pytest.param(
            "requirements.txt", "# [project]\nflask==1.0\nclick>=8 ; python_version > '3'\n", id="requirements"
        ),
        pytest.param("requirements.txt", "", id="empty"),
    ],
)
def test_standard_input(read: Read, name: str, content: str) -> None:
    """A file on standard input is read like the same file with its usual name: its content tells its kind."""
    code = (
        "from pathlib import Path; import msgspec; from source_pypi.selection.files import read_requirements; "
        "print(msgspec.json.encode(read_requirements(Path('-'))).decode())"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, text=True, check=True)
    expected = msgspec.json.encode(read(name, content)).decode().replace(f'"file":"{name}"', '"file":"-"')
    assert json.loads(done.stdout) == json.loads(expected.replace(f'"{name}: ', '"-: ').replace(f'"{name}:', '"-:'))


def test_package_of_paths_is_not_requested(read: Read) -> None:
    """A package of a pylock.toml whose files are all on the machine is not the index's, unless it names an index."""
    path, url = 'path = "NAME-1.0.zip"', 'url = "https://packages.example.com/NAME-1.0.zip"'
    wheel = 'path = "NAME-1.0-py3-none-any.whl"'
    packages = {
        "local": f"sdist = {{ {path}, HASHES }}\nwheels = [{{ {wheel}, HASHES }}]",
        "remote": f"sdist = {{ {url}, HASHES }}",
        "mixed": f"sdist = {{ {url}, HASHES }}\nwheels = [{{ {wheel}, HASHES }}]",
        "named": f'index = "https://packages.example.com/simple"\nsdist = {{ {path}, HASHES }}',
    }
    content = 'lock-version = "1.0"\ncreated-by = "a locker"\n'
    for name, files in packages.items():
        listed = files.replace("NAME", name).replace("HASHES", 'hashes = { sha256 = "0123" }')
        content += f'[[packages]]\nname = "{name}"\nversion = "1.0"\n{listed}\n'
    assert without_origins(read("pylock.toml", content)) == RequirementsFile(
        (requested("remote", "1.0"), requested("mixed", "1.0"), requested("named", "1.0")),
        ("pylock.toml: skipped, not from an index: local (path)",),
    )
