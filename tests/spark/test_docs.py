"""docs/spark.md: its options are those that exist."""

import re
from pathlib import Path

from source_pypi.fields import fields_of
from source_pypi.spark.options import ReadOptions

PAGE = (Path(__file__).parents[2] / "docs" / "spark.md").read_text(encoding="utf-8")
#: The examples by the title of their section; test_cluster.py runs them.
EXAMPLES = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))


def test_every_option_is_described() -> None:
    """The table has every option that is not a setting, with its default."""
    table = PAGE.partition("## Options")[2].partition("\n## ")[0]
    described = dict(re.findall(r"^\| `(\w+)` \| (\S*) ?\|", table, re.MULTILINE))
    defaults = {field.name: field.default for field in fields_of(ReadOptions)}
    shown = {name: f"`{value}`" if isinstance(value, str) else str(value).lower() for name, value in defaults.items()}
    del shown["stream_name"], shown["config"]
    assert described == {"stream": "required", "projects": "", **shown}


def test_every_example_is_found() -> None:
    """Each block of Python is the example of its section."""
    assert [*EXAMPLES] == ["Read a stream", "SQL", "An index of your own", "Filters", "Streaming"]
    assert PAGE.count("```python") == len(EXAMPLES)
