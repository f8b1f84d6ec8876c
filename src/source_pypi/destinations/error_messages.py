"""Why a destination failed, in one line, without secrets."""

from collections.abc import Collection

from source_pypi.safety.redaction import without_credentials

#: What databases say, and what to do about it.
_HINTS = (
    ("database is locked", "it is in use by another program"),
    ("unable to open database file", "its folder does not exist, or cannot be written"),
    ("is not a database", "it is no SQLite file"),
)


def reason_of(error: BaseException, secrets: Collection[str]) -> str:
    """What the library beneath all others says, or what to do where we know it."""
    said = _said(error)
    for secret in sorted(secrets, key=len, reverse=True):
        said = said.replace(secret, "***")
    lines = [line.strip() for line in without_credentials(said).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return next((hint for fingerprint, hint in _HINTS if fingerprint in line), line)


def _said(error: BaseException) -> str:
    """What the innermost error says."""
    inner: BaseException | None = error
    while inner is not None:
        error = inner
        wrapped = getattr(error, "dbapi_exception", None) or getattr(error, "orig", None)
        inner = wrapped if isinstance(wrapped, BaseException) else error.__cause__
    failed = getattr(error, "failed_message", None)
    return str(failed or (isinstance(error, OSError) and error.strerror) or error)
