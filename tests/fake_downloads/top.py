"""FakeTop: the list of the most downloaded projects (beyond-index.md 1.5)."""

from __future__ import annotations

import json

from tests.fake_downloads.server import Answer, Asked, FakeServer


class FakeTop(FakeServer):
    """A list of projects, the most downloaded first."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names

    def answer(self, asked: Asked) -> Answer:
        """The list at its path; nothing anywhere else."""
        if asked.path != "/top.json":
            return Answer(404, b"<html>404</html>", {"Content-Type": "text/html"})
        rows = [{"download_count": 1_000_000 - i, "project": name} for i, name in enumerate(self.names)]
        body = {"last_update": "2026-11-01 07:34:21", "source": "ClickHouse", "rows": rows, "total_rows": len(rows)}
        return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
