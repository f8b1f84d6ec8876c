"""A small index and one destination, for what is tested step by step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.oracle import checks
from tests.oracle.destinations import DESTINATIONS, Destination
from tests.oracle.oracle import Wanted, expected
from tests.oracle.product import Outcome, Product, names
from tests.oracle.simulator import content
from tests.oracle.simulator.documents import Style
from tests.oracle.simulator.faults import Fault
from tests.oracle.simulator.model import Index, Project
from tests.oracle.simulator.server import Simulator
from tests.oracle.tables import Tables, project_of, tables

DOCUMENT_STREAMS = ("projects", "versions", "files", "roles", "vulnerabilities", "project")

Staged = Callable[..., AbstractContextManager["Stage"]]
"""Makes a stage: `staged` below with a product."""


@dataclass
class Stage:
    """An index, a destination and what is loaded: named projects, or (`whole`) all that the index lists."""

    product: Product
    simulator: Simulator
    destination: Destination
    streams: tuple[str, ...]
    whole: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    @property
    def index(self) -> Index:
        """The index."""
        return self.simulator.index

    def project(self, number: int) -> Project:
        """The project of that number."""
        return self.index.projects[f"proj-{number}-x"]

    def load(self, *faults: Fault, **settings: Any) -> Outcome:
        """Run the product once, while these faults wait for their questions."""
        self.simulator.plan = list(faults)
        self.simulator.endured.clear()
        chosen = {"whole_index": True} if self.whole else {"projects": self.names}
        outcome = self.destination.load(
            {
                "index_url": self.simulator.site.root,
                "requests_per_second": 0,
                "request_timeout_seconds": 3,
                **chosen,
                **self.settings,
                **settings,
            },
            self.streams,
        )
        self.simulator.plan = []
        return outcome

    def there(self) -> Tables:
        """What was loaded."""
        return tables(self.product.streams, self.destination.rows())

    def right(self, *but: str) -> Tables:
        """What should have been loaded, without the rows of some projects."""
        names = [name for name in self.names if name not in but]
        rows = expected(self.simulator.site, self.index, Wanted(dict.fromkeys(names)))
        return tables(self.product.streams, {name: rows[name] for name in self.streams})

    def differences(self, *but: str) -> list[str]:
        """How the tables differ from what they should be, but for the rows of some projects."""
        scope = frozenset(set(self.names) - set(but))
        there = checks.scoped(self.product.streams, self.there(), scope)
        return checks.equal(self.right(*but), there, "tables")

    def unsound(self, outcome: Outcome) -> list[str]:
        """Rows that the index does not have, and projects without their rows that no message names."""
        right, there = self.right(), self.there()
        found = []
        for name in self.streams:
            wrong = [key for key in there[name] if checks.differs(right[name], there[name], key)]
            found += [f"{name}: {key} is wrong" for key in wrong]
            lacking = {
                project_of(self.product.streams[name], right[name][key])
                for key in right[name].keys() - there[name].keys()
            }
            found += [f"{name}: {one} lacks rows, unsaid" for one in lacking if not names(one, outcome.messages)]
        return found


@contextmanager
def staged(
    folder: Path,
    *,
    streams: Sequence[str] = DOCUMENT_STREAMS,
    destination: str = "duckdb",
    projects: int = 6,
    style: Style | None = None,
    seed: int = 3,
    product: Product,
    whole: bool = False,
) -> Iterator[Stage]:
    """A stage with so many projects of two or three releases, the first of which has an advisory."""
    style = style or Style()
    random, index = Random(seed), Index(plain=not style.documents)
    for number in range(projects):
        made = content.add_project(random, index, f"Proj.{number}_x", 3)
        made.latest.advisories = [content.advisory(random, index)]
    simulator = Simulator(index, style)
    stage = Stage(product, simulator, DESTINATIONS[destination](product, folder, tuple(streams)), tuple(streams), whole)
    stage.names = sorted(index.projects)
    try:
        yield stage
    finally:
        simulator.close()


def fault(name: str, number: int | None = None, *, kind: str = "project", times: int = 1, seed: int = 1) -> Fault:
    """A fault in the answers about the project of that number; about all if that is None."""
    return Fault(name, kind, "*" if number is None else f"proj-{number}-x", times, seed)
