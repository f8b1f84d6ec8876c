"""How a command uses memory: what one thread has freed, the next one takes.

The C library gives each thread a heap of its own, and keeps what is freed in it: every thread that has ever held a
large document then holds that much room. Threads here take turns rather than run at once, so one heap serves them all
(``mallopt(3)`` of glibc; elsewhere nothing is done). That is for a process of ours only: a library does not change how
a program allocates.
"""

import ctypes
import sys

#: ``M_ARENA_MAX`` of ``malloc.h``.
_ARENA_MAX = -8


def share_one_heap() -> None:
    """Let all threads allocate from one heap; called before there are any."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, 1)
