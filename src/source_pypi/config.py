"""Every setting, with its meaning, unit and default. The connector's specification is generated from here.

Names and meanings of Airbyte's source-pypi 0.2.x (``project_name``, ``version``) stay; nothing is required by the
specification, so that a 0.2.x configuration and a new one are both valid.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from source_pypi.errors import SettingError
from source_pypi.fields import describe, fields_of
from source_pypi.safety.redaction import without_credentials


class Config(Struct, frozen=True, kw_only=True, gc=False):
    """What the user chose. Read one with :func:`read_config`, or make one in Python with the same names."""

    projects: Annotated[
        tuple[str, ...],
        describe(
            "Names of projects, in any spelling. A name may be pinned to a version, which chooses the release "
            "that is read by the streams that read a release at a time.",
            title="Projects",
            examples=[["flask", "requests==2.31.0"]],
        ),
    ] = ()
    project_name: Annotated[
        str | None,
        describe(
            "Name of one project, in any spelling; the same as one entry of Projects.",
            title="Project name",
            examples=["sampleproject"],
        ),
    ] = None
    version: Annotated[
        str | None,
        describe(
            "Version of the project in Project name: the release that is read. Empty: the latest release.",
            title="Version of that project",
            examples=["1.2.0"],
        ),
    ] = None
    requirements: Annotated[
        str | None,
        describe(
            "Text of a requirements.txt, whose projects and pins are read too. (Files of other kinds: sync -r FILE.)",
            title="Requirements",
            examples=["flask>=3\nrequests==2.31.0"],
            multiline=True,
        ),
    ] = None
    whole_index: Annotated[
        bool,
        describe("Every project that the index lists is read too.", title="Whole index"),
    ] = False
    exclude: Annotated[
        tuple[str, ...],
        describe(
            "Names of projects that are not read, whatever else chooses them; * and ? stand for any characters.",
            title="Excluded projects",
            examples=[["internal-*", "setuptools"]],
        ),
    ] = ()
    follow_dependencies: Annotated[
        int,
        Meta(ge=0, le=100),
        describe(
            "The projects that the chosen ones need are read too, so many levels deep: those of the pinned or latest "
            "release, whatever the platform, and of extras only where they are asked for (requests[socks]).",
            unit="levels",
            title="Follow dependencies",
        ),
    ] = 0
    releases: Annotated[
        Literal["latest", "all"],
        describe(
            "Which releases are read of projects that are not pinned, by the streams that read a release at a time: "
            "the latest one, or all of them, which takes a request each. A pinned version counts as itself.",
            title="Releases",
        ),
    ] = "latest"
    core_metadata: Annotated[
        bool,
        describe(
            "Where the index says nothing of a release's dependencies, they are read from its core metadata, which "
            "takes a request each.",
            title="Dependencies from core metadata",
        ),
    ] = False
    track_removed: Annotated[
        bool,
        describe(
            "Rows that are gone from the index are told by incremental streams: a row with the key and the time in "
            "_ab_cdc_deleted_at. For that, the state keeps the keys of all rows. Not where the whole index is read.",
            title="Tell removed rows",
        ),
    ] = True
    full_check_days: Annotated[
        float,
        Meta(ge=0, le=3650),
        describe(
            "Where it is known from elsewhere that a project has not changed (the index's list, its project document), "
            "everything is asked for all the same once in so many days, a slice at each sync, since neither tells of "
            "all changes. 0: always.",
            unit="days",
            title="Full check",
        ),
    ] = 7
    index_url: Annotated[
        str | None,
        describe(
            "Address of the index: its root, or its /simple/ or /pypi address. Empty: the public index.",
            title="Index address",
            examples=["https://packages.example.com/root/mirror"],
        ),
    ] = None
    index_username: Annotated[
        str | None, describe("User name for the index, sent to the index's own host only.", title="Index user name")
    ] = None
    index_password: Annotated[
        str | None,
        describe(
            "Password or token for the index, sent to the index's own host only.",
            title="Index password",
            airbyte_secret=True,
        ),
    ] = None
    credentials_from: Annotated[
        Literal["settings", "netrc", "keyring"],
        describe(
            "Where user name and password come from that the settings lack: from nowhere else, from the netrc file "
            "($NETRC or ~/.netrc), or from the system's keyring (extra keyring), which knows them by the index's "
            "address, or else by its host.",
            title="Credentials from",
        ),
    ] = "settings"
    ca_bundle: Annotated[
        str | None,
        describe(
            "Path of a PEM file with certificates that are trusted besides the system's, as those of a company's own "
            "CA. (Instead of the system's: SSL_CERT_FILE in the environment.)",
            title="CA bundle",
            examples=["/etc/ssl/company.pem"],
        ),
    ] = None
    contact: Annotated[
        str | None,
        describe(
            "An address at which the index's operators can reach you; it becomes part of the User-Agent.",
            title="Contact",
            examples=["data-team@example.com"],
        ),
    ] = None
    requests_per_second: Annotated[
        float,
        Meta(ge=0),
        describe("At most so many requests are started in a second; 0: no pace.", unit="1/s", title="Pace"),
    ] = 5
    max_concurrency: Annotated[
        int,
        Meta(ge=1, le=64),
        describe(
            "At most so many requests are under way at once. The public index asks for requests one after another: "
            "raise it only for an index of your own.",
            title="Concurrency",
        ),
    ] = 1
    request_timeout_seconds: Annotated[
        float,
        Meta(gt=0, le=86_400),
        describe(
            "A try fails when the index is silent for so long, when connecting takes longer, or answering; a large "
            "answer gets a second more for every 16 KB that have come.",
            unit="seconds",
            title="Timeout",
        ),
    ] = 30

    def __repr__(self) -> str:
        return f"Config({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """What was chosen, without secrets: logs, and tracebacks with local variables, show it."""
        shown = []
        for field in fields_of(Config):
            value = getattr(self, field.name)
            if value not in (None, field.default, ()):
                plain = without_credentials(value) if isinstance(value, str) else value
                shown.append((field.name, "***" if field.keywords.get("airbyte_secret") else plain))
        return shown


def read_config(path: Path) -> Config:
    """Read a configuration file.

    :raises SettingError: when the file cannot be read, is no JSON object, or breaks the specification.
    """
    try:
        content = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise SettingError("", f"the configuration {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingError("", f"the configuration {path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise SettingError("", f"the configuration {path} must be a JSON object of settings")
    return make_config(content)


def make_config(settings: Mapping[str, Any]) -> Config:
    """Make a configuration from settings by name; null and empty texts count as not given, unknown names are ignored.

    :raises SettingError: when a setting breaks the specification.
    """
    given = {name: value for name, value in settings.items() if value is not None and value != ""}
    try:
        config = msgspec.convert(given, Config)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingError(path.rstrip("`"), reason) from error
    _check(config)
    return config


def config_of(projects: Iterable[str], settings: Mapping[str, Any]) -> Config:
    """Make a configuration of projects and settings by name, as a Python program gives them.

    :raises SettingError: when a setting does not exist, or breaks the specification.
    """
    if unknown := sorted(settings.keys() - set(Config.__struct_fields__)):
        raise SettingError(unknown[0], "there is no such setting")
    if isinstance(projects, str):
        raise SettingError("projects", f"must be a list of names, as [{projects!r}]")
    return make_config({"projects": list(projects), **settings})


def _check(config: Config) -> None:
    if config.version is not None and config.project_name is None:
        raise SettingError("version", "goes with project_name; pin an entry of projects as name==version")
    if config.version is not None and config.project_name is not None and "=" in config.project_name:
        raise SettingError("version", "project_name names a version too; give one of them")
    if config.contact is not None and not re.fullmatch(r"[ -~]+", config.contact):
        raise SettingError("contact", "may only have printable ASCII characters: it is part of a header")
    named = config.index_username is not None and config.credentials_from == "keyring"  # it has the password
    if (config.index_username is None) != (config.index_password is None) and not named:
        raise SettingError("index_password", "index_username and index_password go together")
    if config.index_url is not None:
        _check_url(config.index_url)


def _check_url(index_url: str) -> None:
    try:
        parts = urlsplit(index_url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, valid = urlsplit(""), False
    if "@" in parts.query + parts.fragment:
        reason = "has an @ behind a ? or #: these, and /, are %3F, %23 and %2F in a user name or password"
        raise SettingError("index_url", reason)
    if not valid or re.search(r"[\s\x00-\x1f]", index_url):
        raise SettingError("index_url", "must be an address such as https://packages.example.com/simple/")
