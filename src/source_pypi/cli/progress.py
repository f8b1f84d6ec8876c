"""How far a run is: a bar on a terminal, a line every 30 seconds elsewhere."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from source_pypi.cli.console import Level, Messages, shown, size_text
from source_pypi.safety.wording import counted

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from source_pypi.sync.run import Run

#: Seconds between two lines where there is no terminal.
INTERVAL = 30.0
#: How often a terminal shows the progress, per second.
_REFRESH = 5
#: The width of a terminal from which on all is shown, and the least width of the bar.
_WIDE, _SHORTEST_BAR = 80, 6


class ProgressView:
    """What is shown of a run's progress.

    :param clock: seconds that never go back.
    """

    def __init__(self, run: "Run", clock: Callable[[], float] = time.monotonic) -> None:
        self._run, self._clock, self._began = run, clock, clock()
        self._rows: tuple[tuple[str, int], ...] = ()

    def update(self) -> None:
        """Take over the counts of rows; only the thread that takes the batches may call it."""
        rows = self._run.summary.rows
        self._rows = tuple((stream.name, rows[stream.name]) for stream in self._run.streams if stream.name in rows)

    @property
    def completed(self) -> int:
        """How many projects are finished, with those of the run that this one continues."""
        return self._run.progress.done + self._run.progress.already_read

    @property
    def total(self) -> int:
        """How many projects there are, as far as it is known; 0: nothing is known yet."""
        return self._run.progress.total

    def projects_per_second(self) -> float:
        """How many projects this run finishes in a second, on average."""
        seconds = self._clock() - self._began
        return self._run.progress.done / seconds if seconds > 0 else 0.0

    def seconds_left(self) -> float | None:
        """How many seconds the remaining projects take at this rate; None: it is not known."""
        rate = self.projects_per_second()
        return (self.total - self.completed) / rate if rate and self.total else None

    def waiting_for(self) -> str:
        """The project that the run waits for; empty: none."""
        return shown(self._run.progress.waiting_for)

    def counts(self, *, short: bool = False) -> str:
        """Projects, rate, bytes and remaining time, as a terminal shows them; ``short``: without words."""
        of_total = f"/{self.total:,}" if self.total else ""
        left = self.seconds_left()
        parts = [
            f"{self.completed:,}{of_total}{'' if short else ' projects'}",
            f"{self.projects_per_second():.1f}/s",
            size_text(self._run.index.client.stats.bytes_received),
            f"ETA {'-:--' if left is None else duration(left)}",
        ]
        return "  ".join(parts)

    def rows(self) -> str:
        """The rows of each stream, as a terminal shows them."""
        return "rows: " + (", ".join(f"{name} {count:,}" for name, count in self._rows) or "none yet")

    def line(self) -> str:
        """All of it in one line, for a log."""
        left, waiting = self.seconds_left(), self.waiting_for()
        of_total = f" of {self.total:,}" if self.total else ""
        parts = [
            f"{self.completed:,}{of_total} projects",
            f"{self.projects_per_second():.1f} projects per second",
            counted(self._run.index.client.stats.requests, "request"),
            size_text(self._run.index.client.stats.bytes_received),
            self.rows(),
            *([f"waiting for {waiting}"] if waiting else []),
            *([f"about {duration(left)} left"] if left is not None else []),
        ]
        return "; ".join(parts)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Two lines: a bar with counts and the project that the run waits for, and the rows of each stream."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        is_wide, waiting = options.max_width >= _WIDE, self.waiting_for()
        counts = self.counts(short=not is_wide)
        room = options.max_width - len(counts) - 2
        grid = Table.grid(padding=(0, 2))
        cells: list[ProgressBar | Text] = []
        if room >= _SHORTEST_BAR:
            total = self.total or None
            cells.append(ProgressBar(total, self.completed, width=min(40, max(_SHORTEST_BAR, room // 3))))
        cells.append(Text(counts, no_wrap=True))
        text = f"waiting for {waiting}" if waiting and is_wide else waiting
        cells.append(Text(text, no_wrap=True, overflow="ellipsis"))
        for _ in cells:
            grid.add_column(no_wrap=True)
        grid.add_row(*cells)
        yield grid
        yield Text(self.rows(), no_wrap=True, overflow="ellipsis")


def duration(seconds: float) -> str:
    """Return a time as minutes and seconds, or hours, minutes and seconds."""
    minutes, second = divmod(int(seconds + 0.5), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


@contextmanager
def progress(
    run: "Run", messages: Messages, *, interval: float = INTERVAL, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[], None]]:
    """Show how far a run is within the block. Yield a function to call after each batch.

    A terminal has a bar, with the messages above it. Elsewhere, and on terminals that cannot move the cursor, a line
    is printed at each interval.

    :param interval: seconds between two lines.
    """
    view = ProgressView(run, clock)
    if messages.level is Level.QUIET:
        yield view.update
    elif has_bar():
        with _bar(view, messages):
            yield view.update
    else:
        from source_pypi.airbyte.heartbeat import Heartbeat

        with Heartbeat(lambda: messages.progress(view.line()), interval):
            yield view.update


def has_bar() -> bool:
    """Whether standard error is a terminal that can show a bar."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


@contextmanager
def _bar(view: ProgressView, messages: Messages) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, highlight=False)

    def print_line(label: str, colour: str, line: str) -> None:
        console.print(Text.assemble((label, colour), " ", shown(line)), soft_wrap=True)

    live = Live(view, console=console, transient=True, refresh_per_second=_REFRESH)
    with live, messages.printed_by(print_line):
        yield
