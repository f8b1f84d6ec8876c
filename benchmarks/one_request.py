"""What a request costs, compared with urllib3, over which it is sent."""

import json
from collections.abc import Iterator

from benchmarks.figure import Figure, ratio
from benchmarks.measure import Command
from benchmarks.workbench import Workbench, workbench

#: Projects, as parts of those of the other benchmarks: small documents, so that the requests count.
SMALL, SMALL_FILES = 6, 5
#: How much more a request may take, with the rate limiter, the log and the limits that urllib3 lacks.
MOST = 1.2


def one_request(bench: Workbench) -> Iterator[Figure]:
    """CPU of a request of ours, relative to one of urllib3: one connection, 26 headers, the body decompressed."""
    with workbench(SMALL * bench.projects, bench.runs, SMALL_FILES, 300) as small:
        (small.folder / "names.txt").write_text("\n".join(small.names(small.projects)))
        ours, plain = (
            small.script("request_loop.py", small.url, "names.txt", client, output=f"{client}.json")
            for client in ("source_pypi", "urllib3")
        )

        def microseconds(command: Command) -> float:
            command.run()
            measured: dict[str, float] = json.loads((small.folder / str(command.output)).read_text())
            return 1e6 * measured["cpu"] / small.projects

        microseconds(plain)
        pairs = [(microseconds(ours), microseconds(plain)) for _ in range(bench.runs)]
        ones, others = [one for one, _ in pairs], [other for _, other in pairs]
        times = ratio(ones, others)
        yield Figure(
            "a request over a kept connection, 26 headers, a body of 2 KB: CPU, relative to one of urllib3",
            f"{times:.2f}x ({sorted(ones)[len(ones) // 2]:.0f} µs against {sorted(others)[len(others) // 2]:.0f} µs)",
            f"at most {MOST}x",
            times <= MOST,
            (ours, plain),
        )
