"""Run mutmut over the core: ``python -m tests.mutants [MODULE ...] [--into FOLDER]``."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.mutants.running import run
from tests.mutants.table import TABLE


def main() -> None:
    """Print how many mutants of each module were killed, and the names of those that survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TABLE)}; all of them unless named")
    parser.add_argument("--into", type=Path, help="a folder for the mutants, which stays; a temporary one unless given")
    parser.add_argument("--children", type=int, default=2, help="mutants that are tested at once (2)")
    parser.add_argument("--share", type=float, default=1.0, help="of the mutants that are tested, by chance (1: all)")
    parser.add_argument("--seed", type=int, default=0, help="of that chance (0)")
    asked = parser.parse_args()
    if unknown := set(asked.modules) - TABLE.keys():
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        into = asked.into or Path(folder)
        counts = [run(name, into, asked.children, asked.share, asked.seed) for name in asked.modules or TABLE]
    for name in sorted(name for count in counts for name in count.survivors):
        print(name)
    print(f"{'module':<28}{'mutants':>8}{'killed':>8}{'survived':>9}")
    for count in counts:
        print(f"{count.module:<28}{count.killed + len(count.survivors):>8}{count.killed:>8}{len(count.survivors):>9}")
    total, left = sum(c.killed + len(c.survivors) for c in counts), sum(len(c.survivors) for c in counts)
    print(f"{'all':<28}{total:>8}{total - left:>8}{left:>9}  {left / max(total, 1):.1%} survived")
    sys.exit(0 if left * 10 < total else 1)


if __name__ == "__main__":
    main()
