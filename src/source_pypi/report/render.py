"""A page as HTML: one file that holds all that it shows, and a policy that allows nothing else."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from source_pypi.errors import ExtraMissingError
from source_pypi.report import values

#: The colours of bars where a policy blocks the style.
FILLS = {"first": "#3f6fc4", "second": "#7fb2a3", "third": "#c9a24d"}
#: The columns that are numbers of bytes.
SIZES = frozenset({"bytes", "sdist", "size", "total_size", "wheels", "other"})


def render_page(content: Mapping[str, Any]) -> str:
    """A page.

    :param content: what the template ``page.html`` shows; every text is escaped.
    :raises ExtraMissingError: when Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ModuleNotFoundError as error:
        raise ExtraMissingError("duckdb", "report") from error
    environment = Environment(
        loader=PackageLoader("source_pypi.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters |= {
        "cut": values.cut,
        "link": values.link,
        "shown": values.shown,
        "size": values.size,
        "sort_value": values.sort_value,
    }
    environment.globals |= {"fills": FILLS, "sizes": SIZES}
    style, script = _text("style.css"), _text("script.js")
    page = environment.get_template("page.html")
    return page.render(
        **content,
        style=Markup(style),  # noqa: S704 - it comes from this package
        script=Markup(script),  # noqa: S704
        policy=content_policy(style, script),
    )


def content_policy(style: str, script: str) -> str:
    """The Content-Security-Policy under which a page works: its own style and script, and nothing from elsewhere."""
    sources = [f"style-src {_digest(style)}", f"script-src {_digest(script)}"]
    return "; ".join(["default-src 'none'", *sources, "base-uri 'none'", "form-action 'none'"])


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names in one line, the first ones if there are many."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _text(name: str) -> str:
    return files("source_pypi.report").joinpath("templates", name).read_text(encoding="utf-8")
