"""Random raw answers: `python -m tests.oracle.wire_fuzz COUNT [--seed N]`."""

import argparse
import re
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from tests.oracle import checks
from tests.oracle.destinations import DuckDb
from tests.oracle.fuzz_parts import SECRET
from tests.oracle.fuzz_responses import spoilt
from tests.oracle.oracle import Wanted, expected
from tests.oracle.product import Outcome, Product
from tests.oracle.simulator import content
from tests.oracle.simulator.answers import Question, sound
from tests.oracle.simulator.documents import Site, Style
from tests.oracle.simulator.model import Index
from tests.oracle.simulator.server import Server
from tests.oracle.simulator.wire import Wire, plain
from tests.oracle.tables import comparable, key_of
from tests.oracle.values import Row

STREAMS = ("projects", "versions", "files", "dependencies", "classifiers", "urls", "vulnerabilities", "roles")
GROUP = 200
LONGEST = 60.0
LARGEST_MB = 400
_MARK = re.compile(r"\b[ps]\d{3}-[0-9a-f]{6}\b")


def name_of(number: int, kind: str) -> str:
    """A project's name with a digest in it, so that no other name comes from it by chance."""
    return f"{kind}{number:03}-{zlib.crc32(f'{kind}{number}'.encode()) & 0xFFFFFF:06x}"


@dataclass
class Group:
    """
    Some spoilt answers in one run of the product: project p<n> gets the one of `seeds[n]`, s<n> a sound one; `without`
    are changes that do not occur.
    """

    seeds: Sequence[int]
    concurrency: int = 1
    without: frozenset[str] = frozenset()

    @property
    def projects(self) -> list[str]:
        """The names in the order in which they are asked for, sound ones between the others, and one at first."""
        pairs = [(name_of(number, "p"), name_of(number, "s")) for number in range(len(self.seeds))]
        return [name_of(999, "s"), *(name for pair in pairs for name in pair)]


class FuzzedIndex:
    """An index of small projects; answers about p<n> are spoilt for the first times, or always."""

    def __init__(self, group: Group) -> None:
        self.index = _index(group)
        self.without = group.without
        self.tries: Counter[str] = Counter()
        self.seeds = {name_of(number, "p"): seed for number, seed in enumerate(group.seeds)}
        self.server = Server(self._respond)
        self.site = Site(self.server.root, Style())

    def _respond(self, question: Question) -> Wire:
        answer = sound(self.site, self.index, question)
        seed = self.seeds.get(question.key)
        self.tries[question.key] += 1
        if seed is None or question.kind != "project" or self.tries[question.key] > spoilt_tries(seed):
            return Wire([plain(answer)])
        return spoilt(seed, answer.body, self._other(), self.without)

    def _other(self) -> bytes:
        """A sound answer about another project."""
        other = name_of(self.tries.total() % 7, "s")
        path = f"/pypi/{other if other in self.index.projects else name_of(999, 's')}/json"
        return plain(sound(self.site, self.index, Question.of("GET", path, {})))


def spoilt_tries(seed: int) -> int:
    """How many tries the answer of a seed is spoilt for."""
    return Random(seed).choice((1, 1, 1, 1, 1, 1, 1, 1_000_000))


def _index(group: Group) -> Index:
    random, index = Random(7), Index()
    for name in group.projects:
        project = content.add_project(random, index, name, 1)
        for release in project.releases.values():
            release.metadata.summary = f"About {name}"
            release.metadata.description = ""
            release.metadata.license = None
            release.metadata.project_urls = {"Homepage": f"https://www.example.com/{name}"}
            release.metadata.requires_dist = [f"needs-{name}>=1"]
            release.requirements_hidden = False
            for file in release.files:
                file.metadata = None if file.metadata is None else content.core_metadata(project, release)
            for advisory in release.advisories:
                advisory.details = name
        project.roles = [("Owner", f"owner-of-{name}")]
    return index


@dataclass(frozen=True)
class Finding:
    """A difference, and the seeds of the answers in whose run it came up."""

    text: str
    seeds: tuple[int, ...]
    concurrency: int


def run(group: Group, product: Product) -> tuple[Outcome, list[str]]:
    """Load the projects of a group at once, and say what does not hold."""
    fuzzed = FuzzedIndex(group)
    settings = {
        "projects": group.projects,
        "index_url": fuzzed.site.root,
        "requests_per_second": 0,
        "request_timeout_seconds": 2,
        "max_concurrency": group.concurrency,
    }
    with tempfile.TemporaryDirectory(prefix="wire") as folder:
        destination = DuckDb(product, Path(folder), STREAMS)
        outcome = destination.load(settings, STREAMS)
        rows = destination.rows()
    fuzzed.server.close()
    found = checks.behaved(outcome, ())
    if outcome.peak_mb > LARGEST_MB:
        found.append(f"{outcome.peak_mb:.0f} MB of memory")
    if SECRET.decode() in outcome.everything:
        found.append("a password in a redirect is shown")
    return outcome, found + judged(group, fuzzed, product, rows, outcome)


def judged(
    group: Group, fuzzed: FuzzedIndex, product: Product, rows: dict[str, list[Row]], outcome: Outcome
) -> list[str]:
    """What is wrong with the rows: another project's, other ones than the sound ones, or none and no error."""
    wanted = Wanted(dict.fromkeys(group.projects))
    right = expected(fuzzed.site, fuzzed.index, wanted)
    found = [line for name in STREAMS for row in rows[name] for line in foreign(name, row)]
    loaded = {row["project"] for row in rows["projects"]}
    for project in group.projects:
        if project in loaded and project not in fuzzed.seeds:
            found += _unlike(product, project, right, rows)
    if any(phrase in outcome.everything for phrase in checks.STOPS):
        return found
    unnamed = [project for project in group.projects if project not in loaded | _named(outcome)]
    more = re.search(r"and (\d+) more failures", outcome.said)
    return found + [f"{project}: neither rows nor an error" for project in unnamed[int(more[1]) if more else 0 :]]


def _named(outcome: Outcome) -> set[str]:
    """The projects that any message names."""
    return set(_MARK.findall(outcome.everything))


def foreign(name: str, row: Row) -> Iterable[str]:
    """Marks of other projects in a row, a line each."""
    own = str(row["project"])
    others = set(_MARK.findall(repr(row))) - {own}
    return [f"{name}: a row of {own} has what belongs to {other}" for other in sorted(others)]


def _unlike(product: Product, project: str, right: dict[str, list[Row]], rows: dict[str, list[Row]]) -> list[str]:
    """How the rows of a project with a sound answer differ from what they should be."""
    found = []
    for name in STREAMS:
        stream = product.streams[name]
        should, there = (
            {key_of(stream, row): comparable(stream, row) for row in table[name] if row["project"] == project}
            for table in (right, rows)
        )
        if any(checks.differs(should, there, key) for key in should.keys() | there.keys()):
            found.append(f"{name}: the rows of {project}, whose answer was sound, are wrong")
    return found


def narrowed(group: Group, product: Product) -> Group:
    """The smallest group that halving finds in which something does not hold."""
    while len(group.seeds) > 1:
        half = len(group.seeds) // 2
        for seeds in (group.seeds[:half], group.seeds[half:]):
            fewer = replace(group, seeds=seeds)
            if run(fewer, product)[1]:
                group = fewer
                break
        else:
            return group
    return group


def fuzz(
    count: int, seed: int, product: Product, concurrency: int | None = None, without: frozenset[str] = frozenset()
) -> Iterable[Finding]:
    """Run so many spoilt answers, in groups; each group in which something does not hold is narrowed down."""
    for start in range(seed, seed + count, GROUP):
        seeds = range(start, min(start + GROUP, seed + count))
        group = Group(seeds, concurrency or (1 if start // GROUP % 2 else 8), without)
        _, found = run(group, product)
        if found:
            small = narrowed(group, product)
            again = run(small, product)[1] or found
            yield Finding("; ".join(again[:4]), tuple(small.seeds), group.concurrency)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the fuzzer; the status is 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.wire_fuzz", description=__doc__)
    parser.add_argument("count", type=int, help="how many spoilt answers, of seeds from --seed upwards")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=None, help="requests at once; 1 and 8 by turns if left out")
    parser.add_argument("--without", default="", help="changes that do not occur, by commas")
    read = parser.parse_args(arguments)
    begun, found = time.monotonic(), 0
    without = frozenset(filter(None, read.without.split(",")))
    for finding in fuzz(read.count, read.seed, fuzz_product(), read.concurrency, without):
        found += 1
        first, last = finding.seeds[0], finding.seeds[-1]
        options = f"{last - first + 1} --seed {first} --concurrency {finding.concurrency}"
        command = f"python -m tests.oracle.wire_fuzz {options}" + (f" --without {read.without}" if without else "")
        sys.stdout.write(f"{command}\n  {finding.text}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{read.count} answers, {found} findings, {time.monotonic() - begun:.0f} s\n")
    return 1 if found else 0


def fuzz_product() -> Product:
    """The product with next to no waits between tries."""
    return Product(environment={"HURRY": "5000"})


if __name__ == "__main__":
    raise SystemExit(main())
