"""answers/results.py: values and rows as text."""

import io
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from source_pypi.answers.database import Column, Result
from source_pypi.answers.results import FORMATS, Writer, cell, to_json

#: SQL, the text of the cell, and the JSON.
VALUES = (
    ("NULL", "", "null"),
    ("'a''\"b'", "a'\"b", r'"a' + "'" + r'\"b"'),
    ("true", "true", "true"),
    ("-7", "-7", "-7"),
    ("170141183460469231731687303715884105727::HUGEINT", "1" + "70141183460469231731687303715884105727", None),
    ("1.10::DECIMAL(10,2)", "1.10", "1.10"),
    ("123456789012345678901234.5::DECIMAL(38,1)", "123456789012345678901234.5", "123456789012345678901234.5"),
    ("0.1::DOUBLE", "0.1", "0.1"),
    ("'nan'::DOUBLE", "nan", "null"),
    ("TIMESTAMPTZ '2024-02-29 23:30:00-02'", "2024-03-01T01:30:00Z", '"2024-03-01T01:30:00Z"'),
    ("TIMESTAMP '2024-02-29 23:30:00'", "2024-02-29T23:30:00", '"2024-02-29T23:30:00"'),
    ("DATE '2024-02-29'", "2024-02-29", '"2024-02-29"'),
    ("TIME '01:02:03.5'", "01:02:03.500000", '"01:02:03.500000"'),
    ("[1, NULL]", "[1,null]", "[1,null]"),
    ("['a', '\"']", r'["a","\""]', r'["a","\""]'),
    ("{'a': [DATE '2024-02-29']}", '{"a":["2024-02-29"]}', '{"a":["2024-02-29"]}'),
    ("'{\"b\": 1,  \"a\": []}'::JSON", '{"b": 1,  "a": []}', '{"b": 1,  "a": []}'),
    ("['{\"b\": 1}'::JSON]", '[{"b": 1}]', '[{"b": 1}]'),
    ("'\\xAB'::BLOB", "ab", '"ab"'),
    ("'00000000-0000-0000-0000-000000000001'::UUID", *["00000000-0000-0000-0000-000000000001"] * 2),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "text", "as_json"), VALUES, ids=[value[0][:30] for value in VALUES])
def test_values(sql: str, text: str, as_json: str | None) -> None:
    """Every type has an exact text and JSON, with times in UTC whatever the time zone of the connection."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        ((value,),) = connection.execute(f"SELECT {sql}").fetchall()
        kind = connection.execute(f"SELECT typeof({sql})").fetchall()[0][0]
    assert cell(value, str(kind)) == text
    expected = text if as_json is None else as_json
    assert to_json(value, str(kind)) in (expected, f'"{expected}"')
    json.loads(to_json(value, str(kind)))


def written(form: str, names: str, *rows: tuple[Any, ...], width: int | None = None) -> list[str]:
    """The lines of a result in a format."""
    out = io.StringIO()
    batches: Iterator[list[tuple[Any, ...]]] = iter([list(rows)])
    FORMATS[form](Result(tuple(Column(name, "VARCHAR") for name in names.split()), batches), Writer(out, width))
    return out.getvalue().splitlines()


def test_wide_characters_are_aligned() -> None:
    """A character that is two columns wide counts as two; one that combines counts as none."""
    assert written("table", "a b", ("\u4e2d\u6587", "x"), ("e\u0301", "y")) == [
        "a     b",
        "----  -",
        "\u4e2d\u6587  x",
        "e\u0301     y",
        "(2 rows)",
    ]


@pytest.mark.parametrize("width", [18, 20, 30, 60])
def test_tables_fit(width: int) -> None:
    """A table is as wide as the terminal at most; only the widest columns are cut."""
    lines = written("table", "first second", ("x" * 40, "y" * 10), ("a", "b"), width=width)
    assert max(map(len, lines[:-1])) <= width
    assert lines[2].count("...") == {18: 2, 20: 2, 30: 1, 60: 0}[width]


def test_records() -> None:
    """If a row does not fit, its values are shown one below the other."""
    assert written("table", "first second", ("x" * 40, None), width=15) == [
        "-- row 1",
        "first   xxxxx...",
        "second",
        "(1 row)",
    ]


def test_hostile_markdown() -> None:
    """Text makes no link, image, HTML, cell or line in Markdown."""
    hostile = "[a](javascript:x) ![i](u) <b> `c` *d* | e\nf\r\ng \\ #1 &amp;"
    (row,) = written("markdown", "a", (hostile,))[2:]
    assert row == (
        r"| \[a\](javascript:x) !\[i\](u) \<b\> \`c\` \*d\* \| e f g \\ \#1 \&amp; |"
    )  # fmt: skip


def test_carriage_return_in_csv() -> None:
    """A carriage return within a text does not end the row."""
    out = io.StringIO(newline="")
    FORMATS["csv"](Result((Column("a", "VARCHAR"), Column("b", "VARCHAR")), iter([[("x\ry", "z")]])), Writer(out))
    assert out.getvalue() == 'a,b\n"x\ry",z\n'


def test_nothing() -> None:
    """A result without rows has a header, or an empty list."""
    assert {form: written(form, "a") for form in FORMATS} == {
        "table": ["a", "-", "(0 rows)"],
        "csv": ["a"],
        "json": ["[]"],
        "ndjson": [],
        "markdown": ["| a |", "| --- |"],
    }
