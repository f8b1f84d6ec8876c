"""Line charts with logarithmic axes, as SVG: panels side by side, one for each quantity."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

#: Size and margins of a panel, in pixels.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 260, 56, 56, 36, 44
#: Distance between two lines of text, in pixels.
LINE = 13.0
#: One colour for each line; they differ in brightness, too.
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#8250df")
_GREY = "#6e7781"


@dataclass(frozen=True, slots=True)
class Panel:
    """A quantity: its name with the unit, and lines of (x, y) points by name."""

    title: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis of whole decades, between two positions in pixels."""

    first: int
    last: int
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (log10(value) - self.first) / (self.last - self.first) * (self.end - self.start)

    def decades(self) -> Iterator[float]:
        return (10.0**power for power in range(self.first, self.last + 1))


def draw(panels: Sequence[Panel], across: str) -> str:
    """Return the picture of the panels; ``across`` is the label of the horizontal axes."""
    drawn = [part for number, panel in enumerate(panels) for part in _panel(panel, number * WIDTH, across)]
    size = f'width="{WIDTH * len(panels)}" height="{HEIGHT}"'
    style = f'font-family="sans-serif" font-size="11" fill="{_GREY}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', *drawn, "</svg>", ""])


def _panel(panel: Panel, offset: float, across: str) -> Iterator[str]:
    points = [point for line in panel.lines.values() for point in line]
    x = _axis([point[0] for point in points], offset + LEFT, offset + WIDTH - RIGHT)
    y = _axis([point[1] for point in points], HEIGHT - BOTTOM, TOP)
    yield _text(offset + LEFT, TOP - 16, panel.title, "start", bold=True)
    yield _text((x.start + x.end) / 2, HEIGHT - 8, across)
    for value in x.decades():
        yield _stroke([(x.at(value), y.start), (x.at(value), y.end)], _GREY, 0.3)
        yield _text(x.at(value), y.start + 16, f"{value:,g}")
    for value in y.decades():
        yield _stroke([(x.start, y.at(value)), (x.end, y.at(value))], _GREY, 0.3)
        yield _text(x.start - 6, y.at(value) + 4, f"{value:,g}", "end")
    for colour, line in zip(COLOURS, panel.lines.values(), strict=False):
        placed = [(x.at(one), y.at(other)) for one, other in line]
        yield _stroke(placed, colour, 2)
        yield from (f'<circle cx="{one:.1f}" cy="{other:.1f}" r="3" fill="{colour}"/>' for one, other in placed)
    yield from _names(panel, x, y)


def _names(panel: Panel, x: _Axis, y: _Axis) -> Iterator[str]:
    """The name of each line at its end, from the top down, so that no two overlap."""
    ends = [(y.at(line[-1][1]), x.at(line[-1][0]), name) for name, line in panel.lines.items()]
    colours = dict(zip(panel.lines, COLOURS, strict=False))
    lowest = 0.0
    for down, across, name in sorted(ends):
        lowest = max(down, lowest + LINE)
        yield _text(across + 8, lowest + 4, name, "start", colour=colours[name])


def _axis(values: Sequence[float], start: float, end: float) -> _Axis:
    first, last = floor(log10(min(values))), ceil(log10(max(values)))
    return _Axis(first, max(last, first + 1), start, end)


def _stroke(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    placed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{placed}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _text(
    x: float, y: float, words: str, anchor: str = "middle", *, bold: bool = False, colour: str | None = None
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    fill = f' fill="{colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}{fill}>{escape(words)}</text>'
