"""A history as it happens: an index that changes, runs of the product, and what must hold after each of them."""

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random

from tests.oracle import checks, plans
from tests.oracle.checks import Allowed
from tests.oracle.destinations import DESTINATIONS, Destination, DuckDb, Read, Settings
from tests.oracle.oracle import Wanted, expected, followed, selected_of_page
from tests.oracle.page_rows import OF_METADATA
from tests.oracle.plans import Plan, Step
from tests.oracle.product import Outcome, Product
from tests.oracle.simulator.changes import CHANGES
from tests.oracle.simulator.faults import OUT_OF_STEP
from tests.oracle.simulator.model import Index, normalized
from tests.oracle.simulator.server import Served, Simulator
from tests.oracle.struck import absent, excuses_silence, fault_name, nature_of, whose
from tests.oracle.tables import Tables, project_of, tables, texts
from tests.oracle.values import parsed, spelt

FEEDS = ("recent_projects", "recent_releases")


@dataclass
class History:
    """The state of a history between two steps."""

    plan: Plan
    product: Product
    simulator: Simulator
    destination: Destination
    selected: dict[str, str | None]
    before: Tables
    habits: plans.Habits
    allowed: Allowed = field(default_factory=Allowed)
    tainted: set[tuple[str, str]] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    runs: int = 0

    @property
    def index(self) -> Index:
        """The index as it is now."""
        return self.simulator.index

    def wanted(self) -> Wanted:
        """What the next run loads: the chosen projects, or those of the list and those that are known from before."""
        names = self.selected
        if self.plan.whole:
            listed = {project.key for project in self.index.listed}
            names = dict.fromkeys(sorted(listed | self.known & self.index.ever))
        kept = {name: pin for name, pin in names.items() if not self._excluded(name)}
        wanted = Wanted(kept, self.habits.releases, self.habits.core_metadata)
        return followed(self.index, wanted, self.habits.follow, self._excluded)

    def _excluded(self, name: str) -> bool:
        return any(fnmatchcase(name, normalized(pattern)) for pattern in self.exclude)

    @property
    def exclude(self) -> list[str]:
        """The patterns of names that are not read; none if they would leave nothing."""
        patterns = [normalized(pattern) for pattern in self.habits.exclude]
        left = [name for name in self.selected if not any(fnmatchcase(name, one) for one in patterns)]
        return list(self.habits.exclude) if left else []

    @property
    def known(self) -> set[str]:
        """The projects that the tables had rows of before."""
        streams = self.product.streams
        return {project_of(streams[name], row) for name, table in self.before.items() for row in table.values()}

    def right(self, streams: tuple[str, ...], wanted: Wanted | None = None) -> Tables:
        """What a correct load shows now."""
        rows = expected(self.simulator.site, self.index, wanted or self.wanted())
        return tables(self.product.streams, {name: rows[name] for name in streams})

    def there(self, destination: Destination | None = None) -> Tables:
        """What a destination shows."""
        return tables(self.product.streams, (destination or self.destination).rows())

    def settings(self, full_check_days: int) -> Settings:
        """The settings of a run."""
        projects = [spelt(name) if pin is None else f"{spelt(name)}=={pin}" for name, pin in self.selected.items()]
        chosen: Settings = {"whole_index": True} if self.plan.whole else {"projects": projects}
        return chosen | {
            "index_url": self.simulator.site.root,
            "requests_per_second": 0,
            "request_timeout_seconds": 3,
            "releases": self.habits.releases,
            "core_metadata": self.habits.core_metadata,
            "follow_dependencies": self.habits.follow,
            "exclude": self.exclude,
            "max_concurrency": self.plan.concurrency,
            "full_check_days": full_check_days,
            "accept_deletions": True,  # many projects that disappear at once are tested apart
        }

    def excused(self) -> list[str]:
        """The chosen projects that a run without faults may complain of: the index has no document, or not the pin."""
        wanted = self.wanted()
        if not self.plan.style.documents:
            return [name for name in wanted.projects if not self._is_complete(name, wanted)]
        documented = {name for name, project in self.index.projects.items() if project.has_document}
        return [name for name in wanted.projects if name not in documented] + self._unsatisfied(wanted)

    def _unsatisfied(self, wanted: Wanted) -> list[str]:
        """The projects with a pin that no release satisfies: an error, so that rows of before may stay."""
        pinned = [name for name, pin in wanted.projects.items() if pin is not None and name in self.index.projects]
        there = [self.index.projects[name] for name in pinned]
        return [one.key for one in there if one.has_document and not wanted.of(one)]

    def _is_complete(self, name: str, wanted: Wanted) -> bool:
        """Whether an index with pages only has a project, with files, and METADATA if a stream reads it."""
        project = self.index.projects.get(name)
        if project is None or not project.paged:
            return False
        needed = not OF_METADATA.keys().isdisjoint(self.plan.streams)
        return not needed or bool(selected_of_page(self.simulator.site, wanted, project))

    def _comparable(self, tables: Tables, scope: frozenset[str]) -> Tables:
        """
        The rows of projects in scope. An index with pages only may lack METADATA of each selected release: the streams
        that need it then fail for the project, and keep whatever rows they had.
        """
        wanted = self.wanted()
        lacking = [] if self.plan.style.documents else [n for n in wanted.projects if not self._is_complete(n, wanted)]
        streams, narrow = self.product.streams, scope - frozenset(lacking)
        return {
            name: checks.scoped(streams, {name: table}, narrow if name in OF_METADATA else scope)[name]
            for name, table in tables.items()
        }

    def change(self, step: Step) -> None:
        """Let the index change."""
        what = CHANGES[step.name][0](Random(step.seed), self.index)
        self.told.append(f"the index: {what or 'nothing to ' + step.name}")

    def select(self, step: Step) -> None:
        """Choose other projects: some of all that there ever were, some of them pinned."""
        random = Random(step.seed)
        names = sorted(self.index.ever)
        self.selected = {}
        for name in random.sample(names, random.randint(1, len(names))):
            project = self.index.projects.get(name)
            versions = [one.version for one in project.visible if parsed(one.version)] if project else []
            pinned = versions and random.random() < 0.3 and self.plan.style.documents
            pin = random.choice(versions) if pinned else None
            self.selected[name] = (
                f"{pin}.0" if pin and pin.replace(".", "").isdigit() and random.random() < 0.3 else pin
            )
        self.told.append(f"chosen: {self.selected}")

    def habit(self, step: Step) -> None:
        """Change the settings, or the style of the index."""
        random = Random(step.seed)
        if step.name == "settings":
            self.habits = plans.habits(
                random, self.plan.without, whole=self.plan.whole or not self.plan.style.documents
            )
            self.told.append(f"settings: {self.habits}")
            return
        style = plans.style(random, self.plan.without, documents=self.plan.style.documents)
        if style.page_has_marks != self.plan.style.page_has_marks:  # rows of what is not available any more stay
            style = replace(style, told=self.plan.style.told)
        if style.serials == "constant":  # lower than those before: documented to look like old copies
            style = replace(style, serials=self.simulator.style.serials)
        self.simulator.restyle(style)
        self.told.append(f"the index: {style}")

    def sync(self, step: Step) -> list[str]:
        """Run the product once, and say what does not hold then."""
        random = Random(step.seed)
        final = step.name == "final"
        streams = self.plan.streams if final or random.random() < 0.7 else tuple(sorted(self.plan.streams)[::2])
        days = 0 if final or random.random() < 0.3 else 7
        names = sorted(self.index.ever)
        faults = plans.faults(random, names, self.plan) if step.name == "faulty" else []
        self.simulator.plan, begun = faults, len(self.simulator.served)
        self.simulator.endured.clear()
        self.told.append(f"run: {step.name}, full_check_days {days}, streams {','.join(streams)}, faults {faults}")
        outcome = self.destination.load(self.settings(days), streams)
        self.runs += 1
        self.simulator.plan = []
        struck = [one for one in self.simulator.served[begun:] if one.fault is not None]
        hit = sorted({f"{fault_name(one)} at {one.question.path}" for one in struck})
        self.told.append(f"  -> status {outcome.status}, struck: {hit}, errors: {checks.errors(outcome)}")
        return self._judge(outcome, streams, struck, lagging=days != 0)

    def _judge(self, outcome: Outcome, streams: tuple[str, ...], struck: list[Served], *, lagging: bool) -> list[str]:
        right, there = self.right(streams), self.there()
        self.allowed.add(right)
        ever = dict.fromkeys(sorted(self.index.ever)) | dict(self.wanted().projects)
        self.allowed.add(self.right(streams, replace(self.wanted(), projects=ever)))
        found = checks.behaved(outcome, self.simulator.endured)
        clean = all(nature_of(one) == "valid" for one in struck)
        scope = frozenset(self.wanted().projects) - frozenset(self._unsatisfied(self.wanted()))
        seen = self._comparable({name: there[name] for name in streams}, scope)
        right = self._comparable(right, scope)
        if clean:
            found += checks.unexplained(outcome, self.excused())
        if clean and not (lagging and self._may_lag(streams)):
            found += checks.equal(right, seen, "incremental and oracle")
            self.tainted = {one for one in self.tainted if one[0] not in streams or one[1] not in scope | {"*"}}
        else:
            found += self._partly(outcome, right, there, seen, struck, lagging=lagging)
        found += self._untouched(streams, there)
        self.before = there
        return found

    def _may_lag(self, streams: tuple[str, ...]) -> bool:
        """Whether a run that skips what seems unchanged may miss what the index does not announce."""
        return self.plan.whole or self.habits.releases == "all" or "attestations" in streams

    def _partly(
        self, outcome: Outcome, right: Tables, there: Tables, seen: Tables, struck: list[Served], *, lagging: bool
    ) -> list[str]:
        gone = {whose(one) for one in struck if absent(one, self.index, documents=self.plan.style.documents)}
        doubtful = {whose(one) for one in struck if nature_of(one) in {"stale", "unknown", "doctored", "absent"}}
        self.tainted |= {(name, project) for name in right for project in doubtful}
        excused = frozenset(gone | {whose(one) for one in struck if nature_of(one) in {"stale", "doctored"}})
        every = frozenset(self.index.ever | {""})
        found = []
        wrong = self._out_of_step(struck)
        self.tainted |= {(name, "*") for name in wrong}
        right = {name: table for name, table in right.items() if name not in wrong}
        for name in right:
            stream = self.product.streams[name]
            if "*" not in excused:
                found += checks.lost(stream, self.before[name], right[name], there[name], excused)
            tainted = frozenset(project for stream_name, project in self.tainted if stream_name == name)
            found += checks.invented(stream, self.allowed, there[name], every if "*" in tainted else tainted)
        excuses = self.habits.follow or any(excuses_silence(one, whole=self.plan.whole) for one in struck)
        if not (lagging or self.tainted or excuses):
            found += checks.silent(self.product.streams, right, seen, outcome)
        return found

    def _out_of_step(self, struck: list[Served]) -> set[str]:
        """The streams that may hold what belongs elsewhere, which is known to be taken, after answers out of step."""
        known = {"other-feed": FEEDS, "other-provenance": ("attestations",)}
        if not any(fault_name(one) in OUT_OF_STEP for one in struck):
            return set()
        return {name for what, names in known.items() if what in self.plan.without for name in names}

    def _untouched(self, streams: tuple[str, ...], there: Tables) -> list[str]:
        """How streams that were not selected have changed."""
        others = [name for name in self.plan.streams if name not in streams]
        return [
            line
            for name in others
            for line in checks.equal({name: self.before[name]}, {name: there[name]}, "a stream that was not selected")
        ]

    def fresh(self, folder: Path) -> list[str]:
        """How the tables differ from those of a fresh load."""
        made = DESTINATIONS[self.plan.destination](self.product, folder, self.plan.streams)
        made.load(self.settings(0), self.plan.streams)
        scope = frozenset(self.wanted().projects) - frozenset(self._unsatisfied(self.wanted()))
        if self.plan.whole:
            scope &= {project.key for project in self.index.listed}
        right, there = (self._comparable(one, scope) for one in (self.there(made), self.there()))
        return checks.equal(right, there, "incremental and fresh")

    def again(self) -> list[str]:
        """What a further run changes, although nothing has changed on the index."""
        before = self.destination.rows()
        self.destination.load(self.settings(0), self.plan.streams)
        after = self.destination.rows()
        lasting = [name for name in self.plan.streams if self.product.streams[name].cursor]
        found = [
            f"{name}: written again without a change" for name in lasting if texts(before[name]) != texts(after[name])
        ]
        emitted = self.destination.emitted if isinstance(self.destination, Read) else 0
        return [*found, f"{emitted} records without a change"] if emitted else found

    def histories(self) -> list[str]:
        """How the rows that still hold in the tables of all states differ from the tables."""
        if not (self.plan.history and isinstance(self.destination, DuckDb)):
            return []
        found = []
        kept = [name for name in self.plan.streams if self.product.streams[name].cursor]
        ended = self.destination.tables([f"{name}_history" for name in kept])
        for name in kept:
            rows = ended[f"{name}_history"]
            holding = tables(self.product.streams, {name: [row for row in rows if row["valid_to"] is None]})
            found += checks.equal(holding, {name: self.before[name]}, "table and history")
            found += [f"{name}_history: ends before it begins: {row}" for row in rows if _backwards(row)]
        return found


def _backwards(row: dict[str, object]) -> bool:
    begun, ended = row["valid_from"], row["valid_to"]
    return ended is not None and ended < begun  # type: ignore[operator]
