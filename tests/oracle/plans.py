"""A history before it happens: what index, what is loaded from it and where, and the steps, all from one seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from tests.oracle.oracle import known_streams
from tests.oracle.simulator.changes import CHANGES
from tests.oracle.simulator.documents import Style
from tests.oracle.simulator.faults import OUT_OF_STEP, Fault
from tests.oracle.simulator.server import ALL_FAULTS

HABITS = ("settings", "style")
PAGE_ONLY = 0.15
"""The share of histories whose index has no project documents."""
PAGE_STREAMS = ("projects", "versions", "files", "statuses", "listing")
METADATA_STREAMS = ("dependencies", "classifiers", "urls", "core_metadata")
SLOW_FAULTS = ("endless-trailers", "endless-extension", "endless-chunks", "endless-headers")
_KINDS = ("project", "project", "project", "project", "page", "release", "list", "metadata", "provenance", "*", "*")


@dataclass(frozen=True)
class Step:
    """
    A step. `change`: the index changes, `name` says how. `select`: other projects are chosen. `habit`: a setting, or
    the style of the index, is another one. `sync`: the product runs; `name` is 'clean', 'faulty', or 'final'. Chance
    within it comes from its own seed, so that steps can be left out.
    """

    kind: Literal["change", "select", "habit", "sync"]
    name: str
    seed: int


@dataclass(frozen=True)
class Habits:
    """Settings that may change on the way. `follow` is how many levels of dependencies are followed."""

    releases: Literal["latest", "all"]
    core_metadata: bool
    follow: int
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A history. `without` are changes, faults and habits that do not occur, `only` the faults that do, if any."""

    seed: int
    destination: str
    style: Style
    number: int
    streams: tuple[str, ...]
    whole: bool
    habits: Habits
    history: bool
    concurrency: int
    steps: tuple[Step, ...]
    without: frozenset[str]
    only: frozenset[str]

    def keeping(self, numbers: Sequence[int]) -> "Plan":
        """The plan with only the steps of these numbers."""
        return replace(self, steps=tuple(self.steps[number] for number in numbers))


def _changes(random: Random, weights: dict[str, int]) -> list[Step]:
    names = random.choices([*weights], [*weights.values()], k=random.randint(0, 6))
    return [Step("change", name, random.getrandbits(32)) for name in names]


def _steps(random: Random, without: frozenset[str]) -> list[Step]:
    changes = {name: weight for name, (_, weight) in CHANGES.items() if name not in without}
    steps = [Step("sync", random.choice(("clean", "clean", "faulty")), random.getrandbits(32))]
    for _ in range(random.randint(1, 4)):
        steps += _changes(random, changes)
        if random.random() < 0.3:
            steps.append(Step("select", "", random.getrandbits(32)))
        if random.random() < 0.3 and "habit" not in without:
            steps.append(Step("habit", random.choice(HABITS), random.getrandbits(32)))
        steps.append(Step("sync", random.choice(("clean", "faulty", "faulty")), random.getrandbits(32)))
    return [*steps, *_changes(random, changes), Step("sync", "final", random.getrandbits(32))]


def style(random: Random, without: frozenset[str], *, documents: bool) -> Style:
    """A style of an index; pages that lack something occur where there are no documents."""
    serials: list[Literal["real", "constant", "none"]] = ["real", "real", "real", "none", "constant"]
    etags: list[Literal["strong", "weak", "none"]] = ["strong", "strong", "weak", "none"]
    told: list[Literal["all", "no-times", "names", "bare"]] = ["all", "all", "no-times", "names", "bare"]
    made = Style(
        etags=random.choice(etags),
        serials=random.choice([one for one in serials if f"serials-{one}" not in without]),
        relative_urls=random.random() < 0.3,
        gzip=random.random() < 0.7,
        pages=random.choice(("json", "html")),
        told=random.choice(told),
        documents=documents,
    )
    return replace(made, pages="json", told="all") if documents else made


def habits(random: Random, without: frozenset[str], *, whole: bool) -> Habits:
    """Settings; dependencies are followed from named projects only."""
    return Habits(
        releases=random.choice(("latest", "latest", "all")),
        core_metadata=random.random() < 0.3,
        follow=0 if whole or "follow" in without else random.choice((0, 0, 0, 1, 2)),
        exclude=random.choice(((), (), (), ("proj-1*",), ("*_0?X", "new.*"))) if "exclude" not in without else (),
    )


def plan(
    seed: int,
    destination: str,
    streams: Sequence[str],
    without: frozenset[str] = frozenset(),
    only: frozenset[str] = frozenset(),
) -> Plan:
    """
    The history of a seed: over named projects, or over the whole index where the destination allows it; now and then
    from an index that has pages only.
    """
    random = Random(seed)
    documents = "page-only" in without or Random(seed + 2).random() > PAGE_ONLY
    known = known_streams() if documents else {*PAGE_STREAMS, *METADATA_STREAMS}
    streams = [name for name in streams if name in known]
    whole = destination != "read" and random.random() < 0.3 and "whole-index" not in without
    chosen = [*streams] if random.random() < 0.5 else random.sample([*streams], random.randint(2, len(streams)))
    return Plan(
        seed=seed,
        destination=destination,
        style=style(random, without, documents=documents),
        number=random.randint(2, 8),
        streams=tuple(name for name in streams if name in chosen),
        whole=whole,
        habits=habits(random, without, whole=whole or not documents),
        history=destination == "duckdb" and random.random() < 0.3,
        concurrency=random.choice((1, 1, 4)),
        steps=tuple(_steps(random, without)),
        without=without,
        only=only,
    )


def faults(random: Random, projects: Sequence[str], plan: Plan) -> list[Fault]:
    """Up to three faults for a run, each for one project or for all, once, twice or for ever."""
    names = [name for name in ALL_FAULTS if name not in plan.without and name in (plan.only or ALL_FAULTS)]
    if "html-foreign" in plan.without and not plan.style.documents:
        names = [name for name in names if ALL_FAULTS[name].nature != "foreign" and name not in OUT_OF_STEP]
    provenance = "other-provenance" not in plan.without
    made = []
    for _ in range(random.randint(1, 3)):
        name, kinds = random.choice(names), [*_KINDS]
        if name in SLOW_FAULTS and not plan.only and random.random() < 0.8:
            name = "cut"
        if name == "http-404" and "not-yet" in plan.without:
            kinds = [kind for kind in kinds if kind not in {"metadata", "provenance", "*"}]
        if ALL_FAULTS[name].nature == "foreign" and not provenance:
            kinds = ["project", "page", "release"]
        times = 1 if name in SLOW_FAULTS else random.choice((1, 1, 2, -1))
        project = random.choice(projects) if projects and random.random() < 0.5 else "*"
        made.append(Fault(name, random.choice(kinds), project, times, random.getrandbits(32)))
    return made
