"""Every error of this package, and whose fault each is.

::

    SourceError
    ├── ConfigError                 the user must act (Airbyte: config_error)
    │   ├── SettingError            a setting breaks the specification
    │   ├── NoProjectsError         nothing was asked for
    │   ├── ProjectNameError        a name that no project can have
    │   ├── RequirementsError       a requirement or lock file that cannot be read
    │   ├── UnknownProjectsError    names that the index does not have
    │   ├── UnknownReleaseError     a pinned version that the index does not have
    │   ├── UnknownStreamError      a stream that does not exist
    │   ├── ExtraMissingError       a stream or setting whose library is not installed
    │   ├── CatalogError            an Airbyte catalog or state file that cannot be read
    │   ├── StateError              what a stream is said to have seen, and is not ours to read
    │   ├── NotOfferedError         a document that this index does not offer
    │   ├── RefusedError            401 or 403: credentials, or a blocked address
    │   ├── UntrustedError          a certificate that is not trusted
    │   ├── ProxyError              a proxy that cannot be used, or that wants credentials
    │   └── DestinationError        a database that cannot be opened or written
    ├── TransientError              trying later may help (Airbyte: transient_error)
    │   ├── UnreachableError        no whole answer came, however often it was tried
    │   ├── UnavailableError        429 or 5xx, however often it was tried
    │   ├── StaleError              an older copy than the one that was read before
    │   ├── DamagedError            a document that has not the digest that the index tells of it
    │   └── StoppedError            project after project failed, so the rest was not asked for
    └── UnexpectedError             the index's fault or ours (Airbyte: system_error)
        ├── AnswerError             a status that nothing here expects
        ├── DocumentError           an answer that is not the document it should be
        ├── TooLargeError           an answer, or what it would make, that is more than is taken
        └── BugError                what nobody raised on purpose

Each carries what was asked, what came back and what to do; ``str(error)`` is one line for the user.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from source_pypi.safety.printable import printable

FailureType = Literal["config_error", "transient_error", "system_error"]


class SourceError(Exception):
    """Root of all errors that this package raises on purpose."""

    failure_type: ClassVar[FailureType] = "system_error"

    def __str__(self) -> str:
        """One line, whatever the texts in it hold: documents, files and users are quoted."""
        return printable(self._line())

    def _line(self) -> str:
        return super().__str__()


class ConfigError(SourceError):
    """Something that only the user can put right."""

    failure_type: ClassVar[FailureType] = "config_error"


class TransientError(SourceError):
    """Something that may be over when it is tried again later."""

    failure_type: ClassVar[FailureType] = "transient_error"


class UnexpectedError(SourceError):
    """Something that neither the user nor patience can mend."""


class SettingError(ConfigError):
    """A setting breaks the specification; raised when a configuration is read."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(setting, reason)
        self.setting = setting
        self.reason = reason

    def _line(self) -> str:
        return f"setting {self.setting!r}: {self.reason}" if self.setting else self.reason


class NoProjectsError(ConfigError):
    """No project was named; raised when a selection is made."""

    def _line(self) -> str:
        return (
            "no projects named, or all of them excluded: give names (source-pypi sync flask requests) or a file "
            "(-r requirements.txt), or set 'projects' or 'project_name' in the configuration"
        )


class ProjectNameError(ConfigError):
    """A text that is neither a project's name nor a name with a pin; raised when a selection is made."""

    def __init__(self, asked: str, reason: str) -> None:
        super().__init__(asked, reason)
        self.asked = asked
        self.reason = reason

    def _line(self) -> str:
        return f"{self.asked!r} cannot be a project: {self.reason}"


class RequirementsError(ConfigError):
    """A requirement or lock file that cannot be read, or not understood; raised when a selection is made.

    ``line`` counts from 1; None: the whole file is meant, or its format has no lines to speak of.
    """

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        super().__init__(file, line, reason)
        self.file = file
        self.line = line
        self.reason = reason

    def _line(self) -> str:
        return f"{self.file}: {self.reason}" if self.line is None else f"{self.file}:{self.line}: {self.reason}"


class UnknownProjectsError(ConfigError):
    """Names that the index answered 404 for; raised after the other projects were read.

    ``closest`` are names that it has and that are much like them, as far as that is known.
    """

    def __init__(self, projects: Sequence[str], index: str, closest: Sequence[str] = ()) -> None:
        super().__init__(projects, index, closest)
        self.projects = tuple(projects)
        self.index = index
        self.closest = tuple(closest)

    def _line(self) -> str:
        names = ", ".join(self.projects)
        hint = f"the closest that it has: {', '.join(self.closest)}" if self.closest else "check the spelling"
        return f"not on the index {self.index}: {names} ({hint})"


class UnknownReleaseError(ConfigError):
    """A pinned version of which the index has no document; raised after everything else was read.

    ``listed`` are the versions that the project has, as far as that is known.
    """

    def __init__(self, project: str, version: str, url: str, listed: Sequence[str] = ()) -> None:
        super().__init__(project, version, url)
        self.project = project
        self.version = version
        self.url = url
        self.listed = tuple(listed)

    def _line(self) -> str:
        likely = closest(self.version, [one for one in self.listed if one != self.version])
        check = f"check the version (there are {', '.join(likely)})" if likely else "check the version"
        return (
            f"the index has no release document of {self.project} {self.version} ({self.url} answered 404): "
            f"{check}, or drop the pin to read the latest release"
        )


class UnknownStreamError(ConfigError):
    """Streams that do not exist; raised when streams are chosen."""

    def __init__(self, streams: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(streams, known)
        self.streams = tuple(streams)
        self.known = tuple(known)

    def _line(self) -> str:
        return f"no such stream: {', '.join(self.streams)} (there are: {', '.join(self.known)})"


class ExtraMissingError(ConfigError):
    """A stream or setting whose library is not installed; raised before anything is read for it."""

    def __init__(self, extra: str, stream: str) -> None:
        super().__init__(extra, stream)
        self.extra = extra
        self.stream = stream

    def _line(self) -> str:
        return f"{self.stream} needs the extra: pip install 'source-pypi[{self.extra}]'"


class CatalogError(ConfigError):
    """A configured catalog or a state that is not what Airbyte hands over; raised before anything is read."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what = what
        self.reason = reason

    def _line(self) -> str:
        return f"the {self.what} cannot be read: {self.reason}"


class StateError(ConfigError):
    """A stream's state that is broken, or that another connector or a newer release wrote; nothing is read then."""

    def __init__(self, stream: str, reason: str) -> None:
        super().__init__(stream, reason)
        self.stream = stream
        self.reason = reason

    def _line(self) -> str:
        return (
            f"the state of {self.stream} cannot be read: {self.reason}; reset the stream (in Airbyte: clear its data; "
            "elsewhere: leave its state out), and it is read from its beginning"
        )


class NotOfferedError(ConfigError):
    """A document that every public index has and this one does not; raised for the streams that need it."""

    def __init__(self, what: str, url: str, found: str = "answered 404") -> None:
        super().__init__(what, url, found)
        self.what = what
        self.url = url
        self.found = found

    def _line(self) -> str:
        return (
            f"this index offers no {self.what} ({self.url} {self.found}): "
            "leave the stream out, or read an index that has it"
        )


class RefusedError(ConfigError):
    """401 or 403; raised at once, never retried."""

    def __init__(self, url: str, status: int, said: str) -> None:
        super().__init__(url, status, said)
        self.url = url
        self.status = status
        self.said = said

    def _line(self) -> str:
        said = f" ({self.said})" if self.said else ""
        remedy = (
            "check index_username and index_password, or where credentials_from has them from"
            if self.status == 401
            else "the index refuses this client: check credentials and network, and slow down"
        )
        return f"{self.url} answered {self.status}{said}: {remedy}"


class UntrustedError(ConfigError):
    """A certificate that nobody vouches for, or that is another host's; raised at once, never retried."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def _line(self) -> str:
        return (
            f"{self.url}: the certificate is not trusted ({self.reason}): "
            "if it is of a company's own CA, name that one's PEM file in ca_bundle; else check index_url"
        )


class ProxyError(ConfigError):
    """What the environment names is no proxy, or it does not let requests through; raised at once, never retried.

    ``proxy`` is its address without credentials; empty: it has none.
    """

    def __init__(self, proxy: str, reason: str) -> None:
        super().__init__(proxy, reason)
        self.proxy = proxy
        self.reason = reason

    def _line(self) -> str:
        return f"the environment's proxy {self.proxy or '(HTTP_PROXY, HTTPS_PROXY or ALL_PROXY)'} {self.reason}"


class DestinationError(ConfigError):
    """A database that cannot be opened or written; what was committed before stays."""

    def __init__(self, destination: str, reason: str) -> None:
        super().__init__(destination, reason)
        self.destination = destination
        self.reason = reason

    def _line(self) -> str:
        return f"cannot write {self.destination}: {self.reason}"


class UnreachableError(TransientError):
    """No whole answer came; raised when the tries are used up. ``seconds`` counts from the first try."""

    def __init__(self, url: str, cause: str, tries: int, seconds: float) -> None:
        super().__init__(url, cause, tries, seconds)
        self.url = url
        self.cause = cause
        self.tries = tries
        self.seconds = seconds

    def _line(self) -> str:
        return (
            f"{self.url} cannot be reached: {self.cause} ({tried(self.tries, self.seconds)}); "
            "check index_url and the network, or try later"
        )


class UnavailableError(TransientError):
    """429 or 5xx until the tries were used up, or a Retry-After that is longer than we wait."""

    def __init__(self, url: str, status: int, tries: int, seconds: float, retry_after: float | None) -> None:
        super().__init__(url, status, tries, seconds, retry_after)
        self.url = url
        self.status = status
        self.tries = tries
        self.seconds = seconds
        self.retry_after = retry_after

    def _line(self) -> str:
        wish = "" if self.retry_after is None else f", and asks to wait {self.retry_after:.0f} s"
        return f"{self.url} answered {self.status} ({tried(self.tries, self.seconds)}{wish}): try later"


class StaleError(TransientError):
    """A copy older than the one that was read before, however often it was asked for; what was loaded stays.

    ``serial`` is the copy's, ``seen`` the one that was read before (index-api.md 12).
    """

    def __init__(self, url: str, serial: int | None, seen: int | None) -> None:
        super().__init__(url, serial, seen)
        self.url = url
        self.serial = serial
        self.seen = seen

    def _line(self) -> str:
        return (
            f"{self.url} is an old copy (serial {self.serial}, {self.seen} was seen before): "
            "what was loaded stays, the next run asks again (if the index was set up anew, reset the state)"
        )


class DamagedError(TransientError):
    """A document that has another SHA-256 than the index tells: cut short or changed on the way, or not yet renewed."""

    def __init__(self, url: str, told: str, found: str) -> None:
        super().__init__(url, told, found)
        self.url = url
        self.told = told
        self.found = found

    def _line(self) -> str:
        return (
            f"{self.url} has the SHA-256 {self.found}, and the index tells {self.told}: "
            "what was loaded stays, the next run asks again"
        )


class StoppedError(TransientError):
    """Several projects in a row failed, so that the rest was left for another run; raised in mid-run."""

    def __init__(self, failed: int, left: int) -> None:
        super().__init__(failed, left)
        self.failed = failed
        self.left = left

    def _line(self) -> str:
        return (
            f"stopped after {self.failed} projects in a row failed; {self.left} were not asked for: "
            "run again when the index is well"
        )


class AnswerError(UnexpectedError):
    """A status that nothing here expects, or redirects without end."""

    def __init__(self, url: str, answered: str) -> None:
        super().__init__(url, answered)
        self.url = url
        self.answered = answered

    def _line(self) -> str:
        return f"{self.url} answered {self.answered}: is index_url the address of a package index?"


class DocumentError(UnexpectedError):
    """An answer with status 200 that is not the document it should be."""

    def __init__(self, url: str, expected: str, found: str) -> None:
        super().__init__(url, expected, found)
        self.url = url
        self.expected = expected
        self.found = found

    def _line(self) -> str:
        return f"{self.url}: expected {self.expected}, found {self.found}: is index_url the address of a package index?"


class BugError(UnexpectedError):
    """An error that nobody raised on purpose, of this kind; it stands behind this one as its cause."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    @classmethod
    def of(cls, error: Exception) -> "BugError":
        """The error, as one of ours."""
        bug = cls(type(error).__name__)
        bug.__cause__ = error
        return bug

    def _line(self) -> str:
        return f"something went wrong in source-pypi ({self.kind}): please report it"


class TooLargeError(UnexpectedError):
    """An answer, or the rows that it would make, beyond what is taken (``bounds.py``); nothing of it is.

    ``what`` is an address, or a stream and a project.
    """

    def __init__(self, what: str, found: str, taken: str) -> None:
        super().__init__(what, found, taken)
        self.what = what
        self.found = found
        self.taken = taken

    def _line(self) -> str:
        return (
            f"{self.what}: {self.found}, and no more than {self.taken} are taken: "
            "no package is known to be like that; leave the project out, or ask the index's operators"
        )


def tried(tries: int, seconds: float) -> str:
    """How often and how long something was tried, for a message."""
    times = "1 try" if tries == 1 else f"{tries} tries"
    return f"{times} in {seconds:.1f} s"


def closest(name: str, names: Iterable[str]) -> list[str]:
    """Of many names, up to three that are much like one, the closest first."""
    from difflib import get_close_matches

    lowered = name.lower()
    likely = {one.lower(): one for one in names if abs(len(one) - len(name)) <= 2 and one[:1].lower() == lowered[:1]}
    return [likely[close] for close in get_close_matches(lowered, likely, n=3, cutoff=0.7)]
