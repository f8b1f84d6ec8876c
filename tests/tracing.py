"""Run a command and write down which of our files call which: ``python -m tests.tracing OUT COMMAND ...``.

OUT gets JSON: every different call stack of our files, as ``[[file, function], ...]`` from the outermost call inwards,
in the order in which the stacks came about. Stacks of all threads are there; imports are not.
"""

import json
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import source_pypi
from source_pypi.cli import main

SOURCE = Path(source_pypi.__file__).parent
#: A call of one of our functions: its file below the package, and its name.
Call = tuple[str, str]


class Tracer:
    """Notes call stacks; to be given to ``sys.setprofile`` and ``threading.setprofile``."""

    def __init__(self) -> None:
        self.stacks: dict[tuple[Call, ...], None] = {}
        self._files: dict[str, str] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note the stack of a call of one of our functions."""
        if event == "call" and self._file(frame):
            stack = tuple(self._calls(frame))
            if all(function != "<module>" for _, function in stack):
                self.stacks[stack] = None

    def _calls(self, frame: FrameType) -> list[Call]:
        calls = list[Call]()
        inner: FrameType | None = frame
        while inner is not None:
            if file := self._file(inner):
                calls.append((file, inner.f_code.co_name))
            inner = inner.f_back
        return calls[::-1]

    def _file(self, frame: FrameType) -> str:
        """The file of a frame, below the package; empty for files of others."""
        name = frame.f_code.co_filename
        if name not in self._files:
            path = Path(name)
            self._files[name] = path.relative_to(SOURCE).as_posix() if path.is_relative_to(SOURCE) else ""
        return self._files[name]


if __name__ == "__main__":
    tracer, into = Tracer(), Path(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    threading.setprofile(tracer)
    sys.setprofile(tracer)
    try:
        main()
    finally:
        sys.setprofile(None)
        into.write_text(json.dumps(list(tracer.stacks)), encoding="utf-8")
