"""Unusual texts, which are loaded unchanged."""

from pathlib import Path
from typing import Any

import pytest

from source_pypi.streams import choose_streams
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.sync.helpers import counts, read
from tests.test_hard_cases import OF_PROJECT, Connect, load, query, rows_of

#: What no table may lose: it is in a text, in a label, in a name.
ODD_TEXTS = {
    "control characters": "a\x07\x1b[31m\x7f\x85b",
    "NUL": "a\x00b\x00",
    "right to left": "\u202e\u05d0\u05d1\u05d2\u202c \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "beyond the plane": "\U0001f40d\U000e0001",
    "noncharacters": "\ufffe\uffff",
    "lines": "a\r\nb\u2028c\u2029d\x0be",
    "quotes": "\\ \" ' ` $1 %s {0}",
    "combining": "e\u0301 vs \u00e9",
}


@pytest.mark.parametrize("nothing", [None, "", "UNKNOWN"])
def test_empty_and_unknown_texts_are_null(world: World, fake: FakeIndex, connect: Connect, nothing: str | None) -> None:
    """Null, an empty text and UNKNOWN are null in flat rows and unchanged in raw documents."""
    fields = ("summary", "author", "author_email", "license", "home_page", "keywords", "requires_python")
    info: dict[str, Any] = dict.fromkeys(fields, nothing)
    world.add("foo", **info)
    (batch,) = read(connect(fake), ["foo"], OF_PROJECT)
    assert rows_of(batch, "projects", *fields) == [(None,) * len(fields)]
    assert counts(batch)["urls"] == 0
    (document,) = rows_in(batch)["project"]
    assert {field: document["info"][field] for field in fields} == info


def test_long_licence_is_loaded_whole(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path) -> None:
    """A licence of a hundred thousand characters is loaded whole."""
    licence = "Permission is hereby granted,\r\n\tfree of charge \u2014 \n" * 2000
    world.add("foo", license=licence)
    streams = choose_streams(["projects", "project"])
    load(tmp_path / "x.duckdb", streams, list(read(connect(fake), ["foo"], streams)))
    assert query(tmp_path / "x.duckdb", "select license from projects") == [(licence,)]
    assert query(tmp_path / "x.duckdb", "select info ->> 'license' from project") == [(licence,)]


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_unusual_characters_are_kept(
    world: World, fake: FakeIndex, connect: Connect, tmp_path: Path, text: str
) -> None:
    """Any characters are loaded unchanged: in a text, a list, a label, a key."""
    world.add("foo", summary=text, classifiers=[text], project_urls={text: text}, requires_dist=[f"bar; {text}"])
    world.add_advisory("foo", "1.0", text)
    streams = choose_streams(["projects", "classifiers", "urls", "dependencies", "vulnerabilities"])
    (batch,) = read(connect(fake), ["foo"], streams)
    path = tmp_path / "x.duckdb"
    load(path, streams, [batch])
    assert query(path, "select summary, classifiers from projects") == [(text, [text])]
    assert query(path, "select classifier from classifiers") == [(text,)]
    assert query(path, "select label, url from urls") == [(text, text)]
    assert query(path, "select requirement from dependencies") == [(f"bar; {text}",)]
    assert query(path, "select id from vulnerabilities") == [(text,)]
    assert batch.invalid_fields == ()


def test_lone_surrogates_are_replaced(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path) -> None:
    """A lone surrogate, which no table can store, is loaded as U+FFFD in values and keys."""
    body = (
        rb'{"info":{"version":"1.0","summary":"a\ud83db","classifiers":["\udc0d"],"project_urls":{"x\ud83d":"\udc0d"}}}'
    )
    world.override("/pypi/foo/json", body)
    streams = choose_streams(["projects", "project", "classifiers", "urls"])
    load(tmp_path / "x.duckdb", streams, list(read(connect(fake), ["foo"], streams)))
    assert query(tmp_path / "x.duckdb", "select summary, classifiers from projects") == [("a\ufffdb", ["\ufffd"])]
    assert query(tmp_path / "x.duckdb", "select label, url from urls") == [("x\ufffd", "\ufffd")]
    assert query(tmp_path / "x.duckdb", "select info ->> 'summary' from project") == [("a\ufffdb",)]
