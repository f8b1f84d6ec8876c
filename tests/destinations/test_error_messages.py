"""destinations/error_messages.py: one line that says what happened, without secrets."""

import errno

import duckdb
import pytest

from source_pypi.destinations.error_messages import destination_errors
from source_pypi.errors import DestinationError, ExtraMissingError, StateError


def wrapped(outer: Exception, inner: Exception) -> Exception:
    """An error that another one caused."""
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("first line\n\nsecond line"), "first line"),
        (ValueError(""), "it failed (ValueError)"),
        (wrapped(ValueError("outer"), KeyError("inner")), "'inner'"),
        (OSError(errno.ENOSPC, "No space left on device", "/secret/path"), "No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied"), "no permission to write there"),
        (
            ValueError("cannot connect to db://ann:hush!hush@host, hush!hush is wrong"),
            "cannot connect to db://host, *** is wrong",
        ),
        (
            duckdb.IOException("IO Error: Could not set lock on file"),
            "it is in use by another program; close that, or name another file with --into",
        ),
        (
            duckdb.IOException('IO Error: Failure while replaying WAL file "x.wal": bad checksum'),
            "the log beside it (.wal) is damaged: restore a copy of both, or move the log away, with which its "
            "changes go",
        ),
        (duckdb.ConversionException("Conversion Error: bad value\n\nLINE 1"), "bad value"),
        (MemoryError(), "there is not enough memory"),
    ],
)
def test_reason_is_one_line(error: Exception, message: str) -> None:
    """The innermost error's first line is the reason, without its kind and without secrets, or what to do about it."""
    with pytest.raises(DestinationError) as caught, destination_errors("db://host", ["hush!hush"]):
        raise error
    assert str(caught.value) == f"cannot write db://host: {message}"


def test_errors_of_ours_stay() -> None:
    """An error of this package is raised as it is."""
    error = StateError("_state", "broken")
    with pytest.raises(StateError) as caught, destination_errors("x"):
        raise error
    assert caught.value is error


def test_interrupted_query_is_an_interrupt() -> None:
    """A query of DuckDB's that the user interrupted is a KeyboardInterrupt."""
    with pytest.raises(KeyboardInterrupt), destination_errors("x"):
        raise RuntimeError("Query interrupted")


def test_missing_packages() -> None:
    """A missing package of the extra names the extra; any other, such as a database's driver, is named itself."""
    with (
        pytest.raises(ExtraMissingError, match=r"--into x needs the extra: pip install 'source-pypi\[dlt\]'"),
        destination_errors("x"),
    ):
        raise ModuleNotFoundError(name="fsspec")
    with pytest.raises(DestinationError, match="cannot write x: pymysql is not installed"), destination_errors("x"):
        raise ModuleNotFoundError(name="pymysql")
