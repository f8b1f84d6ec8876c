"""Every setting, with its meaning, unit and default. The connector's specification is generated from this file.

``project_name`` and ``version`` are the settings of Airbyte's source-pypi 0.2.x. The specification requires no setting,
so that a configuration of 0.2.x and a new one are both valid.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from source_pypi.fields import describe, fields_of
from source_pypi.safety.redaction import without_credentials

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
    """The user's settings. ``reader.py`` makes them of a file, or of keywords.

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
            "Time limit, in seconds, for connecting, and for a whole response. A large body gets "
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
