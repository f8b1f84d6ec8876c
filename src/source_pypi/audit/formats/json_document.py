"""The report as JSON. docs/audit.schema.json is its schema."""

from typing import Any

import msgspec

from source_pypi.audit.results import Report
from source_pypi.audit.rules import ChosenRule

_TITLE = "Report of source-pypi audit"


def render(report: Report, rules: tuple[ChosenRule, ...]) -> str:  # noqa: ARG001 - the interface of all formats
    """The report, with every key."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the report. Every key is always there."""
    made = msgspec.json.schema(Report)
    for record in made["$defs"].values():
        record["required"] = list(record["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **made}
