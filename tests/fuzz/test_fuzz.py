"""A few thousand inputs in every test run, always the same ones; ``make fuzz`` runs as many others as wanted."""

import random

import pytest

from source_pypi.errors import ConfigError, SettingError
from tests.fuzz.running import Outcome, run
from tests.fuzz.targets import TARGETS, Target

#: Inputs into each target in every test run.
EXECUTIONS = 250


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_stands_in_it(target: Target) -> None:
    """Whatever stands in an input, it is read, its rows are as they should be, or it is refused in one line."""
    outcome = run(target, EXECUTIONS, 0)
    assert (outcome.finds, outcome.count) == ([], EXECUTIONS)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_seeds_are_read(target: Target) -> None:
    """What is changed is sound: every reader reads it, but for files that are not there."""
    refused = []
    for body in target.seeds():
        try:
            target.read(body)
        except ConfigError as error:
            refused.append(str(error))
    assert [error for error in refused if "other.txt" not in error and "broken" not in error] == []
    assert not refused or target.name in ("requirements.txt", "state")


def test_the_same_seed_gives_the_same_inputs() -> None:
    """What was found can be found again: an input depends on the target, the seed and its number only."""
    given: list[bytes] = []
    target = Target("x", lambda: [b'{"a": [1, "b"]}'], TARGETS[0].mutate, given.append)
    run(target, 20, 1)
    run(target, 20, 1)
    assert given[:20] == given[20:]
    assert len(set(given)) > 10
    assert random.Random(1).random() == random.Random(1).random()


def test_finds_are_told() -> None:
    """What is raised besides an error of ours is a find, and so is an error that is no line."""

    def fail(body: bytes) -> None:
        if len(body) % 2:
            raise KeyError("x")
        raise SettingError("", "x")

    outcome = run(Target("x", lambda: [b"[]", b"[1]"], TARGETS[0].mutate, fail), 100, 1)
    assert len(outcome.finds) == 5
    assert isinstance(outcome, Outcome)
