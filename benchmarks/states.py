"""The STATE lines of a ``read``: how many, how large, how far apart. Runs in a process of its own.

Usage
    ``python benchmarks/states.py LINES STATE``: writes the last state of each stream to STATE, as a platform hands it
    over, and prints as JSON: lines of state, their bytes in all, bytes of the last ones, and the fewest projects
    between two of a stream, but for its last (null: there were no two).
"""

import json
import sys
from pathlib import Path
from typing import Any


def measure(lines: Path, state: Path) -> dict[str, int | None]:
    """Take the states out of the lines, and measure them."""
    last: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    seen: dict[str, int] = {}
    distances: dict[str, list[int]] = {}
    projects, count, size = 0, 0, 0
    with lines.open("rb") as source:
        for line in source:
            if line.startswith(b'{"type":"RECORD","record":{"stream":"projects"'):
                projects += 1
            elif line.startswith(b'{"type":"STATE"'):
                told = json.loads(line)["state"]
                name = told["stream"]["stream_descriptor"]["name"]
                if name in seen:
                    distances.setdefault(name, []).append(projects - seen[name])
                count, size = count + 1, size + len(line)
                last[name], sizes[name], seen[name] = told, len(line), projects
    state.write_text(json.dumps(list(last.values())))
    closest = min((distance for of_stream in distances.values() for distance in of_stream[:-1]), default=None)
    return {"count": count, "bytes": size, "last": sum(sizes.values()), "closest": closest}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]))))
