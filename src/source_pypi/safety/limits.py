"""Limits on input from an index, a file or a platform. Input above a limit is refused.

``http/compression.py`` limits the size of a body. Each limit is far above the values of real indexes, and exists
because memory, time or a limit of a destination depends on it.

Reading on
    index-api.md 15: a large project (numpy) has 4,056 files; the list has 740,000 to 800,000 projects.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

#: Values in a document; a list of 800,000 projects has 1.6 million. A decoded value takes up to 200 bytes.
MOST_VALUES = 5_000_000
#: Levels of nesting in JSON that becomes part of rows; real documents have six. MySQL accepts 100, SQL Server 128.
DEEPEST = 100
#: Rows of a stream for one project, which stay in memory until they are written.
MOST_ROWS = 1_000_000
#: Bytes of a row as JSON: a project document with 30,000 files. DuckDB uses up to 1 GB of memory for such a row.
LARGEST_ROW = 32 * 1024 * 1024
#: Characters of a version, a requirement or keywords that are parsed; a longer text is kept unparsed.
LONGEST_PARSED = 10_000
#: Characters of a version in a URL.
LONGEST_VERSION = 1_000
#: Characters of a URL that is requested or made absolute; servers accept some 8,000.
LONGEST_URL = 10_000
#: Characters of a text whose parsed form is cached, so that the input cannot fill the memory.
LONGEST_CACHED = 200
#: Results that are cached of each function. With four times as many, 20,000 projects parse 7 % fewer requirements.
MOST_CACHED = 16_384
#: Characters of an ETag that is stored; real ones have 24. A longer one is ignored.
LONGEST_ETAG = 1_000
#: Bytes of a project's state when it is decompressed; that of a million rows has some 50 million.
LARGEST_STATE = 256 * 1024 * 1024
#: Bytes of a requirement or lock file.
LARGEST_FILE = 64 * 1024 * 1024
#: Different headers of core metadata; the specification has 37.
MOST_HEADERS = 500


def cached_if_short(size: int = MOST_CACHED) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """A decorator that caches the results of the last ``size`` texts, except long ones."""

    def decorate(function: Callable[[str], T]) -> Callable[[str], T]:
        cached = lru_cache(maxsize=size)(function)

        @wraps(function)
        def call(text: str) -> T:
            return cached(text) if len(text) <= LONGEST_CACHED else function(text)

        return call

    return decorate
