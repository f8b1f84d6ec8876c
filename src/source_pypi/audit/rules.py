"""The rules. A rule is a view, and a query that makes the columns of a finding from its rows.

Queries
    ``findings`` has the columns project, version, file, line, message, since, fix, fix_admitted, id, aliases, link,
    source, severity, score, published, cluster. Those that it leaves out are null. ``unknown`` has
    project and why: pins that the view says nothing about, because the index does not publish what the rule needs.
    ``first_seen`` is a temporary table (``answers.py``).
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from source_pypi.audit.licences import identifiers
from source_pypi.errors import SettingError

Level = Literal["error", "warning", "note"]


class Rule(Struct, frozen=True, kw_only=True):
    """A rule.

    :ivar name: its name in options.
    :ivar level: its severity, as SARIF names it.
    :ivar title: what it finds, in a few words.
    :ivar help: what to do about a finding.
    :ivar view: the view that answers it.
    :ivar reads: the streams without which it cannot be checked.
    :ivar dates: the streams that say since when a finding holds; it can be checked without them.
    :ivar of_release: whether it concerns the pinned release; otherwise the project.
    :ivar findings: the query of its findings.
    :ivar major_findings: the same with the argument ``major``.
    :ivar unknown: the query of the releases and projects that cannot be checked; empty: all can be.
    :ivar arguments: what may stand after the colon: nothing, some words, or a licence expression.
    :ivar without_index: whether it can be checked for what the index does not have: projects and pinned releases.
    """

    name: str
    level: Level
    title: str
    help: str
    view: str
    reads: tuple[str, ...]
    of_release: bool
    findings: str
    major_findings: str = ""
    dates: tuple[str, ...] = ()
    unknown: str = ""
    arguments: Literal["none", "major", "licence"] = "none"
    without_index: bool = False


class ChosenRule(Struct, frozen=True):
    """A rule with its argument.

    :ivar argument: what stands after the colon; empty: nothing.
    """

    rule: Rule
    argument: str = ""

    @property
    def text(self) -> str:
        """The rule as it is written in options."""
        return f"{self.rule.name}:{self.argument}" if self.argument else self.rule.name

    @property
    def query(self) -> str:
        """The query of its findings."""
        return self.rule.major_findings if self.argument == "major" else self.rule.findings


_BY_STATUS = """
    SELECT project, version, file, line,
        concat('is ', status, coalesce(': ' || reason, '')) AS message,
        first_seen.seen AS since
    FROM pin_statuses LEFT JOIN first_seen ON stream = 'statuses' AND subject = project AND detail = status
    WHERE status IN ({})
"""

_WITHOUT_STATUS = """
    SELECT pins.project, 'the index does not publish the statuses of projects' AS why
    FROM pins JOIN statuses USING (project) WHERE NOT has_status AND status = 'active'
"""

_OUTDATED = """
    SELECT project, outdated_pins.version, file, line, latest_version AS fix, latest_admitted AS fix_admitted,
        latest.first_upload_at AS since,
        concat(
            'the latest release is ', latest_version, ', ', releases_behind,
            CASE WHEN releases_behind = 1 THEN ' release' ELSE ' releases' END,
            coalesce(' and ' || days_behind || CASE WHEN days_behind = 1 THEN ' day' ELSE ' days' END, ''),
            ' ahead'
        ) AS message
    FROM outdated_pins
    LEFT JOIN (SELECT project, version AS latest_version, first_upload_at FROM versions) AS latest
        USING (project, latest_version)
    WHERE {}
"""

#: Who says which releases are vulnerable: the index, OSV's export, or both.
Source = Literal["index", "osv", "both"]
#: The streams of OSV's export.
_BULK = ("advisories", "advisory_ranges", "advisory_versions", "removed_advisories")
#: Five aliases at most: an advisory with hundreds would leave no room for its summary.
_SOME_ALIASES = """CASE WHEN len(aliases) > 0 THEN concat(
        ' (', array_to_string(aliases[:5], ', '),
        CASE WHEN len(aliases) > 5 THEN concat(' and ', len(aliases) - 5, ' more') END, ')'
    ) END"""
#: The message about an advisory: identifiers, summary, severity, score and day of publication, as far as known.
_BULK_MESSAGE = f"""concat(
    id,
    {_SOME_ALIASES},
    coalesce(': ' || summary, ''),
    coalesce(' [' || nullif(concat_ws(
        ', ', severity, 'score ' || score, 'published ' || strftime(published_at, '%Y-%m-%d')
    ), '') || ']', '')
)"""
_BULK_FINDINGS = f"""
    SELECT project, version, file, line, id, aliases, link, smallest_fix AS fix, fix_admitted,
        withdrawn_at AS withdrawn, severity, score, published_at AS published, published_at AS since, cluster,
        'osv' AS source,
        {_BULK_MESSAGE} AS message
    FROM advisory_pins
    WHERE kind = '{{}}' AND removed_at IS NULL AND withdrawn_at IS {{}}NULL
"""  # noqa: S608 - texts of our own
_INDEX_FINDINGS = f"""
    SELECT project, version, file, line, id, aliases, link, smallest_fix AS fix, fix_admitted, 'index' AS source,
        concat(
            id,
            {_SOME_ALIASES},
            coalesce(': ' || summary, '')
        ) AS message,
        first_seen.seen AS since
    FROM vulnerable_pins
    LEFT JOIN first_seen ON stream = 'vulnerabilities' AND subject = project || ' ' || version AND detail = id
"""  # noqa: S608 - a text of our own
#: The findings of both: OSV's, with those of the index alone.
_BOTH_FINDINGS = f"""
    WITH bulk AS ({_BULK_FINDINGS.format("vulnerability", "")}), listed AS ({_INDEX_FINDINGS})
    SELECT bulk.* REPLACE (CASE WHEN listed.id IS NULL THEN 'osv' ELSE 'osv, index' END AS source)
    FROM bulk
    LEFT JOIN (SELECT DISTINCT project, version, id FROM listed) AS listed USING (project, version, id)
    UNION ALL BY NAME
    SELECT listed.* FROM listed ANTI JOIN bulk USING (project, version, id)
"""  # noqa: S608 - as above

#: In the order of their severity.
RULES = (
    Rule(
        name="malware",
        level="error",
        title="The release is reported as malware",
        help="Do not install it. Find out what your environments have installed, and what it could reach there.",
        view="advisory_pins",
        reads=_BULK,
        of_release=False,
        findings=_BULK_FINDINGS.format("malware", ""),
        without_index=True,
    ),
    Rule(
        name="vulnerable",
        level="error",
        title="The release has a known vulnerability",
        help="Use the smallest version with a fix. If there is none, look at the advisory, or replace the project.",
        view="vulnerable_pins",
        reads=("vulnerabilities",),
        of_release=True,
        findings=_INDEX_FINDINGS,
    ),
    Rule(
        name="quarantined",
        level="error",
        title="The index has quarantined the project",
        help="The index suspects malware. Do not install the project; find out what your environments have installed.",
        view="pin_statuses",
        reads=("statuses",),
        of_release=False,
        findings=_BY_STATUS.format("'quarantined'"),
        unknown=_WITHOUT_STATUS,
    ),
    Rule(
        name="missing",
        level="error",
        title="The index does not have the project, or no release that the pin admits",
        help="The name is misspelt, the project was deleted, or it is on another index. Anybody can register a free "
        "name: make sure that no installer looks for it on a public index.",
        view="missing_projects",
        reads=("statuses",),
        of_release=False,
        findings="""
            SELECT project, file, line, first_seen.seen AS since,
                CASE status
                    WHEN 'missing' THEN 'is not on the index'
                    WHEN 'empty' THEN 'has no releases on the index'
                    ELSE concat(
                        'the index has no release that ', specifier, ' admits',
                        CASE WHEN project IN (SELECT versions.project FROM versions WHERE yanked)
                            THEN ' (a range admits no yanked release)'
                        END
                    )
                END AS message
            FROM missing_projects
            LEFT JOIN first_seen ON stream = 'statuses' AND subject = project AND detail = status
        """,
    ),
    Rule(
        name="yanked",
        level="error",
        title="The release is yanked",
        help="Its maintainers advise against this release (PEP 592). Use the replacement, and read the reason.",
        view="yanked_pins",
        reads=("versions",),
        of_release=True,
        findings="""
            SELECT project, version, file, line, replacement AS fix, replacement_admitted AS fix_admitted,
                concat('is yanked', coalesce(': ' || yanked_reason, '')) AS message,
                first_seen.seen AS since
            FROM yanked_pins
            LEFT JOIN first_seen ON stream = 'versions' AND subject = project || ' ' || version AND detail = 'yanked'
        """,
        unknown="""
            SELECT pins.project, 'the index does not say whether the release is yanked' AS why
            FROM pins JOIN versions USING (project, version) WHERE yanked IS NULL
        """,
    ),
    Rule(
        name="license",
        level="error",
        title="The release has a licence that is not wanted",
        help="Replace the project, or have the licence reviewed.",
        view="pin_licenses",
        reads=("licenses",),
        dates=("versions",),
        of_release=True,
        findings="""
            SELECT project, version, file, line, expression, versions.first_upload_at AS since,
                concat('its licence is ', expression) AS message
            FROM pin_licenses LEFT JOIN versions USING (project, version)
            WHERE expression IS NOT NULL
        """,
        unknown="""
            SELECT project, concat(
                'its licence is not known as an SPDX expression', coalesce(' (' || left(license, 100) || ')', '')
            ) AS why
            FROM pin_licenses WHERE expression IS NULL
        """,
        arguments="licence",
    ),
    Rule(
        name="archived",
        level="warning",
        title="The project is archived or deprecated",
        help="No more releases, also no security fixes, are expected. Look for a successor.",
        view="pin_statuses",
        reads=("statuses",),
        of_release=False,
        findings=_BY_STATUS.format("'archived', 'deprecated'"),
        unknown=_WITHOUT_STATUS,
    ),
    Rule(
        name="unattested",
        level="warning",
        title="The release has files without attestation",
        help="Nothing says which workflow built the files (PEP 740). Ask the maintainers to publish attestations.",
        view="unattested_pins",
        reads=("files", "attestations"),
        of_release=True,
        findings="""
            SELECT project, version, file, line,
                CASE WHEN attested_files > 0
                    THEN concat(attested_files, ' of ', files, ' files have an attestation')
                    ELSE 'no file has an attestation'
                END AS message,
                versions.first_upload_at AS since
            FROM unattested_pins LEFT JOIN versions USING (project, version)
        """,
    ),
    Rule(
        name="withdrawn",
        level="note",
        title="An advisory about the release was withdrawn",
        help="The advisory no longer holds. If you acted on it, you may revert that.",
        view="advisory_pins",
        reads=_BULK,
        of_release=True,
        findings=f"""
            SELECT * REPLACE (
                concat('withdrawn on ', strftime(withdrawn, '%Y-%m-%d'), ': ', message) AS message, withdrawn AS since
            )
            FROM (
                {_BULK_FINDINGS.format("vulnerability", "NOT ")}
                UNION ALL BY NAME
                {_BULK_FINDINGS.format("malware", "NOT ")}
            )
        """,  # noqa: S608 - texts of our own
        without_index=True,
    ),
    Rule(
        name="outdated",
        level="note",
        title="There is a newer release",
        help="Update the pin. With outdated:major only releases with another first number count.",
        view="outdated_pins",
        reads=("versions",),
        of_release=True,
        findings=_OUTDATED.format("true"),
        major_findings=_OUTDATED.format("major_behind > 0"),
        arguments="major",
    ),
    Rule(
        name="stale",
        level="note",
        title="The project has had no release for a long time",
        help="Find out whether somebody still maintains it.",
        view="stale_projects",
        reads=("versions",),
        of_release=False,
        findings="""
            SELECT project, pins.file, pins.line, last_release_at AS since,
                concat('the last release, ', latest_version, ', is ', days_since_last, ' days old') AS message
            FROM stale_projects JOIN pins USING (project)
        """,
        unknown="""
            SELECT project, 'the index gives no time at which a release was uploaded' AS why
            FROM pins
            WHERE project NOT IN (SELECT project FROM versions WHERE first_upload_at IS NOT NULL)
        """,
    ),
    Rule(
        name="sole-maintainer",
        level="note",
        title="Only one user has a role in the project",
        help="If this account is lost or taken over, nobody else can act. The index does not list rights of teams.",
        view="sole_maintainers",
        reads=("roles", "projects"),
        of_release=False,
        findings="""
            SELECT project, pins.file, pins.line, first_seen.seen AS since,
                concat('only ', "user", ' has a role in it') AS message
            FROM sole_maintainers JOIN pins USING (project)
            LEFT JOIN first_seen ON stream = 'roles' AND subject = project AND detail = "user"
        """,
    ),
)
_BY_NAME = {rule.name: rule for rule in RULES}
#: The rules that are checked unless others are selected. The others make many findings, or need more requests.
DEFAULT = ("vulnerable", "quarantined", "missing", "yanked", "archived")
#: The rules about malware, which are checked as well if OSV's export is read.
DEFAULT_OF_BULK = ("malware",)


def with_source(rules: Iterable[ChosenRule], source: Source) -> tuple[ChosenRule, ...]:
    """Return the rules, of which ``vulnerable`` asks a source of advisories."""
    return tuple(
        replace(chosen, rule=_of_source(chosen.rule, source)) if chosen.rule.name == "vulnerable" else chosen
        for chosen in rules
    )


def _of_source(rule: Rule, source: Source) -> Rule:
    if source == "osv":
        findings = _BULK_FINDINGS.format("vulnerability", "")
        return replace(rule, view="advisory_pins", reads=_BULK, findings=findings, without_index=True)
    if source == "both":
        return replace(rule, view="advisory_pins", reads=(*rule.reads, *_BULK), findings=_BOTH_FINDINGS)
    return rule


def choose_rules(texts: Iterable[str], option: str) -> tuple[ChosenRule, ...]:
    """The rules that these texts name, each once, in the order of their severity.

    :param option: the option that names them, for messages.
    :raises SettingError: for an unknown rule, or an argument that the rule does not take.
    """
    chosen = {parse_rule(text, option) for text in texts}
    return tuple(sorted(chosen, key=lambda one: (RULES.index(one.rule), one.argument)))


def parse_rule(text: str, option: str) -> ChosenRule:
    """The rule that a text names: ``yanked``, ``outdated:major``, ``license:MIT OR Apache-2.0``.

    :raises SettingError: for an unknown rule, or an argument that the rule does not take.
    """
    name, colon, argument = (part.strip() for part in text.partition(":"))
    rule = _BY_NAME.get(name.lower())
    if rule is None:
        raise SettingError("", f"{option}: there is no rule {name!r} (rules: {', '.join(_BY_NAME)})")
    if colon and (rule.arguments == "none" or (rule.arguments == "major" and argument != "major")):
        takes = "takes nothing after a colon" if rule.arguments == "none" else "is written outdated or outdated:major"
        raise SettingError("", f"{option}: {text!r}: the rule {rule.name} {takes}")
    if rule.arguments == "licence" and not identifiers(argument.removeprefix("not ")):
        form = "license:GPL-3.0-only, or 'license:not MIT OR Apache-2.0' for all others"
        raise SettingError("", f"{option}: {text!r}: write an SPDX expression after the colon ({form})")
    return ChosenRule(rule, argument)


def split_rules(text: str) -> list[str]:
    """The rules in a list with commas."""
    return [part for part in map(str.strip, text.split(",")) if part]


def streams_of(rules: Iterable[ChosenRule], needs: dict[str, tuple[str, ...]], names: Iterable[str]) -> set[str]:
    """The streams that the views of some rules read, directly or through other views.

    :param needs: what each view reads.
    :param names: the names of all streams.
    """
    found: set[str] = set()
    waiting = [one.rule.view for one in rules]
    while waiting:
        table = waiting.pop()
        if table not in found:
            found.add(table)
            waiting += needs.get(table, ())
    found.update(name for one in rules for name in (*one.rule.reads, *one.rule.dates))
    return found.intersection(names)
