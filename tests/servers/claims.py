"""What each stream must do with a server: give these rows, or say in one line what the server lacks."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from packaging.utils import canonicalize_name

from source_pypi.standards.versions import sort_key
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import Stream
from tests.servers.packages import UPLOADS, Upload

#: The project that every stream is asked about, and one that no server has.
PROJECT, NOBODY = "small-example", "no-such-project"
#: What was uploaded of that project.
FILES = [upload for upload in UPLOADS if canonicalize_name(upload.project) == PROJECT]
#: The feeds and the statistics, which only the public index has: what each is called, and where it would be.
PUBLIC_ONLY = {
    "recent_releases": ("feed of recent releases", "/rss/updates.xml"),
    "recent_projects": ("feed of recent projects", "/rss/packages.xml"),
    "stats": ("statistics", "/stats/"),
}

#: Stands in place of ``first_seen_at``: the server gives no upload times.
FIRST_VISIT = "first visit"

Row = dict[str, Any]

EACH_STREAM = pytest.mark.parametrize("name", [stream.name for stream in choose_streams(["all"])])


@dataclass(frozen=True, slots=True)
class Claims:
    """What a server can give of PROJECT, and what is said of each stream for which it lacks something.

    A stream of neither may give rows or say what is lacking: it was added after these claims were written.
    """

    url: str
    rows: Mapping[str, Sequence[Row]]
    lacks: dict[str, str] = field(default_factory=dict)

    def judge_sync(self, name: str, done: "subprocess.CompletedProcess[str]") -> None:
        """Hold the outcome of ``sync --streams <name>`` against the claim."""
        count = table(done).get(name, 0)
        lines = without_warning(done.stderr)
        assert "Traceback" not in done.stderr
        if name in self.rows:
            assert (done.returncode, lines, count) == (0, [], len(self.rows[name]))
        elif name in self.lacks:
            assert (done.returncode, lines) == (1, [f"error: {name}: {self.lacks[name]}"])
            assert len(re.findall(rf"^{name}:? +not available$", done.stdout, re.MULTILINE)) == 1
        elif done.returncode == 0:
            assert lines == []
            assert count > 0, "neither rows nor a word on what the server lacks"
        else:
            assert done.returncode == 1
            assert [re.match(rf"error: {name}: .*{re.escape(self.url)}", line) is not None for line in lines] == [True]

    def judge_read(self, name: str, status: int, messages: list[dict[str, Any]]) -> None:
        """Hold the outcome of a ``read`` of one stream against the claim."""
        records = rows_of(messages)
        errors = list(_errors(messages))
        key = stream_named(name).key
        if name in self.rows:
            assert (status, errors) == (0, [])
            assert in_order(records, key) == in_order(self.rows[name], key)
        elif name in self.lacks:
            assert (status, errors, records) == (1, [(name, self.lacks[name])], [])
        else:
            assert (status, len(errors), bool(records)) in ((0, 0, True), (1, 1, False))

    def lines(self, names: Sequence[str]) -> list[str]:
        """What is said of several streams, a line each."""
        return sorted(f"error: {name}: {self.lacks[name]}" for name in names if name in self.lacks)


def claimed(claims: Claims) -> list[str]:
    """The streams of the table of which something is claimed."""
    return [stream.name for stream in STREAMS if stream.name in claims.rows or stream.name in claims.lacks]


def stream_named(name: str) -> Stream:
    """A stream of the table."""
    return next(stream for stream in STREAMS if stream.name == name)


def row(stream: str, /, **values: Any) -> Row:
    """A stream's row with these values, and null in every other field."""
    fields = msgspec.structs.fields(stream_named(stream).record)
    return dict.fromkeys((described.encode_name for described in fields), None) | values


def rows_of(messages: list[dict[str, Any]]) -> list[Row]:
    """The rows of a ``read``, without the time of the visit, which is one for all rows of a project.

    ``first_seen_at`` is ``FIRST_VISIT`` if it is that time.
    """
    records = [message["record"]["data"] for message in messages if message["type"] == "RECORD"]
    visits: dict[str | None, set[str]] = {}
    for record in records:
        visits.setdefault(record.get("project"), set()).add(record["seen_at"])
    assert all(len(times) == 1 for times in visits.values())
    for record in records:
        if record.get("first_seen_at") is not None:  # to the second, that of the first visit
            assert record["first_seen_at"][:19] == record["seen_at"][:19]
            record["first_seen_at"] = FIRST_VISIT
    return [{name: value for name, value in record.items() if name != "seen_at"} for record in records]


def not_offered(what: str, url: str, answered: str = "answered 404") -> str:
    """The line that says what an index lacks."""
    return f"this index offers no {what} ({url} {answered}): leave the stream out, or read an index that has it"


def unknown(index: str, *names: str) -> str:
    """The line that says which projects an index does not have."""
    return f"not on the index {index}: {', '.join(names)} (check the spelling and index_url)"


def in_order(rows: Sequence[Row], key: Sequence[str]) -> list[Row]:
    """Rows by their key, and the files in them by their address: how a server orders things is its own business."""
    comparable = [row | {"releases": _settled(row["releases"])} if "releases" in row else row for row in rows]
    return sorted(comparable, key=lambda row: [row[part] for part in key])


def _settled(releases: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    return {version: sorted(files, key=lambda file: str(file["url"])) for version, files in releases.items()}


def version_row(version: str, **values: Any) -> Row:
    """A version of PROJECT of which the names of its files are known."""
    return row(
        "versions",
        project=PROJECT,
        version=version,
        valid_pep440=True,
        normalized_version=version,
        sort_key=sort_key(version),
        is_prerelease=False,
        file_count=2,
        has_sdist=True,
        has_wheel=True,
        yanked=False,
        is_latest=version == "1.1",
        first_seen_at=FIRST_VISIT,
        **values,
    )


def wheel_tags(upload: Upload) -> Row:
    """What a file's name tells."""
    if upload.filetype != "bdist_wheel":
        return {"packagetype": "sdist", "python_version": "source"}
    tags = {"python_tags": ["py3"], "abi_tags": ["none"], "platform_tags": ["any"]}
    return {"packagetype": "bdist_wheel", "python_version": "py3", **tags}


def table(done: "subprocess.CompletedProcess[str]") -> dict[str, int]:
    """The report of a load: rows by stream."""
    found = re.findall(r"^(\w+)(?: +[\d,]+)* +([\d,]+)$", done.stdout, re.MULTILINE)
    return {name: int(count.replace(",", "")) for name, count in found}


def without_warning(text: str) -> list[str]:
    """The lines of standard error, without the one that says that rows are made from pages."""
    return [
        line for line in text.splitlines() if not line.startswith("warning: the index has no project documents of ")
    ]


def _errors(messages: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for message in messages:
        if message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
            error = message["trace"]["error"]
            yield error["stream_descriptor"]["name"], error["message"]
