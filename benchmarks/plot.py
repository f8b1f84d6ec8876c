"""Lines over logarithmic axes, as SVG: side by side, a panel a quantity."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

#: Of a panel, in pixels, with its margins.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 260, 56, 56, 36, 44
#: Between two lines of text.
LINE = 13.0
#: One a line; they differ in brightness, too.
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#8250df")
_GREY = "#6e7781"


@dataclass(frozen=True, slots=True)
class Panel:
    """A quantity: its name with the unit, and lines of (x, y), by what they are of."""

    title: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Whole decades, over some pixels."""

    first: int
    last: int
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (log10(value) - self.first) / (self.last - self.first) * (self.end - self.start)

    def decades(self) -> Iterator[float]:
        return (10.0**power for power in range(self.first, self.last + 1))


def draw(panels: Sequence[Panel], across: str) -> str:
    """A picture of the panels; ``across`` is what their horizontal axes count."""
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
    """What each line is of, at its end; from the top down, none over the one before."""
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
