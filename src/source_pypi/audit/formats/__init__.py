"""The formats of the report, a module each."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from source_pypi.audit.results import Report
    from source_pypi.audit.rules import ChosenRule

#: The formats, in the order of the help, and the module of each, which has a function ``render``.
FORMATS = {"table": "table", "markdown": "markdown", "json": "json_document", "sarif": "sarif", "csv": "csv_rows"}


def render(report: "Report", rules: "tuple[ChosenRule, ...]", format_: str) -> str:
    """The report as text that ends with a line break.

    :param rules: the rules that were checked.
    :param format_: one of ``FORMATS``.
    """
    write: Callable[[Report, tuple[ChosenRule, ...]], str] = import_module(f"{__name__}.{FORMATS[format_]}").render
    return write(report, rules)
