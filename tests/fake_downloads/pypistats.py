"""FakePypistats: its documents, its limits, its errors, and what it forgets (beyond-index.md 1.2)."""

from __future__ import annotations

import json
import re
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from tests.fake_downloads.counts import MIRRORS, Download, Downloads
from tests.fake_downloads.server import Answer, Asked, FakeServer

_PATH = re.compile(r"/api/packages/([^/?]+)/(overall|python_minor|python_major|system|recent)")
_HTML = {"Content-Type": "text/html; charset=utf-8"}
#: Requests in a number of seconds.
LIMITS = ((5, 1.0), (30, 60.0))
#: Days that it remembers.
AGE = 180


class FakePypistats(FakeServer):
    """The site.

    limited: whether it counts requests. once_a_day: whether a document that is asked for twice on one day is an error.
    """

    def __init__(
        self,
        downloads: Downloads,
        *,
        limited: bool = False,
        once_a_day: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.downloads, self.limited, self.once_a_day = downloads, limited, once_a_day
        self._times, self._clock = deque[float](maxlen=LIMITS[-1][0]), clock
        self._answered: set[tuple[str, Any]] = set()

    def answer(self, asked: Asked) -> Answer:
        """A document, or the text of an error in HTML."""
        if self._is_too_fast():
            return Answer(429, b'<a href="/api/#etiquette">429 RATE LIMIT EXCEEDED</a>', _HTML)
        found = _PATH.fullmatch(asked.path)
        if found is None or asked.method != "GET":
            return Answer(404, b"404", _HTML)
        if self.once_a_day and (asked.path, self.downloads.today) in self._answered:
            return Answer(400, b"400 asked twice on one day", _HTML)
        project, document = found.groups()
        data = self._data(re.sub(r"[._]", "-", project), document)
        self._answered.add((asked.path, self.downloads.today))
        if document == "overall" and not data:
            return Answer(404, b"404", _HTML)
        body = {"data": data, "package": project, "type": f"{document}_downloads"}
        return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _is_too_fast(self) -> bool:
        now = self._clock()
        exceeded = any(sum(now - at < seconds for at in self._times) >= most for most, seconds in LIMITS)
        if self.limited and not exceeded:
            self._times.append(now)
        return self.limited and exceeded

    def _data(self, project: str, document: str) -> list[dict[str, Any]]:
        known = [(one, count) for one, count in self.downloads.of(project, AGE) if _is_counted(one)]
        counted: Counter[tuple[str, str]] = Counter()
        for one, count in known:
            is_of_mirror = one.installer in MIRRORS or not one.installer
            if document == "overall":
                counted["with_mirrors", str(one.day)] += count
                if not is_of_mirror:
                    counted["without_mirrors", str(one.day)] += count
            elif not is_of_mirror:
                counted[_category(one, document), str(one.day)] += count
        return [
            {"category": category, "date": day, "downloads": count}
            for (category, day), count in sorted(counted.items())
        ]


def _is_counted(one: Download) -> bool:
    return not one.python or re.match(r"[0-9]\.[0-9]+", one.python) is not None


def _category(one: Download, document: str) -> str:
    if document == "system":
        return (one.system if one.system in ("Linux", "Windows", "Darwin") else "other") if one.system else "null"
    return one.python or "null"
