"""A project document with any fields missing, null or of a wrong type is read and gives rows."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_pypi.services.index.documents import (
    Project,
)
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments
from tests.services.index.documents.samples import open_project

#: The keys of index-api.md 4. A text names the kind of a value, a list has items of one kind, and the values of an
#: object with the key ``...`` are of one kind.
TEXT, COUNT, YES, WHEN, EITHER = "text", "number", "bool", "time", "bool or object"
FILE: dict[str, Any] = {
    **dict.fromkeys(("filename", "packagetype", "python_version", "url", "md5_digest", "requires_python"), TEXT),
    **dict.fromkeys(("yanked_reason", "comment_text"), TEXT),
    **dict.fromkeys(("size", "downloads"), COUNT),
    **dict.fromkeys(("yanked", "has_sig"), YES),
    **dict.fromkeys(("upload_time", "upload_time_iso_8601"), WHEN),
    "digests": {"md5": TEXT, "sha256": TEXT, "blake2b_256": TEXT},
    "core-metadata": EITHER,
}
INFO: dict[str, Any] = {
    **dict.fromkeys(("name", "version", "summary", "description", "description_content_type", "keywords"), TEXT),
    **dict.fromkeys(("license", "license_expression", "author", "author_email", "maintainer"), TEXT),
    **dict.fromkeys(("maintainer_email", "requires_python", "platform", "home_page", "download_url"), TEXT),
    **dict.fromkeys(("docs_url", "bugtrack_url", "project_url", "package_url", "release_url"), TEXT),
    **{name: [TEXT] for name in ("license_files", "classifiers", "requires_dist", "provides_extra", "dynamic")},
    "yanked_reason": TEXT,
    "yanked": YES,
    "downloads": {"last_day": COUNT, "last_week": COUNT, "last_month": COUNT},
    "project_urls": {...: TEXT},
}
ADVISORY: dict[str, Any] = {
    **dict.fromkeys(("id", "source", "link", "details", "summary"), TEXT),
    "withdrawn": WHEN,
    "aliases": [TEXT],
    "fixed_in": [TEXT],
}
DOCUMENT: dict[str, Any] = {
    "info": INFO,
    "last_serial": COUNT,
    "ownership": {"roles": [{"role": TEXT, "user": TEXT}], "organization": TEXT},
    "urls": [FILE],
    "vulnerabilities": [ADVISORY],
    "releases": {...: [FILE]},
}

VALUES: dict[str, Any] = {TEXT: "a", COUNT: 5, YES: True, WHEN: "2024-01-02T03:04:05Z", EITHER: {"sha256": "a"}}


def complete(kind: Any) -> Any:
    """A value of this kind, with every key."""
    if isinstance(kind, list):
        return [complete(kind[0]), complete(kind[0])]
    if isinstance(kind, dict):
        keys: dict[str, Any] = {"1.0": kind[...], "x": kind[...]} if ... in kind else kind
        return {key: complete(inner) for key, inner in keys.items()}
    return VALUES[kind]


Path = tuple[str | int, ...]


def paths(kind: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every path in ``complete(kind)``, and the kind of its value."""
    if isinstance(kind, list):
        yield path, "list"
        for number in range(2):
            yield from paths(kind[0], (*path, number))
    elif isinstance(kind, dict):
        yield path, "object"
        for key, inner in ({"1.0": kind[...], "x": kind[...]} if ... in kind else kind).items():
            yield from paths(inner, (*path, key))
    else:
        yield path, kind


COMPLETE = complete(DOCUMENT)
#: Every path except the document itself and ``info``, without which it is another document.
PATHS = [(path, kind) for path, kind in paths(DOCUMENT) if path not in ((), ("info",))]
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | FLOATS | LETTERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3),
    max_leaves=5,
)
WRONG: dict[str, st.SearchStrategy[Any]] = {
    "text": LETTERS.filter(lambda text: not text.startswith("2024")),
    "number": st.integers(-(2**63), 2**63 - 1),
    "large": st.sampled_from([2**63, -(2**63) - 1, 10**30]),
    "float": FLOATS,
    "bool": st.booleans(),
    "list": st.lists(JSON, max_size=2),
    "object": st.dictionaries(LETTERS, JSON, max_size=2),
}
#: Other forms of a value that are read.
READ_ALL_THE_SAME = {"size": ("text", "float"), "yanked": ("text",)}
MISSING = object()


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[Path, str, Any]]:
    """Changes of a document: each a path, what happens (missing, null, wrong), and the wrong value."""
    drawn = draw(st.lists(st.sampled_from(PATHS), max_size=12, unique_by=lambda pair: pair[0]))
    made: list[tuple[Path, str, Any]] = []
    for path, kind in drawn:
        if any(path[: len(done)] == done or done[: len(path)] == path for done, _, _ in made):
            continue
        what = draw(st.sampled_from(["missing", "null", "wrong", "wrong"]))
        read = READ_ALL_THE_SAME.get(str(path[-1]), ())
        kinds = [name for name in WRONG if name not in (*kind.split(" or "), *read)]
        value = draw(WRONG[draw(st.sampled_from(kinds))]) if what == "wrong" else None
        made.append((path, what, value))
    return made


def put(tree: Any, path: Path, value: Any) -> None:
    """Put a value at a path."""
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value


def without_missing(tree: Any) -> Any:
    """A tree without its missing values."""
    if isinstance(tree, dict):
        return {key: without_missing(value) for key, value in tree.items() if value is not MISSING}
    if isinstance(tree, list):
        return [without_missing(value) for value in tree if value is not MISSING]
    return tree


def test_complete_document_is_valid() -> None:
    """The document that is changed below has no invalid fields, and every key of the types."""
    document = open_project(COMPLETE)
    assert (document.content, document.invalid_fields) == (msgspec.convert(COMPLETE, Project), ())
    assert msgspec.to_builtins(document.content).keys() == COMPLETE.keys()
    assert msgspec.to_builtins(document.content.info).keys() == INFO.keys()
    assert [msgspec.to_builtins(file).keys() for file in document.content.urls or ()] == [FILE.keys()] * 2


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=400)
@given(
    changed=changes(),
    key=LETTERS,
    value=JSON,
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_any_invalid_document_gives_rows(
    *,
    changed: list[tuple[Path, str, Any]],
    key: str,
    value: Any,
    ascii_only: bool,
    indent: int | None,
    mark: bytes,
) -> None:
    """A document with any fields missing, null or wrong gives rows; wrong fields are null and reported."""
    sent, expected = copy.deepcopy(COMPLETE), copy.deepcopy(COMPLETE)
    wrong = 0
    for path, change, instead in changed:
        member = isinstance(path[-1], int)
        put(sent, path, {"missing": MISSING, "null": None, "wrong": instead}[change])
        put(expected, path, MISSING if member or change == "missing" else None)
        wrong += change == "wrong" or (change == "null" and member)
    unknown = f"x-{key}"
    for tree in (sent, expected):
        tree[unknown] = tree["info"][unknown] = value
    body = mark + json.dumps(without_missing(sent), ensure_ascii=ascii_only, indent=indent).encode()

    document = open_project(body)

    assert b"\n" not in document.body
    assert json.loads(document.body) == without_missing(expected)
    assert document.content == msgspec.convert(without_missing(expected), Project)
    assert len(document.invalid_fields) == wrong
    rows = {
        stream.name: list(stream.rows(ProjectDocuments(project="foo", document=document)))
        for stream in choose_streams(None)
    }
    assert len(rows["projects"]) == 1
    assert len(rows["versions"]) == len(document.content.listed())
    for made in rows.values():
        msgspec.json.encode(made)
