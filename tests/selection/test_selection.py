"""Selected projects: names in any spelling, pins and extras, each project once, and exclusions."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.config import Config
from source_pypi.errors import NoProjectsError, ProjectNameError
from source_pypi.selection import Requested, SelectedProject, Selection, merge, select
from source_pypi.selection.names import BY_COMMAND, parse_requested

FORM = "write a name, or name==version, or a range such as 'name>=1,<2'"
LETTERS = "a name has ASCII letters, digits, '.', '-' and '_', and starts and ends with a letter or digit"


def chosen(config: Config) -> Selection:
    """What a configuration selects, without the requirements that do."""
    return replace(select(config), requested=())


def selected(project: str, *pins: str, unpinned: bool | None = None, extras: tuple[str, ...] = ()) -> SelectedProject:
    """A selected project. With pins, it was not requested unpinned, unless ``unpinned`` says so."""
    named = frozenset(NormalizedName(extra) for extra in extras)
    return SelectedProject(NormalizedName(project), pins, not pins if unpinned is None else unpinned, named)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flask", selected("flask")),
        ("Flask", selected("flask")),
        ("  flask\t", selected("flask")),
        ("flask\n", selected("flask")),
        ("zope.interface", selected("zope-interface")),
        ("ruamel.yaml.clib", selected("ruamel-yaml-clib")),
        ("Foo__Bar--BAZ..qux", selected("foo-bar-baz-qux")),
        ("0-._.-0", selected("0-0")),
        ("a", selected("a")),
        ("0", selected("0")),
        ("2to3", selected("2to3")),
        ("none", selected("none")),
        ("flask==1.0", selected("flask", "1.0")),
        ("Flask == 1.0 ", selected("flask", "1.0")),
        ("flask===1.0", selected("flask", "1.0")),
        ("flask === 2004d", selected("flask", "2004d")),
        ("flask==1!2.0rc1.post3.dev4+local.5", selected("flask", "1!2.0rc1.post3.dev4+local.5")),
        ("flask==v1.0-1", selected("flask", "v1.0-1")),
        ("zope.interface==5.0", selected("zope-interface", "5.0")),
        ("flask[async]", selected("flask", extras=("async",))),
        ("flask[Async_IO,dot.env]==3.0", selected("flask", "3.0", extras=("async-io", "dot-env"))),
        ("flask [ async , dotenv, ] == 3.0", selected("flask", "3.0", extras=("async", "dotenv"))),
        ("flask[]", selected("flask")),
        ("flask[ , ]", selected("flask")),
    ],
)
def test_names_and_extras_are_normalised(text: str, expected: SelectedProject) -> None:
    """Names and extras are normalised; a pin stays as it is."""
    assert chosen(Config(projects=(text,))) == Selection((expected,))
    assert chosen(Config(project_name=text)) == Selection((expected,))


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
        ("flask==1.0 ==2.0", FORM),
        ("flask>=1.0 <2", FORM),
        ("flask>=", FORM),
        ("flask>=old", FORM),
        ("flask>=1.0; python_version > '3'", FORM),
        ("flask (>=1.0)", FORM),
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
def test_invalid_names_are_refused(text: str, reason: str) -> None:
    """An invalid name is refused; the error quotes it and says why."""
    for config in (Config(projects=("flask", text)), Config(project_name=text)):
        with pytest.raises(ProjectNameError) as caught:
            select(config)
        assert (caught.value.text, caught.value.reason) == (text, reason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flask>=2,<3", Requested(NormalizedName("flask"), range="<3,>=2")),
        ("Flask ~= 2.2", Requested(NormalizedName("flask"), range="~=2.2")),
        ("flask!=1.0", Requested(NormalizedName("flask"), range="!=1.0")),
        ("flask==1.*", Requested(NormalizedName("flask"), range="==1.*")),
        (
            "flask[async] >= 2 , < 3",
            Requested(NormalizedName("flask"), None, frozenset({NormalizedName("async")}), range="<3,>=2"),
        ),
        ("flask==1.0,<2", Requested(NormalizedName("flask"), "1.0")),
        ("flask<2,===1.0", Requested(NormalizedName("flask"), "1.0")),
    ],
)
def test_ranges_are_parsed(text: str, expected: Requested) -> None:
    """A name may have a range of versions (PEP 440); a range with an exact version is a pin."""
    assert parse_requested(text) == expected


@pytest.mark.parametrize(
    ("projects", "expected"),
    [
        (("a>=1",), SelectedProject(NormalizedName("a"), unpinned=False, ranges=(">=1",))),
        (("a>=1", "a>=1", "a<2"), SelectedProject(NormalizedName("a"), unpinned=False, ranges=(">=1", "<2"))),
        (("a>=1", "a"), SelectedProject(NormalizedName("a"), ranges=(">=1",))),
        (("a>=1", "a==1"), SelectedProject(NormalizedName("a"), ("1",), unpinned=False, ranges=(">=1",))),
    ],
)
def test_all_ranges_of_a_project_count(projects: tuple[str, ...], expected: SelectedProject) -> None:
    """Pins and ranges of one project all count; the latest release only if it is requested without versions."""
    assert chosen(Config(projects=projects)) == Selection((expected,))


def test_requirements_are_kept_in_their_order() -> None:
    """A selection has every requirement, in its order, with what named it, also one that is excluded."""
    config = Config(project_name="b", projects=("a>=1", "c", "A"), exclude=("c",))
    a, b, c = (NormalizedName(name) for name in "abc")
    assert select(config, by_command=1).requested == (
        Requested(b, named_by="setting project_name"),
        Requested(a, range=">=1"),
        Requested(c, not_read="the setting exclude leaves it out"),
        Requested(a, named_by=BY_COMMAND),
    )


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(project_name="Flask"), (selected("flask"),)),
        (Config(project_name="Flask", version="1.0"), (selected("flask", "1.0"),)),
        (Config(project_name="flask==1.0"), (selected("flask", "1.0"),)),
        (Config(project_name="flask==1.0", version="2.0"), (selected("flask", "2.0"),)),
        (Config(project_name="flask", projects=("django",)), (selected("flask"), selected("django"))),
        (
            Config(project_name="flask", version="1.0", projects=("django==4", "Flask")),
            (selected("flask", "1.0", unpinned=True), selected("django", "4")),
        ),
        (
            Config(project_name="Zope.Foo", version="1.0", projects=("zope-foo==2.0", "zope_foo==1.0")),
            (selected("zope-foo", "1.0", "2.0"),),
        ),
    ],
)
def test_project_name_and_version_come_first(config: Config, expected: tuple[SelectedProject, ...]) -> None:
    """The project of the settings of 0.2.x comes first, pinned to its version, and is merged with the others."""
    assert chosen(config) == Selection(expected)


@pytest.mark.parametrize(
    ("projects", "expected"),
    [
        (("b", "a", "c"), (selected("b"), selected("a"), selected("c"))),
        (("a", "A", "a"), (selected("a"),)),
        (("a.b", "c", "A-_b", "a_b"), (selected("a-b"), selected("c"))),
        (("a==1", "b", "a==2", "A==1"), (selected("a", "1", "2"), selected("b"))),
        (("a==1", "a"), (selected("a", "1", unpinned=True),)),
        (("a", "a==1"), (selected("a", "1", unpinned=True),)),
        (("a==1.0", "a==1.0.0", "a===1.0"), (selected("a", "1.0", "1.0.0"),)),
        (("a-b", "ab", "a_b==1"), (selected("a-b", "1", unpinned=True), selected("ab"))),
        (("a[x]==1", "b", "A[Y,x]"), (selected("a", "1", unpinned=True, extras=("x", "y")), selected("b"))),
    ],
)
def test_project_named_twice_is_selected_once(projects: tuple[str, ...], expected: tuple[SelectedProject, ...]) -> None:
    """A project named twice, in any spelling, is selected once, at its first mention, with each pin once."""
    assert chosen(Config(projects=projects)) == Selection(expected)


def test_merge_of_nothing() -> None:
    """No requested projects give no selected projects."""
    assert merge([]) == ()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(projects=("a", "b"), exclude=("A",)), Selection((selected("b"),), excluded=("a",))),
        (Config(projects=("foo.bar", "b"), exclude=(" Foo_Bar ",)), Selection((selected("b"),), excluded=("foo-bar",))),
        (
            Config(projects=("internal-a", "internal", "x1", "x22"), exclude=("Internal_*", "x?")),
            Selection((selected("internal"), selected("x22")), excluded=("internal-*", "x?")),
        ),
        (Config(whole_index=True), Selection(whole_index=True)),
        (Config(whole_index=True, exclude=("*",)), Selection(whole_index=True, excluded=("*",))),
        (
            Config(projects=("a",), exclude=("a",), whole_index=True, follow_dependencies=3),
            Selection((), whole_index=True, follow=3, excluded=("a",)),
        ),
    ],
)
def test_exclude_and_whole_index(config: Config, expected: Selection) -> None:
    """Excluded names and patterns, in any spelling, are not selected; with the whole index, no name is needed."""
    assert chosen(config) == expected


@pytest.mark.parametrize(
    ("project", "expected"),
    [("foo-bar", True), ("internal-a", True), ("internal", False), ("x1", True), ("x12", False), ("foo", False)],
)
def test_excludes_matches_normalised_names(project: str, expected: bool) -> None:
    """A selection says of any project, by its normalised name, whether it is excluded."""
    selection = chosen(Config(projects=("a",), exclude=("Foo.Bar", "internal-*", "x?")))
    assert selection.excludes(project) == expected


def test_requests_of_one_project_are_merged() -> None:
    """All requests of a project become one selected project, in the order of first mention."""
    name = NormalizedName
    requested = [
        Requested(name("b")),
        Requested(name("a"), "2", frozenset({name("x")})),
        Requested(name("b"), "1"),
        Requested(name("a"), "1"),
    ]
    assert merge(requested) == (selected("b", "1", unpinned=True), selected("a", "2", "1", extras=("x",)))


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(projects=()),
        Config(releases="all", follow_dependencies=2),
        Config(projects=("a", "A.b"), exclude=("a*",)),
    ],
)
def test_selection_without_projects_is_refused(config: Config) -> None:
    """A configuration that selects no project, or excludes all, is an error."""
    with pytest.raises(NoProjectsError):
        select(config)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.from_regex(r"[A-Ca-c0-1]([A-Ca-c0-1._-]{0,3}[A-Ca-c0-1])?", fullmatch=True), min_size=1, max_size=8))
def test_any_names_are_selected_once_in_order(names: list[str]) -> None:
    """For any names, the selected projects are the normalised names, each once, in order."""
    expected = tuple(selected(name) for name in dict.fromkeys(canonicalize_name(name) for name in names))
    assert chosen(Config(projects=tuple(names))) == Selection(expected)


@pytest.mark.parametrize(
    "text", [f"a{' ' * 100_000}!", f"a{' ' * 100_000}=", f"a[b]{' ' * 100_000}x", f"a{'[' * 100_000}"]
)
def test_long_white_space_is_refused_in_linear_time(text: str) -> None:
    """The time to refuse white space is linear in its length."""
    began = time.process_time()
    with pytest.raises(ProjectNameError):
        parse_requested(text)
    assert time.process_time() - began < 2
