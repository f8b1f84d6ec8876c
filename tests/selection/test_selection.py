"""Which projects: names in any spelling, pins and extras, each project once, and what is excluded."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.config import Config
from source_pypi.errors import NoProjectsError, ProjectNameError
from source_pypi.selection import Requested, SelectedProject, Selection, merge, select
from source_pypi.selection.names import parse_requested

FORM = "write a name, or name==version"
LETTERS = "a name has ASCII letters, digits, '.', '-' and '_', and begins and ends with a letter or digit"


def target(project: str, *pins: str, unpinned: bool | None = None, extras: tuple[str, ...] = ()) -> SelectedProject:
    """A target; one that has pins was not asked for without, unless it is said."""
    named = frozenset(NormalizedName(extra) for extra in extras)
    return SelectedProject(NormalizedName(project), pins, not pins if unpinned is None else unpinned, named)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flask", target("flask")),
        ("Flask", target("flask")),
        ("  flask\t", target("flask")),
        ("flask\n", target("flask")),
        ("zope.interface", target("zope-interface")),
        ("ruamel.yaml.clib", target("ruamel-yaml-clib")),
        ("Foo__Bar--BAZ..qux", target("foo-bar-baz-qux")),
        ("0-._.-0", target("0-0")),
        ("a", target("a")),
        ("0", target("0")),
        ("2to3", target("2to3")),
        ("none", target("none")),
        ("flask==1.0", target("flask", "1.0")),
        ("Flask == 1.0 ", target("flask", "1.0")),
        ("flask===1.0", target("flask", "1.0")),
        ("flask === 2004d", target("flask", "2004d")),
        ("flask==1!2.0rc1.post3.dev4+local.5", target("flask", "1!2.0rc1.post3.dev4+local.5")),
        ("flask==v1.0-1", target("flask", "v1.0-1")),
        ("zope.interface==5.0", target("zope-interface", "5.0")),
        ("flask[async]", target("flask", extras=("async",))),
        ("flask[Async_IO,dot.env]==3.0", target("flask", "3.0", extras=("async-io", "dot-env"))),
        ("flask [ async , dotenv, ] == 3.0", target("flask", "3.0", extras=("async", "dotenv"))),
        ("flask[]", target("flask")),
        ("flask[ , ]", target("flask")),
    ],
)
def test_names_and_pins(text: str, expected: SelectedProject) -> None:
    """A name in any spelling is normalised, so are extras, and a pin is kept as it is."""
    assert select(Config(projects=(text,))) == Selection((expected,))
    assert select(Config(project_name=text)) == Selection((expected,))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", FORM),
        (" ", FORM),
        ("==1.0", FORM),
        ("[async]", FORM),
        ("flask==", FORM),
        ("flask== ", FORM),
        ("flask=1.0", FORM),
        ("flask= =1.0", FORM),
        ("flask====1.0", FORM),
        ("flask==1.0.*", FORM),
        ("flask==1.0,<2", FORM),
        ("flask==1.0 ==2.0", FORM),
        ("flask>=1.0", FORM),
        ("flask>1.0", FORM),
        ("flask<=1.0", FORM),
        ("flask<1.0", FORM),
        ("flask!=1.0", FORM),
        ("flask~=1.0", FORM),
        ("flask (==1.0)", FORM),
        ("flask==1.0; python_version > '3'", FORM),
        ("flask; python_version > '3'", FORM),
        ("flask @ https://example.com/flask.whl", FORM),
        ("flask[async", FORM),
        ("flask]", FORM),
        ("flask requests", FORM),
        ("flask, requests", FORM),
        ("-flask", LETTERS),
        ("flask-", LETTERS),
        (".flask", LETTERS),
        ("flask_", LETTERS),
        ("-", LETTERS),
        ("--into", LETTERS),
        ("./requirements.txt", LETTERS),
        ("../flask", LETTERS),
        ("flask/json", LETTERS),
        ("https://example.com/flask", LETTERS),
        ("flask%2Fjson", LETTERS),
        ("flask?", LETTERS),
        ("flask#", LETTERS),
        ("flask\x00", LETTERS),
        ("caf\u00e9", LETTERS),
        ("\u0663", LETTERS),
        ("\u017fix", LETTERS),
        ("fl\u00adask", LETTERS),
    ],
)
def test_what_cannot_be_a_project(text: str, reason: str) -> None:
    """A text that cannot be a project is refused as it was written, and told why."""
    for config in (Config(projects=("flask", text)), Config(project_name=text)):
        with pytest.raises(ProjectNameError) as caught:
            select(config)
        assert (caught.value.text, caught.value.reason) == (text, reason)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(project_name="Flask"), (target("flask"),)),
        (Config(project_name="Flask", version="1.0"), (target("flask", "1.0"),)),
        (Config(project_name="flask==1.0"), (target("flask", "1.0"),)),
        (Config(project_name="flask==1.0", version="2.0"), (target("flask", "2.0"),)),
        (Config(project_name="flask", projects=("django",)), (target("flask"), target("django"))),
        (
            Config(project_name="flask", version="1.0", projects=("django==4", "Flask")),
            (target("flask", "1.0", unpinned=True), target("django", "4")),
        ),
        (
            Config(project_name="Zope.Foo", version="1.0", projects=("zope-foo==2.0", "zope_foo==1.0")),
            (target("zope-foo", "1.0", "2.0"),),
        ),
    ],
)
def test_project_name_and_version(config: Config, expected: tuple[SelectedProject, ...]) -> None:
    """The project of 0.2.x's settings comes first, its version a pin, and joins the list of projects."""
    assert select(config) == Selection(expected)


@pytest.mark.parametrize(
    ("projects", "expected"),
    [
        (("b", "a", "c"), (target("b"), target("a"), target("c"))),
        (("a", "A", "a"), (target("a"),)),
        (("a.b", "c", "A-_b", "a_b"), (target("a-b"), target("c"))),
        (("a==1", "b", "a==2", "A==1"), (target("a", "1", "2"), target("b"))),
        (("a==1", "a"), (target("a", "1", unpinned=True),)),
        (("a", "a==1"), (target("a", "1", unpinned=True),)),
        (("a==1.0", "a==1.0.0", "a===1.0"), (target("a", "1.0", "1.0.0"),)),
        (("a-b", "ab", "a_b==1"), (target("a-b", "1", unpinned=True), target("ab"))),
        (("a[x]==1", "b", "A[Y,x]"), (target("a", "1", unpinned=True, extras=("x", "y")), target("b"))),
    ],
)
def test_each_project_once(projects: tuple[str, ...], expected: tuple[SelectedProject, ...]) -> None:
    """A project named twice, in whatever spellings, is one target where it was named first, with each pin once."""
    assert select(Config(projects=projects)) == Selection(expected)


def test_merge_of_nothing() -> None:
    """Nothing asked for gives no targets."""
    assert merge([]) == ()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(projects=("a", "b"), exclude=("A",)), Selection((target("b"),), excluded=("a",))),
        (Config(projects=("foo.bar", "b"), exclude=(" Foo_Bar ",)), Selection((target("b"),), excluded=("foo-bar",))),
        (
            Config(projects=("internal-a", "internal", "x1", "x22"), exclude=("Internal_*", "x?")),
            Selection((target("internal"), target("x22")), excluded=("internal-*", "x?")),
        ),
        (Config(whole_index=True), Selection(whole_index=True)),
        (Config(whole_index=True, exclude=("*",)), Selection(whole_index=True, excluded=("*",))),
        (
            Config(projects=("a",), exclude=("a",), whole_index=True, follow_dependencies=3),
            Selection((), whole_index=True, follow=3, excluded=("a",)),
        ),
    ],
)
def test_what_else_is_chosen(config: Config, expected: Selection) -> None:
    """Excluded names and patterns, in any spelling, are no targets; the whole index needs none."""
    assert select(config) == expected


@pytest.mark.parametrize(
    ("project", "expected"),
    [("foo-bar", True), ("internal-a", True), ("internal", False), ("x1", True), ("x12", False), ("foo", False)],
)
def test_excludes(project: str, expected: bool) -> None:
    """A selection tells of any project, by its normalised name, whether it is excluded."""
    selection = select(Config(projects=("a",), exclude=("Foo.Bar", "internal-*", "x?")))
    assert selection.excludes(project) == expected


def test_merge() -> None:
    """Whatever was asked for of a project, wherever, becomes one target, in the order in which it was first named."""
    name = NormalizedName
    asked = [
        Requested(name("b")),
        Requested(name("a"), "2", frozenset({name("x")})),
        Requested(name("b"), "1"),
        Requested(name("a"), "1"),
    ]
    assert merge(asked) == (target("b", "1", unpinned=True), target("a", "2", "1", extras=("x",)))


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(projects=()),
        Config(releases="all", follow_dependencies=2),
        Config(projects=("a", "A.b"), exclude=("a*",)),
    ],
)
def test_nothing_asked_for(config: Config) -> None:
    """A configuration that names no project, or excludes all that it names, is an error of its own."""
    with pytest.raises(NoProjectsError):
        select(config)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.from_regex(r"[A-Ca-c0-1]([A-Ca-c0-1._-]{0,3}[A-Ca-c0-1])?", fullmatch=True), min_size=1, max_size=8))
def test_any_names(names: list[str]) -> None:
    """Whatever names are asked for, the targets are the normalised names, each once, in their order."""
    expected = tuple(target(name) for name in dict.fromkeys(canonicalize_name(name) for name in names))
    assert select(Config(projects=tuple(names))) == Selection(expected)


@pytest.mark.parametrize(
    "text", [f"a{' ' * 100_000}!", f"a{' ' * 100_000}=", f"a[b]{' ' * 100_000}x", f"a{'[' * 100_000}"]
)
def test_long_names_end_quickly(text: str) -> None:
    """A long run of white space takes no longer to be refused than it is long."""
    began = time.process_time()
    with pytest.raises(ProjectNameError):
        parse_requested(text)
    assert time.process_time() - began < 2
