"""The same 5,250 inputs in each test run; ``make fuzz`` runs any number of others."""

import random

import pytest

from source_pypi.errors import ConfigError, SettingError
from tests.fuzz.running import Outcome, run
from tests.fuzz.targets import TARGETS, Target

#: Inputs of each target in each test run.
EXECUTIONS = 250


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_any_input_is_read_or_refused(target: Target) -> None:
    """Any input is read, with valid rows, or refused in one line."""
    outcome = run(target, EXECUTIONS, 0)
    assert (outcome.finds, outcome.count) == ([], EXECUTIONS)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_seeds_are_valid(target: Target) -> None:
    """Each reader reads its seeds, except files that do not exist."""
    refused = []
    for body in target.seeds():
        try:
            target.read(body)
        except ConfigError as error:
            refused.append(str(error))
    assert [error for error in refused if "other.txt" not in error and "broken" not in error] == []
    assert not refused or target.name in ("requirements.txt", "state")


def test_same_seed_gives_the_same_inputs() -> None:
    """An input depends only on target, seed and number, so that each find can be reproduced."""
    given: list[bytes] = []
    target = Target("x", lambda: [b'{"a": [1, "b"]}'], TARGETS[0].mutate, given.append)
    run(target, 20, 1)
    run(target, 20, 1)
    assert given[:20] == given[20:]
    assert len(set(given)) > 10
    assert random.Random(1).random() == random.Random(1).random()


def test_unexpected_errors_are_finds() -> None:
    """Any other error than ours, and an error of several lines, is a find."""

    def fail(body: bytes) -> None:
        if len(body) % 2:
            raise KeyError("x")
        raise SettingError("", "x")

    outcome = run(Target("x", lambda: [b"[]", b"[1]"], TARGETS[0].mutate, fail), 100, 1)
    assert len(outcome.finds) == 5
    assert isinstance(outcome, Outcome)
