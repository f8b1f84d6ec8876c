"""One history from its first step to its last."""

import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.oracle.destinations import DESTINATIONS
from tests.oracle.history import History
from tests.oracle.plans import Plan, Step
from tests.oracle.product import Product
from tests.oracle.simulator import content
from tests.oracle.simulator.model import Index
from tests.oracle.simulator.server import Simulator
from tests.oracle.tables import DuplicateKeyError


@dataclass
class Report:
    """What became of a history: the differences of its last run, and every step in words."""

    plan: Plan
    differences: list[str]
    told: list[str]
    runs: int


def happen(plan: Plan, product: Product) -> Report:
    """Let a history happen; it ends with the first run after which something does not hold."""
    random = Random(plan.seed + 1)
    index = Index(plain=not plan.style.documents)
    for number in range(plan.number):
        content.add_project(random, index, f"Proj.{number}_x", random.choice((0, 1, 2, 3, 4)))
    simulator = Simulator(index, plan.style)
    with tempfile.TemporaryDirectory(prefix="oracle") as folder, closing(simulator):
        loaded, fresh = Path(folder) / "loaded", Path(folder) / "fresh"
        loaded.mkdir()
        fresh.mkdir()
        destination = DESTINATIONS[plan.destination](product, loaded, plan.streams, plan.history)
        history = History(plan, product, simulator, destination, dict.fromkeys(sorted(index.projects)), {}, plan.habits)
        history.before = history.there()
        differences = _run(history, fresh)
        return Report(plan, differences, history.told, history.runs)


def _run(history: History, fresh: Path) -> list[str]:
    steps: dict[str, Callable[[Step], object]] = {
        "change": history.change,
        "select": history.select,
        "habit": history.habit,
    }
    for step in history.plan.steps:
        if step.kind != "sync":
            steps[step.kind](step)
            continue
        try:
            found = history.sync(step)
        except DuplicateKeyError as error:
            return [str(error)]
        if found:
            return found
        history.simulator.remember()
    found = history.fresh(fresh) + history.histories()
    return found if found or history.plan.seed % 3 else history.again()
