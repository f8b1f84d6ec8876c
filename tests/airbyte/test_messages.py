"""airbyte/messages.py: protocol messages, one per line."""

import json

import pytest

from source_pypi.airbyte.messages import error_trace, levels_from, line, log, trace
from source_pypi.errors import CatalogError
from tests.airbyte import NOW


def test_trace_of_an_internal_error() -> None:
    """An error that is not a SourceError is a system error to report, with its stack."""
    error = json.loads(error_trace(ZeroDivisionError("division"), NOW))["trace"]
    assert error["error"] == {
        "message": "Internal error in source-pypi; please report it.",
        "internal_message": "ZeroDivisionError: division",
        "stack_trace": "ZeroDivisionError: division\n",
        "failure_type": "system_error",
    }
    assert error["emitted_at"] == NOW * 1000


def test_trace_of_a_source_error() -> None:
    """A trace has the error's text, its failure type, its stream, and the number of further errors."""
    trace_ = json.loads(error_trace(CatalogError("state", "x is no JSON"), NOW, "files", " (and 2 more)"))["trace"]
    assert trace_["type"] == "ERROR"
    assert trace_["error"] == {
        "message": "the state cannot be read: x is no JSON (and 2 more)",
        "internal_message": "source_pypi.errors.CatalogError: the state cannot be read: x is no JSON",
        "stack_trace": "source_pypi.errors.CatalogError: the state cannot be read: x is no JSON\n",
        "failure_type": "config_error",
        "stream_descriptor": {"name": "files"},
    }


def test_message_is_one_line() -> None:
    """Every message is one line, whatever it holds; the time of a trace is in milliseconds."""
    written = [line("CATALOG", catalog={"streams": []}), log("WARN", "two\nlines"), trace("STREAM_STATUS", 1.5, x=1)]
    assert [message.count(b"\n") for message in written] == [1, 1, 1]
    assert [json.loads(message) for message in written] == [
        {"type": "CATALOG", "catalog": {"streams": []}},
        {"type": "LOG", "log": {"level": "WARN", "message": "two\\nlines"}},
        {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1500.0, "x": 1}},
    ]


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("FATAL", {"FATAL"}),
        ("error", {"FATAL", "ERROR"}),
        ("WARNING", {"FATAL", "ERROR", "WARN"}),
        ("INFO", {"FATAL", "ERROR", "WARN", "INFO"}),
        (" debug ", {"FATAL", "ERROR", "WARN", "INFO", "DEBUG"}),
        ("TRACE", {"FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"}),
        ("", {"FATAL", "ERROR", "WARN", "INFO"}),
        ("LOUD", {"FATAL", "ERROR", "WARN", "INFO"}),
    ],
)
def test_levels(name: str, levels: set[str]) -> None:
    """A level includes the more urgent ones, under any of its names; an unknown name means INFO."""
    assert levels_from(name) == levels
