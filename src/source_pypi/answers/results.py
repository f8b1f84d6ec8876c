"""Results of queries as text: a table for people, CSV, JSON, newline-delimited JSON, or a table in Markdown.

Times are in UTC (ISO 8601). Lists, objects and JSON are JSON in every format. Null is an empty cell, and null in JSON.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import TextIO

import msgspec
from msgspec import Struct

from source_pypi.answers.database import Column, Result
from source_pypi.safety.printable import printable
from source_pypi.safety.spreadsheet import write_rows

#: Rows that the format ``table`` shows at most.
TABLE_ROWS = 1_000
#: Rows after them that are read to count them; if there are more, a second query counts, which takes longer for few.
COUNTED_ROWS = 100_000
#: The width to which a column is cut before rows are shown one below the other.
_NARROWEST = 8
_GAP = "  "
_NUMBER = re.compile(r"(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL\(.*\))")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#&])")
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)
#: The integers that JSON libraries read as integers; msgspec writes no others.
_LONGEST_INTEGER = 2**63


class Writer(Struct, frozen=True):
    """Where a result is written.

    :ivar out: the stream.
    :ivar width: columns of the terminal; None: it is no terminal, and nothing is cut.
    :ivar count: the number of rows of the query, asked for if there are too many to read them all.
    """

    out: TextIO
    width: int | None = None
    count: Callable[[], int] = int

    def line(self, text: str) -> None:
        """Write a line; on a terminal, with its control characters escaped."""
        self.out.write(f"{printable(text) if self.width is not None else text}\n")


def write_table(result: Result, writer: Writer) -> None:
    """Write the first rows aligned in columns, or one below the other if the terminal is narrow, and their number."""
    following = chain.from_iterable(result.batches)
    rows = list(islice(following, TABLE_ROWS))
    if [column.name for column in result.columns] == ["explain_key", "explain_value"]:
        _write_plans(rows, writer)
        return
    cells = [_cells(result.columns, row, printable) for row in rows]
    names = [printable(column.name) for column in result.columns]
    widths = _widths(names, cells, writer.width)
    lines = _records(names, cells, writer.width or 80) if widths is None else _aligned(result, names, cells, widths)
    for line in lines:
        writer.out.write(f"{line.rstrip()}\n")
    total = result.total
    if total is None:
        more = sum(1 for _ in islice(following, COUNTED_ROWS + 1))
        total = len(rows) + more if more <= COUNTED_ROWS else writer.count()
    cut = total > len(rows)
    shown = f"the first {len(rows):,} of {total:,} rows; --format csv writes all" if cut else _rows(total)
    writer.out.write(f"({shown})\n")


def _write_plans(rows: Sequence[Sequence[object]], writer: Writer) -> None:
    """Write what EXPLAIN returns: drawings of several lines."""
    for _, plan in rows:
        writer.out.writelines(f"{printable(line)}\n" for line in str(plan).splitlines())


def write_csv(result: Result, writer: Writer) -> None:
    """Write all rows as CSV with a header."""
    escape = printable if writer.width is not None else None
    names = [printable(column.name) if escape else column.name for column in result.columns]
    rows = (_cells(result.columns, row, escape) for batch in result.batches for row in batch)
    write_rows(writer.out, chain([names], rows))


def write_ndjson(result: Result, writer: Writer) -> None:
    """Write each row as a JSON object on a line."""
    for row in _objects(result):
        writer.line(row)


def write_json(result: Result, writer: Writer) -> None:
    """Write all rows as one JSON list of objects."""
    before = "["
    for row in _objects(result):
        writer.out.write(f"{before}\n")
        writer.out.write(f"  {printable(row) if writer.width is not None else row}")
        before = ","
    writer.out.write("[]\n" if before == "[" else "\n]\n")


def write_markdown(result: Result, writer: Writer) -> None:
    """Write all rows as a table in Markdown, in which the text of cells is text."""
    names = [_markdown(column.name) for column in result.columns]
    rules = ["---:" if _is_number(column) else "---" for column in result.columns]
    writer.out.writelines(f"| {' | '.join(cells)} |\n" for cells in (names, rules))
    for batch in result.batches:
        for row in batch:
            writer.out.write(f"| {' | '.join(_cells(result.columns, row, _markdown))} |\n")


#: The formats by their names.
FORMATS: dict[str, Callable[[Result, Writer], None]] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "ndjson": write_ndjson,
    "markdown": write_markdown,
}

# Values ---------------------------------------------------------------------------------------------------------------


def cell(value: object, kind: str) -> str:
    """A value as the text of a cell; null is empty.

    :param kind: its type in DuckDB.
    """
    match value:
        case None:
            found = ""
        case bool():
            found = "true" if value else "false"
        case Decimal():
            found = f"{value:f}"
        case datetime() | date() | time() | timedelta():
            found = _time(value)
        case bytes():
            found = value.hex()
        case list() | tuple() | dict():
            found = to_json(value, kind)
        case _:
            found = str(value)
    return found


def to_json(value: object, kind: str) -> str:
    """A value as JSON; what JSON does not have is a text.

    :param kind: its type in DuckDB.
    """
    return _ENCODER.encode(_plain(value, kind)).decode()


def _plain(value: object, kind: str) -> object:
    match value:
        case str() if kind == "JSON":
            value = msgspec.Raw(value.encode(errors="replace"))
        case int() if abs(value) >= _LONGEST_INTEGER:
            value = msgspec.Raw(str(value).encode())
        case datetime() | date() | time() | timedelta():
            value = _time(value)
        case bytes():
            value = value.hex()
        case list() | tuple():
            value = [_plain(item, kind.removesuffix("[]")) for item in value]
        case dict():
            value = {str(key): _plain(item, "") for key, item in value.items()}
    return value


def _time(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat()


def _objects(result: Result) -> Iterator[str]:
    keys = [to_json(name, "") for name in _distinct([column.name for column in result.columns])]
    kinds = [column.type for column in result.columns]
    for batch in result.batches:
        for row in batch:
            values = map(to_json, row, kinds)
            yield f"{{{', '.join(f'{key}: {value}' for key, value in zip(keys, values, strict=True))}}}"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of which none occurs twice: a JSON object would lose one of them."""
    found: list[str] = []
    for name in names:
        number, distinct = 1, name
        while distinct in found:
            distinct, number = f"{name}_{number}", number + 1
        found.append(distinct)
    return found


def _cells(columns: Sequence[Column], row: Sequence[object], escape: Callable[[str], str] | None) -> list[str]:
    cells = [cell(value, column.type) for value, column in zip(row, columns, strict=True)]
    return cells if escape is None else [escape(one) for one in cells]


def _is_number(column: Column) -> bool:
    return bool(_NUMBER.fullmatch(column.type))


def _markdown(text: str) -> str:
    return printable(_MARKDOWN.sub(r"\\\1", " ".join(text.splitlines())))


# The format "table" ---------------------------------------------------------------------------------------------------


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _widths(names: Sequence[str], cells: Sequence[Sequence[str]], width: int | None) -> list[int] | None:
    """The width of each column, cut so that a row fits into the terminal; None: it does not fit."""
    from rich.cells import cell_len

    full = [max(map(cell_len, column), default=0) for column in zip(names, *cells, strict=True)]
    if width is None:
        return full
    room = width - len(_GAP) * (len(full) - 1)
    if sum(min(one, _NARROWEST) for one in full) > room:
        return None
    most = max([room, *full], default=0)
    while sum(min(one, most) for one in full) > room:
        most -= 1
    return [min(one, most) for one in full]


def _aligned(
    result: Result, names: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int]
) -> Iterator[str]:
    right = [_is_number(column) for column in result.columns]
    yield _line(names, widths, right)
    yield _GAP.join("-" * width for width in widths)
    for row in cells:
        yield _line(row, widths, right)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return _GAP.join(map(_fitted, cells, widths, right))


def _fitted(text: str, width: int, right: bool) -> str:
    """A text in exactly as many columns of the terminal; three dots at its end: it is cut."""
    from rich.cells import cell_len, set_cell_size

    length = cell_len(text)
    if length > width:
        return f"{set_cell_size(text, width - 3)}..."
    return " " * (width - length) + text if right else text + " " * (width - length)


def _records(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Rows as lines of name and value."""
    from rich.cells import cell_len

    longest = max(map(cell_len, names), default=0)
    for number, row in enumerate(cells, start=1):
        yield f"-- row {number}"
        for name, value in zip(names, row, strict=True):
            room = max(width - longest - len(_GAP), _NARROWEST)
            yield f"{_fitted(name, longest, False)}{_GAP}{_fitted(value, min(room, max(cell_len(value), 1)), False)}"
