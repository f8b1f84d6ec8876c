"""Every error can be made, tells itself in one line, says whose fault it is, and travels."""

import pickle
import re
from typing import Any, get_args

import pytest

from source_pypi import errors
from source_pypi.errors import FailureType, SourceError, tried

ADDRESS = "http://index.test/pypi/flask/json"
INDEX_URL = "is index_url the address of a package index?"

#: The class, what it is made of, and what it says.
ERRORS: list[tuple[str, tuple[Any, ...], str]] = [
    ("SettingError", ("contact", "too long"), "setting 'contact': too long"),
    ("SettingError", ("", "the configuration x.json is no JSON"), "the configuration x.json is no JSON"),
    (
        "NoProjectsError",
        (),
        "no projects named, or all of them excluded: give names (source-pypi sync flask requests) or a file "
        "(-r requirements.txt), or set 'projects' or 'project_name' in the configuration",
    ),
    ("ProjectNameError", ("a b", "write a name"), "'a b' cannot be a project: write a name"),
    ("ProjectNameError", ("a\nb", "write a name"), "'a\\nb' cannot be a project: write a name"),
    (
        "UnknownProjectsError",
        (("flsk", "reqests"), "http://index.test", ("flask", "requests")),
        "not on the index http://index.test: flsk, reqests (the closest that it has: flask, requests)",
    ),
    (
        "UnknownReleaseError",
        ("flask", "1.99", "http://index.test/pypi/flask/1.99/json", ("0.1", "1.9", "1.99", "2.0")),
        "the index has no release document of flask 1.99 (http://index.test/pypi/flask/1.99/json answered 404): "
        "check the version (there are 1.9), or drop the pin to read the latest release",
    ),
    (
        "UnknownStreamError",
        (("file", "x"), ("files", "projects")),
        "no such stream: file, x (there are: files, projects)",
    ),
    ("RequirementsError", ("pylock.toml", None, "it is no TOML"), "pylock.toml: it is no TOML"),
    ("RequirementsError", ("requirements.txt", 3, "no such file"), "requirements.txt:3: no such file"),
    ("ExtraMissingError", ("sbom", "sboms"), "sboms needs the extra: pip install 'source-pypi[sbom]'"),
    ("CatalogError", ("state", "x.json is no JSON"), "the state cannot be read: x.json is no JSON"),
    (
        "StateError",
        ("files", "a newer release wrote it"),
        "the state of files cannot be read: a newer release wrote it; reset the stream (in Airbyte: clear its data; "
        "elsewhere: leave its state out), and it is read from its beginning",
    ),
    (
        "StaleError",
        (ADDRESS, 7, 9),
        f"{ADDRESS} is an old copy (serial 7, 9 was seen before): what was loaded stays, the next run asks again "
        "(if the index was set up anew, reset the state)",
    ),
    (
        "DamagedError",
        (f"{ADDRESS}.metadata", "ab", "cd"),
        f"{ADDRESS}.metadata has the SHA-256 cd, and the index tells ab: "
        "what was loaded stays, the next run asks again",
    ),
    (
        "NotOfferedError",
        ("statistics", "http://index.test/stats/", "answered 404"),
        "this index offers no statistics (http://index.test/stats/ answered 404): "
        "leave the stream out, or read an index that has it",
    ),
    (
        "RefusedError",
        (ADDRESS, 401, ""),
        f"{ADDRESS} answered 401: check index_username and index_password, or where credentials_from has them from",
    ),
    (
        "RefusedError",
        (ADDRESS, 403, "blocked"),
        f"{ADDRESS} answered 403 (blocked): "
        "the index refuses this client: check credentials and network, and slow down",
    ),
    (
        "UntrustedError",
        (ADDRESS, "self-signed certificate"),
        f"{ADDRESS}: the certificate is not trusted (self-signed certificate): "
        "if it is of a company's own CA, name that one's PEM file in ca_bundle; else check index_url",
    ),
    (
        "ProxyError",
        ("http://proxy.test:3128", "wants credentials"),
        "the environment's proxy http://proxy.test:3128 wants credentials",
    ),
    (
        "ProxyError",
        ("", "names no address"),
        "the environment's proxy (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY) names no address",
    ),
    ("DestinationError", ("x.duckdb", "it is locked"), "cannot write x.duckdb: it is locked"),
    (
        "UnreachableError",
        (ADDRESS, "connection refused", 3, 4.25),
        f"{ADDRESS} cannot be reached: connection refused (3 tries in 4.2 s); "
        "check index_url and the network, or try later",
    ),
    ("UnavailableError", (ADDRESS, 503, 1, 0.5, None), f"{ADDRESS} answered 503 (1 try in 0.5 s): try later"),
    (
        "UnavailableError",
        (ADDRESS, 429, 1, 0.0, 3600.0),
        f"{ADDRESS} answered 429 (1 try in 0.0 s, and asks to wait 3600 s): try later",
    ),
    (
        "StoppedError",
        (3, 97),
        "stopped after 3 projects in a row failed; 97 were not asked for: run again when the index is well",
    ),
    ("AnswerError", (ADDRESS, "418"), f"{ADDRESS} answered 418: {INDEX_URL}"),
    ("BugError", ("KeyError",), "something went wrong in source-pypi (KeyError): please report it"),
    (
        "TooLargeError",
        ("files of foo", "1,000,001 rows", "1,000,000"),
        "files of foo: 1,000,001 rows, and no more than 1,000,000 are taken: no package is known to be like that; "
        "leave the project out, or ask the index's operators",
    ),
    (
        "DocumentError",
        (ADDRESS, "a project document", "'<html>'"),
        f"{ADDRESS}: expected a project document, found '<html>': {INDEX_URL}",
    ),
]
MADE = [getattr(errors, name)(*arguments) for name, arguments, _ in ERRORS]

FAULTS: dict[str, FailureType] = {
    "ConfigError": "config_error",
    "TransientError": "transient_error",
    "UnexpectedError": "system_error",
}


def family(root: type[SourceError]) -> set[type[SourceError]]:
    """A class and all below it, as far as this package has them."""
    below = (family(child) for child in root.__subclasses__() if child.__module__ == errors.__name__)
    return {root}.union(*below)


def test_the_table_has_every_error() -> None:
    """Every class that is not a mere branch of the tree is in the table above."""
    branches = {"SourceError", *FAULTS}
    assert {name for name, _, _ in ERRORS} | branches == {one.__name__ for one in family(SourceError)}


def test_the_tree_is_drawn_in_full() -> None:
    """The tree in the module's docstring has every class, in its place below its parent."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    line = re.compile(r"^    ([\u2502\u251c\u2514\u2500 ]*)(\w+Error)\b", re.MULTILINE)
    for indent, name in line.findall(errors.__doc__ or ""):
        depth = len(indent) // 4
        above[depth:] = [name]
        drawn[name] = above[depth - 1] if depth else "Exception"
    classes = {one.__name__: one.__bases__[0].__name__ for one in family(SourceError)}
    assert drawn == classes


@pytest.mark.parametrize(("error", "expected"), [*zip(MADE, (said for _, _, said in ERRORS), strict=True)])
def test_what_an_error_says(error: SourceError, expected: str) -> None:
    """An error says in one line what was asked, what came back and what to do."""
    assert str(error) == expected
    assert len(expected.splitlines()) == 1


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name, arguments, _ in ERRORS])
def test_no_error_has_two_lines(name: str, arguments: tuple[Any, ...]) -> None:
    """Whatever the texts are that an error quotes, it is one line that can be printed."""
    evil = "\x1b[2J\u202e\ud800\r\nerror: forged"
    texts = [evil if isinstance(one, str) else (evil,) if isinstance(one, tuple) else one for one in arguments]
    said = str(getattr(errors, name)(*texts))
    assert said.isprintable()
    assert len(said.encode().splitlines()) == 1


@pytest.mark.parametrize("error", MADE)
def test_whose_fault_it_is(error: SourceError) -> None:
    """An error has one of Airbyte's three failure types: that of its branch."""
    branch = next(one.__name__ for one in type(error).__mro__ if one.__name__ in FAULTS)
    assert error.failure_type == FAULTS[branch]
    assert error.failure_type in get_args(FailureType)


@pytest.mark.parametrize("error", MADE)
def test_an_error_travels(error: SourceError) -> None:
    """An error that was pickled is the same: its class, what it carries, and what it says."""
    travelled = pickle.loads(pickle.dumps(error))
    assert (type(travelled), travelled.args, vars(travelled), str(travelled)) == (
        type(error),
        error.args,
        vars(error),
        str(error),
    )


@pytest.mark.parametrize(("error", "arguments"), [*zip(MADE, (given for _, given, _ in ERRORS), strict=True)])
def test_an_error_carries_what_it_was_made_of(error: SourceError, arguments: tuple[Any, ...]) -> None:
    """Everything that an error was made of is an attribute of it, in the same order."""
    assert tuple(vars(error).values()) == arguments


def test_no_hint() -> None:
    """Where nothing is known that is much like what was asked for, there is no hint."""
    assert str(errors.UnknownProjectsError(["flsk"], "http://index.test")) == (
        "not on the index http://index.test: flsk (check the spelling)"
    )
    assert "check the version, or drop the pin" in str(
        errors.UnknownReleaseError("a", "9", "http://index.test/a", ["1.0"])
    )


def test_lists_are_kept_as_they_were() -> None:
    """An error does not change when the list that it was made of does."""
    names = ["a"]
    error = errors.UnknownProjectsError(names, "http://index.test")
    names.append("b")
    assert error.projects == ("a",)


@pytest.mark.parametrize("name", ["SourceError", *FAULTS])
def test_branches_can_be_made(name: str) -> None:
    """A branch of the tree is an exception like any other."""
    error = getattr(errors, name)("what went wrong")
    assert (str(error), error.failure_type) == ("what went wrong", FAULTS.get(name, "system_error"))


@pytest.mark.parametrize(
    ("tries", "seconds", "expected"),
    [(1, 0.0, "1 try in 0.0 s"), (2, 1.26, "2 tries in 1.3 s"), (6, 120.0, "6 tries in 120.0 s")],
)
def test_tried(tries: int, seconds: float, expected: str) -> None:
    """Tries and seconds are told as one would say them."""
    assert tried(tries, seconds) == expected
