"""`python -m tests.fake_index`: a generated index in a process of its own; its first line is its address.

On SIGUSR1 it prints how many answers it has sent since it was asked last, and how many bytes their bodies had.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from tests.fake_index.generate import generated_world
from tests.fake_index.server import FakeIndex


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _parser().parse_args(arguments)
    world = generated_world(options.projects, options.files, options.description_bytes, most_files=options.most_files)
    index = FakeIndex(
        world,
        poverty=options.poverty,
        etags=not options.no_etags,
        strict=options.strict,
        latency=options.latency,
        port=options.port,
        record=options.strict,  # a benchmark reads no list of requests
    )
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    signal.signal(signal.SIGUSR1, lambda *_: _tell("{} {}".format(*index.take_sent())))
    with index:
        if options.warm:
            index.warm()
        _tell(index.url)
        end.wait()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_index", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--projects", type=int, default=500)
    parser.add_argument("--files", type=int, default=100, help="files of a project, about")
    parser.add_argument("--most-files", type=int, help="of the largest project; --files is then of the smallest")
    parser.add_argument("--description-bytes", type=int, default=8000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--no-etags", action="store_true")
    parser.add_argument("--poverty", action="store_true", help="a poor mirror")
    parser.add_argument("--strict", action="store_true", help="500 for a question asked twice")
    parser.add_argument("--warm", action="store_true", help="prepare the project documents before the first line")
    return parser


if __name__ == "__main__":
    main()
