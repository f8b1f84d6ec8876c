"""Rounds of ``sync``: several kills, then a run to the end, then the comparison with a run that was not killed."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex
from tests.kills.command import Ended, KillTime, Running, Workdir, after, when_grown
from tests.kills.tables import Content, content_of, differences
from tests.kills.worlds import change, name_of, small_world

#: The largest number of kills in a row.
KILLS = 5
#: Seconds before each response of the index.
LATENCY = 0.001


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is loaded, and whether it was loaded before; if so, the world has changed since."""

    name: str
    streams: str = "projects,versions,files"
    options: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    projects: int = 350
    named: int | None = None


@dataclass(slots=True)
class Outcome:
    """The result of a round: the number of kills, and what went wrong."""

    kills: int = 0
    wrong: list[str] = field(default_factory=list)


MANY = "projects,versions,files,dependencies,classifiers,urls,vulnerabilities,roles,release"
SCENARIOS = (
    Scenario("first", MANY),
    Scenario("first, with a history", options=("--history",)),
    Scenario("again", MANY, again=True),
    Scenario("again, with a history", MANY, ("--history",), again=True),
    Scenario("again, with statuses", "projects,files,statuses", again=True),
    Scenario("all releases", MANY, settings={"releases": "all"}, projects=150),
    Scenario("all releases again", MANY, settings={"releases": "all"}, again=True, projects=150),
    Scenario("four at once", settings={"max_concurrency": 4}),
    Scenario("whole index", "projects,files,listing,stats", settings={"whole_index": True}, named=0),
    Scenario("whole index again", "projects,files,listing", settings={"whole_index": True}, named=0, again=True),
    Scenario(
        "whole index again, with events",
        "projects,files,events",
        settings={"whole_index": True, "events_since": "0"},
        named=0,
        again=True,
    ),
    Scenario("dependencies", "projects,dependencies", settings={"follow_dependencies": 2}, named=175),
    Scenario("dependencies again", "projects,dependencies", settings={"follow_dependencies": 2}, named=175, again=True),
)


class Kills:
    """Rounds of one scenario. Their start and their expected result are made once.

    :param index: the index that serves the scenario's world; see ``index_of``.
    """

    def __init__(self, scenario: Scenario, index: FakeIndex, folder: Path, seed: int = 1) -> None:
        self._scenario, self._index, self._folder = scenario, index, folder
        self._workdir = Workdir(folder, index.url)
        named = scenario.projects if scenario.named is None else scenario.named
        settings = {"projects": [name_of(number) for number in range(named)], **scenario.settings}
        self._config = self._workdir.settings(**settings)
        self._file, self._base = folder / "killed.duckdb", folder / "base.duckdb"
        if scenario.again:
            assert self._run(self._base).status == 0
            change(index.world, random.Random(seed))
            next_second()
        whole = folder / "whole.duckdb"
        self._begin_with(whole)
        self._whole = self._run(whole)
        self._expected = content_of(whole)
        assert "Traceback" not in self._whole.user_errors
        assert self._expected.unfinished is None

    @property
    def seconds(self) -> float:
        """Wall time of the run that was not killed."""
        return self._whole.seconds

    def round(self, chance: random.Random, most: int = KILLS) -> Outcome:
        """Kill several runs, then run to the end, then compare."""
        outcome = Outcome()
        self._begin_with(self._file)
        before = content = content_of(self._file)
        for _ in range(chance.randint(1, most)):
            self._index.new_run()
            ended = self._workdir.kill(self._kill_time(chance), *self._arguments(self._file))
            outcome.wrong += self._check_run(ended, content)
            content = content_of(self._file)
            if not ended.killed:
                break
            outcome.kills += 1
            if content.unfinished is None and content.tables == self._expected.tables:
                before = content  # the killed run had committed everything
            outcome.wrong += self._check_partial(content, before)
        else:
            outcome.wrong += self._check_run(self._run(self._file), content)
            content = content_of(self._file)
        outcome.wrong += self._check_result(content)
        return outcome

    def start(self, path: Path, **options: Any) -> Running:
        """Start a run into a file; see ``Workdir.start``."""
        self._index.new_run()
        return self._workdir.start(*self._arguments(path), **options)

    def attempt(self, path: Path, **options: Any) -> Ended:
        """Run into a file, which may fail."""
        return self.start(path, **options).wait()

    def committed(self, path: Path) -> set[str]:
        """The projects whose rows an unfinished run has committed to a file."""
        content = content_of(path)
        return set.intersection(*(content.completed(name) for name in self._streams()))

    def judge_partial(self, path: Path) -> list[str]:
        """Return what is wrong with a file after an unfinished first run."""
        return self._check_partial(content_of(path), Content())

    def judge(self, path: Path) -> list[str]:
        """Return what is wrong with a file after a complete run."""
        return self._check_result(content_of(path))

    def finish(self, path: Path) -> list[str]:
        """Run into a file once more, to the end; return what is wrong then."""
        before = content_of(path)
        self._index.settle()
        return self._check_run(self._run(path), before) + self.judge(path)

    def _begin_with(self, path: Path) -> None:
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        if self._scenario.again:
            shutil.copy(self._base, path)

    def _arguments(self, path: Path) -> Sequence[object]:
        scenario = self._scenario
        return "sync", "--config", self._config, "--into", path, "--streams", scenario.streams, *scenario.options

    def _run(self, path: Path) -> Ended:
        return self.attempt(path)

    def _kill_time(self, chance: random.Random) -> KillTime:
        """Any time, or while the database is written."""
        if chance.random() < 0.6:
            return after(chance.uniform(0, 1.1 * self.seconds))
        grows = self._file if chance.random() < 0.3 else self._file.with_name(f"{self._file.name}.wal")
        return when_grown(grows, chance.randint(1, 6), chance.choice([0, chance.uniform(0, 0.01)]))

    def _check_run(self, ended: Ended, before: Content) -> list[str]:
        """What was wrong with a run: what it said, how it ended, what it asked although that was loaded before."""
        self._index.settle()
        wrong = [f"asked twice: {path}" for path in self._index.repeated[:1]]
        if "Traceback" in ended.user_errors or (not ended.killed and ended.status != self._whole.status):
            wrong.append(f"status {ended.status}: {ended.user_errors}")
        asked = Counter(request.path for request in self._index.requests)
        done = set.intersection(*(before.completed(name) for name in self._streams()))
        again = sorted(project for project in done if asked[f"/pypi/{project}/json"])
        return wrong + [f"asked again although committed, one of {len(again)}: {project}" for project in again[:1]]

    def _streams(self) -> list[str]:
        """The streams that remember projects."""
        selected = self._scenario.streams.split(",")
        return [stream.name for stream in STREAMS if stream.name in selected and stream.of_project]

    def _check_partial(self, content: Content, before: Content) -> list[str]:
        """Return what is wrong after a kill: a project has its new rows if the state has it, else its old rows."""
        tables, expected = content.tables, self._expected.tables
        wrong = list(content.wrong)
        for stream in self._streams() if tables else []:
            completed = content.completed(stream)
            made = {p: rows for p, rows in expected.get(stream, {}).items() if p in completed}
            old = {p: rows for p, rows in before.tables.get(stream, {}).items() if p not in completed}
            wrong += [f"after a kill: {line}" for line in differences({stream: tables[stream]}, {stream: made | old})]
        return wrong

    def _check_result(self, content: Content) -> list[str]:
        """Return what is wrong at the end."""
        wrong = [*content.wrong, *differences(content.tables, self._expected.tables)]
        if content.timeless_states != self._expected.timeless_states:
            wrong.append("the state differs")
        if content.unfinished is not None:
            wrong.append("the run counts as unfinished")
        return wrong


def index_of(scenario: Scenario) -> FakeIndex:
    """The index of a scenario, not yet started."""
    return FakeIndex(small_world(scenario.projects), latency=LATENCY)


def next_second() -> None:
    """Wait until the next run gets other times: they are stored in seconds."""
    now = int(time.time())
    while int(time.time()) == now:
        time.sleep(0.01)
