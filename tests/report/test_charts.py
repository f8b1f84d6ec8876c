"""report/charts.py: the geometry of charts."""

from datetime import UTC, datetime, timedelta

from source_pypi.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Release, bars, short, timeline


def test_bars_stand_on_the_axis_and_are_in_proportion() -> None:
    """The parts of a bar are stacked from the axis up; heights are in proportion; a part of zero is left out."""
    made = bars(["a", "b"], [[(10, "ten", "first"), (30, "thirty", "second")], [(20, "twenty", "first"), (0, "", "x")]])
    ten, thirty, twenty = made.bars
    assert (ten.title, thirty.style, twenty.title) == ("ten", "second", "twenty")
    assert ten.y + ten.height == HEIGHT - BOTTOM
    assert abs(thirty.y + thirty.height - ten.y) < 0.05
    assert abs(thirty.height - 3 * ten.height) < 0.05
    assert abs(twenty.height - 2 * ten.height) < 0.05
    assert thirty.y >= TOP - 0.05
    assert [tick.label for tick in made.up] == ["0", "10", "20", "30", "40"]
    assert [tick.label for tick in made.across] == ["a", "b"]


def test_many_bars_have_few_labels() -> None:
    """However many bars there are, they stay in the chart and have at most ten labels."""
    made = bars([str(number) for number in range(500)], [[(number, "", "first")] for number in range(500)])
    assert len(made.across) == 10
    assert min(bar.x for bar in made.bars) >= LEFT
    assert max(bar.x + bar.width for bar in made.bars) <= WIDTH - RIGHT + 0.6


def test_charts_of_nothing() -> None:
    """Without rows, or with zeros only, a chart has no bars and no dots, and its axis begins at zero."""
    assert bars([], []).bars == []
    assert bars(["a"], [[(0, "", "first")]]).up[0].label == "0"
    assert timeline([], ["releases"]).dots == []


def release(days: int, lane: str = "releases") -> Release:
    """A release this number of days after the start of 2020."""
    return Release(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=days), str(days), lane, False, False, False)


def test_timeline() -> None:
    """Dots stand from left to right by their times, in the row of their lane, within the chart; years are marked."""
    made = timeline([release(0), release(400, "pre-releases"), release(2000)], ["releases", "pre-releases"])
    first, second, third = made.dots
    assert LEFT < first.x < second.x < third.x < WIDTH - RIGHT
    assert first.y == third.y < second.y < made.height - BOTTOM
    assert abs((second.x - first.x) / (third.x - first.x) - 0.2) < 0.001
    assert [tick.label for tick in made.across] == ["2021", "2022", "2023", "2024", "2025"]
    assert [lane.label for lane in made.lanes] == ["releases", "pre-releases"]


def test_timeline_of_one_release() -> None:
    """A single release has a place in the chart."""
    made = timeline([release(5)], ["releases"])
    assert LEFT <= made.dots[0].x <= WIDTH - RIGHT


def test_short_numbers() -> None:
    """Labels are short: thousands and millions have a letter, bytes a unit, shares their sign."""
    assert [short(number) for number in (0, 5, 1500, 2_000_000)] == ["0", "5", "1.5k", "2M"]
    assert [short(number, "bytes") for number in (0, 1500, 3e9)] == ["0 B", "1.5 kB", "3 GB"]
    assert short(50, "%") == "50%"
