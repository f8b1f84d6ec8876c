"""Every setting, with its meaning, unit and default. The connector's specification is generated from this file.

``project_name`` and ``version`` are the settings of Airbyte's source-pypi 0.2.x. The specification requires no setting,
so that a configuration of 0.2.x and a new one are both valid.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from source_pypi.errors import SettingError
from source_pypi.fields import describe, fields_of
from source_pypi.safety.redaction import without_credentials
from source_pypi.standards.index_settings import environment_indexes, no_index_source
from source_pypi.standards.index_urls import default_url, folder_url, index_title, is_public, same_index

#: The largest number of the journal's protocol, XML-RPC: 32 bits, with a sign.
_MOST_XML_RPC = 2**31 - 1
#: The sections of Airbyte's form, in order: the identifier that a setting names as its ``group``, and the title.
GROUPS = {
    "projects": "Projects",
    "index": "Index",
    "rows": "Rows and deletions",
    "requests": "Requests",
    "advisories": "Advisories and events",
    "downloads": "Downloads",
}
#: What downloads can be counted by, in the order in which breakdowns and keys list them.
DIMENSIONS = ("version", "file_type", "python", "system", "country", "installer")


class Config(Struct, frozen=True, kw_only=True, gc=False):
    """The user's settings. Read them from a file with :func:`read_config`, or pass them as keywords.

    ``airbyte_hidden``: Airbyte's form does not show a setting, because it is about the machine that runs source-pypi.
    """

    projects: Annotated[
        tuple[str, ...],
        describe(
            "Names of the projects to read, in any spelling. Append ==VERSION, or a range such as >=2,<3, to a name to "
            "read that release, or the highest one that the range admits, instead of the latest one.",
            title="Projects",
            group="projects",
            examples=[["flask", "requests==2.31.0", "werkzeug>=2,<3"]],
        ),
    ] = ()
    project_name: Annotated[
        str | None,
        describe(
            "Name of a single project to read; the same as one entry of Projects.",
            title="Project name",
            group="projects",
            examples=["sampleproject"],
        ),
    ] = None
    version: Annotated[
        str | None,
        describe(
            "Version of the project in Project name. Empty: the latest release.",
            title="Project version",
            group="projects",
            examples=["1.2.0"],
        ),
    ] = None
    requirements: Annotated[
        str | None,
        describe(
            "Text of a requirements.txt; its projects and versions are read as well. For files of other kinds, "
            "use sync -r FILE.",
            title="Requirements",
            group="projects",
            examples=["flask>=3\nrequests==2.31.0"],
            multiline=True,
        ),
    ] = None
    whole_index: Annotated[
        bool,
        describe("Read every project that the index lists.", title="Whole index", group="projects"),
    ] = False
    top: Annotated[
        int,
        Meta(ge=0, le=15_000),
        describe(
            "How many of the most downloaded projects to read as well, in the order of a public list of the last "
            "calendar month. Its names are the only thing that is taken from it. 0: none.",
            title="Most downloaded projects",
            group="projects",
        ),
    ] = 0
    top_url: Annotated[
        str,
        describe(
            "URL of the list of the most downloaded projects: a JSON object whose `rows` have a `project` each.",
            title="URL of the most downloaded projects",
            group="projects",
        ),
    ] = "https://hugovk.dev/top-pypi-packages/top-pypi-packages.min.json"
    exclude: Annotated[
        tuple[str, ...],
        describe(
            "Names of projects to leave out, even if another setting selects them. * and ? match any characters.",
            title="Excluded projects",
            group="projects",
            examples=[["internal-*", "setuptools"]],
        ),
    ] = ()
    follow_dependencies: Annotated[
        int,
        Meta(ge=0, le=100),
        describe(
            "How many levels of dependencies of the selected projects to read as well, on all platforms. Extras count "
            "only if they are requested, as in requests[socks].",
            title="Follow dependencies",
            group="projects",
        ),
    ] = 0
    releases: Annotated[
        Literal["latest", "all"],
        describe(
            "Which releases of projects named without versions to read, in streams that read releases. `all` takes "
            "one request per release.",
            title="Releases",
            group="projects",
        ),
    ] = "latest"
    core_metadata: Annotated[
        bool,
        describe(
            "Read a release's dependencies from the core metadata of its files if the index does not list them. "
            "This takes one request per release. Without project documents, an index is always read that way.",
            title="Dependencies from core metadata",
            group="rows",
        ),
    ] = False
    track_removed: Annotated[
        bool,
        describe(
            "Emit a deletion record (the key and `_ab_cdc_deleted_at`) when a row disappears from the index. State "
            "then stores every row's key.",
            title="Emit deletion records",
            group="rows",
        ),
    ] = True
    full_check_days: Annotated[
        float,
        Meta(ge=0, le=3650),
        describe(
            "How often, in days, each project is read in full even if it looks unchanged. New advisories, archiving "
            "and role changes do not move the index's serial. 0: always.",
            title="Full check interval",
            group="rows",
        ),
    ] = 7
    missing_projects: Annotated[
        Literal["auto", "fail", "warn"],
        describe(
            "What to do if the index does not have a named project: `fail` reports an error after the other projects "
            "were read, `warn` a warning. `auto`: an error if the index never had the project, a warning if it did.",
            title="Missing projects",
            group="rows",
        ),
    ] = "auto"
    max_deleted_share: Annotated[
        float,
        Meta(ge=0, le=1),
        describe(
            "The largest share of the known projects that one run may delete because they are no longer on the index. "
            "If more disappear at once (and at least 5), nothing is deleted and the run fails.",
            title="Largest share of deleted projects",
            group="rows",
        ),
    ] = 0.2
    accept_deletions: Annotated[
        bool,
        describe(
            "Delete the rows of projects that are no longer on the index even if they exceed "
            "the largest share of deleted projects.",
            title="Accept deletions",
            group="rows",
        ),
    ] = False
    index_url: Annotated[
        str | None,
        describe(
            "URL of the index: its root, or its /simple/ or /pypi URL. Or the path of a folder on this computer: a "
            "mirror, or saved documents. If it is not set: the public index.",
            title="Index URL",
            group="index",
            examples=["https://packages.example.com/root/mirror", "/srv/mirror"],
        ),
    ] = None
    index_from: Annotated[
        Literal["settings", "environment"],
        describe(
            "Where to find the index's URL if Index URL is not set: nowhere else, or also in PIP_INDEX_URL, "
            "UV_DEFAULT_INDEX, UV_INDEX, PIP_EXTRA_INDEX_URL and pip's configuration files. The public index is then "
            "read only if they name it.",
            title="Index source",
            group="index",
            airbyte_hidden=True,
        ),
    ] = "settings"
    any_index: Annotated[
        bool,
        describe(
            "Request projects from this index even if their requirement or lock file names another index for them. "
            "Off: they are skipped with a warning, because their names could be private.",
            title="Any index",
            group="index",
        ),
    ] = False
    index_username: Annotated[
        str | None,
        describe(
            "Username for the index. It is sent only to the index's own host.", title="Index username", group="index"
        ),
    ] = None
    index_password: Annotated[
        str | None,
        describe(
            "Password or token for the index. It is sent only to the index's own host.",
            title="Index password",
            group="index",
            airbyte_secret=True,
        ),
    ] = None
    credentials_from: Annotated[
        Literal["settings", "netrc", "keyring"],
        describe(
            "Where to find the username and password: in these settings only, also in the netrc file ($NETRC or "
            "~/.netrc), or also in the system's keyring (extra `keyring`). The keyring is searched for the index's "
            "URL, then for its host.",
            title="Credentials source",
            group="index",
            airbyte_hidden=True,
        ),
    ] = "settings"
    ca_bundle: Annotated[
        str | None,
        describe(
            "CA certificates to trust in addition to the system's: the text of a PEM file, or the path of one on the "
            "machine that runs source-pypi. To replace the system's, set SSL_CERT_FILE in the environment.",
            title="CA bundle",
            group="index",
            examples=["-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----", "/etc/ssl/company.pem"],
            multiline=True,
        ),
    ] = None
    contact: Annotated[
        str | None,
        describe(
            "Email address or URL at which the index's operators can reach you. It becomes part of the User-Agent.",
            title="Contact",
            group="requests",
            examples=["data-team@example.com"],
        ),
    ] = None
    advisories_url: Annotated[
        str,
        describe(
            "URL under which PyPI/all.zip, PyPI/modified_id.csv and PyPI/<ID>.json of OSV's export are found, for the "
            "streams of advisories: the public one, or a copy. file:PATH names a folder or a zip on this computer.",
            title="Advisories URL",
            group="advisories",
            examples=["https://packages.example.com/osv", "file:/srv/osv"],
        ),
    ] = "https://storage.googleapis.com/osv-vulnerabilities"
    requests_per_second: Annotated[
        float,
        Meta(ge=0),
        describe(
            "Maximum request rate, per second. 0 disables the limit, for an index of your own.",
            title="Request rate",
            group="requests",
        ),
    ] = 5
    max_concurrency: Annotated[
        int,
        Meta(ge=1, le=64),
        describe(
            "Maximum number of requests in flight at once. The public index asks clients to send one request at a "
            "time; raise this only for an index of your own.",
            title="Concurrency",
            group="requests",
        ),
    ] = 1
    events_url: Annotated[
        str | None,
        describe(
            "URL at which the index answers XML-RPC, for the stream `events`. Empty: /pypi below the index's root.",
            title="Events URL",
            group="advisories",
            examples=["https://packages.example.com/root/mirror/pypi"],
        ),
    ] = None
    events_since: Annotated[
        str | None,
        describe(
            "Where the first sync of the stream `events` begins: after a serial, or at a date or time (UTC, ISO 8601). "
            "Empty: at the journal's last event.",
            title="Events since",
            group="advisories",
            examples=["2026-01-01", "24891358"],
        ),
    ] = None
    request_timeout_seconds: Annotated[
        float,
        Meta(gt=0, le=86_400),
        describe(
            "Time limit, in seconds, for connecting, for the start of a response, and for its body. A large body gets "
            "one more second for every 16 KB received.",
            title="Request timeout",
            group="requests",
        ),
    ] = 30

    downloads_from: Annotated[
        Literal["pypistats", "clickhouse"],
        describe(
            "Who counts the downloads: `pypistats` has the last 180 days, and takes a request for each project; "
            "`clickhouse` has all days, and also versions, countries and installers.",
            title="Source of downloads",
            group="downloads",
        ),
    ] = "pypistats"
    downloads_url: Annotated[
        str,
        describe(
            "URL under which `pypistats` has api/packages/NAME/overall: the public site, or a copy of it.",
            title="Pypistats URL",
            group="downloads",
        ),
    ] = "https://pypistats.org"
    downloads_by: Annotated[
        tuple[str, ...],
        describe(
            "What the stream downloads_by counts by: version, file_type, python, system, country or installer, or "
            "several at once, as in version+country. `pypistats` has python and system only.",
            title="Breakdowns of downloads",
            group="downloads",
        ),
    ] = ("python", "system")
    downloads_days: Annotated[
        int,
        Meta(ge=1, le=10_000),
        describe(
            "How many of the last days to read when a project's downloads are read for the first time. Later runs read "
            "the days since then.",
            title="First days of downloads",
            group="downloads",
        ),
    ] = 180
    downloads_per_minute: Annotated[
        float,
        Meta(ge=0),
        describe(
            "Maximum request rate of `pypistats`, per minute. 0 disables the limit.",
            title="Pypistats rate",
            group="downloads",
        ),
    ] = 29
    clickhouse_url: Annotated[
        str,
        describe(
            "URL of the HTTP interface of `clickhouse`: the public playground, or a server with the same tables.",
            title="ClickHouse URL",
            group="downloads",
        ),
    ] = "https://sql-clickhouse.clickhouse.com"
    clickhouse_database: Annotated[
        str, describe("Database of `clickhouse` that has the tables.", title="ClickHouse database", group="downloads")
    ] = "pypi"
    clickhouse_username: Annotated[
        str,
        describe(
            "Username for `clickhouse`. It is sent only to its own host.",
            title="ClickHouse username",
            group="downloads",
        ),
    ] = "demo"
    clickhouse_password: Annotated[
        str | None,
        describe(
            "Password for `clickhouse`. It is sent only to its own host. The public playground needs none.",
            title="ClickHouse password",
            group="downloads",
            airbyte_secret=True,
        ),
    ] = None
    clickhouse_queries_per_hour: Annotated[
        int,
        Meta(ge=1),
        describe(
            "Maximum number of queries in an hour. When a run has sent them, it waits until the hour is over.",
            title="ClickHouse quota",
            group="downloads",
        ),
    ] = 60

    def __repr__(self) -> str:
        return f"Config({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Settings that differ from their defaults, without secrets, because logs and tracebacks show them."""
        shown = []
        for field in fields_of(Config):
            value = getattr(self, field.name)
            if value not in (None, field.default, ()):
                printable = without_credentials(value) if isinstance(value, str) else value
                shown.append((field.name, "***" if field.keywords.get("airbyte_secret") else printable))
        return shown


#: What to say of an index's URL that is an empty text.
EMPTY_INDEX = "is empty; name an index, or leave it out to read the public index"


def read_config(path: Path) -> Config:
    """Read a configuration file.

    :raises SettingError: if the file cannot be read, is not a JSON object, or has an unknown or invalid setting.
    """
    return make_config(read_settings(path))


def read_settings(path: Path) -> dict[str, Any]:
    """The JSON object in a configuration file, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    :raises SettingError: if the file cannot be read, or is not a JSON object.
    """
    try:
        content = path.read_bytes()
        settings = msgspec.json.decode(content.decode(json.detect_encoding(content)))
    except OSError as error:
        raise SettingError("", f"the configuration {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise SettingError("", f"the configuration {path} is not valid JSON: {error}") from error
    if not isinstance(settings, dict):
        raise SettingError("", f"the configuration {path} must be a JSON object of settings")
    return settings


def without_unknown(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Settings without those that do not exist, and the names of these. For Airbyte, which may add keys of its own.

    ``index_url`` is left out if it is empty, which ``make_config`` refuses: a form sends that for an empty field.

    :raises SettingError: if an unknown name is close to that of a setting, so that it is probably misspelt.
    """
    unknown = [name for name in settings if name not in Config.__struct_fields__]
    for name in unknown:
        if _close_name(name) is not None:
            raise _unknown_setting(name)
    left_out = {*unknown, *(["index_url"] if settings.get("index_url") == "" else [])}
    return {name: value for name, value in settings.items() if name not in left_out}, unknown


def make_config(settings: Mapping[str, Any]) -> Config:
    """Make a configuration from settings by name. Null and empty strings count as not set, but for ``index_url``.

    An empty ``index_url`` is an error: it mostly comes from a variable that is not set, and the public index would be
    asked for what belongs to another one. If it is not set and ``index_from`` says so, ``index_url`` becomes the index
    that the environment names.

    :raises SettingError: if a setting does not exist or is invalid, or the environment names no index.
    """
    for name in settings:
        if name not in Config.__struct_fields__:
            raise _unknown_setting(name)
    if settings.get("index_url") == "":
        raise SettingError("index_url", EMPTY_INDEX)
    values = {name: value for name, value in settings.items() if value is not None and value != ""}
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingError(path.rstrip("`"), reason) from error
    if config.index_from == "environment" and config.index_url is None:
        config = replace(config, index_url=_index_of_environment())
    if config.index_url is not None and (folder := folder_url(config.index_url)) is not None:
        config = replace(config, index_url=folder)
    _check(config)
    return config


def environment_note(config: Config) -> str | None:
    """One line if pip or uv would use another index here than the one that is read; None: they would not.

    If ``index_url`` is set by the user, files of pip do not count: the choice was deliberate.
    """
    url = config.index_url or default_url()
    try:
        found = environment_indexes()
    except ValueError:  # the configuration of another program, which this run does not need
        return None
    explicit = config.index_url is not None and config.index_from == "settings"
    others = {
        without_credentials(one.url): one.source
        for one in found
        if not same_index(one.url, url) and not is_public(one.url) and (one.variable or not explicit)
    }
    if not others:
        return None
    named = ", ".join(f"{other} ({source})" for other, source in others.items())
    advice = "" if config.index_from == "environment" else "; to use it: --index-url, or --index-from environment"
    return f"this run reads {index_title(url)}, but the environment also names {named}{advice}"


def _index_of_environment() -> str:
    """The index that the environment names first; the public index only if it names no other."""
    try:
        found = environment_indexes()
    except ValueError as error:
        raise SettingError("index_from", str(error)) from error
    if not found and (source := no_index_source()):
        reason = f"is 'environment', but {source} says that pip uses no index; set index_url (--index-url) to name one"
        raise SettingError("index_from", reason)
    if not found:
        reason = "is 'environment', but neither PIP_INDEX_URL, UV_DEFAULT_INDEX, UV_INDEX nor pip.conf names an index"
        raise SettingError("index_from", reason)
    chosen = next((one for one in found if not is_public(one.url)), found[0])
    if (folder := folder_url(chosen.url)) is not None:
        return folder
    try:
        _check_url(chosen.url)
    except SettingError as error:
        raise SettingError("index_from", f"the index in {chosen.source} {error.reason}") from None
    return chosen.url


def _unknown_setting(name: str) -> SettingError:
    close = _close_name(name)
    hint = f"; did you mean {close!r}?" if close else ""
    return SettingError(name, f"there is no such setting{hint}")


def _close_name(name: str) -> str | None:
    """The setting whose name is most similar; None: none is. What could name an index is close to ``index_url``."""
    from difflib import get_close_matches

    plain = {re.sub(r"[\W_]", "", one).lower(): one for one in Config.__struct_fields__}
    typed = re.sub(r"[\W_]", "", name).lower()[:100]
    if close := get_close_matches(typed, plain, n=1, cutoff=0.75):
        return plain[close[0]]
    return "index_url" if "index" in typed or typed.endswith(("url", "uri")) else None


def config_of(projects: Iterable[str], settings: Mapping[str, Any]) -> Config:
    """Make a configuration from projects and the keyword arguments of a Python program.

    :raises SettingError: if a setting does not exist or is invalid.
    """
    if isinstance(projects, str):
        raise SettingError("projects", f"must be a list of names, such as [{projects!r}]")
    return make_config({"projects": list(projects), **settings})


def _check(config: Config) -> None:
    if config.version is not None and config.project_name is None:
        raise SettingError("version", "requires project_name; to pin an entry of projects, write name==version")
    if config.version is not None and config.project_name is not None and "=" in config.project_name:
        raise SettingError("version", "is set, but project_name has a version too; remove one of them")
    if config.contact is not None and not re.fullmatch(r"[ -~]+", config.contact):
        raise SettingError("contact", "must consist of printable ASCII characters, because it is sent in a header")
    in_keyring = config.index_username is not None and config.credentials_from == "keyring"  # the password
    if (config.index_username is None) != (config.index_password is None) and not in_keyring:
        raise SettingError("index_password", "index_username and index_password must be set together")
    _check_urls(config)
    if config.events_since is not None and not _is_serial_or_time(config.events_since):
        raise SettingError("events_since", "must be a serial, such as 24891358, or a date, such as 2026-01-31")
    _check_downloads(config)


def _is_serial_or_time(text: str) -> bool:
    try:
        if text.isascii() and text.isdigit():
            return len(text) <= 10 and int(text) <= _MOST_XML_RPC
        return text.isascii() and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _check_urls(config: Config) -> None:
    for name, url in (("index_url", config.index_url), ("events_url", config.events_url)):
        if url is not None and not (name == "index_url" and folder_url(url) == url):
            _check_url(url, name)
    for name in ("top_url", "downloads_url", "clickhouse_url"):
        _check_url(getattr(config, name), name, "https://downloads.example.com")
    if not config.advisories_url.startswith("file:"):
        _check_url(config.advisories_url, "advisories_url", "https://advisories.example.com")


def _check_downloads(config: Config) -> None:
    """Check what downloads are counted by, and from which source."""
    for text in config.downloads_by:
        names = [name.strip() for name in text.split("+")]
        for name in names:
            if name not in DIMENSIONS:
                raise SettingError("downloads_by", f"{name!r} is none of {', '.join(DIMENSIONS)}")
        if len(set(names)) < len(names):
            raise SettingError("downloads_by", f"{text!r} names a dimension twice")
        if config.downloads_from == "pypistats" and names not in (["python"], ["system"]):
            reason = f"pypistats does not count by {text!r}, only by python and by system; see downloads_from"
            raise SettingError("downloads_by", reason)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", config.clickhouse_database):
        raise SettingError("clickhouse_database", "must consist of letters, digits and underscores")


def _check_url(url: str, name: str = "index_url", example: str = "https://packages.example.com/simple/") -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, valid = urlsplit(""), False
    if "@" in parts.query + parts.fragment:
        reason = "has an @ after a ? or #; in a username or password, write ? as %3F, # as %23 and / as %2F"
        raise SettingError(name, reason)
    if not valid or re.search(r"[\s\x00-\x1f]", url):
        raise SettingError(name, f"must be a URL such as {example}")
