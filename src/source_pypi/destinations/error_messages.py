"""Errors of a destination's libraries as errors of this package: one line each, without secrets."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from source_pypi.errors import DestinationError, ExtraMissingError, SourceError
from source_pypi.safety.duckdb_messages import NO_SPACE, file_fault, without_json
from source_pypi.safety.redaction import without_credentials

#: What libraries say, and what to do about it.
_HINTS = (
    ("Could not set lock", "it is in use by another program; close that, or name another file with --into"),
    ("not a valid DuckDB", "it is no DuckDB file; name another file with --into"),
    ("to be loaded", "it is no DuckDB file; name another file with --into"),
    (NO_SPACE, NO_SPACE),
    ("No such file", "its folder does not exist"),
    ("Permission denied", "no permission to write there"),
    ("database is locked", "it is in use by another program"),
    ("unable to open database file", "its folder does not exist, or cannot be written"),
    ("is not a database", "it is no SQLite file"),
)
#: The packages that the extra ``dlt`` installs.
_OF_EXTRA = frozenset({"dlt", "fsspec", "psycopg2", "pyarrow", "sqlalchemy"})


#: What a driver's exception is called if the place has a fault, not the rows: a full disk, a lost connection, a lock.
_OF_PLACE = frozenset({
    "FatalException", "InterfaceError", "InternalException", "IOException", "OperationalError", "OutOfMemoryException",
    "PermissionException", "TransactionException",
})  # fmt: skip


def is_about_rows(error: DestinationError) -> bool:
    """Whether the destination may have refused the rows themselves, so that it may accept others."""
    inner = _innermost(error)
    return not isinstance(inner, OSError | MemoryError) and type(inner).__name__ not in _OF_PLACE


@contextmanager
def destination_errors(name: str, secrets: Collection[str] = ()) -> Iterator[None]:
    """Raise whatever is raised within as a ``DestinationError``, and an interrupted query as the interrupt.

    :param name: what the message calls the destination.
    :param secrets: what the message must not contain.
    """
    try:
        yield
    except SourceError:
        raise
    except ModuleNotFoundError as error:
        if error.name in _OF_EXTRA:
            raise ExtraMissingError("dlt", f"--into {name}") from error
        raise DestinationError(name, f"{error.name} is not installed") from error  # a database's driver, for instance
    except Exception as error:
        if isinstance(error, RuntimeError) and "interrupted" in str(error):  # of DuckDB
            raise KeyboardInterrupt from error
        raise DestinationError(name, reason_of(error, secrets)) from error


def reason_of(error: BaseException, secrets: Collection[str] = ()) -> str:
    """The message of the innermost error in one line, or what to do where that is known."""
    inner = _innermost(error)
    message = str(getattr(inner, "failed_message", None) or inner)
    if isinstance(inner, OSError) and inner.strerror:
        message = inner.strerror
    elif type(inner).__module__.lstrip("_").startswith("duckdb"):  # its messages begin with their kind
        if (fault := file_fault(message)) is not None:
            return fault
        message = without_json(message).splitlines()[0].partition(": ")[2] or message
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "***")
    lines = [line.strip() for line in without_credentials(message).splitlines() if line.strip()]
    line = lines[0] if lines else _without_message(inner)
    return next((hint for known, hint in _HINTS if known in line), line)


def _without_message(error: BaseException) -> str:
    """What to say of an error that has no message."""
    return "there is not enough memory" if isinstance(error, MemoryError) else f"it failed ({type(error).__name__})"


def _innermost(error: BaseException) -> BaseException:
    """The error beneath all others."""
    inner: BaseException | None = error
    while inner is not None:
        error = inner
        wrapped = getattr(error, "dbapi_exception", None) or getattr(error, "orig", None)
        inner = wrapped if isinstance(wrapped, BaseException) else error.__cause__
    return error
