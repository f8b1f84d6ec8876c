"""Rounds of ``read``: several kills, each followed by a read from the last state, then the comparison."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from source_pypi.sync import list_sample
from tests.fake_index import FakeIndex
from tests.kills.command import Ended, KillTime, Running, Workdir, after, when_written
from tests.kills.platform import Platform, differences
from tests.kills.syncing import KILLS, MANY, Outcome, Scenario, next_second
from tests.kills.worlds import change, name_of

#: A number of projects at which a run writes several checkpoints.
CHECKPOINTED = 1100
SCENARIOS = (
    Scenario("first", projects=CHECKPOINTED),
    Scenario("first, all streams", MANY, projects=300),
    Scenario("again", projects=CHECKPOINTED, again=True),
    Scenario("again, all streams", MANY, projects=600, again=True),
    Scenario("again, with statuses", "projects,files,statuses", projects=300, again=True),
    Scenario("all releases again", MANY, settings={"releases": "all"}, projects=150, again=True),
    Scenario("four at once", settings={"max_concurrency": 4}, projects=CHECKPOINTED),
    Scenario("whole index", "projects,files,listing", settings={"whole_index": True}, named=0, projects=CHECKPOINTED),
    Scenario("dependencies", "projects,dependencies", settings={"follow_dependencies": 2}, named=550, projects=1100),
)


class Kills:
    """Rounds of one scenario. Their start and their expected result are made once.

    :param index: the index that serves the scenario's world.
    """

    def __init__(self, scenario: Scenario, index: FakeIndex, folder: Path, seed: int = 1) -> None:
        self._index, self._folder = index, folder
        self._workdir = Workdir(folder, index.url)
        named = scenario.projects if scenario.named is None else scenario.named
        settings = {"projects": [name_of(number) for number in range(named)], **scenario.settings}
        self._config = self._workdir.settings(**settings)
        self._base = Platform.of(scenario.streams, keeps=False)
        self._base.write_catalog(folder / "catalog.json")
        if scenario.again:
            assert self._read(self._base).status == 0
            change(index.world, random.Random(seed))
            next_second()
        self._expected = self._base.copy(keeps=False)
        self._whole = self._read(self._expected)
        assert (self._whole.user_errors, self._expected.wrong) == ("", [])

    @property
    def whole(self) -> Ended:
        """The read that was not killed."""
        return self._whole

    def start(self, platform: Platform, **options: Any) -> Running:
        """Start a read from a platform's state; see ``Workdir.start``."""
        self._index.new_run()
        return self._workdir.start(*self._arguments(platform), **options)

    def attempt(self, platform: Platform, **options: Any) -> Ended:
        """Read from a platform's state to the end, which may fail."""
        return self.start(platform, **options).wait()

    def _arguments(self, platform: Platform) -> Sequence[object]:
        platform.write_state(self._folder / "state.json")
        return "read", "--config", self._config, "--catalog", "catalog.json", "--state", "state.json"

    def begin(self, *, keeps: bool) -> Platform:
        """Return a platform in the state in which rounds start."""
        return self._base.copy(keeps=keeps)

    def round(self, chance: random.Random, most: int = KILLS) -> Outcome:
        """Kill several reads, each from the last state; then read to the end and compare."""
        outcome, platform = Outcome(), self.begin(keeps=chance.random() < 0.5)
        for _ in range(chance.randint(1, most)):
            ended, done = self._killed(platform, self._kill_time(chance)), platform.completed
            platform.take(ended.output)
            outcome.wrong += self._check_run(ended, done)
            if not ended.killed:
                break
            outcome.kills += 1
        else:
            return Outcome(outcome.kills, outcome.wrong + self.finish(platform))
        outcome.wrong += self._check_result(platform)
        return outcome

    def finish(self, platform: Platform) -> list[str]:
        """Read to the end; return what is wrong then."""
        done = platform.completed
        self._index.settle()
        return self._check_run(self._read(platform), done) + self._check_result(platform)

    def _killed(self, platform: Platform, when: KillTime) -> Ended:
        self._index.new_run()
        return self._workdir.kill(when, *self._arguments(platform))

    def _read(self, platform: Platform) -> Ended:
        ended = self.attempt(platform)
        platform.take(ended.output)
        return ended

    def _kill_time(self, chance: random.Random) -> KillTime:
        """Any time, or after a number of lines, or just after a STATE."""
        if (kind := chance.random()) < 0.6:
            return after(chance.uniform(0, 1.1 * self._whole.seconds))
        text = b'{"type":"STATE"' if kind < 0.8 else b"\n"
        return when_written(text, chance.randint(1, max(self._whole.output.count(text), 1)))

    def _check_run(self, ended: Ended, done: set[str]) -> list[str]:
        """Return what was wrong with a run: its errors, its status, requests for projects that its state had."""
        self._index.settle()
        wrong = [f"requested twice: {path}" for path in self._index.repeated[:1]]
        if ended.user_errors or (not ended.killed and ended.status != self._whole.status):
            wrong.append(f"status {ended.status}: {ended.user_errors}")
        requested = Counter(request.path for request in self._index.requests)
        again = sorted(project for project in done if requested[f"/pypi/{project}/json"])
        most = list_sample.SIZE if requested["/simple/"] else 0  # a run that reads the list requests a sample
        told = [f"requested although in the state, one of {len(again)}: {project}" for project in again[:1]]
        return wrong + (told if len(again) > most else [])

    def _check_result(self, platform: Platform) -> list[str]:
        """Return what is wrong at the end."""
        wrong = [*platform.wrong, *differences(platform, self._expected)]
        for stream in self._expected.states:
            ours, expected = platform.project_states(stream), self._expected.project_states(stream)
            # a resumed run stores no list: what the killed run read may have changed before the list was requested
            timeless = [{p: replace(s, checked_at=0) for p, s in states.items() if p} for states in (ours, expected)]
            wrong += [f"{stream}: the state differs"] * (timeless[0] != timeless[1])
            wrong += [f"{stream}: counts as unfinished"] * (
                "unfinished" in platform.states[stream]["stream"]["stream_state"]
            )
        return wrong
