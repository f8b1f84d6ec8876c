"""queries/: the files of views and questions."""

import pytest
from msgspec.structs import replace

from source_pypi.queries import Query, parse_query, questions, variants, views

TEXT = """\
-- title: Things
-- question: Which things are there,
--   and how many?
-- needs: files, versions
-- row: a thing
-- column n: Their number.
--    Null: none.
-- duckdb only: others cannot
--   count.

-- counted
SELECT 1 AS n;
"""


def test_parse_query() -> None:
    """Comments become fields, an indented comment continues the one above, and the rest is the SELECT."""
    assert parse_query("things", TEXT) == Query(
        name="things",
        title="Things",
        question="Which things are there, and how many?",
        needs=("files", "versions"),
        sql="-- counted\nSELECT 1 AS n",
        row="a thing",
        columns={"n": "Their number. Null: none."},
        duckdb_only="others cannot count.",
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SELECT 1", "q.sql: it has no title"),
        ("-- title: a\n-- question: b\nSELECT 1", "q.sql: it has no needs"),
        ("-- title: a\n-- question: b\n-- needs: c", "q.sql: it has no SELECT"),
        ("-- titel: a\nSELECT 1", "q.sql: not a comment of the form '-- key: value': -- titel: a"),
        ("-- title: a\nSELECT 1\n-- needs: c", "q.sql: it has no question"),
    ],
)
def test_file_that_is_not_a_query(text: str, error: str) -> None:
    """A file without a required key, with an unknown one, or without a SELECT is an error that names it."""
    with pytest.raises(ValueError, match=r"^q\.sql: ") as raised:
        parse_query("q", text)
    assert str(raised.value) == error


def test_views_say_what_their_rows_are() -> None:
    """Every view has a title, a question and says what a row is; a view follows the views that it reads."""
    seen: set[str] = set()
    names = {view.name for view in views()}
    for view in views():
        assert view.row
        assert view.question.endswith("?")
        assert names.intersection(view.needs) <= seen
        seen.add(view.name)


def test_names_of_queries_are_unique() -> None:
    """No question has the name of a view."""
    names = [query.name for query in (*views(), *questions())]
    assert len(set(names)) == len(names)


def test_variants_differ_in_their_sql_only() -> None:
    """A view in the words of another dialect has the same name, question and columns."""
    by_name = {view.name: view for view in views()}
    for variant in variants("sqlite").values():
        view = by_name[variant.name]
        assert replace(variant, sql="") == replace(view, sql="")
        assert variant.sql != view.sql
    assert variants("postgres") == {}
