"""How far a run is: what a progress bar shows. One thread writes it, others may read it."""

from msgspec import Struct, field


class RunProgress(Struct):
    """How far a run is.

    :ivar waiting_for: the project whose documents the run waits for; empty: none, or those of the index as a whole.
    :ivar done: how many projects this run has finished.
    :ivar already_read: how many projects the run that this one continues had finished.
    :ivar total: how many projects there are, with those already read, as far as it is known by now.
    :ivar followed: the projects so far, if dependencies are followed: selected ones and their dependencies.
    """

    waiting_for: str = ""
    done: int = 0
    already_read: int = 0
    total: int = 0
    followed: set[str] = field(default_factory=set)
