"""From a loaded database to the report of an audit: selects from the views, and makes findings of their rows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import duckdb
from msgspec import Struct
from msgspec.structs import replace

from source_pypi.audit.allow import Entry, allow
from source_pypi.audit.dependencies import add_dependencies, without_dependencies
from source_pypi.audit.licences import identifiers, is_accepted, is_avoidable
from source_pypi.audit.outcome import Outcome
from source_pypi.audit.results import Finding, NotChecked, Report
from source_pypi.audit.rules import ChosenRule
from source_pypi.safety.printable import printable
from source_pypi.safety.redaction import without_credentials
from source_pypi.selection.names import NO_FILES, Unnamed

#: Characters of a message; a summary may be as long as a book.
LONGEST_MESSAGE = 300
#: The tables whose rows say since when something holds, and the columns that identify it.
_DATED = {
    "vulnerabilities": ("project || ' ' || version", "id"),
    "statuses": ("project", "status"),
    "versions": ("project || ' ' || version", "CASE WHEN yanked THEN 'yanked' END"),
}


#: The only user with a role in each project.
_SOLE = 'SELECT project, min("user") AS sole FROM roles GROUP BY project HAVING count(DISTINCT "user") = 1'
#: Since when: since the last other user lost a role, or since this one had the first role, whichever was later.
_SOLE_SINCE = 'greatest(max(valid_to) FILTER ("user" <> sole), min(valid_from) FILTER ("user" = sole))'


class Pin(Struct, frozen=True):
    """A row of ``pins``, as far as the audit needs it.

    :ivar required_by: the project that a file names, and that requires this one; None: it is named.
    """

    project: str
    version: str | None
    specifier: str | None
    pinned_version: str | None
    file: str
    line: int | None
    not_read: str | None
    required_by: str | None


def answer(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[ChosenRule],
    outcome: Outcome,
    *,
    failing: Collection[ChosenRule],
    entries: Sequence[Entry],
    today: date,
    index: str,
    dated: bool,
    follow: bool,
    unnamed: Iterable[Unnamed] = (),
) -> Report:
    """The report of an audit.

    :param connection: the database, with the tables and views of the rules' streams.
    :param failing: the rules whose findings make the exit status 1.
    :param entries: the accepted findings.
    :param dated: whether the database was there before, so that its times say when something was first seen.
    :param follow: whether the run followed dependencies.
    :param unnamed: what files may request without a name.
    """
    connection.execute("SET TimeZone = 'UTC'")
    _make_first_seen(connection, dated=dated)
    excluded: dict[str, str] = {}
    if follow:
        excluded = add_dependencies(connection, outcome.projects)
    else:
        without_dependencies(connection)
    outcome.add_missing(_missing(connection))
    pins = read_pins(connection)
    not_checked: dict[NotChecked, None] = {}
    unchecked: set[tuple[str, str | None]] = set()
    for chosen in rules:
        for pin, one in _not_checked(connection, chosen, pins, outcome, excluded, follow=follow):
            not_checked[one] = None
            unchecked.add((pin.project, pin.version))
        not_checked |= dict.fromkeys(NotChecked(chosen.text, _cut(one.text), _cut(one.why)) for one in unnamed)
    findings = _all_findings(connection, rules, failing, pins, excluded)
    standing, allowed, notes = allow(findings, entries, today, lambda entry: _is_checked(entry, rules, not_checked))
    return Report(
        index=without_credentials(index),
        checked=len({(pin.project, pin.version) for pin in pins} - unchecked),
        findings=standing,
        not_checked=tuple(not_checked),
        allowed=allowed,
        notes=notes,
    )


def _all_findings(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[ChosenRule],
    failing: Collection[ChosenRule],
    pins: Iterable[Pin],
    excluded: Collection[str],
) -> list[Finding]:
    """The findings of all rules, each once, by rule, project, version, place and advisory.

    :param excluded: dependencies whose release is not the one that an installer would choose.
    """
    order = {chosen.text: position for position, chosen in enumerate(rules)}
    required_by = {pin.project: pin.required_by for pin in pins}
    findings = {
        replace(finding, fails=chosen in failing, required_by=required_by.get(finding.project)): None
        for chosen in rules
        for finding in _findings(connection, chosen)
        if not (chosen.rule.of_release and finding.project in excluded)
    }

    def key(one: Finding) -> tuple[object, ...]:
        return order[one.rule], one.project, one.version or "", _position(one), one.id or ""

    return sorted(findings, key=key)


def _is_checked(entry: Entry, rules: Iterable[ChosenRule], not_checked: Collection[NotChecked]) -> bool:
    """Whether a rule that an entry is about was checked for its project."""
    left_out = {(one.rule, one.project) for one in not_checked}
    texts = (one.text for one in rules if entry.rule in (one.text, one.rule.name))
    return any((text, entry.project) not in left_out for text in texts)


def _position(finding: Finding) -> tuple[str, int]:
    return finding.file or "", finding.line or 0


def _missing(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The projects that the index does not have, as far as their statuses were read."""
    if "statuses" not in _tables(connection):
        return []
    query = "SELECT project FROM pins JOIN statuses USING (project) WHERE statuses.status = 'missing'"
    return [project for (project,) in connection.execute(query).fetchall()]


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
    return {name for (name,) in found}


def read_pins(connection: duckdb.DuckDBPyConnection) -> list[Pin]:
    """The pins of the run, in their order."""
    columns = ", ".join(Pin.__struct_fields__)
    query = f"SELECT {columns} FROM pins ORDER BY position"  # noqa: S608 - names of our own
    return [Pin(*row) for row in connection.execute(query).fetchall()]


def _make_first_seen(connection: duckdb.DuckDBPyConnection, *, dated: bool) -> None:
    """Make the temporary table ``first_seen``: since when the database has had an advisory, a status, a yank or a sole
    maintainer.
    """
    connection.execute(
        "CREATE TEMP TABLE first_seen (stream VARCHAR, subject VARCHAR, detail VARCHAR, seen TIMESTAMPTZ)"
    )
    if not dated:
        return
    tables = _tables(connection)
    for table, (subject, detail) in _DATED.items():
        history = f"{table}_history"
        source, at = (history, "valid_from") if history in tables else (table, "seen_at")
        if source in tables:
            rows = f"SELECT '{table}', {subject}, {detail}, min({at}) FROM {source} GROUP BY ALL"  # noqa: S608 - as above
            connection.execute(f"INSERT INTO first_seen {rows}")
    if "roles" in tables:
        source, at = ("roles_history", _SOLE_SINCE) if "roles_history" in tables else ("roles", "min(seen_at)")
        rows = f"SELECT 'roles', project, sole, {at} FROM {source} JOIN ({_SOLE}) USING (project) GROUP BY ALL"  # noqa: S608 - as above
        connection.execute(f"INSERT INTO first_seen {rows}")


def _findings(connection: duckdb.DuckDBPyConnection, chosen: ChosenRule) -> Iterator[Finding]:
    for row in _rows(connection, chosen.query):
        if _applies(chosen, row):
            yield _finding(chosen, row)


def _applies(chosen: ChosenRule, row: Mapping[str, Any]) -> bool:
    """Whether a row of a view is a finding: licences are compared here, since SQL cannot parse their expressions."""
    if chosen.rule.arguments != "licence":
        return True
    wanted = chosen.argument.removeprefix("not ")
    if wanted != chosen.argument:
        return is_accepted(row["expression"], identifiers(wanted)) is False
    return is_avoidable(row["expression"], identifiers(wanted)) is False


def _finding(chosen: ChosenRule, row: Mapping[str, Any]) -> Finding:
    since: datetime | None = row.get("since")
    in_file = row["file"] is not None and row["file"] not in NO_FILES
    return Finding(
        rule=chosen.text,
        project=row["project"],
        version=_text(row.get("version")),
        file=_text(row["file"]) if in_file else None,
        line=row["line"] if in_file else None,
        message=_cut(row["message"]),
        since=None if since is None else since.astimezone(UTC),
        fix=_text(row.get("fix")),
        fix_admitted=row.get("fix_admitted"),
        id=_text(row.get("id")),
        aliases=tuple(printable(alias) for alias in row.get("aliases") or ()),
        link=_text(row.get("link")),
        source=row.get("source"),
        severity=row.get("severity"),
        score=row.get("score"),
        published=None if (published := row.get("published")) is None else published.astimezone(UTC),
        cluster=_text(row.get("cluster")),
    )


def _not_checked(
    connection: duckdb.DuckDBPyConnection,
    chosen: ChosenRule,
    pins: Iterable[Pin],
    outcome: Outcome,
    excluded: Mapping[str, str],
    *,
    follow: bool,
) -> Iterator[tuple[Pin, NotChecked]]:
    """The pins for which a rule could not be checked, and why; with ``follow``, also for want of their dependencies."""
    unknown = (
        {row["project"]: row["why"] for row in _rows(connection, chosen.rule.unknown)} if chosen.rule.unknown else {}
    )
    for pin in pins:
        why = _why_not_checked(chosen, pin, outcome)
        if why is None and chosen.rule.of_release:
            why = excluded.get(pin.project)
        if why is None and pin.project in unknown:
            why = _cut(unknown[pin.project])
        if why is None and follow and (problem := outcome.dependencies_problem(pin.project)) is not None:
            why = f"its dependencies are not known: {problem}"
        if why is not None:
            yield pin, NotChecked(chosen.text, pin.project, why)


def _why_not_checked(chosen: ChosenRule, pin: Pin, outcome: Outcome) -> str | None:
    """Why a rule could not be checked for a pin; None: it was."""
    if pin.not_read is not None:
        return without_credentials(printable(pin.not_read))
    without_index = chosen.rule.without_index and (pin.pinned_version is not None or not chosen.rule.of_release)
    if pin.project in outcome.missing and chosen.rule.name != "missing" and not without_index:
        return "the project is not on this index"
    if (problem := outcome.problem(pin.project, chosen.rule.reads)) is not None:
        return problem
    if without_index:
        return None
    return _unresolved(pin) if chosen.rule.of_release and pin.version is None else None


def _unresolved(pin: Pin) -> str:
    if pin.pinned_version is not None:
        return printable(f"the index does not list the release {pin.pinned_version}")
    admits = f" that {pin.specifier} admits" if pin.specifier else ""
    return printable(f"the index lists no release{admits}")


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return (dict(zip(names, row, strict=True)) for row in result.fetchall())


def _text(value: str | None) -> str | None:
    return None if value is None else printable(value)


def _cut(text: str) -> str:
    """A text with escapes for control characters, and not longer than a message may be."""
    text = printable(text)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."
