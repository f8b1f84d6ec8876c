"""Random raw answers: `python -m tests.oracle.wire_fuzz COUNT [--seed N]`."""

import argparse
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
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
GROUP = 400
"""Spoilt answers in one run of the product."""
PART = 20 * GROUP
"""Those of which a process starts the product once."""
EVERY = 3
"""After so many spoilt answers comes a sound one."""
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
    are changes that do not occur. Groups of the same size ask for the same projects.
    """

    seeds: Sequence[int]
    concurrency: int = 1
    without: frozenset[str] = frozenset()

    @property
    def projects(self) -> list[str]:
        """The names in the order in which they are asked for, sound ones between the others, and one at first."""
        return names_of(len(self.seeds))


@cache
def names_of(count: int) -> list[str]:
    """The names of the projects of so many spoilt answers, and of the sound ones."""
    names = [name_of(999, "s")]
    for number in range(count):
        names += [name_of(number, "p"), *([name_of(number, "s")] if number % EVERY == 0 else [])]
    return names


class FuzzedIndex:
    """An index of small projects; answers about p<n> are spoilt for the first times, or always."""

    def __init__(self, group: Group) -> None:
        self.index = _index(len(group.seeds))
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
        other = name_of(self.tries.total() % 3 * EVERY, "s")
        path = f"/pypi/{other if other in self.index.projects else name_of(999, 's')}/json"
        return plain(sound(self.site, self.index, Question.of("GET", path, {})))


def spoilt_tries(seed: int) -> int:
    """How many tries the answer of a seed is spoilt for."""
    return Random(seed).choice((1, 1, 1, 1, 1, 1, 1, 1_000_000))


@cache
def _index(count: int) -> Index:
    """The index of groups of this size; nothing changes it."""
    chance, index = Random(7), Index()
    for name in names_of(count):
        project = content.add_project(chance, index, name, 1)
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
            for file in release.files:
                file.metadata = file.metadata and content.core_metadata(project, release)
        project.roles = [("Owner", f"owner-of-{name}")]
    return index


@dataclass(frozen=True)
class Finding:
    """A difference, and the seeds of the answers in whose run it came up."""

    text: str
    seeds: tuple[int, ...]
    concurrency: int
    without: frozenset[str]

    @property
    def command(self) -> str:
        """How to repeat the run."""
        first, last = self.seeds[0], self.seeds[-1]
        options = f"{last - first + 1} --seed {first} --concurrency {self.concurrency}"
        without = f" --without {','.join(sorted(self.without))}" if self.without else ""
        return f"python -m tests.oracle.wire_fuzz {options}{without}"


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
    names = frozenset(group.projects)
    found = [line for name in STREAMS for row in rows[name] for line in foreign(name, row, names)]
    loaded = {row["project"]: row["source"] for row in rows["projects"]}
    found += _unlike(product, _right(group, fuzzed, loaded), rows, loaded)
    if any(phrase in outcome.everything for phrase in checks.STOPS):
        return found if "stop" in group.without else [*found, "the run stopped, although the index is sound"]
    unnamed = _unnamed(group, outcome, frozenset(loaded))
    return found + [f"{project}: neither rows nor an error" for project in unnamed]


def _unnamed(group: Group, outcome: Outcome, loaded: frozenset[str]) -> list[str]:
    """
    The projects without rows that no message names. Where some failures are only counted, that many are left out, and
    those at the end: it may be counted that the run stopped.
    """
    named = loaded | frozenset(_MARK.findall(outcome.everything))
    more = re.search(r"and (\d+) more failures", outcome.said)
    if more is None:
        return [project for project in group.projects if project not in named]
    last = max(number for number, project in enumerate(group.projects) if project in named)
    return [project for project in group.projects[:last] if project not in named][int(more[1]) :]


def foreign(name: str, row: Row, projects: frozenset[str]) -> Iterable[str]:
    """Names of other projects in a row, a line each; one that a changed byte has made up is no other project's."""
    own = str(row["project"])
    others = projects.intersection(_MARK.findall(repr(row))) - {own}
    return [f"{name}: a row of {own} has what belongs to {other}" for other in sorted(others)]


def _right(group: Group, fuzzed: FuzzedIndex, loaded: Mapping[str, str]) -> dict[str, list[Row]]:
    """
    The rows of sound answers; from its page where a project's document was 404, as it may be by an answer that was
    meant for the one before.
    """
    paged = {project for project, source in loaded.items() if source == "page"}
    wanted = Wanted(dict.fromkeys(one for one in group.projects if one in loaded and one not in fuzzed.seeds))
    rows = expected(fuzzed.site, fuzzed.index, wanted)
    if not paged:
        return rows
    without = replace(fuzzed.site, style=replace(fuzzed.site.style, documents=False))
    instead = expected(without, fuzzed.index, wanted)
    return {
        name: [row for row in rows[name] if row["project"] not in paged]
        + [row for row in instead.get(name, []) if row["project"] in paged]
        for name in STREAMS
    }


def _unlike(
    product: Product, right: dict[str, list[Row]], rows: dict[str, list[Row]], loaded: Mapping[str, str]
) -> list[str]:
    """Whose rows differ from what they should be, of the projects with a sound answer."""
    sound = {row["project"] for row in right["projects"]}
    found = []
    for name in STREAMS:
        stream = product.streams[name]
        should, there = (
            {key_of(stream, row): comparable(stream, row) for row in table[name] if row["project"] in sound}
            for table in (right, rows)
        )
        wrong = [key for key in should.keys() | there.keys() if checks.differs(should, there, key)]
        projects = sorted({str(key[0]) for key in wrong})
        found += [f"{name}: the rows of {one}, whose answer was sound, are wrong ({loaded[one]})" for one in projects]
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


@dataclass(frozen=True)
class Part:
    """The spoilt answers that one process has to do with."""

    seeds: range
    first: int
    concurrency: int | None
    without: frozenset[str]

    def groups(self) -> Iterator[Group]:
        """The answers in groups; without a number of requests at once, one and eight by turns."""
        for start in self.seeds[::GROUP]:
            by_turns = 1 if (start - self.first) // GROUP % 2 else 8
            seeds = range(start, min(start + GROUP, self.seeds.stop))
            yield Group(seeds, self.concurrency or by_turns, self.without)


def findings(part: Part) -> list[Finding]:
    """Run the groups of a part; narrow down each one that fails."""
    found = []
    with fuzz_product().forking() as product:
        for group in part.groups():
            if lines := run(group, product)[1]:
                small = narrowed(group, product)
                again = run(small, product)[1] or lines
                found.append(Finding("; ".join(again[:4]), tuple(small.seeds), group.concurrency, group.without))
    return found


def fuzz(
    count: int,
    seed: int,
    concurrency: int | None = None,
    without: frozenset[str] = frozenset(),
    *,
    at_once: int = 1,
) -> Iterator[list[Finding]]:
    """Run this number of malformed answers, a part in a process; yield what each part finds, in their order."""
    size = min(PART, -(-count // at_once))
    parts = [
        Part(range(start, min(start + size, seed + count)), seed, concurrency, without)
        for start in range(seed, seed + count, size)
    ]
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(findings, parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the fuzzer; the status is 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.wire_fuzz", description=__doc__)
    parser.add_argument("count", type=int, help="how many spoilt answers, of seeds from --seed upwards")
    parser.add_argument("--seed", type=int, default=None, help="any one if left out; it is printed")
    parser.add_argument("--concurrency", type=int, default=None, help="requests at once; 1 and 8 by turns if left out")
    parser.add_argument("--without", default="", help="changes that do not occur, by commas")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="processes")
    read = parser.parse_args(arguments)
    seed = random.randrange(10**9) if read.seed is None else read.seed
    sys.stdout.write(f"{read.count:,} responses, seed {seed}\n")
    begun, done, found = time.monotonic(), 0, 0
    without = frozenset(filter(None, read.without.split(",")))
    for part in fuzz(read.count, seed, read.concurrency, without, at_once=read.at_once):
        done = min(read.count, done + PART)
        found += len(part)
        told = "".join(f"{finding.command}\n  {finding.text}\n" for finding in part)
        told += (
            f"{done:,} done, {found} findings, {time.monotonic() - begun:.0f} s\n" if done % (10 * PART) == 0 else ""
        )
        sys.stdout.write(told)
        sys.stdout.flush()
    sys.stdout.write(f"{read.count:,} responses, {found} findings, {time.monotonic() - begun:.0f} s\n")
    return 1 if found else 0


def fuzz_product() -> Product:
    """The product with next to no waits between tries."""
    return Product(environment={"HURRY": "5000"})


if __name__ == "__main__":
    raise SystemExit(main())
