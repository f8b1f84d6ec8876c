"""OSV's advisories: an export of 30,000 into DuckDB and Airbyte's messages, and the view ``vulnerable_versions``."""

import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.measure import Cost
from benchmarks.workbench import Workbench
from tests.fake_advisories import record

#: Advisories in the export; versions in the table of the view. A quick run has a hundredth.
ADVISORIES, VERSIONS = 30_000, 8_000_000
STREAMS = ("advisories", "advisory_ranges", "advisory_versions", "removed_advisories")
READ_MEMORY, VIEW_SECONDS, VIEW_MEMORY = 150, 10, 2_000
_LISTED = 50


def advisories(bench: Workbench) -> Iterator[Figure]:
    """Time and peak memory of a first sync and a first read of an export, and of the view."""
    share = 1 if bench.projects >= 100 else 100
    count = ADVISORIES // share
    size = write_export(bench.folder / "osv" / "PyPI" / "all.zip", count)
    config = "advisories.json"
    (bench.folder / config).write_text(json.dumps({"advisories_url": f"file:{bench.folder}/osv"}))
    catalog = [
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "incremental",
            "destination_sync_mode": "overwrite",
        }
        for name in STREAMS
    ]
    (bench.folder / "advisories-catalog.json").write_text(json.dumps({"streams": catalog}))
    read = bench.source_pypi("read", "--config", config, "--catalog", "advisories-catalog.json", output="read.jsonl")
    read.run()
    cost = read.run()
    yield Figure(
        f"`read` of an export of {count:,} advisories ({size / 2**20:.0f} MB): peak memory",
        f"{cost.peak / 2**20:.0f} MB; {cost.wall:.1f} s",
        f"at most {READ_MEMORY} MB",
        cost.peak <= READ_MEMORY * 2**20,
        (read,),
        headline=True,
    )
    sync = bench.source_pypi("sync", "--config", config, "--streams", ",".join(STREAMS), "--into", "advisories.duckdb")
    costs: list[Cost] = []
    for _ in range(2):
        bench.remove("advisories.duckdb")
        costs.append(sync.run())
    yield Figure(
        f"first `sync` of an export of {count:,} advisories into DuckDB",
        f"{costs[1].wall:.1f} s; {costs[1].peak / 2**20:.0f} MB",
        "",
        None,
        (sync,),
    )
    again = sync.run()
    yield Figure("second `sync` of an unchanged export", f"{again.wall:.1f} s", "", None, (sync,))
    yield _of_view(bench, share)


def _of_view(bench: Workbench, share: int) -> Figure:
    versions = VERSIONS // share
    build = bench.script("vulnerable_versions.py", "advisories.duckdb", "build", str(versions))
    query = bench.script("vulnerable_versions.py", "advisories.duckdb", "query", output="view.json")
    build.run()
    cost = query.run()
    found: dict[str, Any] = json.loads((bench.folder / "view.json").read_text())
    good = found["seconds"] <= VIEW_SECONDS and cost.peak <= VIEW_MEMORY * 2**20
    return Figure(
        f"`vulnerable_versions` over {versions:,} versions: time and peak memory",
        f"{found['seconds']:.1f} s; {cost.peak / 2**20:.0f} MB; {found['rows']:,} rows",
        f"at most {VIEW_SECONDS} s and {VIEW_MEMORY} MB",
        good,
        (query,),
        headline=True,
    )


def write_export(path: Path, count: int) -> int:
    """Write a zip of advisories, more than half of them about malware, as in OSV's; return its size in bytes."""
    chance = random.Random(1)
    path.parent.mkdir(parents=True)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(5_000)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            one = _malware(number) if number % 30 < 17 else _vulnerability(number, chance)
            one |= {"details": " ".join(chance.choices(words, k=200)), "summary": " ".join(chance.choices(words, k=9))}
            archive.writestr(f"{one['id']}.json", json.dumps(one))
    return path.stat().st_size


def _malware(number: int) -> dict[str, Any]:
    return record(f"MAL-2026-{number}", f"evil-{number}", events=[{"introduced": "0"}], versions=["1.0", "1.1"])


def _vulnerability(number: int, chance: random.Random) -> dict[str, Any]:
    """A vulnerability of one of 4,000 projects; some projects have many."""
    project = f"project-{int(4_000 * chance.random() ** 3)}"
    first, last = sorted(chance.sample(range(_LISTED), 2))
    events = [{"introduced": f"{first}.0"}, {"fixed": f"{last}.0"}]
    identifier = f"GHSA-{number}" if number % 2 else f"PYSEC-2026-{number}"
    score = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
    listed = [f"{major}.{minor}" for major in range(first, last) for minor in range(2)]
    aliases = [f"CVE-2026-{number // 2}"]
    return record(identifier, project, events=events, versions=listed, aliases=aliases, severity=[score])
