"""Faults that struck in a run, and what follows from them for its rows."""

from tests.oracle.simulator.faults import Nature
from tests.oracle.simulator.model import Index
from tests.oracle.simulator.server import ALL_FAULTS, Served


def fault_name(served: Served) -> str:
    """The name of the fault that struck; empty where none did."""
    return served.fault.name if served.fault else ""


def nature_of(served: Served) -> Nature:
    """
    What a client must make of the fault that struck. A redirect to another host or port is followed for what belongs to
    a file; of another document it means that this index does not have it.
    """
    if fault_name(served) in {"redirect-host", "redirect-port"}:
        elsewhere: dict[str, Nature] = {"project": "absent", "page": "absent", "release": "refused", "list": "refused"}
        followed: Nature = "valid" if fault_name(served) == "redirect-host" else "broken"
        return elsewhere.get(served.question.kind, followed)
    return ALL_FAULTS[fault_name(served)].nature


def whose(served: Served) -> str:
    """The project whose answer was spoilt; "*" where a spoilt list may concern all."""
    return "*" if served.question.kind == "list" else served.question.key


def absent(served: Served, index: Index, *, documents: bool) -> bool:
    """
    Whether a project is gone for all that the client can know: its document is 404 while the index is sound, or its
    page is and there is no document. `documents`: whether the index has any.
    """
    if nature_of(served) != "absent" or served.fault is None or served.question.kind not in {"project", "page"}:
        return False
    if served.question.kind == "page":
        project = index.projects.get(served.question.key)
        if documents:
            return project is None or not project.has_document
    return served.fault.times >= 0 or served.fault.project != "*"


def excuses_silence(served: Served, *, whole: bool) -> bool:
    """Whether rows may be old without a message that names their project: nobody can know, or there is no list."""
    return nature_of(served) == "unseen" or (whole and served.question.kind == "list")
