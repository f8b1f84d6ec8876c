"""``python -m tests.fuzz COUNT [SEED] [--target NAME]``: COUNT inputs into all targets together, or into one."""

import argparse
import random
import sys

from tests.fuzz.running import run
from tests.fuzz.targets import TARGETS


def main(arguments: list[str]) -> int:
    """Run the targets, print the outcome of each, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=random.randrange(10**9))
    parser.add_argument("--target", choices=[target.name for target in TARGETS])
    asked = parser.parse_args(arguments)
    chosen = [target for target in TARGETS if asked.target in (None, target.name)]
    share, wrong, done = -(-asked.count // len(chosen)), 0, 0
    sys.stdout.write(f"{share} inputs into each of {len(chosen)} targets, seed {asked.seed}\n")
    for target in chosen:
        outcome = run(target, share, asked.seed)
        sys.stdout.write(
            f"{target.name}: {outcome.count:,} inputs, {outcome.admitted:,} read, {outcome.refused:,} refused, "
            f"the slowest took {outcome.slowest:.2f} s\n"
        )
        sys.stdout.write("".join(f"{find}\n" for find in outcome.finds))
        sys.stdout.flush()
        wrong, done = wrong + len(outcome.finds), done + outcome.count
    sys.stdout.write(f"{done:,} inputs, {wrong} finds\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
