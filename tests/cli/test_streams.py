"""cli/streams.py: the list of streams."""

import json

from source_pypi.schema import describe_streams
from source_pypi.streams import STREAMS
from tests.cli import Run


def test_list_of_streams(run: Run) -> None:
    """The command streams prints row, key, cursor and cost of each stream; --json prints every field."""
    described = describe_streams(STREAMS)
    lines = [
        line
        for stream in described
        for line in (
            f"{stream['name']}: {stream['row']}",
            f"    key: {', '.join(stream['key']) or 'none'}; cursor: {stream['cursor'] or 'none'}",
            f"    requests: {stream['cost']}",
        )
    ]
    done = run("streams")
    assert (done.returncode, done.stdout.splitlines()) == (0, lines)
    assert lines[1] == "    key: project; cursor: seen_at"
    assert json.loads(run("streams", "--json").stdout) == described
