"""sync/turns.py: in which order visits ask, and when answers are opened."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from source_pypi.sync.turns import LARGE, LONGEST, Stopped, Turn, Turns

Start = Callable[[Callable[[], Any]], "Future[Any]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs something in a thread of its own."""
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


def begun(turn: Turn) -> None:
    """Begin a turn, and leave it going on."""
    turn.__enter__()


#: Seconds in which what need not wait has come to pass, and less than anybody waits for.
SOON = LONGEST / 2


def waits(future: "Future[Any]") -> bool:
    """Whether something is still going on after a while."""
    try:
        future.exception(0.05)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_as_many_as_may(start: Start, at_once: int) -> None:
    """So many turns begin at once, and one more with each that is over."""
    turns = Turns(at_once)
    given = [turns.next() for _ in range(at_once + 2)]
    for turn in given[:at_once]:
        begun(turn)
    later = [start(partial(begun, turn)) for turn in given[at_once:]]
    assert [waits(one) for one in later] == [True, True]
    given[0].__exit__()
    assert ([later[0].result(5)], waits(later[1])) == ([None], True)
    given[at_once].__exit__()
    assert later[1].result(5) is None


def test_in_their_order(start: Start) -> None:
    """Turns begin in the order in which they were given, in whatever order their threads come."""
    turns, order, lock = Turns(1), list[int](), threading.Lock()
    first = turns.next()
    begun(first)

    def visit(number: int, turn: Turn) -> None:
        with turn, lock:
            order.append(number)

    given = [(number, turns.next()) for number in range(5)]
    visits = [start(partial(visit, *one)) for one in reversed(given)]
    first.__exit__()
    for one in visits:
        one.result(5)
    assert order == [0, 1, 2, 3, 4]


def test_over_with_the_answer(start: Start) -> None:
    """A visit whose only answer is in is over for the next one, once, whatever it still does."""
    turns = Turns(1)
    one, other, third = turns.next(), turns.next(), turns.next()
    with one:
        one.answered(LARGE - 1)
        begun(other)
    waiting = start(lambda: begun(third))
    assert waits(waiting)
    other.__exit__()
    waiting.result(5)


def test_over_when_it_fails(start: Start) -> None:
    """A visit that fails is over, too."""
    turns = Turns(1)
    with pytest.raises(KeyError), turns.next():
        raise KeyError
    later = turns.next()
    start(lambda: begun(later)).result(5)


def test_a_large_answer_stays_packed(start: Start) -> None:
    """A large answer is opened once it is wanted, or one behind it; the next visit asks meanwhile."""
    turns = Turns(1)
    one, other, third = turns.next(), turns.next(), turns.next()
    begun(one)
    opened = start(lambda: one.answered(LARGE))
    begun(other)
    assert waits(opened)
    one.want()
    assert opened.result(SOON) is None
    opened = start(lambda: other.answered(LARGE))
    begun(third)
    assert waits(opened)
    third.want()
    assert opened.result(SOON) is None


def test_not_for_ever(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large answer that nobody comes for is opened after a while."""
    monkeypatch.setattr("source_pypi.sync.turns.LONGEST", 0.1)
    turn = Turns(1).next()
    begun(turn)
    assert start(lambda: turn.answered(LARGE)).result(5) is None


def test_stopped(start: Start) -> None:
    """Where the run is over, nobody has a turn any more, and nobody waits for one."""
    turns = Turns(1)
    one, other = turns.next(), turns.next()
    begun(one)
    asking = start(lambda: begun(other))
    assert waits(asking)
    turns.stop()
    assert isinstance(asking.exception(SOON), Stopped)
    with pytest.raises(Stopped):
        begun(turns.next())


def test_stopped_before_an_answer_is_opened(start: Start) -> None:
    """Where the run is over, nobody waits to open an answer."""
    turns = Turns(1)
    one = turns.next()
    begun(one)
    opening = start(lambda: one.answered(LARGE))
    assert waits(opening)
    turns.stop()
    assert opening.result(SOON) is None
