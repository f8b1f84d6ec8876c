"""The page about errors: every class of the tree, with what it means, a message, and what to do.

The meaning is the class's docstring, and the messages are those of ``tests/test_errors.py``, which compares them.
"""

import re
from collections.abc import Iterator
from inspect import getdoc

from source_pypi import errors
from source_pypi.errors import ConfigError, SourceError, TransientError, UnexpectedError
from tests.test_errors import ERRORS

_BRANCHES: dict[type[SourceError], str] = {
    ConfigError: "You have to act",
    TransientError: "A later run may succeed",
    UnexpectedError: "A fault of the index, or of this package",
}
#: What to do, by class.
REMEDIES = {
    "SettingError": "Correct the setting that the message names; [settings.md](../settings.md) has all of them.",
    "NoProjectsError": "Name projects, or files with `-r`. Check that `exclude` does not leave out all of them.",
    "ProjectNameError": "Write `NAME`, `NAME==VERSION` or `NAME>=2,<3`, and quote it in the shell.",
    "RequirementsError": (
        "Look at the file and line that the message names. Files of other kinds can often be exported as "
        "requirements.txt."
    ),
    "UnknownProjectsError": (
        "Correct the spelling, or give the index that has the project. To treat missing projects as warnings, set "
        "`missing_projects` to `warn`."
    ),
    "UnknownReleaseError": "Change the pin or the range. A range selects no yanked release: pin it.",
    "UnknownStreamError": "Choose one of the streams that the message lists ([streams.md](../streams.md)).",
    "ExtraMissingError": "Install the extra that the message names.",
    "LibraryMissingError": "Install the library that the message names, or use another method.",
    "RowsTakenError": "Call `read` again, or make the data frame before you loop over the rows.",
    "RowsMissingError": "Call `read` or `open` again, and take all rows inside the `with` block.",
    "CatalogError": "Let Airbyte write the file again (`discover`), or correct the JSON.",
    "StateError": (
        "Do what the message says: reset the stream, or execute the statement in it. The next run then reads in full."
    ),
    "NotOfferedError": (
        "Leave the stream out, or read an index that has it. [Mirrors](../explanation/mirrors.md) explains what "
        "follows."
    ),
    "RefusedError": (
        "401: give credentials ([company-mirror.md](../how-to/company-mirror.md)). 403: ask the operators, and "
        "lower the request rate."
    ),
    "MassDeletionError": (
        "Check URL and credentials first. If the projects are really gone, run once with `--accept-deletions`."
    ),
    "ShortListError": (
        "Check URL and credentials first. If the projects are really gone, run once with `--accept-deletions`."
    ),
    "UntrustedError": "Set `ca_bundle` to the PEM file of your CA. Do so only if you know who issued the certificate.",
    "ProxyError": "Correct `HTTPS_PROXY` or `NO_PROXY` in the environment.",
    "DestinationError": (
        "Read the reason; [destinations.md](../destinations.md#what-errors-about-a-destination-mean) explains the "
        "most frequent ones."
    ),
    "ServiceRefusedError": "Check the settings that the message names.",
    "QueryError": "Correct the query at the place that the message names, or load what is missing.",
    "UnreachableError": "Check the network and `index_url`; run again. Rows and state stay.",
    "UnavailableError": "Run again later. If it happens often, lower `requests_per_second`.",
    "StaleError": "Nothing: the rows stay, and the next run requests the project again.",
    "UnconfirmedDeletionError": (
        "Check `index_url` and the credentials: an index that answers 404 to everything is empty or the wrong one."
    ),
    "DamagedError": "Nothing: the rows stay, and the next run requests the document again.",
    "ChecksumError": "Run again later.",
    "ServiceError": "Run again later. If it stays, check the settings that the message names.",
    "StoppedError": "Run again when the index has recovered; the run continues with the projects that are left.",
    "ResponseError": "Check that `index_url` is the address of a package index, not of a web page about it.",
    "DocumentError": "Check that `index_url` is the address of a package index, not of a web page about it.",
    "ServiceDocumentError": "Check the settings that the message names.",
    "TooLargeError": "Exclude the project with `exclude`, or report it to the index's operators.",
    "BugError": "Report it, with the command, the message, and the output of `--debug`.",
}


def errors_page() -> str:
    """Every error, by branch of the tree."""
    return "\n\n".join(_parts())


def _parts() -> Iterator[str]:
    for branch, title in _BRANCHES.items():
        yield f"## {title}"
        yield f"`{branch.__name__}`; in Airbyte's traces `{branch.failure_type}`."
        yield from (_entry(name) for name in _drawn() if issubclass(getattr(errors, name), branch))


def _drawn() -> list[str]:
    """The classes of the tree without the branches, in the order in which the module's docstring draws them."""
    found = re.findall(r"^    [│├└─ ]+(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
    return [name for name in found if getattr(errors, name) not in _BRANCHES]


def _entry(name: str) -> str:
    meaning = (getdoc(getattr(errors, name)) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`")
    message = next(message for other, _, message in ERRORS if other == name)
    return f"### {name}\n\n{meaning}\n\n```text\nerror: {message}\n```\n\n{REMEDIES[name]}"
