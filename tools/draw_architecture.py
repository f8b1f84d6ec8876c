"""Draw docs/architecture.svg: the packages on their rungs, and the imports between them.

``python tools/draw_architecture.py`` writes the picture; with ``--check`` it fails when the file is not current. The
rungs are those of the layers contract in pyproject.toml, the imports those of the code. The output depends on nothing
else, so that it is the same on every machine.
"""

import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "architecture.svg"
PACKAGE = "source_pypi"

#: Number of imports from one package into another: of pairs of modules, the first of which imports the second.
Imports = Mapping[tuple[str, str], int]

# Pixels. A box has a line for its name, and lines of FONT size for the imports without an arrow.
WIDTH, TOP, GUTTER, BAND_X, BAND_PADDING = 1112, 96, 44, 20, 14
BOX, BOX_GAP, HEADER, LINE, FOOT = 228, 24, 34, 16, 10
ROW_GAP, LANE, PORT, TIP = 62, 22, 44, 7
#: Characters of the small text that fit into a box.
LINE_LENGTH = 35

STYLE = """
  text { font-family: ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
  .page { fill: #ffffff; } .band { fill: #f4f6fa; } .box { fill: #ffffff; stroke: #ccd3e0; }
  .title { font-size: 21px; font-weight: 650; fill: #172033; } .note { font-size: 13px; fill: #5a6579; }
  .rung { font-size: 13px; font-weight: 600; fill: #8a94a6; text-anchor: middle; }
  .name { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 14px;
          font-weight: 650; fill: #172033; }
  .size { font-size: 11px; fill: #7a8496; text-anchor: end; } .more { font-size: 11px; fill: #5a6579; }
  .wire { fill: none; stroke: #8fa0bf; } .tip { fill: #8fa0bf; }
  .count { font-size: 11px; font-weight: 600; fill: #34415c; text-anchor: middle; }
  .pill { fill: #ffffff; stroke: #ccd3e0; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } .band { fill: #151b25; } .box { fill: #1c2430; stroke: #364154; }
    .title, .name { fill: #e8edf5; } .note, .more { fill: #9ba7ba; } .rung, .size { fill: #77839a; }
    .wire { stroke: #5f7193; } .tip { fill: #5f7193; } .count { fill: #c6d1e4; }
    .pill { fill: #0d1117; stroke: #364154; }
  }
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a row: a package, or a lane in which an arrow passes the row.

    :ivar arrow: the importing and the imported package of the arrow; None: it is a package.
    """

    name: str
    arrow: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn.

    :ivar rungs: the packages of each rung, from the top; rungs without a package are left out.
    :ivar numbers: the number of each of these rungs in the contract, from 1.
    :ivar imports: the number of imports between packages.
    :ivar arrows: the imports that have an arrow: those that no chain of other imports implies.
    :ivar sizes: the number of modules of each package.
    """

    rungs: list[list[str]]
    numbers: list[int]
    imports: Imports
    arrows: list[tuple[str, str]]
    sizes: Mapping[str, int]

    def further(self, package: str) -> list[str]:
        """The imports of a package that have no arrow, as "package count", the most frequent first."""
        rest = [(-n, b) for (a, b), n in self.imports.items() if a == package and (a, b) not in self.arrows]
        return [f"{name} {-count}" for count, name in sorted(rest)]


def read_picture() -> Picture:
    """Read the contract and the import graph.

    :raises ValueError: when a package is on no rung, or an import does not run downwards.
    """
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    modules = {module: package for module in graph.modules if (package := _package_of(module))}
    imports = Counter[tuple[str, str]]()
    for module, package in modules.items():
        for imported in graph.find_modules_directly_imported_by(module):
            if modules.get(imported, package) != package:
                imports[package, modules[imported]] += 1
    sizes = Counter(modules.values())
    present = enumerate(([name for name in rung if name in sizes] for rung in read_rungs()), start=1)
    numbers, rungs = map(list, zip(*((number, rung) for number, rung in present if rung), strict=True))
    level = {name: number for number, rung in enumerate(rungs) for name in rung}
    if unplaced := sizes.keys() - level.keys():
        raise ValueError(f"on no rung of the contract: {', '.join(sorted(unplaced))}")
    if upwards := [f"{a} -> {b}" for a, b in sorted(imports) if level[a] >= level[b]]:
        raise ValueError(f"imports that do not run downwards: {', '.join(upwards)}")
    return Picture(rungs, numbers, imports, essential(imports), sizes)


def read_rungs() -> list[list[str]]:
    """Return the packages of each rung of the layers contract in pyproject.toml, from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rungs = [[part.strip(" ()").removeprefix(f"{PACKAGE}.") for part in layer.split("|")] for layer in layers]
    return [rung for rung in rungs if not rung[0].startswith("_")]


def essential(imports: Imports) -> list[tuple[str, str]]:
    """Return the imports that no chain of other imports implies (the transitive reduction), sorted."""
    direct: dict[str, set[str]] = {}
    for a, b in imports:
        direct.setdefault(a, set()).add(b)

    def reaches(start: str, end: str) -> bool:
        return end in direct.get(start, ()) or any(reaches(name, end) for name in direct.get(start, ()))

    return sorted((a, b) for a, b in imports if not any(reaches(c, b) for c in direct[a] - {b}))


def _package_of(module: str) -> str | None:
    """The package or module below the root that a module belongs to; None for the root and its private modules."""
    name = module.split(".")[1] if "." in module else "_"
    return None if name.startswith("_") else name


class Layout:
    """Where everything stands. Rows are reordered until no exchange of two nodes makes fewer crossings."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.rows = [[Node(name) for name in rung] for rung in picture.rungs]
        self.routes = {arrow: self._route(arrow) for arrow in picture.arrows}
        self._place()
        self._reduce_crossings()
        self.tops = list(self._tops())

    def _route(self, arrow: tuple[str, str]) -> list[tuple[int, Node]]:
        """The nodes that an arrow connects, with their rows; a lane is added to each row between."""
        level = {node.name: number for number, row in enumerate(self.rows) for node in row if node.arrow is None}
        first, last = level[arrow[0]], level[arrow[1]]
        lanes = [(number, Node(f"{arrow[0]}>{arrow[1]}", arrow)) for number in range(first + 1, last)]
        for number, lane in lanes:
            self.rows[number].append(lane)
        return [(first, Node(arrow[0])), *lanes, (last, Node(arrow[1]))]

    def _place(self) -> None:
        """Set the horizontal centre of each node: boxes in the middle of the picture, lanes beside and between them."""
        self.x: dict[tuple[int, Node], float] = {}
        for number, row in enumerate(self.rows):
            boxes = [node for node in row if node.arrow is None]
            left = (WIDTH + GUTTER - len(boxes) * BOX - (len(boxes) - 1) * BOX_GAP) / 2 - BAND_X / 2
            edges = [left + index * (BOX + BOX_GAP) for index in range(len(boxes) + 1)]
            for node, edge in zip(boxes, edges, strict=False):
                self.x[number, node] = edge + BOX / 2
            for passed, lanes in self._lanes(row):
                start = edges[passed] - BOX_GAP / 2
                for index, lane in enumerate(lanes):
                    offset = index - (len(lanes) - 1 if passed == 0 else 0 if passed == len(boxes) else index)
                    self.x[number, lane] = start + LANE * offset

    @staticmethod
    def _lanes(row: Sequence[Node]) -> Iterator[tuple[int, list[Node]]]:
        """The lanes of a row, with the number of boxes to the left of them."""
        passed, lanes = 0, list[Node]()
        for node in row:
            if node.arrow is not None:
                lanes.append(node)
                continue
            if lanes:
                yield passed, lanes
            passed, lanes = passed + 1, []
        if lanes:
            yield passed, lanes

    def _cost(self) -> tuple[int, float]:
        """The number of crossings, and the width that all arrows bridge together."""
        spans: dict[int, list[tuple[float, float]]] = {}
        for route in self.routes.values():
            for start, end in pairwise(route):
                spans.setdefault(start[0], []).append((self.x[start], self.x[end]))
        pairs = (pair for row in spans.values() for pair in combinations(row, 2))
        crossings = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)
        return crossings, round(sum(abs(a - b) for row in spans.values() for a, b in row), 3)

    def _reduce_crossings(self) -> None:
        best, better = self._cost(), True
        while better:
            better = False
            for row in self.rows:
                for i, j in combinations(range(len(row)), 2):
                    row[i], row[j] = row[j], row[i]
                    self._place()
                    if (cost := self._cost()) < best:
                        best, better = cost, True
                    else:
                        row[i], row[j] = row[j], row[i]
        self._place()

    def height(self, number: int) -> int:
        """The height of the boxes in a row."""
        lines = max(len(self.lines(name)) for name in self.picture.rungs[number])
        return HEADER + lines * LINE + (FOOT if lines else 0)

    def bottom(self, number: int) -> int:
        """Where the boxes of a row end."""
        return self.tops[number] + self.height(number)

    def lines(self, package: str) -> list[str]:
        """The imports of a package that have no arrow, in lines that fit into its box."""
        lines = list[str]()
        for item in self.picture.further(package):
            if lines and len(lines[-1]) + len(item) + 3 <= LINE_LENGTH:
                lines[-1] += f" \N{MIDDLE DOT} {item}"
            else:
                lines.append(item)
        return lines

    def _tops(self) -> Iterator[int]:
        y = TOP
        for number in range(len(self.rows)):
            yield y
            y += self.height(number) + ROW_GAP

    def ports(self) -> dict[tuple[tuple[str, str], int], float]:
        """Where each arrow leaves and enters a row (0: leaves its first box, -1: enters its last one)."""
        at: dict[tuple[tuple[str, str], int], float] = {}
        for side, neighbour in ((0, 1), (-1, -2)):
            ends: dict[tuple[int, Node], list[tuple[str, str]]] = {}
            for arrow, route in self.routes.items():
                ends.setdefault(route[side], []).append(arrow)
            for end, arrows in ends.items():
                arrows.sort(key=lambda arrow: (self.x[self.routes[arrow][neighbour]], arrow))
                for index, arrow in enumerate(arrows):
                    at[arrow, side] = self.x[end] + PORT * (index - (len(arrows) - 1) / 2)
        return at


def draw(picture: Picture) -> str:
    """Return the picture as SVG."""
    layout = Layout(picture)
    last = len(layout.rows) - 1
    height = layout.bottom(last) + 78
    total, modules = sum(picture.imports.values()), sum(picture.sizes.values())
    title = f"{PACKAGE}: {modules} modules, {total} imports between packages, all downwards"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{title}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="12"/>',
        f'<text class="title" x="{BAND_X + 4}" y="46">Imports run downwards</text>',
        f'<text class="note" x="{BAND_X + 4}" y="68">{modules} modules, {total} imports between packages</text>',
        *(_band(layout, number) for number in range(last + 1)),
        *_arrows(layout),
        *(_box(layout, number, node) for number, row in enumerate(layout.rows) for node in row if node.arrow is None),
        *_notes(height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _notes(height: int) -> Iterator[str]:
    notes = (
        "An arrow: modules of the upper package import modules of the lower one; the number counts these imports.",
        "Small text: further imports, of packages that the arrows also reach in several steps.",
    )
    for index, note in enumerate(notes):
        yield f'<text class="note" x="{BAND_X + 4}" y="{height - 36 + 19 * index}">{note}</text>'


def _band(layout: Layout, number: int) -> str:
    y, height = layout.tops[number] - BAND_PADDING, layout.height(number) + 2 * BAND_PADDING
    return (
        f'<rect class="band" x="{BAND_X}" y="{y}" width="{WIDTH - 2 * BAND_X}" height="{height}" rx="10"/>'
        f'<text class="rung" x="{BAND_X + GUTTER / 2:g}" y="{y + height / 2 + 5:g}">'
        f"{layout.picture.numbers[number]}</text>"
    )


def _box(layout: Layout, number: int, node: Node) -> str:
    x, y, name = layout.x[number, node] - BOX / 2, layout.tops[number], node.name
    hue = 262 - round(100 * number / max(1, len(layout.rows) - 1))
    size = layout.picture.sizes[name]
    more = "".join(
        f'<text class="more" x="{x + 14:g}" y="{y + HEADER + 8 + LINE * index}">{line}</text>'
        for index, line in enumerate(layout.lines(name))
    )
    return (
        f'<rect class="box" x="{x:g}" y="{y}" width="{BOX}" height="{layout.height(number)}" rx="7"/>'
        f'<rect x="{x:g}" y="{y + 9}" width="4" height="16" rx="2" fill="hsl({hue}, 62%, 58%)"/>'
        f'<text class="name" x="{x + 14:g}" y="{y + 22}">{name}</text>'
        f'<text class="size" x="{x + BOX - 12:g}" y="{y + 22}">{size} module{"" if size == 1 else "s"}</text>{more}'
    )


def _arrows(layout: Layout) -> Iterator[str]:
    """The arrows, and above all of them their numbers."""
    ports, labels = layout.ports(), list[str]()
    for arrow, route in sorted(layout.routes.items()):
        xs = [ports[arrow, 0], *(layout.x[lane] for lane in route[1:-1]), ports[arrow, -1]]
        count, tip = layout.picture.imports[arrow], layout.tops[route[-1][0]]
        yield f'<path class="wire" d="{_curve(layout, route, xs)}" stroke-width="{1.1 + min(count, 32) / 16:.2f}"/>'
        yield f'<path class="tip" d="M{xs[-1]:g} {tip}l-5 -9h10z"/>'
        labels.append(_label(layout, route[0][0], xs[0], xs[1], count))
    yield from labels


def _curve(layout: Layout, route: Sequence[tuple[int, Node]], xs: Sequence[float]) -> str:
    """The line of an arrow: a curve from row to row, straight where it passes one."""
    line = list[str]()
    for ((row, _), (following, _)), (start, end) in zip(pairwise(route), pairwise(xs), strict=True):
        bottom = layout.bottom(row)
        top = layout.tops[following] - (TIP if following == route[-1][0] else 0)
        middle = (bottom + top) / 2
        line.append(f"{'L' if line else 'M'}{start:g} {bottom}C{start:g} {middle:g} {end:g} {middle:g} {end:g} {top}")
    return " ".join(line)


def _label(layout: Layout, number: int, start: float, end: float, count: int) -> str:
    """The number on an arrow, near the box that it leaves, where the lines are still apart."""
    part = 0.34  # of the curve, whose height and width this gives
    x = start + (end - start) * (3 * part**2 - 2 * part**3)
    y = layout.bottom(number) + ROW_GAP * (1.5 * part * (1 - part) + part**3)
    width = 12 + 7 * len(str(count))
    return (
        f'<rect class="pill" x="{x - width / 2:.1f}" y="{y - 8:.1f}" width="{width}" height="16" rx="8"/>'
        f'<text class="count" x="{x:.1f}" y="{y + 4:.1f}">{count}</text>'
    )


def main(arguments: Sequence[str]) -> None:
    """Write the picture; with ``--check``, exit with a message if the file does not show it.

    :param arguments: ``--check`` or nothing, and the file, unless it is docs/architecture.svg.
    """
    file = next((Path(argument) for argument in arguments if argument != "--check"), PICTURE)
    drawn = draw(read_picture())
    if "--check" not in arguments:
        file.write_text(drawn, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != drawn:
        sys.exit(f"{file.name} does not show the imports of the code: run make docs")


if __name__ == "__main__":
    main(sys.argv[1:])
