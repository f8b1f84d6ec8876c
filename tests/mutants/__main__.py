"""Run mutmut over the core: ``python -m tests.mutants [MODULE ...] [--into FOLDER]``."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.mutants.running import run
from tests.mutants.table import TABLE


def main() -> None:
    """Print the number of killed mutants of each module, and the names of the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"one of {', '.join(TABLE)}; default: all")
    parser.add_argument("--into", type=Path, help="folder for the mutants, which is kept; default: a temporary one")
    parser.add_argument("--children", type=int, default=2, help="number of mutants to test at the same time (2)")
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of the mutants to test, chosen at random (1: all)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the choice (0)")
    options = parser.parse_args()
    if unknown := set(options.modules) - TABLE.keys():
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        into = options.into or Path(folder)
        counts = [run(name, into, options.children, options.share, options.seed) for name in options.modules or TABLE]
    for name in sorted(name for count in counts for name in count.survivors):
        print(name)
    print(f"{'module':<28}{'mutants':>8}{'killed':>8}{'survived':>9}")
    for count in counts:
        print(f"{count.module:<28}{count.killed + len(count.survivors):>8}{count.killed:>8}{len(count.survivors):>9}")
    total, survived = sum(c.killed + len(c.survivors) for c in counts), sum(len(c.survivors) for c in counts)
    print(f"{'all':<28}{total:>8}{total - survived:>8}{survived:>9}  {survived / max(total, 1):.1%} survived")
    sys.exit(0 if survived * 10 < total else 1)


if __name__ == "__main__":
    main()
