"""The rules that a page of pins counts: from which view, how serious, and of which streams each depends."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from source_pypi.answers.available import missing_tables
from source_pypi.queries import Query
from source_pypi.report.database import Database
from source_pypi.streams import NAMES

#: Conditions on ``pins`` that a rule cannot judge: no release is selected, no status is known, or it was not read.
_NO_RELEASE = "not_read IS NOT NULL OR version IS NULL"
_NO_STATUS = "not_read IS NOT NULL OR project NOT IN (SELECT project FROM statuses)"
_NO_VERSION = "not_read IS NOT NULL OR coalesce(version, pinned_version) IS NULL"
_NOT_READ = "not_read IS NOT NULL"
#: The same, of rules that judge by the rows of a stream: the last run did not select it, and earlier ones read nothing.
_NOT_SELECTED = """{unknown} OR (
        NOT (SELECT arg_max(list_contains(streams, '{stream}'), run) FROM runs)
        AND ({columns}) NOT IN (SELECT {columns} FROM {stream})
    )"""


class Rule(Struct, frozen=True):
    """A rule.

    :ivar view: the view whose rows break it.
    :ivar where: the condition on these rows; empty: all.
    :ivar red: whether it is serious.
    :ivar of_projects: whether the view has projects, of which those of pins count.
    :ivar streams: what the index must provide.
    :ivar unknown: the condition on pins that the rule cannot judge.
    """

    name: str
    view: str
    where: str = ""
    red: bool = False
    of_projects: bool = False
    streams: tuple[str, ...] = ()
    unknown: str = _NO_RELEASE

    @property
    def sql(self) -> str:
        """The query that counts the projects that break the rule, and the other ones that it cannot judge."""
        conditions = [self.where] if self.where else []
        if self.of_projects:
            conditions.append("project IN (SELECT project FROM pins)")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        found = f"SELECT project FROM {self.view}{where}"  # noqa: S608 - texts of our own
        return f"""SELECT '{self.name}' AS rule,
    (SELECT count(DISTINCT project) FROM ({found})) AS projects,
    (SELECT count(DISTINCT project) FROM pins WHERE ({self.unknown}) AND project NOT IN ({found})) AS not_checked"""  # noqa: S608 - texts of our own


_HOLDS = "kind = '{}' AND withdrawn_at IS NULL AND removed_at IS NULL"
RULES = (
    Rule("malware", "advisory_pins", _HOLDS.format("malware"), red=True, unknown=_NOT_READ),
    Rule("vulnerable (OSV)", "advisory_pins", _HOLDS.format("vulnerability"), red=True, unknown=_NO_VERSION),
    Rule("vulnerable", "vulnerable_pins", red=True, streams=("vulnerabilities",)),
    Rule("missing", "missing_projects", "coalesce(status, '') <> 'quarantined'", red=True, unknown=_NO_STATUS),
    Rule("quarantined", "pin_statuses", "status = 'quarantined'", red=True, streams=("statuses",), unknown=_NO_STATUS),
    Rule("yanked", "yanked_pins", red=True, streams=("versions",)),
    Rule(
        "archived or deprecated",
        "pin_statuses",
        "status IN ('archived', 'deprecated')",
        streams=("statuses",),
        unknown=_NO_STATUS,
    ),
    Rule("outdated", "outdated_pins", streams=("versions",)),
    Rule("unattested", "unattested_pins", streams=("attestations",)),
    Rule("sole maintainer", "sole_maintainers", of_projects=True, streams=("roles",)),
    Rule("stale", "stale_projects", of_projects=True, streams=("versions",)),
    Rule("no SPDX licence", "pin_licenses", "expression IS NULL", streams=("licenses",)),
)


class Count(Struct, frozen=True):
    """How many projects break a rule.

    :ivar projects: None: it was not checked.
    :ivar why: why it was not checked.
    :ivar not_checked: how many other projects it cannot judge.
    """

    rule: Rule
    projects: int | None
    why: str = ""
    not_checked: int = 0

    @property
    def style(self) -> str:
        """The name of its colour."""
        if self.projects is None or (self.not_checked and not self.projects):
            return "unchecked"
        return "none" if not self.projects else "red" if self.rule.red else "amber"


def checked_rules(database: Database) -> tuple[Rule, ...]:
    """The rules that the file can answer."""
    return tuple(_with_later_runs(rule, database) for rule in RULES if not why_unchecked(database, rule))


def _with_later_runs(rule: Rule, database: Database) -> Rule:
    """The rule, which does not judge what a later run selected without the rule's streams."""
    columns = "project" if rule.of_projects or rule.unknown == _NO_STATUS else "project, version"
    for stream in rule.streams:
        if database.has("runs", stream):
            rule = replace(rule, unknown=_NOT_SELECTED.format(unknown=rule.unknown, stream=stream, columns=columns))
    return rule


def why_unchecked(database: Database, rule: Rule) -> str:
    """Why a rule cannot be checked; empty: it can."""
    lacking = missing_tables((rule.view,), database.relations)
    if not lacking:
        refused = [name for name in rule.streams if name in database.unavailable]
        return f"the index does not provide {', '.join(refused)}" if refused else ""
    streams = [name for name in NAMES if name in lacking]
    return f"needs --streams {','.join(streams)}" if streams else "needs a sync with this release"


def counting_query(rules: Iterable[Rule]) -> Query:
    """The query that counts, for each rule, the projects that break it and those that it cannot judge."""
    rules = tuple(rules)
    return Query(
        "counts",
        "Findings",
        "How many projects break each rule, and of how many is it not known?",
        tuple(dict.fromkeys(["pins", *(rule.view for rule in rules)])),
        "\nUNION ALL\n".join(rule.sql for rule in rules)
        or "SELECT NULL AS rule, NULL AS projects, NULL AS not_checked WHERE false",
    )


def rule_counts(database: Database, counted: Iterable[Sequence[Any]]) -> list[Count]:
    """All rules with their counts, serious ones first, those that were not checked last.

    :param counted: the rows of the query that counts.
    """
    counts = {name: (projects, not_checked) for name, projects, not_checked in counted}
    made = []
    for rule in RULES:
        if rule.name in counts:
            projects, not_checked = counts[rule.name]
            made.append(Count(rule, projects, not_checked=not_checked))
        else:
            made.append(Count(rule, None, why_unchecked(database, rule)))
    return sorted(made, key=lambda one: ("red", "amber", "none", "unchecked").index(one.style))
