"""pyproject.toml and hatch_build.py: the metadata of the distributions. tests/supply builds them."""

import importlib.util
import os
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
URL = "https://git.example.com/team/source-pypi"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    """hatch_build.py, which is no module of the package."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: Markdown, what it becomes with an address, and without one.
LINKS = {
    "[a](docs/a.md#b)": (f"[a]({URL}/blob/v1/docs/a.md#b)", "a"),
    "![a b](docs/a.png)": (f"![a b]({URL}/raw/v1/docs/a.png)", ""),
    "[![a](b.svg)](c.md)": (f"[![a]({URL}/raw/v1/b.svg)]({URL}/blob/v1/c.md)", ""),
    "[`a`](b.md)": (f"[`a`]({URL}/blob/v1/b.md)", "`a`"),
    '<picture>\n<source srcset="a.svg">\n<img src="b.svg">\n</picture>.': (
        f'<picture>\n<source srcset="{URL}/raw/v1/a.svg">\n<img src="{URL}/raw/v1/b.svg">\n</picture>.',
        ".",
    ),
    '<a href="c.md">': (f'<a href="{URL}/blob/v1/c.md">', '<a href="#">'),
    "[a](https://b.example.com) [c](#d)": ("[a](https://b.example.com) [c](#d)", "[a](https://b.example.com) [c](#d)"),
    "`[a](b)`": ("`[a](b)`", "`[a](b)`"),
    "```python\n[a](b)\n```": ("```python\n[a](b)\n```", "```python\n[a](b)\n```"),
}


@pytest.mark.parametrize("text", LINKS)
def test_links_of_the_description(hook: ModuleType, text: str) -> None:
    """Relative links lead to a revision of the repository; without an address they are text. Code stays."""
    assert (hook.absolute_links(text, URL, "v1"), hook.absolute_links(text, "", "v1")) == LINKS[text]


def test_readme_has_no_relative_link_left(hook: ModuleType) -> None:
    """Every relative link of the README becomes absolute, and leads to a file that exists."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    made = hook.absolute_links(readme, URL, "v1")
    assert re.findall(r"\]\((?!https?:|#)[^)\s]+\)", made) == []
    paths = re.findall(rf"{URL}/(?:blob|raw)/v1/([^)\s#\"]+)", made)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://git.example.com/team/it.git", "https://git.example.com/team/it"),
        ("https://name:token@git.example.com/team/it/", "https://git.example.com/team/it"),
        ("git@git.example.com:team/it.git", "https://git.example.com/team/it"),
        ("ssh://git@git.example.com/team/it.git", "https://git.example.com/team/it"),
        ("/srv/git/it.git", ""),
        (None, ""),
    ],
)
def test_address_is_that_of_the_remote(tmp_path: Path, remote: str | None, url: str) -> None:
    """The address of the repository is that of "origin", without credentials; of a folder there is none."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    if remote is not None:
        subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", remote], check=True)
    (tmp_path / "Makefile").write_text(f"include {ROOT / 'Makefile'}\nshow: ; @echo '$(REPOSITORY)'\n")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["make", "--no-print-directory", "-C", str(tmp_path), "show"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == f"{url}\n"


def test_all_is_every_extra() -> None:
    """The extra ``all`` has every other one."""
    extras = PROJECT["optional-dependencies"]
    (every,) = map(Requirement, extras["all"])
    assert (every.name, every.extras) == (PROJECT["name"], set(extras) - {"all"})


def test_keywords_and_classifiers_are_sorted() -> None:
    """Keywords and classifiers are in order; there is no classifier of a licence, since the expression has it."""
    assert PROJECT["keywords"] == sorted(PROJECT["keywords"])
    assert PROJECT["classifiers"] == sorted(PROJECT["classifiers"])
    assert [one for one in PROJECT["classifiers"] if one.startswith("License ::")] == []
