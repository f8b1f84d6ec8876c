"""``python -m tests.model COUNT [SEED]``: runs random histories on all processors; other ones each time."""

import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.model.machine import Histories, LazyHistories, LazyReadHistories, ReadHistories
from tests.model.running import run_histories

#: Histories of a lot; of four lots, one is of each kind.
LOT = 25
KINDS = (Histories, LazyHistories, ReadHistories, LazyReadHistories)


def run_lot(kind: type[Histories], count: int, number: int) -> tuple[Counter[str], str]:
    """Run a lot; return what was done, and what went wrong."""
    try:
        return run_histories(kind, count, number), ""
    except Exception:  # whatever it is, the seed and the history are reported
        return Counter(), f"{kind.__name__}, seed {number}:\n{traceback.format_exc()}"


def lots(count: int, seed: int) -> Iterator[tuple[type[Histories], int, int]]:
    """Yield the lots of ``count`` histories: of which kind, how many, with which seed."""
    for number, first in enumerate(range(0, count, LOT)):
        yield KINDS[number % len(KINDS)], min(LOT, count - first), seed + number


def main(count: int, seed: int) -> int:
    """Run histories, print what was done, and return the exit status."""
    began, done, wrong = time.monotonic(), Counter[str](), 0
    sys.stdout.write(f"{count} histories, seed {seed}\n")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for finished in as_completed([pool.submit(run_lot, *lot) for lot in lots(count, seed)]):
            lot, error = finished.result()
            done += lot
            wrong += bool(error)
            counts = ", ".join(f"{done[what]:,} {what}" for what in ("histories", "steps", "syncs"))
            sys.stdout.write(error or f"\r{counts}, {time.monotonic() - began:.0f} s")
            sys.stdout.flush()
    sys.stdout.write(f"\n{wrong} lots went wrong\n" if wrong else "\nnone went wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    raise SystemExit(
        main(arguments[0] if arguments else 5000, arguments[1] if len(arguments) > 1 else random.randrange(10**9))
    )
