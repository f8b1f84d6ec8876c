"""Every error has a message of one line, a failure type and its fields, and can be pickled."""

import pickle
import re
from typing import Any, get_args

import pytest

from source_pypi import errors
from source_pypi.errors import FailureType, SourceError

URL = "http://index.test/pypi/flask/json"
INDEX_URL = "is index_url the address of a package index?"

#: The class, the arguments of its constructor, and its message.
ERRORS: list[tuple[str, tuple[Any, ...], str]] = [
    ("SettingError", ("contact", "too long"), "setting 'contact': too long"),
    ("SettingError", ("", "the configuration x.json is no JSON"), "the configuration x.json is no JSON"),
    (
        "NoProjectsError",
        (),
        "no projects named, or all of them excluded: give names (flask requests) or a file "
        "(-r requirements.txt), or set 'projects' or 'project_name' in the configuration",
    ),
    ("ProjectNameError", ("a b", "write a name"), "'a b' cannot be a project: write a name"),
    ("ProjectNameError", ("a\nb", "write a name"), "'a\\nb' cannot be a project: write a name"),
    (
        "UnknownProjectsError",
        (("flsk", "reqests"), "http://index.test", ("flask", "requests")),
        "not on the index http://index.test: flsk, reqests (similar names there: flask, requests)",
    ),
    (
        "UnknownReleaseError",
        ("flask", "1.99", "http://index.test/pypi/flask/1.99/json", ("0.1", "1.9", "1.99", "2.0"), "answered 404"),
        "the index has no release document of flask 1.99 (http://index.test/pypi/flask/1.99/json answered 404): "
        "check the version (similar: 1.9), or drop the pin to read the latest release",
    ),
    (
        "ShortListError",
        (URL, 1_000, 750_000),
        f"the list of projects of {URL} has 1,000 projects and had 750,000; its rows stay: check index_url and the "
        "credentials; if the projects are gone, run again with --accept-deletions (setting accept_deletions: true)",
    ),
    (
        "MassDeletionError",
        ("http://index.test", ("a", "b", "c", "d", "e"), 20),
        "5 of 20 known projects are no longer on the index http://index.test (a, b, c, ...); nothing was deleted: "
        "check index_url and the credentials; if the projects are gone, run again with --accept-deletions (setting "
        "accept_deletions: true)",
    ),
    (
        "UnconfirmedDeletionError",
        ("http://index.test", ("a",)),
        "the index http://index.test answered nothing but 404 for 1 project that it had before (a); nothing was "
        "deleted: check index_url and the credentials",
    ),
    (
        "UnknownStreamError",
        (("file", "x"), ("files", "projects"), ""),
        "no such stream: file, x (did you mean files?; available: files, projects)",
    ),
    (
        "UnknownStreamError",
        (("all",), ("files", "projects"), "read one"),
        "no such stream: all (read one; available: files, projects)",
    ),
    ("RequirementsError", ("pylock.toml", None, "it is no TOML"), "pylock.toml: it is no TOML"),
    ("RequirementsError", ("requirements.txt", 3, "no such file"), "requirements.txt:3: no such file"),
    ("ExtraMissingError", ("sbom", "sboms"), "sboms needs the extra: pip install 'source-pypi[sbom]'"),
    ("LibraryMissingError", ("polars", "to_polars"), "to_polars needs polars: pip install polars"),
    (
        "RowsTakenError",
        (),
        "rows were taken by iteration, and not kept: read them again, or take them as Arrow or a data frame first",
    ),
    (
        "RowsMissingError",
        ("the reader is closed",),
        "rows are missing, because the reader is closed: read them again",
    ),
    ("CatalogError", ("state", "x.json is no JSON"), "the state cannot be read: x.json is no JSON"),
    (
        "StateError",
        ("x.duckdb", "a row was changed", "delete it", "read"),
        "the state of x.duckdb cannot be read: a row was changed; delete it",
    ),
    (
        "StateError",
        ("x/state.json", "No such file or directory", "name another file", "written"),
        "the state of x/state.json cannot be written: No such file or directory; name another file",
    ),
    (
        "StaleError",
        (URL, 7, 9),
        f"{URL} is an old copy (serial 7, previously 9): loaded rows stay, and the next run tries again "
        "(a full check accepts it if the project's page agrees)",
    ),
    (
        "DamagedError",
        (f"{URL}.metadata", "ab", "cd"),
        f"{URL}.metadata has the SHA-256 cd, but the index lists ab: loaded rows stay, and the next run tries again",
    ),
    (
        "NotOfferedError",
        ("statistics", "http://index.test/stats/", "answered 404", "", False),
        "this index offers no statistics (http://index.test/stats/ answered 404): "
        "leave the stream out, or read an index that has it",
    ),
    (
        "RefusedError",
        (URL, 401, "", False),
        f"{URL} answered 401: check index_username and index_password, or the source that credentials_from names; "
        "nothing was read",
    ),
    (
        "RefusedError",
        (URL, 403, "blocked", True),
        f"{URL} answered 403 (blocked): "
        "the index refuses this client: check credentials and network, or lower the request rate",
    ),
    (
        "UntrustedError",
        (URL, "self-signed certificate"),
        f"{URL}: the certificate is not trusted (self-signed certificate): "
        "if a private CA issued it, set ca_bundle to the PEM file of that CA; otherwise check index_url",
    ),
    (
        "ProxyError",
        ("http://proxy.test:3128", "requires credentials"),
        "the environment's proxy http://proxy.test:3128 requires credentials",
    ),
    (
        "ProxyError",
        ("", "is not a URL"),
        "the environment's proxy (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY) is not a URL",
    ),
    ("DestinationError", ("x.duckdb", "it is locked"), "cannot write x.duckdb: it is locked"),
    ("QueryError", ("SQL, line 1, column 8: no such column",), "SQL, line 1, column 8: no such column"),
    (
        "UnreachableError",
        (URL, "connection refused", 3, 4.25, True),
        f"{URL} cannot be reached: connection refused (3 tries in 4.2 s); "
        "check index_url and the network, or try later",
    ),
    ("UnavailableError", (URL, 503, 1, 0.5, None), f"{URL} answered 503 (1 try in 0.5 s): try later"),
    (
        "UnavailableError",
        (URL, 429, 1, 0.0, 3600.0),
        f"{URL} answered 429 (1 try in 0.0 s, and asks to wait 3600 s): try later",
    ),
    (
        "StoppedError",
        (3, 97),
        "stopped after 3 projects in a row failed; 97 more were not read: run again when the index has recovered",
    ),
    ("ResponseError", (URL, "418"), f"{URL} answered 418: {INDEX_URL}"),
    ("ResponseError", ("file:///srv/flask", "half a file"), "file:///srv/flask answered half a file"),
    ("DocumentError", ("file:///srv/flask", "a page", "'{'"), "file:///srv/flask: expected a page, found '{'"),
    ("BugError", ("KeyError",), "something went wrong in source-pypi (KeyError): please report it"),
    (
        "TooLargeError",
        ("files of foo", "1,000,001 rows", "1,000,000"),
        "files of foo: 1,000,001 rows exceed the limit of 1,000,000; exclude this project, or report it to the index's "
        "operators",
    ),
    (
        "DocumentError",
        (URL, "a project document", "'<html>'"),
        f"{URL}: expected a project document, found '<html>': {INDEX_URL}",
    ),
    (
        "ServiceError",
        ("http://stats.test", "answered 503 (7 tries in 63.0 s)", "downloads_url"),
        "http://stats.test answered 503 (7 tries in 63.0 s): try later, or check downloads_url",
    ),
    (
        "ServiceRefusedError",
        ("http://stats.test", "answered 403", "downloads_url"),
        "http://stats.test answered 403: check downloads_url",
    ),
    (
        "ServiceDocumentError",
        ("http://stats.test", "a list", "'<html>'", "downloads_url"),
        "http://stats.test: expected a list, found '<html>': check downloads_url",
    ),
]
ERRORS.append(
    (
        "ChecksumError",
        ("http://osv.test/all.zip", "AAAA==", "BBBB=="),
        "http://osv.test/all.zip has the MD5 BBBB==, but its header says AAAA==: try later",
    )
)
CREATED = [getattr(errors, name)(*arguments) for name, arguments, _ in ERRORS]

FAILURE_TYPES: dict[str, FailureType] = {
    "ConfigError": "config_error",
    "TransientError": "transient_error",
    "UnexpectedError": "system_error",
}


def family(root: type[SourceError]) -> set[type[SourceError]]:
    """A class and all its descendants in this package."""
    descendants = (family(child) for child in root.__subclasses__() if child.__module__ == errors.__name__)
    return {root}.union(*descendants)


def test_the_table_lists_every_error() -> None:
    """Every class but the branches of the tree is in the table above."""
    branches = {"SourceError", *FAILURE_TYPES}
    assert {name for name, _, _ in ERRORS} | branches == {one.__name__ for one in family(SourceError)}


def test_the_docstring_shows_the_whole_tree() -> None:
    """The tree in the module's docstring has every class, below its parent."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    line = re.compile(r"^    ([\u2502\u251c\u2514\u2500 ]*)(\w+Error)\b", re.MULTILINE)
    for indent, name in line.findall(errors.__doc__ or ""):
        depth = len(indent) // 4
        above[depth:] = [name]
        drawn[name] = above[depth - 1] if depth else "Exception"
    classes = {one.__name__: one.__bases__[0].__name__ for one in family(SourceError)}
    assert drawn == classes


@pytest.mark.parametrize(("error", "expected"), [*zip(CREATED, (message for _, _, message in ERRORS), strict=True)])
def test_message_says_what_happened_and_what_to_do(error: SourceError, expected: str) -> None:
    """The message says in one line what was requested, what came back and what to do."""
    assert str(error) == expected
    assert len(expected.splitlines()) == 1


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name, arguments, _ in ERRORS])
def test_message_is_one_printable_line_whatever_it_quotes(name: str, arguments: tuple[Any, ...]) -> None:
    """The message is one printable line, whatever texts it quotes."""
    hostile = "\x1b[2J\u202e\ud800\r\nerror: forged"
    texts = [hostile if isinstance(one, str) else (hostile,) if isinstance(one, tuple) else one for one in arguments]
    message = str(getattr(errors, name)(*texts))
    assert message.isprintable()
    assert len(message.encode().splitlines()) == 1


@pytest.mark.parametrize("error", CREATED)
def test_failure_type_is_that_of_the_branch(error: SourceError) -> None:
    """An error has the failure type of its branch, which is one of Airbyte's three."""
    branch = next(one.__name__ for one in type(error).__mro__ if one.__name__ in FAILURE_TYPES)
    assert error.failure_type == FAILURE_TYPES[branch]
    assert error.failure_type in get_args(FailureType)


@pytest.mark.parametrize("error", CREATED)
def test_pickled_error_is_the_same(error: SourceError) -> None:
    """Pickling keeps the class, the fields, ``args`` and the message."""
    unpickled = pickle.loads(pickle.dumps(error))
    assert (type(unpickled), unpickled.args, vars(unpickled), str(unpickled)) == (
        type(error),
        error.args,
        vars(error),
        str(error),
    )


@pytest.mark.parametrize(
    ("error", "arguments"), [*zip(CREATED, (arguments for _, arguments, _ in ERRORS), strict=True)]
)
def test_arguments_are_fields_and_args(error: SourceError, arguments: tuple[Any, ...]) -> None:
    """Each argument of the constructor is a field and a part of ``args``, in the same order."""
    assert tuple(vars(error).values()) == error.args == arguments


def test_defaults_are_part_of_args() -> None:
    """A field that was not given has its default in ``args``; a keyword is as good as a position."""
    error = errors.NotOfferedError(url="http://index.test/stats/", what="statistics")
    assert error.args == ("statistics", "http://index.test/stats/", "answered 404", "", False)
    assert repr(error) == ("NotOfferedError('statistics', 'http://index.test/stats/', 'answered 404', '', False)")


def test_default_remedy_of_state() -> None:
    """Where nothing else is known, the error about a stream's state says how to reset it."""
    assert str(errors.StateError("files", "a newer release wrote it")) == (
        "the state of files cannot be read: a newer release wrote it; reset the stream to read it in full (in Airbyte: "
        "clear its data; elsewhere: omit its state)"
    )


def test_errors_are_compared_by_identity() -> None:
    """Two errors with the same fields are different, and can be keys of a dictionary."""
    one, other = errors.BugError("KeyError"), errors.BugError("KeyError")
    assert len({one, other}) == 2


def test_no_hint_without_similar_names() -> None:
    """A message without a similar name says what to check."""
    assert str(errors.UnknownProjectsError(["flsk"], "http://index.test")) == (
        "not on the index http://index.test: flsk (check the spelling and index_url)"
    )
    assert "check the version, or drop the pin" in str(
        errors.UnknownReleaseError("a", "9", "http://index.test/a", ["1.0"])
    )


def test_lists_are_copied() -> None:
    """An error does not change when the list that it was given does."""
    names = ["a"]
    error = errors.UnknownProjectsError(names, "http://index.test")
    names.append("b")
    assert error.projects == ("a",)
