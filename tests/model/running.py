"""Runs histories of a kind, and counts what was done."""

from collections import Counter

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Histories

#: The most steps of a history, syncs included.
STEPS = 20


def run_histories(kind: type[Histories], count: int, number: int | None = None) -> Counter[str]:
    """Run random histories; return how many histories, steps and syncs there were.

    :param number: the seed; None: the same histories each time.
    :raises AssertionError: when a history goes wrong, with its steps. They are not shortened: that may take hours.
    """
    done: Counter[str] = Counter()

    class Counted(kind):  # type: ignore[valid-type, misc]
        def teardown(self) -> None:
            super().teardown()
            done.update(histories=1, steps=self.history.steps, syncs=self.history.syncs)

    Counted.__name__ = kind.__name__
    chosen = settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=number is None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Counted if number is None else seed(number)(Counted), settings=chosen)
    return done
