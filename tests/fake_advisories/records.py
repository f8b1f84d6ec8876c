"""OSV records as dicts: given ones, and random ones with every kind of event."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
#: When the first record of a test was modified.
START = datetime(2026, 1, 1, tzinfo=UTC)
#: Versions in every form, in no order.
VERSIONS = (
    *(f"{major}.{minor}" for major in range(4) for minor in range(5)),
    *("1.0a1", "1.0b2", "1.0rc1", "1.0.dev3", "1.0.post1", "1.0+local.1", "2.0.0", "1!1.0", "0.0.1", "2.1.0rc2"),
    *("v3.1", "1.10", "1.9.9", "2024.1.15", "0.dev0"),
)
_LABELS = (None, "LOW", "MODERATE", "HIGH", "CRITICAL")
_V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
_V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def timestamp(time: datetime) -> str:
    """A time as the export writes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record(
    identifier: str,
    project: str = "flask",
    *,
    events: Sequence[Json] = (),
    versions: Sequence[str] = (),
    modified: datetime = START,
    **more: Any,
) -> Json:
    """A record of one project, with one range unless there are no events."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    package = {"ecosystem": "PyPI", "name": project, "purl": f"pkg:pypi/{project}"}
    affected: Json = {"package": package, "ranges": ranges, "versions": list(versions)}
    written = {"schema_version": "1.7.3", "id": identifier, "modified": timestamp(modified), "affected": [affected]}
    return written | more


def random_records(
    count: int, seed: int, projects: Sequence[str] = ("flask", "requests", "zope-interface")
) -> list[Json]:
    """Records with every kind of event and range, several ranges and projects, aliases, scores and withdrawals."""
    chance = random.Random(seed)
    return [_random(chance, number, projects) for number in range(count)]


def _random(chance: random.Random, number: int, projects: Sequence[str]) -> Json:
    prefix = chance.choice(("PYSEC-2025-", "GHSA-aaaa-bbbb-", "MAL-2025-"))
    made: Json = {
        "schema_version": "1.7.3",
        "id": f"{prefix}{number}",
        "modified": timestamp(START + timedelta(minutes=number, microseconds=chance.randrange(1_000_000))),
        "published": timestamp(START),
        "aliases": [f"CVE-2025-{chance.randrange(number + 1)}"] if chance.random() < 0.5 else [],
        "details": "Text.",
        "affected": [_affected(chance, chance.choice(projects)) for _ in range(chance.choice((1, 1, 1, 2)))],
        "references": [{"type": "WEB", "url": f"https://advisories.example.com/{number}"}],
    }
    if chance.random() < 0.1:
        made["withdrawn"] = timestamp(START + timedelta(days=1))
    if chance.random() < 0.5:
        made["severity"] = [{"type": "CVSS_V3", "score": _V3}, {"type": "CVSS_V4", "score": _V4}][
            : chance.choice((1, 2))
        ]
    if (label := chance.choice(_LABELS)) is not None:
        made["database_specific"] = {"severity": label}
    return made


def _affected(chance: random.Random, project: str) -> Json:
    ranges = [{"type": "ECOSYSTEM", "events": list(_events(chance))} for _ in range(chance.choice((0, 1, 1, 1, 2)))]
    if chance.random() < 0.3:
        git = {"type": "GIT", "repo": "https://code.example.com/x", "events": [{"introduced": "0"}, {"fixed": "abc"}]}
        ranges.append(git)
    listed = chance.sample(VERSIONS, chance.choice((0, 0, 1, 4)))
    name = project.replace("-", chance.choice("-._")).title() if chance.random() < 0.1 else project
    return {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges, "versions": listed}


def _events(chance: random.Random) -> Iterator[Json]:
    """Events in no order: at least one that introduces, ends of both kinds, and limits."""
    events: list[Json] = [{"introduced": chance.choice(("0", *VERSIONS))}]
    events += [{"introduced": chance.choice(VERSIONS)} for _ in range(chance.choice((0, 0, 1, 2)))]
    kind = chance.choice(("fixed", "last_affected", None))
    events += [{kind: chance.choice(VERSIONS)} for _ in range(chance.choice((1, 1, 2))) if kind is not None]
    events += [{"limit": chance.choice(("*", *VERSIONS))} for _ in range(chance.choice((0, 0, 0, 1, 2)))]
    chance.shuffle(events)
    yield from events
