"""Rounds of ``read``: killed several times, its state handed back, then compared with a read that nobody disturbed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.fake_index import FakeIndex
from tests.kills.command import Ended, Moment, Place, Running, after, when_written
from tests.kills.platform import Platform, differences
from tests.kills.syncing import KILLS, MANY, Outcome, Scenario, next_second
from tests.kills.worlds import change, name_of

#: Of so many projects that there are checkpoints on the way.
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
    """Rounds of one scenario: what they begin with and should end with is made once.

    :param index: that serves the scenario's world.
    """

    def __init__(self, scenario: Scenario, index: FakeIndex, folder: Path, seed: int = 1) -> None:
        self._index, self._folder = index, folder
        self._place = Place(folder, index.url)
        named = scenario.projects if scenario.named is None else scenario.named
        settings = {"projects": [name_of(number) for number in range(named)], **scenario.settings}
        self._config = self._place.settings(**settings)
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
        """The read that was not disturbed."""
        return self._whole

    def start(self, platform: Platform, **options: Any) -> Running:
        """Start to read on from what a platform has loaded; see ``Place.start``."""
        self._index.new_run()
        return self._place.start(*self._arguments(platform), **options)

    def attempt(self, platform: Platform, **options: Any) -> Ended:
        """Read on, which may fail."""
        return self.start(platform, **options).wait()

    def _arguments(self, platform: Platform) -> Sequence[object]:
        platform.write_state(self._folder / "state.json")
        return "read", "--config", self._config, "--catalog", "catalog.json", "--state", "state.json"

    def begin(self, *, keeps: bool) -> Platform:
        """A platform that has loaded what the rounds begin with."""
        return self._base.copy(keeps=keeps)

    def round(self, chance: random.Random, most: int = KILLS) -> Outcome:
        """Kill it some times, hand back the state, let it end, compare."""
        outcome, platform = Outcome(), self.begin(keeps=chance.random() < 0.5)
        for _ in range(chance.randint(1, most)):
            ended, done = self._killed(platform, self._utc(chance)), platform.visited
            platform.take(ended.output)
            outcome.wrong += self._look_at(ended, done)
            if not ended.killed:
                break
            outcome.kills += 1
        else:
            return Outcome(outcome.kills, outcome.wrong + self.finish(platform))
        outcome.wrong += self._complete(platform)
        return outcome

    def finish(self, platform: Platform) -> list[str]:
        """Let it read to its end; what is wrong then."""
        done = platform.visited
        self._index.settle()
        return self._look_at(self._read(platform), done) + self._complete(platform)

    def _killed(self, platform: Platform, time_of: Moment) -> Ended:
        self._index.new_run()
        return self._place.kill(time_of, *self._arguments(platform))

    def _read(self, platform: Platform) -> Ended:
        ended = self.attempt(platform)
        platform.take(ended.output)
        return ended

    def _utc(self, chance: random.Random) -> Moment:
        """Any moment, or one when some lines have come, or just after some STATE."""
        if (kind := chance.random()) < 0.6:
            return after(chance.uniform(0, 1.1 * self._whole.seconds))
        fingerprint = b'{"type":"STATE"' if kind < 0.8 else b"\n"
        return when_written(fingerprint, chance.randint(1, max(self._whole.output.count(fingerprint), 1)))

    def _look_at(self, ended: Ended, done: set[str]) -> list[str]:
        """What was wrong with a run: what it said, how it ended, what it asked although that was in the state."""
        self._index.settle()
        wrong = [f"asked twice: {path}" for path in self._index.repeated[:1]]
        if ended.user_errors or (not ended.killed and ended.status != self._whole.status):
            wrong.append(f"status {ended.status}: {ended.user_errors}")
        asked = Counter(request.path for request in self._index.requests)
        again = sorted(project for project in done if asked[f"/pypi/{project}/json"])
        return wrong + [f"asked again although told, one of {len(again)}: {project}" for project in again[:1]]

    def _complete(self, platform: Platform) -> list[str]:
        """What is wrong at the end."""
        wrong = [*platform.wrong, *differences(platform, self._expected)]
        for stream in self._expected.states:
            ours, expected = platform.seen(stream), self._expected.seen(stream)
            # a run that is taken up remembers no list: what the killed one visited may have changed before it
            timeless = [{p: replace(s, checked_at=0) for p, s in seen.items() if p} for seen in (ours, expected)]
            wrong += [f"{stream}: what is remembered differs"] * (timeless[0] != timeless[1])
            wrong += [f"{stream}: counts as unfinished"] * (
                "unfinished" in platform.states[stream]["stream"]["stream_state"]
            )
        return wrong
