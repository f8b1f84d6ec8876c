"""What must hold after a run of the product, whatever happened on the way."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.oracle.product import LARGEST_MB, Outcome, StreamInfo, names
from tests.oracle.tables import Key, Table, Tables, differences, project_of
from tests.oracle.values import Row

STOPS = ("stop", "(3 tries in", "nothing was read")
"""How the product says that it asks for no further projects."""

SOME = re.compile(r", \.\.\.\)|\(and \d+ more\)|and \d+ more failures")
"""How a message ends its list of projects where it names only some: what many have in common is told once."""


@dataclass
class Allowed:
    """Every row that was right at some time: what may be in a table after a run that did not see everything."""

    rows: dict[str, dict[Key, list[Row]]] = field(default_factory=dict)

    def add(self, tables: Tables) -> None:
        """Allow the rows of these tables, too."""
        for name, table in tables.items():
            there = self.rows.setdefault(name, {})
            for key, row in table.items():
                variants = there.setdefault(key, [])
                if row not in variants:
                    variants.append(row)

    def has(self, name: str, key: Key, row: Row) -> bool:
        """Whether the row, in the fields that are known, was right at some time."""
        variants = self.rows.get(name, {}).get(key, ())
        return any(all(row.get(field) == value for field, value in one.items()) for one in variants)


def behaved(outcome: Outcome, endured: Iterable[str]) -> list[str]:
    """What is wrong with the way that a command ended."""
    found = []
    if outcome.status is None:
        found.append(f"the command hangs: stopped after {outcome.seconds:.0f} s")
    elif outcome.status not in {0, 1}:
        found.append(f"exit status {outcome.status}")
    if outcome.traceback:
        found.append("a traceback was printed: " + outcome.everything[-300:].replace("\n", " | "))
    if outcome.peak_mb > LARGEST_MB:
        found.append(f"{outcome.peak_mb:.0f} MB of memory")
    return found + [f"an endless answer was read to the server's end: {path}" for path in endured]


def errors(outcome: Outcome) -> list[str]:
    """The errors that a command told of, one line each: of `sync`, or as messages of the protocol."""
    traces = [line for line in outcome.printed.splitlines() if line.startswith('{"type":"TRACE"') and '"ERROR"' in line]
    found = [line for line in outcome.said.splitlines() if line.startswith("error:")]
    return found + [str(json.loads(line)["trace"]["error"]["message"]) for line in traces]


def unexplained(outcome: Outcome, excused: Iterable[str]) -> list[str]:
    """Errors of a run without faults that do not concern a project which may fail."""
    known = list(excused)
    wrong = [line for line in errors(outcome) if not any(names(name, line) for name in known)]
    if outcome.status == 1 and not known:
        wrong = wrong or ["exit status 1 without an error"]
    return [f"without a fault: {line}" for line in wrong]


def _in_scope(stream: StreamInfo, row: Row, scope: frozenset[str] | None) -> bool:
    project = project_of(stream, row)
    return scope is None or not project or project in scope


def scoped(streams: dict[str, StreamInfo], tables: Tables, scope: frozenset[str] | None) -> Tables:
    """The tables with the rows of some projects only (None: of all), and of the index as a whole."""
    return {
        name: {key: row for key, row in table.items() if _in_scope(streams[name], row, scope)}
        for name, table in tables.items()
    }


def equal(right: Tables, there: Tables, what: str) -> list[str]:
    """How tables differ from the right ones."""
    return [f"{what}: {line}" for name in right for line in differences(name, right[name], there[name])]


def lost(stream: StreamInfo, before: Table, right: Table, there: Table, excused: frozenset[str]) -> list[str]:
    """Rows that were loaded, are still on the index, and are not in the table any more."""
    return [
        f"{stream.name}: {key} is lost, and still on the index"
        for key, row in before.items()
        if key in right and key not in there and project_of(stream, row) not in excused
    ]


def invented(stream: StreamInfo, allowed: Allowed, there: Table, tainted: frozenset[str]) -> list[str]:
    """Rows that were never right; those of projects with doctored documents are not looked at."""
    return [
        f"{stream.name}: {key} was never like this on the index: {row!r:.300}"
        for key, row in there.items()
        if project_of(stream, row) not in tainted and not allowed.has(stream.name, key, row)
    ]


def silent(streams: dict[str, StreamInfo], right: Tables, there: Tables, outcome: Outcome) -> list[str]:
    """Projects whose rows are not those of the index, and that no message names."""
    text = outcome.messages
    if any(phrase in text for phrase in STOPS) or SOME.search(text):
        return []
    found = []
    for name in right:
        wrong = {key for key in right[name].keys() | there[name].keys() if differs(right[name], there[name], key)}
        rows = [right[name].get(key) or there[name][key] for key in wrong]
        projects = sorted({project_of(streams[name], row) for row in rows})
        found += [
            f"{name}: the rows of {project or 'the index'} are wrong, and no message says so"
            for project in projects
            if not names(project or name, text)
        ]
    return found


def differs(right: Table, there: Table, key: Key) -> bool:
    """Whether a row is missing, is too many, or has another value in a field that is known."""
    if key not in right or key not in there:
        return True
    return any(there[key].get(field) != value for field, value in right[key].items())
