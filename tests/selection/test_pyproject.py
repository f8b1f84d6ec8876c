"""pyproject.toml: dependencies, extras and groups, in the standard's tables and in Poetry's."""

from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from source_pypi.errors import RequirementsError
from source_pypi.selection.names import Requested, RequirementsFile, Unnamed
from source_pypi.selection.pyproject import read_pyproject
from tests.selection import reasons, without_origins


def requested(project: str, pin: str | None = None, *extras: str, versions: str = "") -> Requested:
    """A requested project; ``versions``: a range."""
    return Requested(NormalizedName(project), pin, frozenset(map(NormalizedName, extras)), range=versions)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a pyproject.toml in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Path("pyproject.toml")


STANDARD = """
[build-system]
requires = ["hatchling"]

[project]
name = "Our.App"
version = "1.0"
dependencies = [
    "Flask[async]>=3",
    "requests==2.31.0; sys_platform == 'linux'",
    "patched @ git+https://example.com/patched",
    "our-lib",
    "private",
]

[project.optional-dependencies]
speed = ["orjson==3.*"]
all = ["our-app[speed]"]

[dependency-groups]
test = ["pytest", { include-group = "typing" }]
typing = ["mypy==1.8.0"]

[tool.uv.sources]
our-lib = { workspace = true }
private = { index = "internal" }
requests = [{ git = "https://example.com/requests", marker = "sys_platform == 'win32'" }, { index = "internal" }]
"""


def test_standard_tables(path: Path) -> None:
    """Dependencies, extras and groups are read; URLs, sources of uv and the project itself are skipped."""
    path.write_text(STANDARD)
    expected = (
        requested("flask", None, "async", versions=">=3"),
        requested("requests", "2.31.0"),
        requested("private"),
        requested("orjson", versions="==3.*"),
        requested("pytest"),
        requested("mypy", "1.8.0"),
        requested("mypy", "1.8.0"),
    )
    note = "pyproject.toml: skipped, not from an index: patched, our-lib"
    assert without_origins(read_pyproject(path)) == RequirementsFile(expected, (note,))
    reason = "its file has it from elsewhere than an index"
    assert reasons(read_pyproject(path)) == [("patched", None, reason), ("our-lib", None, reason)]


POETRY = """
[tool.poetry]
name = "our-app"

[tool.poetry.dependencies]
python = "^3.11"
Flask = "3.0.0"
click = "==8.1.7"
jinja2 = "^3.1"
celery = { version = "5.3.6", extras = ["redis"], optional = true }
numpy = [{ version = "1.26.4", python = "<3.12" }, { version = ">=2", python = ">=3.12" }]
forked = { git = "https://example.com/forked.git", rev = "main" }
beside = { path = "../beside", develop = true }
any = "*"
six = "1.*"

[tool.poetry.dev-dependencies]
black = "24.1.0"

[tool.poetry.group.docs.dependencies]
sphinx = "~7.2"
"""


def test_poetry_tables(path: Path) -> None:
    """In Poetry's tables, a version without an operator is a pin, and each alternative counts."""
    path.write_text(POETRY)
    expected = (
        requested("flask", "3.0.0"),
        requested("click", "8.1.7"),
        requested("jinja2"),
        requested("celery", "5.3.6", "redis"),
        requested("numpy", "1.26.4"),
        requested("numpy"),
        requested("any"),
        requested("six"),
        requested("black", "24.1.0"),
        requested("sphinx"),
    )
    note = "pyproject.toml: skipped, not from an index: forked, beside"
    assert without_origins(read_pyproject(path)) == RequirementsFile(expected, (note,))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", RequirementsFile()),
        ("[tool.ruff]\nline-length = 120", RequirementsFile()),
        (
            '[project]\nname = "x"\ndynamic = ["version", "dependencies"]',
            RequirementsFile(
                (),
                ("pyproject.toml: skipped, determined by the build: project.dependencies",),
                unnamed=(Unnamed("project.dependencies", "pyproject.toml: determined by the build"),),
            ),
        ),
    ],
)
def test_file_without_dependencies_has_no_projects(path: Path, content: str, expected: RequirementsFile) -> None:
    """A file without dependencies requests no projects; dynamic dependencies are a warning."""
    path.write_text(content)
    assert read_pyproject(path) == expected


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("[project]\nname = \n", 2, "is not valid TOML: Invalid value"),
        ("[project", None, "is not valid TOML: Expected ']' at the end of a table declaration"),
        (
            'project = "x"',
            None,
            "does not have the structure of such a file: Expected `object`, got `str` - at `$.project`",
        ),
        (
            '[project]\ndependencies = "flask"',
            None,
            "does not have the structure of such a file: Expected `array`, got `str` - at `$.project.dependencies`",
        ),
        (
            '[project]\ndependencies = ["fl ask"]',
            None,
            "project.dependencies: 'fl ask' is not a valid requirement: "
            "Expected semicolon (after name with no version specifier) or end",
        ),
        (
            '[project.optional-dependencies]\nx = ["a @ https://user:secret@example.com b"]',
            None,
            "project.optional-dependencies.x: 'a @ https://example.com b' is not a valid requirement: "
            "Expected semicolon (after URL and whitespace) or end",
        ),
        (
            '[dependency-groups]\na = [{ include-group = "b" }]\nb = [{ include-group = "a" }]',
            None,
            "dependency-groups: Cyclic dependency group include while resolving a: ",
        ),
        (
            '[dependency-groups]\na = [{ include-group = "b" }]',
            None,
            "dependency-groups: Dependency group 'b' not found",
        ),
        (
            '[dependency-groups]\na = "b"',
            None,
            "dependency-groups: Dependency group 'a' contained a string rather than a list.",
        ),
        (
            '[dependency-groups]\na = ["=="]',
            None,
            "dependency-groups: '==' is not a valid requirement: "
            "Expected package name at the start of dependency specifier",
        ),
        (f"a = {'[' * 5000}", None, "is not valid TOML: "),
        ("a." * 100_000 + "b = 1", None, "is not valid TOML: a key has more than 100 parts"),
        ("[" + '"a" . ' * 100_000 + "b]", None, "is not valid TOML: a key has more than 100 parts"),
        (
            "[dependency-groups]\n" + "\n".join(f"g{i} = [{{ include-group = 'g{i + 1}' }}]" for i in range(700)),
            None,
            "dependency-groups: ",
        ),
        (
            "[dependency-groups]\n"
            + "\n".join(
                f"g{i} = [{{ include-group = 'g{i + 1}' }}, {{ include-group = 'g{i + 1}' }}]" for i in range(40)
            ),
            None,
            "dependency-groups: more than 100,000 requirements in groups that include each other",
        ),
        (
            f"[project]\ndependencies = ['a; {'(' * 4000}']",
            None,
            "project.dependencies: it is nested too deep",
        ),
        (f"[project]\ndependencies = ['{'a' * 20_000}']", None, "project.dependencies: it has more than 10,000"),
    ],
)
def test_invalid_pyproject_is_refused(path: Path, content: str, line: int | None, reason: str) -> None:
    """An invalid file is one line with the table, or with the line number of the TOML error."""
    path.write_text(content)
    with pytest.raises(RequirementsError) as caught:
        read_pyproject(path)
    assert (caught.value.file, caught.value.line) == ("pyproject.toml", line)
    assert caught.value.reason.startswith(reason)
    assert len(str(caught.value).splitlines()) == 1
