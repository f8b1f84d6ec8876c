"""The layout of the package: few modules at its root, and the words of the field for what they hold."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "source_pypi"

#: Names that the package once had. CONTRIBUTING.md has the words that replaced them.
REMOVED = frozenset(
    """
    roll Agenda recollection Due tally frontier findings visit visit_project Visit reads Reads repair Oddity mark Mark
    moment record about bounds library pep440 pep508 filenames causes trust transport Patience Pace Unwell fronts
    warehouse ledger reasons handed reading asking carried making expressions ending terminal asked Seen Known Memory
    recall note glance Glance Part Told Target Asked Named Answer Exchange Wait Traffic Place takes place_of Load Noted
    Scope fills_from made_from as_sent PAYS_FROM AT_ONCE TOLD GRACE turns
    """.split()  # noqa: SIM905 - words without quotes are easier to compare with a list
)

#: Most modules at the root, besides those that begin with an underscore.
MOST_AT_ROOT = 8


def defined(tree: ast.Module) -> Iterator[str]:
    """The classes, public functions and methods, and constants of a module; classes without a leading underscore."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name.removeprefix("_")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def sources() -> list[Path]:
    """Every module of the package."""
    return sorted(SOURCE.rglob("*.py"))


def test_few_modules_at_the_root() -> None:
    """At most eight modules stand at the root of the package; everything else has a folder for its subject."""
    modules = sorted(path.stem for path in SOURCE.glob("*.py") if not path.stem.startswith("_"))
    assert len(modules) <= MOST_AT_ROOT, modules


def test_no_module_has_a_removed_name() -> None:
    """No file and no folder carries a name that was replaced by the field's word."""
    found = {part for path in sources() for part in path.relative_to(SOURCE).with_suffix("").parts if part in REMOVED}
    assert found == set()


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_definition_has_a_removed_name(path: Path) -> None:
    """No class, public function, method or constant carries a name that was replaced by the field's word."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert {name for name in defined(tree) if name in REMOVED} == set()


def test_definitions_are_found() -> None:
    """What the tests above look for is found: classes, also private ones, functions, methods and constants."""
    code = "TOLD: int = 1\nAT_ONCE = 2\nclass _Seen:\n    def note(self): ...\nasync def about(): ...\n"
    assert set(defined(ast.parse(code))) == {"TOLD", "AT_ONCE", "Seen", "note", "about"}


def test_every_module_has_a_docstring() -> None:
    """Every module says in its first lines what it is for."""
    silent = [
        path
        for path in sources()
        if path.read_text("utf-8") and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
