"""``python -m tests.load``: load many projects without and with faults, compare, and print what both runs used."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fake_index import FakeIndex
from tests.fake_index.generate import generated_world
from tests.load.loading import Load, Loads, compare


def main() -> None:
    """Run both; exit status 1 if a run fails or the tables differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Many projects, with and without faults.")
    parser.add_argument("--projects", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=15, help="files of a project")
    options = parser.parse_args()
    names = [f"project-{number:04}" for number in range(options.projects)]
    world = generated_world(options.projects, options.files, 300)
    folders = tempfile.TemporaryDirectory(prefix="source-pypi-load-")
    with folders as folder, FakeIndex(world, strict=False, record=False) as index:
        loads = Loads(Path(folder), index, names)
        (plain, expected), (faulty, found) = loads.without_faults(), loads.with_faults()
        print(_line("without faults", plain), _line("with faults", faulty), sep="\n")
        wrong = compare(found, expected)
    for difference in wrong:
        print(difference)
    sys.exit(1 if wrong or plain.ended.status or faulty.ended.status else 0)


def _line(name: str, load: Load) -> str:
    memory = f"{load.peak / 1e6:.0f} MB at most, growth {load.growth:.2f}x"
    used = f"{memory}, {load.descriptors} descriptors, {load.threads} threads"
    return f"{name}: {load.faults} faults, {load.ended.seconds:.0f} s, exit status {load.ended.status}; {used}"


if __name__ == "__main__":
    main()
