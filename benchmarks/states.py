"""Number, size and distance of the STATE messages of a ``read``. Runs in a process of its own.

Usage
    ``python benchmarks/states.py LINES STATE``: writes the last state of each stream to STATE, as a platform passes
    it to the next run. Prints as JSON: the number of STATE messages, their bytes in all, the bytes of the last ones,
    and the smallest number of projects between two of a stream, without its last (null: there were no two).
"""

import json
import sys
from pathlib import Path
from typing import Any


def measure(lines: Path, state: Path) -> dict[str, int | None]:
    """Write the last states, and return the measures of all."""
    last: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    at: dict[str, int] = {}
    distances: dict[str, list[int]] = {}
    projects, count, size = 0, 0, 0
    with lines.open("rb") as source:
        for line in source:
            if line.startswith(b'{"type":"RECORD","record":{"stream":"projects"'):
                projects += 1
            elif line.startswith(b'{"type":"STATE"'):
                message = json.loads(line)["state"]
                name = message["stream"]["stream_descriptor"]["name"]
                if name in at:
                    distances.setdefault(name, []).append(projects - at[name])
                count, size = count + 1, size + len(line)
                last[name], sizes[name], at[name] = message, len(line), projects
    state.write_text(json.dumps(list(last.values())))
    closest = min((distance for of_stream in distances.values() for distance in of_stream[:-1]), default=None)
    return {"count": count, "bytes": size, "last": sum(sizes.values()), "closest": closest}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]))))
