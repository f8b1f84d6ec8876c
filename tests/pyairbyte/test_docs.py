"""docs/how-to/pyairbyte.md: its lines run."""

import re

import pytest

from tests.docs.session import DOCS
from tests.docs.worlds import example_index
from tests.fake_index import FakeIndex
from tests.pyairbyte.connector import SOURCE
from tests.pyairbyte.environment import PyAirbyte

pytestmark = pytest.mark.pyairbyte


def test_three_lines(pyairbyte: PyAirbyte) -> None:
    """The code prints the files that the connector reads into PyAirbyte's cache."""
    page = (DOCS / "how-to" / "pyairbyte.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    with FakeIndex(example_index(), strict=False) as index:
        settings = f'{{"index_url": "{index.url}", "requests_per_second": 0, "projects"'
        code = code.replace('{"projects"', settings).replace('executable="source-pypi"', f'executable="{SOURCE}"')
        assert index.url in code
        printed = pyairbyte.do("execute", code=code)
    assert "flask-3.0.0-py3-none-any.whl" in printed
