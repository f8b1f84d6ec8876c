"""Against Airbyte's CDK, running a manifest for the same streams: CPU, start, memory, requests."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.against.environment import PEERS, peer, require
from benchmarks.figure import Figure, many_times, megabytes
from benchmarks.measure import Command, Cost, alternate, highest_peak
from benchmarks.workbench import Workbench

STREAMS = ("project", "files")
#: Those of a project's document that the manifest carries which ``source-pypi manifest`` prints.
CARRIED = ("projects", "classifiers", "vulnerabilities", "roles", "project", "release")
#: All of a project's document.
EVERY = (*CARRIED, "versions", "files", "dependencies", "urls")
TIMES_LESS_CPU, TIMES_FASTER_START, MOST_OF_THEIR_MEMORY = 10, 15, 1 / 3
#: For each project that it makes our columns of, the other benchmarks read so many: that takes it about 1 ms a row.
FEWER = 10
_RUNNER = "source-declarative-manifest"
_BARE, _COLUMNS = str(PEERS / "cdk_bare.yaml"), str(PEERS / "cdk_columns.yaml")


def cdk(bench: Workbench) -> Iterator[Figure]:
    """CPU and memory of ``read``, start of ``spec``, and requests."""
    require("cdk")
    yield from _read(bench, max(1, bench.projects // FEWER), _COLUMNS, "our columns", "rows", goals=True)
    yield from _read(bench, bench.projects, _BARE, "its raw rows", "keys", goals=False)
    yield _start(bench)
    yield from _requests(bench)


def _read(bench: Workbench, projects: int, manifest: str, rows: str, compared: str, *, goals: bool) -> Iterator[Figure]:
    """CPU and memory.

    :param rows: what the manifest makes, in words; ``compared``: how ``rows.py`` compares that with ours.
    :param goals: whether that is equivalent to ours, which the goals are about.
    """
    ours = bench.read(STREAMS, "read.jsonl", projects)
    theirs = _run(bench, manifest, ours, "cdk.jsonl")
    ours.run()  # leaves its bytecode; theirs has been compiled when it was installed
    pairs = alternate(theirs.run, ours.run, bench.runs)
    bench.script("rows.py", compared, "read.jsonl", "cdk.jsonl", output="rows.json").run()
    counts: dict[str, int] = json.loads((bench.folder / "rows.json").read_text())
    read = f"CDK's `read` of {projects} projects, {' and '.join(STREAMS)}, {sum(counts.values()):,} rows, {rows}"
    cpu = [one.cpu for one, _ in pairs], [other.cpu for _, other in pairs]
    figures = (
        many_times(f"{read}: CPU beside ours", *cpu, TIMES_LESS_CPU, (theirs, ours)),
        _memory(read, pairs, (ours, theirs)),
    )
    yield from figures if goals else (replace(figure, goal="none: less than our rows", met=None) for figure in figures)


def _memory(read: str, pairs: Sequence[tuple[Cost, Cost]], commands: tuple[Command, ...]) -> Figure:
    theirs, ours = highest_peak(one for one, _ in pairs), highest_peak(other for _, other in pairs)
    return Figure(
        name=f"{read}: peak memory of ours beside it",
        measured=f"{ours / theirs:.2f}x ({megabytes(ours)} against {megabytes(theirs)})",
        goal="at most a third",
        met=ours / theirs <= MOST_OF_THEIR_MEMORY,
        commands=commands,
        headline=True,
    )


def _start(bench: Workbench) -> Figure:
    ours = bench.source_pypi("spec", output="spec.json")
    theirs = peer(bench, "cdk", _RUNNER, "spec", "--manifest-path", _BARE, output="cdk.json")
    ours.run()
    pairs = alternate(theirs.run, ours.run, bench.runs)
    walls = [1000 * one.wall for one, _ in pairs], [1000 * other.wall for _, other in pairs]
    return many_times("start of the CDK's `spec`, beside ours", *walls, TIMES_FASTER_START, (theirs, ours), "ms")


def _requests(bench: Workbench) -> Iterator[Figure]:
    """Counted by the index; they are the same in every run."""
    manifest = bench.source_pypi("manifest", "--index-url", bench.url, output="manifest.yaml")
    manifest.run()
    ours = bench.read(EVERY, "read.jsonl")
    theirs = _run(bench, "manifest.yaml", bench.read(CARRIED, "none.jsonl"), "cdk.jsonl")
    bench.sent()
    asked = []
    for command in (ours, theirs):
        command.run()
        asked.append(bench.sent()[0])
    yield Figure(
        f"requests for {bench.projects} projects, all {len(EVERY)} streams of the project document",
        f"{asked[0]:,} (the CDK for {len(CARRIED)} of them: {asked[1]:,}, {asked[1] // bench.projects} a project)",
        f"{bench.projects}: 1 a project",
        asked[0] == bench.projects,
        (ours, theirs),
        headline=True,
    )


def _run(bench: Workbench, manifest: str, ours: Command, output: str) -> Command:
    """The runner with the settings and the catalog that ours has."""
    *_, config, _, catalog = ours.arguments
    given = ("--manifest-path", manifest, "--config", config, "--catalog", catalog)
    return peer(bench, "cdk", _RUNNER, "read", *given, output=output)
