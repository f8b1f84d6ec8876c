"""audit/formats/markdown.py: the summary of a CI job."""

import pytest

from source_pypi.audit.formats import render
from source_pypi.audit.formats.markdown import escaped
from tests.audit.reports import REPORT, RULES


def test_markdown() -> None:
    """A heading, the summary, a table, and lists; every text from outside is escaped."""
    assert render(REPORT, RULES, "markdown") == (
        "## Audit of Python packages\n"
        "\n"
        "4 releases checked, 3 findings \\(2 failing\\), 2 projects not fully checked, 1 finding allowed.\n"
        "\n"
        "Rules: vulnerable, yanked, outdated&#58;major, sole\\-maintainer.\n"
        "\n"
        "| Rule | Project | Version | Where | Fix | Finding |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| vulnerable | werkzeug | 2.2.1 | deploy/my requirements.txt&#58;3 | 2.2.3 \\(not admitted\\) | "
        "PYSEC\\-1 \\(CVE\\-1\\)&#58; &lt;b&gt;a\\|b&lt;/b&gt; \\[click\\]\\(javascript&#58;x\\) \\`c\\` &#64;team |\n"
        "| yanked | flask | 1.0 | command line |  | is yanked&#58; =cmd\\(\\) |\n"
        "| outdated&#58;major | jinja2 | 2.0 | uv.lock | 3.0 | "
        "the latest release is 3.0, 4 releases ahead \\(required by flask\\) |\n"
        "\n"
        "### Not checked\n"
        "\n"
        "- secret\\-lib (vulnerable, yanked): uv.lock has it from https&#58;//corp.example\n"
        "- other (yanked): =1\\+1\n"
        "\n"
        "### Allowed\n"
        "\n"
        "- sole\\-maintainer click&#58; known \\| accepted \\(until 2027\\-01\\-31\\)\n"
        "\n"
        "### Notes\n"
        "\n"
        "- the allowed finding yanked foo \\(old\\) matches nothing; remove it\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\nc", "a b  c"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("&lt;", "&amp;lt;"),
        ("![x](y)", "\\!\\[x\\]\\(y\\)"),
        ("# h", "\\# h"),
        ("a\\|b", "a\\\\\\|b"),
    ],
)
def test_escaping(text: str, shown: str) -> None:
    """No text begins a cell, a line, a link, a heading or an element of HTML."""
    assert escaped(text) == shown
