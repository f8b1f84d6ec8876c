"""Runs inputs through a target: how many were read and refused, the finds, and the slowest time."""

import random
import time
import traceback
import zlib
from dataclasses import dataclass, field

from source_pypi.errors import SourceError
from tests.fuzz.targets import Target

#: The most seconds of processor time for one input.
LONGEST = 5.0
#: Finds after which a target stops.
ENOUGH = 5


@dataclass(slots=True)
class Outcome:
    """The outcome of a target.

    :ivar admitted: inputs that were read; :ivar refused: those that were refused in one line.
    :ivar slowest: processor time of the slowest, in seconds.
    :ivar finds: what went wrong, each with its input.
    """

    admitted: int = 0
    refused: int = 0
    slowest: float = 0.0
    finds: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The number of inputs."""
        return self.admitted + self.refused + len(self.finds)


def run(target: Target, count: int, seed: int) -> Outcome:
    """Run ``count`` inputs through a target; the same seed gives the same inputs."""
    outcome, seeds = Outcome(), target.seeds()
    for number in range(count):
        chance = random.Random(zlib.crc32(f"{target.name} {seed} {number}".encode()))
        body = target.mutate(chance.choice(seeds), chance)
        began = time.process_time()
        try:
            target.read(body)
            outcome.admitted += 1
        except SourceError as error:
            outcome.refused += 1
            if not str(error).isprintable() or len(str(error)) < 10:
                outcome.finds.append(f"{target.name} {seed} {number}: {str(error)!r} is no line")
        except Exception:
            outcome.finds.append(f"{target.name} {seed} {number}: {body[:300]!r}\n{traceback.format_exc()[-3000:]}")
        took = time.process_time() - began
        outcome.slowest = max(outcome.slowest, took)
        if took > LONGEST:
            outcome.finds.append(f"{target.name} {seed} {number}: {took:.1f} s for {len(body)} bytes: {body[:300]!r}")
        if len(outcome.finds) >= ENOUGH:
            break
    return outcome
