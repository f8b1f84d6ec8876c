"""Geometry of the charts: plain numbers, from which a template draws SVG. Nothing here knows of HTML."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

#: The size of a chart in its own units, and the space for the words at its axes.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 220, 64, 16, 14, 28
#: The space for the names of lanes.
LANES = 90
_DAY = 86_400
#: The most labels below a chart.
MOST_LABELS = 10


class Tick(NamedTuple):
    """A line of a grid, with its label."""

    place: float
    label: str


class Bar(NamedTuple):
    """A rectangle; ``title`` is shown when the pointer is on it, ``style`` names its colour."""

    x: float
    y: float
    width: float
    height: float
    title: str
    style: str = "bar"


class Bars(NamedTuple):
    """Vertical bars, which may be stacked."""

    bars: list[Bar]
    across: list[Tick]
    up: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT


class Dot(NamedTuple):
    """A release in a timeline."""

    x: float
    y: float
    title: str
    hollow: bool
    crossed: bool
    vulnerable: bool
    label: str = ""


class Timeline(NamedTuple):
    """Releases over time, from left to right."""

    dots: list[Dot]
    across: list[Tick]
    lanes: list[Tick]
    width: int
    height: int


def bars(
    labels: Sequence[str], stacks: Sequence[Sequence[tuple[float, str, str]]], unit: str = "", least: float = 0
) -> Bars:
    """Bars side by side, one a label.

    :param stacks: the parts of each bar from the bottom up: value, title, and name of the colour.
    :param unit: ``bytes`` for labels in kB, MB and GB; otherwise what stands behind the numbers.
    :param least: what the axis reaches at least.
    """
    top = max(least, max((sum(part[0] for part in stack) for stack in stacks), default=0)) or 1
    step = _nice(top / 4)
    lines = [step * number for number in range(int(top // step) + 1)]
    scale = (HEIGHT - TOP - BOTTOM) / max(top, lines[-1])
    slot = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    drawn: list[Bar] = []
    for place, stack in enumerate(stacks):
        base = float(HEIGHT - BOTTOM)
        for value, title, style in stack:
            height = value * scale
            base -= height
            if value:
                x, width = LEFT + place * slot, max(min(slot * 0.82, 44), 0.6)
                drawn.append(
                    Bar(
                        round(x + (slot - width) / 2, 2),
                        round(base, 2),
                        round(width, 2),
                        round(height, 2),
                        title,
                        style,
                    )
                )
    every = max(1, -(-len(labels) // MOST_LABELS))
    across = [
        Tick(round(LEFT + (place + 0.5) * slot, 2), label) for place, label in enumerate(labels) if place % every == 0
    ]
    up = [Tick(round(HEIGHT - BOTTOM - line * scale, 2), short(line, unit)) for line in lines]
    return Bars(drawn, across, up)


class Release(NamedTuple):
    """A release, for a timeline; ``lane`` names the row in which it stands."""

    released: datetime
    title: str
    lane: str
    hollow: bool
    crossed: bool
    vulnerable: bool


def timeline(releases: Sequence[Release], lanes: Sequence[str], row: int = 34) -> Timeline:
    """Dots over time, in one row for each lane."""
    height = TOP + row * max(len(lanes), 1) + BOTTOM
    if not releases:
        return Timeline([], [], [], WIDTH, height)
    first, last = min(one.released for one in releases), max(one.released for one in releases)
    span = max((last - first).total_seconds(), _DAY * 30)
    start = first.timestamp() - span * 0.02
    scale = (WIDTH - LANES - RIGHT) / (span * 1.04)
    middle = {lane: TOP + row * (place + 0.5) for place, lane in enumerate(lanes)}

    def across(moment: float) -> float:
        return round(LANES + (moment - start) * scale, 2)

    dots = [
        Dot(across(one.released.timestamp()), middle[one.lane], one.title, one.hollow, one.crossed, one.vulnerable)
        for one in releases
    ]
    ticks = [Tick(across(when.timestamp()), label) for when, label in _time_ticks(first, last)]
    return Timeline(dots, ticks, [Tick(place, lane) for lane, place in middle.items()], WIDTH, height)


def short(number: float, unit: str = "") -> str:
    """A number in at most four characters and a letter: 1.2k, 3M; with ``bytes``: 1.2 kB."""
    of_bytes = unit == "bytes"
    signs = ((1e12, " TB"), (1e9, " GB"), (1e6, " MB"), (1e3, " kB")) if of_bytes else ((1e6, "M"), (1e3, "k"))
    for size, sign in signs:
        if number >= size:
            return f"{number / size:.3g}{sign}"
    return f"{number:.3g}{' B' if of_bytes else unit}"


def _nice(rough: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... that is not below a number; at least 1."""
    power = 1.0
    while True:
        for factor in (1, 2, 5):
            if factor * power >= rough:
                return factor * power
        power *= 10


def _time_ticks(first: datetime, last: datetime) -> list[tuple[datetime, str]]:
    """The starts of years between two times, or of months if they are close, at most a dozen."""
    years = range(first.year + 1, last.year + 1)
    if len(years) >= 3:
        step = -(-len(years) // 12)
        return [
            (datetime(year, 1, 1, tzinfo=first.tzinfo), str(year)) for year in years if (year - years[0]) % step == 0
        ]
    months = _months(first.date(), last.date())
    step = max(1, -(-len(months) // 10))
    return [(datetime(one.year, one.month, 1, tzinfo=first.tzinfo), one.strftime("%b %Y")) for one in months[::step]]


def _months(first: date, last: date) -> list[date]:
    found, month = [], (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    while month <= last:
        found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found
