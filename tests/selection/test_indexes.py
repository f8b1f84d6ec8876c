"""From which index a project may be requested: what files name, and what the user chose."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

import source_pypi
from source_pypi.config import make_config
from source_pypi.errors import RequirementsError
from source_pypi.selection import Selection, collect, select
from source_pypi.standards.index_urls import default_url
from tests.fake_index import FakeIndex, World

CORP, MIRROR = "https://corp.example.com/simple", "https://mirror.example.com"
PUBLIC = default_url()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def selected(*files: str, names: tuple[str, ...] = (), **settings: Any) -> Selection:
    """The selection of files in the working directory."""
    return select(make_config({"projects": [*names], **settings}), map(Path, files))


def names_of(selection: Selection) -> list[str]:
    """The selected projects."""
    return [one.project for one in selection.projects]


def lock(name: str, version: str, registry: str) -> str:
    """A package of a uv.lock."""
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "{registry}" }}\n'


UV = lock("secret-lib", "1.0", CORP) + lock("flask", "3.0", PUBLIC)
POETRY = """
[[package]]
name = "flask"
version = "3.0"

[[package]]
name = "secret-lib"
version = "1.0"

[package.source]
type = "legacy"
url = "https://ann:hunter2@corp.example.com/simple"
reference = "corp"
"""
PYLOCK = f"""
lock-version = "1.0"
created-by = "a locker"

[[packages]]
name = "flask"
version = "3.0"
index = "{PUBLIC}"
sdist = {{ url = "https://files.example.com/flask-3.0.tar.gz", hashes = {{ sha256 = "01" }} }}

[[packages]]
name = "secret-lib"
version = "1.0"
index = "{CORP}"
sdist = {{ url = "https://corp.example.com/secret-lib-1.0.tar.gz", hashes = {{ sha256 = "01" }} }}
"""
PIPFILE = json.dumps(
    {
        "_meta": {"sources": [{"name": "public", "url": PUBLIC}, {"name": "corp", "url": CORP}]},
        "default": {
            "flask": {"version": "==3.0", "index": "public"},
            "secret-lib": {"version": "==1.0", "index": "corp"},
        },
    }
)
PYPROJECT_UV = f"""
[project]
name = "app"
dependencies = ["flask==3.0", "secret-lib==1.0"]

[tool.uv.sources]
secret-lib = {{ index = "corp" }}

[[tool.uv.index]]
name = "corp"
url = "{CORP}"
explicit = true
"""
PYPROJECT_POETRY = f"""
[tool.poetry.dependencies]
flask = "3.0"
secret-lib = {{ version = "1.0", source = "Corp" }}

[[tool.poetry.source]]
name = "corp"
url = "{CORP}"
priority = "explicit"
"""
#: Files in which flask is on the public index, or none is named for it, and secret-lib is on CORP.
FILES = {
    "uv.lock": UV,
    "poetry.lock": POETRY,
    "pylock.toml": PYLOCK,
    "Pipfile.lock": PIPFILE,
    "pyproject.toml": PYPROJECT_UV,
    "sub/pyproject.toml": PYPROJECT_POETRY,
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> str:
    """Each of FILES in turn."""
    path = Path(request.param)
    path.parent.mkdir(exist_ok=True)
    path.write_text(FILES[request.param])
    return str(request.param)


def test_project_of_another_index_is_skipped(file: str) -> None:
    """A project that a file has from another index is not requested; one warning says which, why and what to do."""
    selection = selected(file)
    assert names_of(selection) == ["flask"]
    assert selection.elsewhere == {"secret-lib"}
    assert selection.warnings == (
        f"{file}: skipped 1 project (secret-lib): the file has it from {CORP}, this run reads the public index, and "
        f"its name could be private; to read it, use --index-url {CORP} (setting index_url), or --any-index (setting "
        "any_index) to request it from the public index all the same",
    )


@pytest.mark.parametrize("url", [CORP, "http://ann:hunter2@CORP.example.com:80/"])
def test_index_that_the_user_chose(file: str, url: str) -> None:
    """If the file's other index is read, its project is requested there. Where the file names both, flask is not."""
    selection = selected(file, index_url=url)
    names = names_of(selection)
    assert "secret-lib" in names
    assert ("flask" in names) == (Path(file).name == "pyproject.toml")  # which names no index for it
    assert "hunter2" not in "".join(selection.warnings)


def test_mirror_stands_in_for_the_public_index(file: str) -> None:
    """An index that no file names stands in for the public one: public names go there, private names do not."""
    assert names_of(selected(file, index_url=MIRROR)) == ["flask"]


def test_any_index(file: str) -> None:
    """With any_index everything is requested, and nothing is warned of."""
    selection = selected(file, any_index=True)
    assert (sorted(names_of(selection)), selection.warnings) == (["flask", "secret-lib"], ())


def test_name_on_the_command_line_is_requested(file: str) -> None:
    """A project that the user names is requested, whatever a file says of it."""
    assert names_of(selected(file, names=("secret-lib",))) == ["secret-lib", "flask"]


@pytest.mark.parametrize(
    ("options", "title", "advice"),
    [
        (f"-i {CORP}", CORP, CORP),
        (f"--index-url={CORP}", CORP, CORP),
        (f"--index {CORP}", CORP, CORP),
        (f"-i https://ann:hunter2@{CORP[8:]}", CORP, CORP),
        (f"--extra-index-url {CORP}", f"the public index or {CORP}", "URL"),
        (f"-i {CORP}\n--extra-index-url {MIRROR}", f"{CORP} or {MIRROR}", "URL"),
        ("-f ./wheels", "the public index or ./wheels", "URL"),
        ("--find-links https://corp.example.com/w", "the public index or https://corp.example.com/w", "URL"),
        ("--no-index", "no index (--no-index)", "URL"),
        ("--no-index -f wheels", "wheels or no index (--no-index)", "URL"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_options_of_pip(options: str, title: str, advice: str, nested: bool) -> None:
    """Options of pip hold for all files of the command, also in a file that is included, and behind the projects."""
    Path("a.txt").write_text("secret-lib\n-r sub.txt\n" if nested else f"secret-lib\n{options}\n")
    Path("sub.txt").write_text(options)
    Path("b.txt").write_text("other-lib\n")
    with pytest.raises(RequirementsError) as caught:
        selected("a.txt", "b.txt")
    public = "the public index"
    lines = [
        f"{file}: skipped 1 project ({name}): the file has it from {title}, this run reads {public}, and its name "
        f"could be private; to read it, use --index-url {advice} (setting index_url), or --any-index (setting "
        f"any_index) to request it from {public} all the same"
        for file, name in (("a.txt", "secret-lib"), ("b.txt", "other-lib"))
    ]
    assert str(caught.value) == f"a.txt, b.txt: no project is left to request ({'; '.join(lines)})"


@pytest.mark.parametrize(
    ("options", "index", "requested"),
    [
        (f"-i {CORP}", CORP, True),
        (f"-i {CORP}", MIRROR, False),
        (f"-i {CORP}", PUBLIC, False),
        (f"-i {PUBLIC}", PUBLIC, True),
        (f"-i {PUBLIC}", None, True),
        (f"-i {PUBLIC}", MIRROR, True),
        (f"--extra-index-url {CORP}", CORP, True),
        (f"--extra-index-url {CORP}", PUBLIC, True),
        (f"--extra-index-url {CORP}", None, False),
        (f"--extra-index-url {CORP}", MIRROR, False),
        ("--trusted-host corp.example.com", None, True),
        ("-f wheels", PUBLIC, True),
    ],
)
def test_index_of_requirement_files(options: str, index: str | None, requested: bool) -> None:
    """A file with several indexes is requested from one of them, if the user chose it; never from another one."""
    Path("a.txt").write_text(f"{options}\nsecret-lib\n")
    assert names_of(selected("a.txt", names=("flask",), index_url=index)) == (
        ["flask", "secret-lib"] if requested else ["flask"]
    )


def test_setting_with_options_of_pip() -> None:
    """The setting ``requirements`` is read like a file, and its options hold for the files, too."""
    Path("b.txt").write_text("other-lib\n")
    selection = selected("b.txt", names=("flask",), requirements=f"--extra-index-url {CORP}\nsecret-lib")
    assert names_of(selection) == ["flask"]
    assert [one.partition(":")[0] for one in selection.warnings] == ["setting 'requirements'", "b.txt"]


def test_variables_in_the_url_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable in an option is replaced to compare the index, and its value is not shown."""
    monkeypatch.setenv("TOKEN", "hunter2")
    Path("a.txt").write_text("-i https://corp.example.com/${TOKEN}/simple\nsecret-lib\n")
    assert names_of(selected("a.txt", index_url="https://corp.example.com/hunter2")) == ["secret-lib"]
    with pytest.raises(RequirementsError) as caught:
        selected("a.txt")
    assert "https://corp.example.com/${TOKEN}/simple" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_without_an_index_does_not_overrule_one_that_names_it() -> None:
    """A name that one file has from another index is not requested because of a file that names no index."""
    Path("uv.lock").write_text(UV)
    Path("a.txt").write_text("secret-lib==2\nflask==2\n")
    selection = selected("uv.lock", "a.txt")
    assert [(one.project, one.pins) for one in selection.projects] == [("flask", ("3.0", "2"))]


def test_package_of_two_indexes() -> None:
    """Of a package that a lock has from two indexes, for two platforms, only the pin of this index is requested."""
    Path("uv.lock").write_text(lock("torch", "2.1+cu118", CORP) + lock("torch", "2.1", PUBLIC))
    selection = selected("uv.lock")
    assert [(one.project, one.pins) for one in selection.projects] == [("torch", ("2.1",))]
    assert selection.elsewhere == frozenset()


def test_one_warning_for_each_file_and_index() -> None:
    """A warning counts the projects, names the first ones, and does not repeat for each project."""
    packages = [lock(f"lib{number}", "1", CORP) for number in range(7)] + [lock("far", "1", MIRROR)]
    Path("uv.lock").write_text("".join(packages) + lock("flask", "1", PUBLIC))
    begins = [one.partition("):")[0] + ")" for one in selected("uv.lock").warnings]
    assert begins == [
        "uv.lock: skipped 7 projects (lib0, lib1, lib2, lib3, lib4, ...)",
        "uv.lock: skipped 1 project (far)",
    ]


def test_excluded_projects_are_not_warned_of() -> None:
    """A project that is excluded anyway needs no warning."""
    Path("uv.lock").write_text(UV)
    assert selected("uv.lock", exclude=["secret-*"]).warnings == ()


@pytest.mark.parametrize(
    ("tables", "indexes"),
    [
        (f'[[tool.uv.index]]\nname = "c"\nurl = "{CORP}"', [CORP, PUBLIC]),
        (f'[[tool.uv.index]]\nname = "c"\nurl = "{CORP}"\ndefault = true', [CORP]),
        (f'[[tool.uv.index]]\nname = "c"\nurl = "{CORP}"\nexplicit = true', []),
        (f'[tool.uv]\nindex-url = "{CORP}"', [CORP]),
        (f'[tool.uv]\nextra-index-url = ["{CORP}"]', [CORP, PUBLIC]),
        (f'[tool.uv.pip]\nextra-index-url = ["{CORP}"]', [CORP, PUBLIC]),
        ('[tool.uv]\nfind-links = ["./wheels"]', ["./wheels", PUBLIC]),
        ('[tool.uv]\nno-index = true\nfind-links = ["./wheels"]', ["./wheels", "no-index"]),
        (f'[[tool.poetry.source]]\nname = "c"\nurl = "{CORP}"', [CORP]),
        (f'[[tool.poetry.source]]\nname = "c"\nurl = "{CORP}"\npriority = "supplemental"', [CORP, PUBLIC]),
        (f'[[tool.poetry.source]]\nname = "c"\nurl = "{CORP}"\npriority = "explicit"', []),
        (f'[[tool.poetry.source]]\nname = "PyPI"\n[[tool.poetry.source]]\nname = "c"\nurl = "{CORP}"', [PUBLIC, CORP]),
        (f'[[tool.pdm.source]]\nname = "c"\nurl = "{CORP}"', [CORP, PUBLIC]),
        (f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{CORP}"', [CORP]),
        ("[tool.uv]\nindex = 1\nsources = { a = 1 }\n[tool.pdm]\nsource = 'x'", []),
    ],
)
def test_indexes_of_a_pyproject(tables: str, indexes: list[str]) -> None:
    """A dependency without a source is on any index that the tool searches, in the tables of uv, Poetry and PDM."""
    Path("pyproject.toml").write_text(f'{tables}\n[project]\nname = "app"\ndependencies = ["secret-lib"]\n')
    (requested,) = collect(make_config({}), [Path("pyproject.toml")]).requested
    assert requested.origin is not None
    assert [index.url for index in requested.origin.indexes] == indexes


def test_index_whose_url_a_pyproject_does_not_have() -> None:
    """An index by a name that only the root of a workspace explains is another index."""
    Path("pyproject.toml").write_text(
        '[project]\nname = "app"\ndependencies = ["flask", "lib"]\n[tool.uv.sources]\nlib = { index = "corp" }\n'
    )
    selection = selected("pyproject.toml")
    assert names_of(selection) == ["flask"]
    assert "the file has it from index 'corp', " in selection.warnings[0]


def test_pdm_lock_has_the_indexes_of_its_pyproject() -> None:
    """The packages of a pdm.lock are on the sources of the pyproject.toml beside it."""
    Path("pdm.lock").write_text('[[package]]\nname = "secret-lib"\nversion = "1.0"\n')
    assert names_of(selected("pdm.lock")) == ["secret-lib"]
    Path("pyproject.toml").write_text(f'[[tool.pdm.source]]\nname = "corp"\nurl = "{CORP}"\n')
    assert names_of(selected("pdm.lock", names=("flask",))) == ["flask"]
    assert names_of(selected("pdm.lock", index_url=CORP)) == ["secret-lib"]


def test_packages_of_a_pipfile_lock_without_an_index() -> None:
    """A package without an index may be on any source of the Pipfile.lock."""
    content = json.loads(PIPFILE)
    content["default"] = {"secret-lib": {"version": "==1.0"}, "flask": {"version": "==3.0", "index": "public"}}
    Path("Pipfile.lock").write_text(json.dumps(content))
    assert names_of(selected("Pipfile.lock")) == ["flask"]
    assert names_of(selected("Pipfile.lock", index_url=CORP)) == ["secret-lib"]


def test_where_projects_are_requested() -> None:
    """Each requested project has its file, line, versions, marker and indexes, for a table of pins."""
    Path("uv.lock").write_text("version = 1\n" + UV)
    Path("a.txt").write_text('# first\nflask[async]>=1,<2 ; python_version < "3.9"\n-c c.txt\nclick\n')
    Path("c.txt").write_text("click==8\n")
    found = collect(make_config({"projects": ["six"]}), [Path("uv.lock"), Path("a.txt")]).requested
    assert [
        (one.project, one.pin, sorted(one.extras))
        + (
            (None,)
            if one.origin is None
            else (
                one.origin.file,
                one.origin.line,
                one.origin.specifier,
                one.origin.marker,
                [i.url for i in one.origin.indexes],
            )
        )
        for one in found
    ] == [
        ("six", None, [], None),
        ("secret-lib", "1.0", [], "uv.lock", 2, "==1.0", None, [CORP]),
        ("flask", "3.0", [], "uv.lock", 6, "==3.0", None, [PUBLIC]),
        ("flask", None, ["async"], "a.txt", 2, "<2,>=1", 'python_version < "3.9"', []),
        ("click", "8", [], "a.txt", 4, None, None, []),
    ]


def test_private_names_are_not_followed(world: World, fake: FakeIndex) -> None:
    """A project that a file has from another index is not requested as a dependency either."""
    world.add("flask", releases=["3.0"], requires_dist=["secret-lib", "click"])
    world.add("click")
    requirements = "flask\nclick"
    Path("uv.lock").write_text(lock("secret-lib", "1.0", CORP))
    settings = {"index_url": fake.url, "follow_dependencies": 2, "requirements": requirements}
    from source_pypi.opening import open_run
    from source_pypi.streams import choose_streams

    run = open_run(make_config(settings), choose_streams(["projects"]), files=[Path("uv.lock")])
    assert [batch.project for batch in run.batches() if batch.project] == ["flask", "click"]
    assert {request.path for request in fake.requests} == {"/pypi/flask/json", "/pypi/click/json"}


def test_library_logs_what_is_skipped(
    world: World, fake: FakeIndex, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library logs which projects are skipped, and that the environment names another index."""
    world.add("flask")
    monkeypatch.setenv("UV_INDEX", CORP)
    with caplog.at_level(logging.WARNING, "source_pypi"):
        rows = source_pypi.read(
            "projects", ["flask"], index_url=fake.url, requirements=f"-i {CORP}\nsecret-lib", requests_per_second=0
        )
        assert [row.project for row in rows] == ["flask"]
    notes = [record.getMessage() for record in caplog.records]
    assert len(notes) == 2
    assert notes[0].endswith(
        f"but the environment also names {CORP} (UV_INDEX); to use it: --index-url, or --index-from environment"
    )
    assert notes[1].startswith("setting 'requirements': skipped 1 project (secret-lib): ")
    assert fake.counts == {"/pypi/flask/json": 1}
