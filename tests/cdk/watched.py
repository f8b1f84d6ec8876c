"""An index that watches how it is asked: when each request came, how long it took, what it said."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Watch:
    """A request: its path, when it came and when it was answered, in seconds."""

    path: str
    came: float
    answered: float


class WatchedIndex:
    """An index that has every project, and takes its time; a context manager.

    :ivar requests: what was asked, in the order in which it came.
    """

    def __init__(self, seconds: float) -> None:
        self.requests: list[Watch] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(seconds))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self, seconds: float) -> type[BaseHTTPRequestHandler]:
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                came = time.monotonic()
                time.sleep(seconds)
                body = json.dumps({"info": {"version": "1.0"}}).encode()
                requests.append(Watch(self.path, came, time.monotonic()))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def at_once(self) -> int:
        """How many requests were under way at once, at most."""
        return max(sum(one.came <= other.came < one.answered for one in self.requests) for other in self.requests)

    def most_within(self, seconds: float) -> int:
        """How many requests came within so many seconds, at most."""
        came = sorted(request.came for request in self.requests)
        return max(sum(first <= other < first + seconds for other in came) for first in came)

    def __enter__(self) -> Self:
        """Start."""
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
