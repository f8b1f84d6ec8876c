"""Faults that struck in a run, and what follows from them for its rows."""

from tests.oracle.simulator.server import ALL_FAULTS, Served


def fault_name(served: Served) -> str:
    """The name of the fault that struck; empty where none did."""
    return served.fault.name if served.fault else ""


def nature_of(served: Served) -> str:
    """What a client must make of the fault that struck."""
    return ALL_FAULTS[fault_name(served)].nature


def whose(served: Served) -> str:
    """The project whose answer was spoilt; "*" where a spoilt list may concern all."""
    return "*" if served.question.kind == "list" else served.question.key


def absent(served: Served) -> bool:
    """Whether a project is gone for all that the client can know: it is 404 while the index is sound."""
    outage = served.fault is not None and served.fault.times < 0 and served.fault.project == "*"
    return nature_of(served) == "absent" and served.question.kind in {"project", "page"} and not outage


def excuses_silence(served: Served, *, whole: bool) -> bool:
    """Whether rows may be old without a message that names their project: nobody can know, or there is no list."""
    return nature_of(served) == "unseen" or (whole and served.question.kind == "list")
