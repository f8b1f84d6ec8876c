"""``python -m tests.kills``: many rounds of kills, of every scenario; exit status 1 if a round shows a difference.

Usage
    ``--rounds N``: the number of rounds of ``sync``, and of ``read``. ``--only sync``: one of them. ``--seed N``.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from tests.fake_index import FakeIndex
from tests.kills import reading, syncing
from tests.kills.syncing import Outcome, Scenario, index_of


class Rounds(Protocol):
    """The interface that the rounds of ``sync`` and of ``read`` share."""

    def round(self, chance: random.Random) -> Outcome:
        """Run one round."""
        ...


Make = Callable[[Scenario, FakeIndex, Path, int], Rounds]
COMMANDS: dict[str, tuple[Make, tuple[Scenario, ...]]] = {
    "sync": (syncing.Kills, syncing.SCENARIOS),
    "read": (reading.Kills, reading.SCENARIOS),
}


def campaign(command: str, rounds: int, seed: int) -> Iterator[tuple[str, int, Outcome]]:
    """Yield name, seed and outcome of each round; all rounds of a scenario use the same index."""
    make, scenarios = COMMANDS[command]
    share = [rounds // len(scenarios) + (number < rounds % len(scenarios)) for number in range(len(scenarios))]
    for scenario, count in zip(scenarios, share, strict=True):
        with tempfile.TemporaryDirectory(prefix="source-pypi-kills-") as folder, index_of(scenario) as index:
            if count:
                kills = make(scenario, index, Path(folder), seed)
            for number in range(count):
                yield scenario.name, seed * 1000 + number, kills.round(random.Random(seed * 1000 + number))


def main() -> None:
    """Run the campaign, and print its differences and totals."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description="Kill, run again, compare.")
    parser.add_argument("--rounds", type=int, default=200, help="rounds of each command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=COMMANDS)
    options = parser.parse_args()
    failed = 0
    for command in [options.only] if options.only else COMMANDS:
        began, rounds, kills, bad = time.monotonic(), 0, 0, 0
        for name, seed, outcome in campaign(command, options.rounds, options.seed):
            rounds, kills, bad = rounds + 1, kills + outcome.kills, bad + bool(outcome.wrong)
            for difference in outcome.wrong:
                print(f"{command}, {name}, seed {seed}: {difference[:500]}", flush=True)
        seconds = time.monotonic() - began
        print(f"{command}: {rounds} rounds, {kills} kills, {bad} rounds with differences, {seconds:.0f} s", flush=True)
        failed += bad
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
