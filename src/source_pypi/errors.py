"""Every error of this package, and who can fix it.

::

    SourceError
    ├── ConfigError                 the user must act (Airbyte: config_error)
    │   ├── SettingError            a setting breaks the specification
    │   ├── NoProjectsError         no project was named
    │   ├── ProjectNameError        a text that is not a project name
    │   ├── RequirementsError       a requirement or lock file that cannot be read
    │   ├── UnknownProjectsError    projects that the index does not have
    │   ├── UnknownReleaseError     a pinned version that the index does not have
    │   ├── UnknownStreamError      a stream that does not exist
    │   ├── ExtraMissingError       a stream or setting whose library is not installed
    │   ├── LibraryMissingError     a data frame whose library is not installed
    │   ├── RowsTakenError          rows that were taken by iteration, and not kept
    │   ├── RowsMissingError        rows that were not read before the run was closed or interrupted
    │   ├── CatalogError            an Airbyte catalog or state file that cannot be read
    │   ├── StateError              a stream's state that cannot be read or written
    │   ├── NotOfferedError         a document that this index does not offer
    │   ├── RefusedError            401 or 403: credentials, or a blocked client
    │   ├── MassDeletionError       too many projects disappeared at once; nothing was deleted
    │   ├── ShortListError          the index's list lost too many projects at once
    │   ├── UntrustedError          a certificate that is not trusted
    │   ├── ProxyError              a proxy that cannot be used, or that requires credentials
    │   ├── DestinationError        a destination that cannot be opened or written
    │   ├── ServiceRefusedError     a service other than the index refuses the client, or is not trusted
    │   └── QueryError              a query with an error, or a database that cannot be read
    ├── TransientError              a later run may succeed (Airbyte: transient_error)
    │   ├── UnreachableError        no complete response after all tries
    │   ├── UnavailableError        429 or 5xx after all tries
    │   ├── StaleError              an older copy than the one that was read before
    │   ├── UnconfirmedDeletionError  projects answered 404, and so did everything else
    │   ├── DamagedError            a document whose SHA-256 differs from the one on the index
    │   ├── ChecksumError           a file of another service that differs from its checksum
    │   ├── ServiceError            a service other than the index cannot be reached, or answers with an error
    │   └── StoppedError            consecutive projects failed, so the run stopped
    └── UnexpectedError             a fault of the index or of this package (Airbyte: system_error)
        ├── ResponseError           a status or redirect that is not expected
        ├── DocumentError           a response that is not the expected document
        ├── ServiceDocumentError    a response of a service other than the index that is not the expected document
        ├── TooLargeError           a response, or its rows, above a limit
        └── BugError                an exception that was not raised on purpose

Each error carries what was requested, what came back and what to do; ``str(error)`` is one line for the user.

Each class lists its fields; ``SourceError`` makes it a dataclass, so that its constructor takes them in this order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, dataclass_transform

from source_pypi.safety.printable import printable
from source_pypi.safety.wording import counted, similar_names, some_of, tries_text

FailureType = Literal["config_error", "transient_error", "system_error"]


@dataclass_transform(eq_default=False)
class SourceError(Exception):
    """Root of all errors that this package raises on purpose."""

    failure_type: ClassVar[FailureType] = "system_error"
    #: What ``str`` returns, with the fields in braces; a class whose message has variants overrides ``_message``.
    template: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        dataclass(eq=False, repr=False)(cls)  # compared and shown as other exceptions are

    def __post_init__(self) -> None:
        """Copy lists, which a caller may change later, and set ``args``, from which errors are unpickled."""
        fields = vars(self)
        fields.update({name: tuple(value) for name, value in fields.items() if isinstance(value, list)})
        self.args = tuple(fields.values())

    def __str__(self) -> str:
        """One printable line: the texts of documents, files and users are quoted."""
        return printable(self._message())

    def _message(self) -> str:
        return self.template.format_map(vars(self))


class ConfigError(SourceError):
    """Only the user can fix this."""

    failure_type: ClassVar[FailureType] = "config_error"


class TransientError(SourceError):
    """A later run may succeed."""

    failure_type: ClassVar[FailureType] = "transient_error"


class UnexpectedError(SourceError):
    """Neither the user nor a later run can fix this."""


# The user must act: settings, names and files -------------------------------------------------------------------------


class SettingError(ConfigError):
    """A setting breaks the specification; raised when a configuration is read.

    ``setting`` is its name; empty: the configuration as a whole.
    """

    setting: str
    reason: str

    def _message(self) -> str:
        return f"setting {self.setting!r}: {self.reason}" if self.setting else self.reason


class NoProjectsError(ConfigError):
    """No project was named; raised when a selection is made."""

    template = (
        "no projects named, or all of them excluded: give names (flask requests) or a file "
        "(-r requirements.txt), or set 'projects' or 'project_name' in the configuration"
    )


class ProjectNameError(ConfigError):
    """A text that is neither a project name nor ``name==version``; raised when a selection is made."""

    text: str
    reason: str
    template = "{text!r} cannot be a project: {reason}"


class RequirementsError(ConfigError):
    """A requirement or lock file that cannot be read; raised when a selection is made.

    ``line`` counts from 1; None: the error concerns the whole file, or its format has no lines.
    """

    file: str
    line: int | None
    reason: str

    def _message(self) -> str:
        return f"{self.file}: {self.reason}" if self.line is None else f"{self.file}:{self.line}: {self.reason}"


class UnknownProjectsError(ConfigError):
    """Projects for which the index answered 404; raised after the other projects were read.

    ``similar`` are similar names that the index has; empty: none, or not looked up.
    """

    projects: Sequence[str]
    index: str
    similar: Sequence[str] = ()

    def _message(self) -> str:
        names = ", ".join(self.projects)
        hint = f"similar names there: {', '.join(self.similar)}" if self.similar else "check the spelling and index_url"
        return f"not on the index {self.index}: {names} ({hint})"


class UnknownReleaseError(ConfigError):
    """A pinned version, or a range of versions, that the index does not have; raised after everything else was read.

    ``listed`` are the versions that the project document lists; empty: not known. ``found`` is what the URL answered.
    """

    project: str
    version: str
    url: str
    listed: Sequence[str] = ()
    found: str = "answered 404"

    def _message(self) -> str:
        if self.version[:1] in ("<", ">", "=", "!", "~"):
            return (
                f"the index has no release of {self.project} that {self.version} admits ({self.url} {self.found}): "
                "check the versions; a yanked release has to be pinned"
            )
        similar = similar_names(self.version, [version for version in self.listed if version != self.version])
        check = f"check the version (similar: {', '.join(similar)})" if similar else "check the version"
        return (
            f"the index has no release document of {self.project} {self.version} ({self.url} {self.found}): "
            f"{check}, or drop the pin to read the latest release"
        )


class UnknownStreamError(ConfigError):
    """Streams that do not exist; raised when streams are chosen. ``available`` are those that exist.

    ``hint`` says what to do; empty: choose one that is available.
    """

    streams: Sequence[str]
    available: Sequence[str]
    hint: str = ""

    def _message(self) -> str:
        similar = dict.fromkeys(other for name in self.streams for other in similar_names(name, self.available)[:1])
        hints = [self.hint, f"did you mean {', '.join(similar)}?" if similar and not self.hint else ""]
        hint = "".join(f"{one}; " for one in hints if one)
        return f"no such stream: {', '.join(self.streams)} ({hint}available: {', '.join(self.available)})"


class ExtraMissingError(ConfigError):
    """A stream, setting or option whose library is not installed; raised before anything is read for it."""

    extra: str
    feature: str
    template = "{feature} needs the extra: pip install 'source-pypi[{extra}]'"


class LibraryMissingError(ConfigError):
    """A method of the Python library whose result is of a library that is not installed."""

    library: str
    feature: str
    template = "{feature} needs {library}: pip install {library}"


class RowsTakenError(ConfigError):
    """Rows of the Python library that were taken by iteration, and not kept, so that they cannot be returned again."""

    template = (
        "rows were taken by iteration, and not kept: read them again, or take them as Arrow or a data frame first"
    )


class RowsMissingError(ConfigError):
    """Rows of the Python library that were not read: the run was closed, cancelled or interrupted before its end.

    Raised whenever they are taken later, after those that were read and kept.
    """

    reason: str
    template = "rows are missing, because {reason}: read them again"


class CatalogError(ConfigError):
    """An Airbyte catalog or state file that cannot be read; raised before anything is read.

    ``what`` is ``catalog`` or ``state``.
    """

    what: str
    reason: str
    template = "the {what} cannot be read: {reason}"


class StateError(ConfigError):
    """A state that is broken, or that another connector or a newer release wrote; nothing is read then.

    ``stream`` is the name of a stream, of a file, or of a destination, which has the state of all its streams.
    ``action`` is ``written`` for the file of a program that uses the library: it is checked before anything is read.
    """

    stream: str
    reason: str
    remedy: str = "reset the stream to read it in full (in Airbyte: clear its data; elsewhere: omit its state)"
    action: Literal["read", "written"] = "read"
    template = "the state of {stream} cannot be {action}: {reason}; {remedy}"


# The user must act: the index -----------------------------------------------------------------------------------------


class NotOfferedError(ConfigError):
    """Documents that this index does not provide; raised for the streams that need them.

    ``found`` is how the index answered, or what the document lacks. ``project`` is the project whose documents are
    missing; empty: the index has none of any project. ``read_before`` says whether earlier runs read such a document of
    it.
    """

    what: str
    url: str
    found: str = "answered 404"
    project: str = ""
    read_before: bool = False

    @property
    def reason(self) -> str:
        """What the index does not provide, without what to do."""
        of_project = f" of {self.project}" if self.project else ""
        return printable(f"this index offers no {self.what}{of_project} ({self.url} {self.found})")

    def of_index(self) -> "NotOfferedError":
        """Return the same error about the index as a whole."""
        return NotOfferedError(self.what, self.url, self.found, read_before=self.read_before)

    def _message(self) -> str:
        if self.read_before:
            return (
                f"{self.reason}, which earlier runs read, so that the rows made of them stay: repeat the run later; if "
                "the index has dropped them for good, sync into a new destination, which gets what the index has now"
            )
        return f"{self.reason}: leave the stream out, or read an index that has it"


class RefusedError(ConfigError):
    """401 or 403; raised at once, never retried. ``explanation`` is the body, if it is one line of plain text.

    ``accepted_before`` says whether the index has sent another document in this run: it then refuses this one only.
    """

    url: str
    status: int
    explanation: str
    accepted_before: bool = False

    def _message(self) -> str:
        explanation = f" ({self.explanation})" if self.explanation else ""
        remedy = (
            "check index_username and index_password, or the source that credentials_from names"
            if self.status == 401
            else "the index refuses this client: check credentials and network, or lower the request rate"
        )
        nothing = "; nothing was read" if self.status == 401 and not self.accepted_before else ""
        return f"{self.url} answered {self.status}{explanation}: {remedy}{nothing}"


class MassDeletionError(ConfigError):
    """Too many of the ``known`` projects are no longer on the index; none was deleted (``max_deleted_share``)."""

    index: str
    projects: Sequence[str]
    known: int

    def _message(self) -> str:
        return (
            f"{len(self.projects):,} of {self.known:,} known projects are no longer on the index {self.index} "
            f"({some_of(self.projects)}); nothing was deleted: check index_url and the credentials; if the projects "
            "are gone, run again with --accept-deletions (setting accept_deletions: true)"
        )


class ShortListError(ConfigError):
    """The list of projects has ``listed`` projects, and had ``known``: too few to be right (``max_deleted_share``)."""

    index: str
    listed: int
    known: int

    def _message(self) -> str:
        return (
            f"the list of projects of {self.index} has {self.listed:,} projects and had {self.known:,}; its rows stay: "
            "check index_url and the credentials; if the projects are gone, run again with --accept-deletions "
            "(setting accept_deletions: true)"
        )


class ServiceRefusedError(ConfigError):
    """A service other than the index refuses the client or its credentials; ``settings`` are those to check."""

    url: str
    reason: str
    settings: str
    template = "{url} {reason}: check {settings}"


class UntrustedError(ConfigError):
    """A certificate that no trusted CA issued, or that belongs to another host; raised at once, never retried."""

    url: str
    reason: str
    template = (
        "{url}: the certificate is not trusted ({reason}): "
        "if a private CA issued it, set ca_bundle to the PEM file of that CA; otherwise check index_url"
    )


class ProxyError(ConfigError):
    """The environment's proxy is not an HTTP proxy, or refuses requests; raised at once, never retried.

    ``proxy`` is its URL without credentials; empty: what the environment names is not a URL.
    """

    proxy: str
    reason: str

    def _message(self) -> str:
        return f"the environment's proxy {self.proxy or '(HTTP_PROXY, HTTPS_PROXY or ALL_PROXY)'} {self.reason}"


class DestinationError(ConfigError):
    """A destination that cannot be opened or written; what was committed before stays."""

    destination: str
    reason: str
    template = "cannot write {destination}: {reason}"


class QueryError(ConfigError):
    """A query that has an error, a database that cannot be read, or an export that cannot be written."""

    reason: str
    template = "{reason}"


# A later run may succeed ----------------------------------------------------------------------------------------------


class UnreachableError(TransientError):
    """No complete response in all tries. ``seconds`` counts from the first try.

    ``connected`` says whether the last try made a connection: other documents may then be answered.
    """

    url: str
    cause: str
    tries: int
    seconds: float
    connected: bool = False

    def _message(self) -> str:
        return (
            f"{self.url} cannot be reached: {self.cause} ({tries_text(self.tries, self.seconds)}); "
            "check index_url and the network, or try later"
        )


class UnavailableError(TransientError):
    """429 or 5xx in all tries, or a Retry-After above the longest wait. ``retry_after`` is in seconds."""

    url: str
    status: int
    tries: int
    seconds: float
    retry_after: float | None

    def _message(self) -> str:
        wait = "" if self.retry_after is None else f", and asks to wait {self.retry_after:.0f} s"
        return f"{self.url} answered {self.status} ({tries_text(self.tries, self.seconds)}{wait}): try later"


class StaleError(TransientError):
    """A copy older than the one that was read before, in all tries; loaded rows stay (index-api.md 12).

    ``serial`` is the serial of the copy, ``previous`` that of the document that was read before.
    """

    url: str
    serial: int | None
    previous: int | None
    template = (
        "{url} is an old copy (serial {serial}, previously {previous}): "
        "loaded rows stay, and the next run tries again (a full check accepts it if the project's page agrees)"
    )


class UnconfirmedDeletionError(TransientError):
    """Projects that earlier runs had answered 404, and nothing shows that the index is healthy; their rows stay."""

    index: str
    projects: Sequence[str]

    def _message(self) -> str:
        projects = counted(len(self.projects), "project")
        return (
            f"the index {self.index} answered nothing but 404 for {projects} that it had before "
            f"({some_of(self.projects)}); nothing was deleted: check index_url and the credentials"
        )


class DamagedError(TransientError):
    """A document whose SHA-256 differs from the one on the index: cut short, changed in transit, or out of date."""

    url: str
    expected: str
    found: str
    template = (
        "{url} has the SHA-256 {found}, but the index lists {expected}: loaded rows stay, and the next run tries again"
    )


class ChecksumError(TransientError):
    """A file of a service that differs from the checksum beside it: cut short, or changed in transit."""

    url: str
    expected: str
    found: str
    template = "{url} has the MD5 {found}, but its header says {expected}: try later"


class ServiceError(TransientError):
    """A service other than the index cannot be reached, or answers with an error; ``settings`` are those to check.

    Rows that were read before stay, and the next run continues after them.
    """

    url: str
    reason: str
    settings: str
    template = "{url} {reason}: try later, or check {settings}"


class StoppedError(TransientError):
    """Consecutive projects failed, so the run stopped. ``unread`` is the number of projects that were not read."""

    failed: int
    unread: int
    template = (
        "stopped after {failed} projects in a row failed; {unread} more were not read: "
        "run again when the index has recovered"
    )


# A fault of the index, or of this package -----------------------------------------------------------------------------


def _index_hint(url: str) -> str:
    """Return what may be wrong with the setting; nothing for a file: the folder is there, and others of it are read."""
    return "" if url.startswith("file:") else ": is index_url the address of a package index?"


class ResponseError(UnexpectedError):
    """A status that is not expected, too many redirects, or a redirect that is not followed."""

    url: str
    answer: str

    def _message(self) -> str:
        return f"{self.url} answered {self.answer}{_index_hint(self.url)}"


class DocumentError(UnexpectedError):
    """A response with status 200 that is not the expected document."""

    url: str
    expected: str
    found: str

    def _message(self) -> str:
        return f"{self.url}: expected {self.expected}, found {self.found}{_index_hint(self.url)}"


class ServiceDocumentError(UnexpectedError):
    """A response of a service other than the index that is not the expected document."""

    url: str
    expected: str
    found: str
    settings: str
    template = "{url}: expected {expected}, found {found}: check {settings}"


class BugError(UnexpectedError):
    """An exception that was not raised on purpose. ``kind`` is its class; ``__cause__`` is the exception itself."""

    kind: str

    @classmethod
    def of(cls, error: Exception) -> "BugError":
        """Wrap an exception."""
        bug = cls(type(error).__name__)
        bug.__cause__ = error
        return bug

    template = "something went wrong in source-pypi ({kind}): please report it"


class TooLargeError(UnexpectedError):
    """A response, or the rows of a project, above a limit of ``safety/limits.py``; nothing of it is loaded.

    ``what`` is a URL, or a stream and a project; ``found`` is a count with a noun in the plural.
    """

    what: str
    found: str
    limit: str
    template = (
        "{what}: {found} exceed the limit of {limit}; exclude this project, or report it to the index's operators"
    )
