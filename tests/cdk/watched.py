"""An index that records when each request began and ended."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class RecordedRequest:
    """A request: its path, and when it began and ended, in seconds."""

    path: str
    began: float
    ended: float


class WatchedIndex:
    """An index that has every project; a context manager.

    :param seconds: before each response.
    :ivar requests: the requests, in the order in which they ended.
    """

    def __init__(self, seconds: float) -> None:
        self.requests: list[RecordedRequest] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(seconds))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self, seconds: float) -> type[BaseHTTPRequestHandler]:
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                began = time.monotonic()
                time.sleep(seconds)
                body = json.dumps({"info": {"version": "1.0"}}).encode()
                requests.append(RecordedRequest(self.path, began, time.monotonic()))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Log nothing."""

        return Handler

    def at_once(self) -> int:
        """Return the largest number of requests that were under way at a time."""
        return max(sum(one.began <= other.began < one.ended for one in self.requests) for other in self.requests)

    def most_within(self, seconds: float) -> int:
        """Return the largest number of requests that began within ``seconds``."""
        began = sorted(request.began for request in self.requests)
        return max(sum(first <= other < first + seconds for other in began) for first in began)

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
