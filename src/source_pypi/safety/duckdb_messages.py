"""What messages of DuckDB mean. Those of other errors stay as they are."""

import errno
import json
import os
import re

#: What the system says of a full disk.
NO_SPACE = os.strerror(errno.ENOSPC)
#: What DuckDB says of a file that it cannot read, and what to do about it.
_FAULTS = (
    (
        "WAL does not match",
        "the log beside it (.wal) is that of another database: restore that database, or move the log away",
    ),
    (
        "replaying WAL",
        "the log beside it (.wal) is damaged: restore a copy of both, or move the log away, with which its changes go",
    ),
    *(
        (text, "it is damaged, or an incomplete copy; copy it again, or sync into a new file")
        for text in ("Could not read enough bytes", "does not match stored checksum")
    ),
)
#: An error of a thread that writes files, as JSON within another message.
_OF_THREAD = re.compile(r'"exception_message":("(?:[^"\\]|\\.)*")')


def file_fault(message: str) -> str | None:
    """Return what is wrong with the file that a message is about; None: the message does not say that of a file."""
    return next((meaning for text, meaning in _FAULTS if text in message), None)


def without_json(message: str) -> str:
    """Return a message of DuckDB, which begins with its kind, without the JSON of the thread that failed."""
    found = _OF_THREAD.search(message)
    return f"IO Error: {json.loads(found[1])}" if found else message
