"""``python -m tests.load``: a good day and a bad one of many projects, compared; prints what they took."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fake_index import FakeIndex
from tests.fake_index.generate import generated_world
from tests.load.day import Day, Days, compare


def main() -> None:
    """Run both; exit status 1 where a day ends badly or they differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Many projects, with and without faults.")
    parser.add_argument("--projects", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=15, help="files of a project")
    options = parser.parse_args()
    names = [f"project-{number:04}" for number in range(options.projects)]
    world = generated_world(options.projects, options.files, 300)
    folders = tempfile.TemporaryDirectory(prefix="source-pypi-load-")
    with folders as folder, FakeIndex(world, strict=False, record=False) as index:
        days = Days(Path(folder), index, names)
        (good, expected), (bad, found) = days.good(), days.bad()
        print(_told("without faults", good), _told("with faults", bad), sep="\n")
        wrong = compare(found, expected)
    for said in wrong:
        print(said)
    sys.exit(1 if wrong or good.ended.status or bad.ended.status else 0)


def _told(name: str, day: Day) -> str:
    memory = f"{day.peak / 1e6:.0f} MB at most, growth {day.growth:.2f}x"
    held = f"{memory}, {day.descriptors} descriptors, {day.threads} threads"
    return f"{name}: {day.met} faults met, {day.ended.seconds:.0f} s, exit status {day.ended.status}; {held}"


if __name__ == "__main__":
    main()
