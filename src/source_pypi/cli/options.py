"""Options that several commands have, and the settings that they, the environment and a file make together.

Precedence
    An option comes before its environment variable, and that before the file of ``--config``.

Names
    The option of a setting has the setting's name (``--index-url``, ``index_url``), and its variable, too
    (``SOURCE_PYPI_INDEX_URL``). Credentials have no option, because others can read a command line.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from source_pypi.errors import SettingError

if TYPE_CHECKING:
    from source_pypi.config import Config

#: How the names of environment variables begin.
PREFIX = "SOURCE_PYPI"
#: What the help of commands says about them.
VARIABLES = (
    f"Each option has an environment variable of its name: --index-url is {PREFIX}_INDEX_URL. Several values are "
    f"separated by spaces, several paths as in PATH. Credentials: {PREFIX}_USERNAME and {PREFIX}_PASSWORD, or "
    f"{PREFIX}_TOKEN. An option comes before its variable, and that before the file of --config."
)
#: The variable of the password for the downloads of ClickHouse, which is a setting without an option.
CLICKHOUSE_PASSWORD = f"{PREFIX}_CLICKHOUSE_PASSWORD"
#: The variables of credentials. A token is a password whose user name is ``TOKEN_USER``.
USERNAME, PASSWORD, TOKEN = f"{PREFIX}_USERNAME", f"{PREFIX}_PASSWORD", f"{PREFIX}_TOKEN"
TOKEN_USER = "__token__"  # noqa: S105 - it is the name of a user
#: The sections of a help, in their order.
SELECTION, INDEX, REQUESTS, DESTINATION, OUTPUT = "What to load", "Index", "Requests", "Destination", "Output"
DOWNLOADS = "Downloads"

#: What the name of a requirement file has: an ending, or a folder before it.
_FILE = re.compile(r"\.(?:txt|in|toml|lock|pip|cfg|ini|json|ya?ml|py)$|[/\\]", re.IGNORECASE)

_F = TypeVar("_F", bound=Callable[..., Any])


class Option(click.Option):
    """An option with a section in the help, and an environment variable of its name.

    :ivar section: the heading under which the help lists it.
    """

    def __init__(self, declarations: Sequence[str], section: str = "Options", **attributes: Any) -> None:
        self.section = section
        super().__init__(declarations, **{"envvar": _variable(PREFIX, declarations), **attributes})


def with_variables(name: str, command: click.Command) -> click.Command:
    """Give the options of a command that have no environment variable one, with the command's name in it."""
    for one in command.params:
        if isinstance(one, click.Option) and one.envvar is None and not one.hidden:
            one.envvar = _variable(f"{PREFIX}_{name.upper()}", one.opts)
    return command


def _variable(prefix: str, declarations: Sequence[str]) -> str:
    """The variable of an option, from its long name."""
    long = next(one for one in declarations if one.startswith("--"))
    return f"{prefix}_{long.removeprefix('--').partition('/')[0].replace('-', '_').upper()}"


class SectionedCommand(click.Command):
    """A command whose help lists its options in sections, and whose examples keep their lines."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section; those without one come last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        last = sections.pop("Options", [])
        for title, records in [*sections.items(), *([("Options", last)] if last else [])]:
            with formatter.section(title):
                formatter.write_dl(records)


def option(*declarations: str, section: str = "Options", **attributes: Any) -> Callable[[_F], _F]:
    """Return a decorator that adds an option with a section and an environment variable to a command."""
    return click.option(*declarations, cls=Option, section=section, **attributes)


def index_options(command: _F) -> _F:
    """Add the options that say which index is read, and how. Their values are settings, but for ``config``."""
    return _all(_INDEX_OPTIONS, command)


def selection_options(command: _F) -> _F:
    """Add the options that say what is read. Their values are settings, but for ``files``, the paths of ``-r``."""
    return _all(_SELECTION_OPTIONS, command)


def download_options(command: _F) -> _F:
    """Add the options of the streams of downloads, and of the most downloaded projects. Their values are settings."""
    return _all(_DOWNLOAD_OPTIONS, command)


def event_options(command: _F) -> _F:
    """Add the options of the stream of events. Their values are settings."""
    return _all(_EVENT_OPTIONS, command)


def output_options(command: _F) -> _F:
    """Add ``-q``, ``-v`` and ``--debug``: the parameters ``quiet``, ``verbose`` and ``debug``."""
    return _all(_OUTPUT_OPTIONS, command)


def make_settings(path: Path | None, names: Sequence[str], options: Mapping[str, Any]) -> "tuple[Config, list[str]]":
    """Return the settings of a file, overridden by those of the environment and by options, and warnings.

    :param path: the file of ``--config``; None: there is none.
    :param names: projects that are added to those of the file.
    :param options: values by name of the setting. None, False and empty tuples count as not given.
    :raises SettingError: when the file cannot be read, or a setting is unknown or invalid.
    """
    from source_pypi.config import EMPTY_INDEX, make_config, read_settings

    settings = read_settings(path) if path is not None else {}
    given = {name: value for name, value in options.items() if value is not None and value is not False and value != ()}
    if given.get("index_from") == "environment" and "index_url" not in given:
        settings["index_url"] = None
    if names and isinstance(listed := settings.get("projects") or [], list):
        given["projects"] = [*listed, *names]
    settings |= given
    variable = f"{PREFIX}_INDEX_URL"
    may_be_public = settings.get("index_url") is None and settings.get("index_from") != "environment"
    if may_be_public and os.environ.get(variable) == "":  # click takes it as one that is not set
        raise SettingError("index_url", f"{EMPTY_INDEX} (the variable {variable})")
    credentials, warnings = _credentials(settings.get("index_url"))
    password = (
        {"clickhouse_password": os.environ.get(CLICKHOUSE_PASSWORD)} if os.environ.get(CLICKHOUSE_PASSWORD) else {}
    )
    return make_config(settings | credentials | password), warnings


def _credentials(index_url: object) -> tuple[dict[str, str], list[str]]:
    """The settings of the environment's credentials, and a warning if they belong to another index.

    :raises SettingError: when there are a password and a token.
    """
    from source_pypi.standards.index_urls import default_url, index_title, same_index

    username, password, token = (os.environ.get(name) for name in (USERNAME, PASSWORD, TOKEN))
    if token and password:
        raise SettingError("", f"{TOKEN} and {PASSWORD} are both set; unset one of them")
    found = {"index_username": username or (TOKEN_USER if token else None), "index_password": token or password}
    credentials = {name: value for name, value in found.items() if value}
    own, read = os.environ.get(f"{PREFIX}_INDEX_URL"), str(index_url or default_url())
    if credentials and own and not same_index(own, read):
        warning = f"the credentials in {PREFIX}_* belong to {index_title(own)}, and are not sent to {index_title(read)}"
        return {}, [warning]
    return credentials, []


def _all(options: Sequence[Callable[[Any], Any]], command: _F) -> _F:
    for one in reversed(options):
        command = one(command)
    return command


_file = click.Path(path_type=Path, dir_okay=False)
_stdin = click.Path(path_type=Path, dir_okay=False, allow_dash=True)

_SELECTION_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option(
        "-r",
        "--requirements",
        "files",
        section=SELECTION,
        type=_stdin,
        multiple=True,
        metavar="FILE",
        help="Also load the projects and pinned versions in a requirements.txt, pyproject.toml or lock file; - reads "
        "standard input. Repeatable.",
    ),
    option("--whole-index", section=SELECTION, is_flag=True, help="Load every project that the index lists."),
    option(
        "--exclude",
        section=SELECTION,
        multiple=True,
        metavar="NAME",
        help="Leave out a project; * and ? match any characters. Repeatable.",
    ),
    option(
        "--follow-dependencies",
        section=SELECTION,
        type=int,
        metavar="LEVELS",
        help="Also load dependencies, down to this level.  [default: 0]",
    ),
    option(
        "--releases",
        section=SELECTION,
        type=click.Choice(["latest", "all"]),
        help="Which releases of projects without a pinned version to read, in streams that read releases. 'all' takes "
        "one request per release.  [default: latest]",
    ),
    option(
        "--core-metadata",
        section=SELECTION,
        is_flag=True,
        help="Read a release's dependencies from its files' core metadata if the index does not list them.",
    ),
    option(
        "--full-check-days",
        section=SELECTION,
        type=float,
        metavar="DAYS",
        help="How often to read each project in full even if it looks unchanged; 0: always.  [default: 7]",
    ),
    option(
        "--missing-projects",
        section=SELECTION,
        type=click.Choice(["auto", "fail", "warn"]),
        help="Whether a named project that the index does not have is an error. auto: only if it never had it.  "
        "[default: auto]",
    ),
)
_DOWNLOAD_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option(
        "--top",
        section=SELECTION,
        type=click.IntRange(1, 15_000),
        metavar="N",
        help="Also load the N most downloaded projects of the last calendar month, from a public list.",
    ),
    option("--top-url", section=DOWNLOADS, metavar="URL", help="The list for --top.  [default: the public list]"),
    option(
        "--downloads-from",
        section=DOWNLOADS,
        type=click.Choice(["pypistats", "clickhouse"]),
        help="Who counts the downloads for the streams downloads and downloads_by.  [default: pypistats]",
    ),
    option("--downloads-url", section=DOWNLOADS, metavar="URL", help="The site of pypistats, or a copy of it."),
    option(
        "--downloads-by",
        section=DOWNLOADS,
        multiple=True,
        metavar="A+B",
        help="What the stream downloads_by counts by: version, file_type, python, system, country, installer, or "
        "several at once. Repeatable.  [default: python, system]",
    ),
    option(
        "--downloads-days",
        section=DOWNLOADS,
        type=int,
        metavar="DAYS",
        help="How many of the last days to read of a project for the first time.  [default: 180]",
    ),
    option(
        "--downloads-per-minute",
        section=DOWNLOADS,
        type=float,
        metavar="NUMBER",
        help="Maximum request rate of pypistats; 0: no limit.  [default: 29]",
    ),
    option("--clickhouse-url", section=DOWNLOADS, metavar="URL", help="The HTTP interface of ClickHouse."),
    option("--clickhouse-database", section=DOWNLOADS, metavar="NAME", help="Its database.  [default: pypi]"),
    option(
        "--clickhouse-username",
        section=DOWNLOADS,
        metavar="NAME",
        help=f"Its user; {CLICKHOUSE_PASSWORD} has the password.  [default: demo]",
    ),
    option(
        "--clickhouse-queries-per-hour",
        section=DOWNLOADS,
        type=int,
        metavar="NUMBER",
        help="Maximum number of queries in an hour.  [default: 60]",
    ),
)
_EVENT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option(
        "--events-since",
        section=SELECTION,
        metavar="WHEN",
        help="Where the first sync of the stream events begins: after a serial, or at a date or time (UTC).  "
        "[default: at the journal's last event]",
    ),
    option(
        "--events-url",
        section=INDEX,
        metavar="URL",
        help="Where the index answers XML-RPC, for the stream events.  [default: /pypi below its root]",
    ),
)
_INDEX_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option("--index-url", section=INDEX, metavar="URL", help="The index to read.  [default: the public index]"),
    option(
        "--index-from",
        section=INDEX,
        type=click.Choice(["settings", "environment"]),
        metavar="PLACE",
        help="'environment': read the index that PIP_INDEX_URL, UV_DEFAULT_INDEX, UV_INDEX, PIP_EXTRA_INDEX_URL or "
        "pip.conf names.  [default: settings]",
    ),
    option(
        "--any-index",
        section=INDEX,
        is_flag=True,
        help="Request projects also if their file names another index for them.",
    ),
    option(
        "--credentials-from",
        section=INDEX,
        type=click.Choice(["settings", "netrc", "keyring"]),
        help=f"Where to find the username and password: {USERNAME} and {PASSWORD} (or {TOKEN}) and --config only, also "
        "the netrc file, or also the keyring.  [default: settings]",
    ),
    option("--ca-bundle", section=INDEX, metavar="FILE", help="A PEM file with CA certificates to trust as well."),
    option(
        "--advisories-url",
        section=INDEX,
        metavar="URL",
        help="Where OSV's export of advisories is, for their streams and rules: a copy of it, or file:PATH.  [default: "
        "OSV's bucket]",
    ),
    option("--config", section=INDEX, type=_file, help="Settings, a JSON file. NAMEs are added to its projects."),
    option(
        "--requests-per-second",
        section=REQUESTS,
        type=float,
        metavar="NUMBER",
        help="Maximum request rate; 0: no limit, for an index of your own.  [default: 5]",
    ),
    option(
        "--max-concurrency",
        section=REQUESTS,
        type=int,
        metavar="NUMBER",
        help="Maximum number of requests in flight at once. Raise it only for an index of your own.  [default: 1]",
    ),
    option(
        "--request-timeout-seconds",
        section=REQUESTS,
        type=float,
        metavar="SECONDS",
        help="Time limit for connecting, for the start of a response, and for its body.  [default: 30]",
    ),
    option(
        "--contact",
        section=REQUESTS,
        metavar="TEXT",
        help="Email address or URL at which the index's operators can reach you; part of the User-Agent.",
    ),
)
_OUTPUT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option("-q", "--quiet", section=OUTPUT, is_flag=True, help="Print only warnings and errors."),
    option("-v", "--verbose", section=OUTPUT, is_flag=True, help="Print each request with its status and time."),
    option("--debug", section=OUTPUT, is_flag=True, help="Also print the headers, without credentials."),
)


def refuse_files(names: tuple[str, ...]) -> None:
    """Refuse a requirement file that is given as a name: the index would be asked for a project of that name.

    :raises SettingError: when a name is that of an existing file.
    """
    from source_pypi.safety.files import is_file

    for name in names:
        if _FILE.search(name) and is_file(Path(name)):
            raise SettingError("", f"{name} is a file; to read the projects in it, write -r {name}")
