"""Fake sources of downloads on the loopback: a site like pypistats, a ClickHouse server, a list of top projects."""

from tests.fake_downloads.clickhouse import FakeClickhouse
from tests.fake_downloads.counts import Download, Downloads
from tests.fake_downloads.pypistats import FakePypistats
from tests.fake_downloads.server import Answer, FakeServer
from tests.fake_downloads.top import FakeTop

__all__ = ["Answer", "Download", "Downloads", "FakeClickhouse", "FakePypistats", "FakeServer", "FakeTop"]
