"""How much of what an index, a file or a platform hands over is taken, and why so much. What exceeds is refused.

The size of an answer is ``client.LARGEST_ANSWER``. Every bound here is far beyond what is known of real indexes, and
each is there because something grows with it: memory, time, or what a destination takes.

Reading on
    index-api.md 15: the largest known project has some 4,000 files, the largest list 800,000 projects.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

#: Values in a document: 1.6 million is the list of 800,000 projects. What is decoded takes up to 200 bytes a value.
MOST_VALUES = 5_000_000
#: Levels of nesting in what is passed on as the index sent it; real ones have six. MySQL takes 100, SQL Server 128.
DEEPEST = 100
#: Rows of a stream and a project, which are held until they are written.
MOST_ROWS = 1_000_000
#: Bytes of a row as JSON: a project document of some 30,000 files. DuckDB takes up to 1 GB of memory for such a row.
LARGEST_ROW = 32 * 1024 * 1024
#: Characters of a version, a requirement or keywords that are parsed; what is longer is kept as it is, and that is all.
LONGEST_PARSED = 10_000
#: Characters of a version that becomes part of an address.
LONGEST_VERSION = 1_000
#: Characters of an address that is asked for, or made absolute; servers take some 8,000.
LONGEST_URL = 10_000
#: Characters of a text whose parsed form is remembered: what is remembered must not grow with what an index says.
LONGEST_REMEMBERED = 200
#: Bytes of a requirement or lock file.
LARGEST_FILE = 64 * 1024 * 1024
#: Different headers of core metadata; the specification knows 37.
MOST_HEADERS = 500


def remembered(size: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """A decorator: remember what came of the last ``size`` texts, unless they are long."""

    def decorate(function: Callable[[str], T]) -> Callable[[str], T]:
        cached = lru_cache(maxsize=size)(function)

        @wraps(function)
        def remember(text: str) -> T:
            return cached(text) if len(text) <= LONGEST_REMEMBERED else function(text)

        return remember

    return decorate
