"""Documents of real projects: each opens without invalid fields, has all its rows, and matches the schemas."""

import json
import re

import jsonschema
import pytest

from source_pypi.schema import stream_schema
from source_pypi.standards.index_urls import default_url
from source_pypi.standards.versions import parse_version, sort_key
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from tests.recordings import FOLDER, NAMES, recorded, recorded_documents
from tests.recordings.record import INDEX, PERSON, PROJECTS
from tests.streams import values

every_recording = pytest.mark.parametrize("name", NAMES)


every_stream = pytest.mark.parametrize("stream", choose_streams(["all"]), ids=lambda stream: stream.name)


def test_recordings_are_those_of_the_script() -> None:
    """Each project of the script has one recording, and there are at most fourteen."""
    assert tuple(sorted(PROJECTS)) == NAMES
    assert len(NAMES) <= 14


@every_recording
def test_recordings_name_no_host_and_no_person(name: str) -> None:
    """A recording has no address of the public index, of a file host or of a person, and no user name."""
    text = (FOLDER / f"{name}.json").read_text("utf-8")
    host = default_url().split("/")[2]
    assert host not in text
    assert re.findall(INDEX, text) == []
    assert set(PERSON.findall(text)) <= {"person@example.com"}
    assert {urls.partition("/packages/")[0] for urls in re.findall(r'"url": "([^"]*)"', text)} <= {"{files}", "../.."}
    roles = json.loads(text)["ownership"]["roles"]
    assert [role["user"] for role in roles] == [f"user-{number}" for number in range(1, len(roles) + 1)]


#: Display name, latest version, and how many versions, files, dependencies, classifiers, addresses and roles there are.
COUNTS = {
    "0-0": ("0-._.-._.-._.-._.-._.-._.-0", "0.1", 1, 0, 0, 0, 0, 1),
    "cx-oracle": ("cx-Oracle", "8.3.0", 7, 23, 0, 8, 8, 2),
    "feedparser": ("feedparser", "6.0.14", 5, 11, 1, 11, 4, 1),
    "mysql-python": ("MySQL-python", "1.2.5", 8, 9, 0, 13, 2, 1),
    "opentelemetry-semantic-conventions": ("opentelemetry-semantic-conventions", "0.66b2", 2, 4, 2, 10, 2, 1),
    "pylint": ("pylint", "4.1.4", 6, 7, 13, 18, 7, 8),
    "pytz": ("pytz", "2026.6", 11, 38, 0, 27, 6, 1),
    "pywin32": ("pywin32", "312", 4, 6, 0, 13, 6, 3),
    "setuptools": ("setuptools", "84.2.1", 7, 22, 50, 8, 3, 3),
    "terminado": ("terminado", "0.18.1", 4, 7, 11, 4, 1, 4),
    "twisted": ("Twisted", "26.10.0", 8, 22, 149, 7, 7, 0),
    "wsgiref": ("wsgiref", "0.1.2", 3, 9, 0, 0, 2, 1),
    "zope-interface": ("zope.interface", "8.7", 7, 25, 9, 13, 4, 27),
}


COUNTED = ("versions", "files", "dependencies", "classifiers", "urls", "roles")


@every_recording
def test_recording_has_all_its_rows(name: str) -> None:
    """A recording opens without invalid fields and has a row for each of its entries."""
    document = recorded(name)
    assert document.invalid_fields == ()
    streams = {stream.name: stream for stream in choose_streams(["all"])}
    counted = [len(list(streams[stream].rows(recorded_documents(name)))) for stream in COUNTED]
    assert (document.content.info.name, document.content.info.version, *counted) == COUNTS[name]
    releases = document.content.releases or {}
    assert len(releases) == counted[0]
    assert len({file.filename for files in releases.values() for file in files or ()}) == counted[1]


@every_recording
@every_stream
def test_rows_match_the_schema(name: str, stream: Stream) -> None:
    """Every row is valid in the stream's JSON Schema."""
    validator = jsonschema.Draft7Validator(stream_schema(stream), format_checker=jsonschema.FormatChecker())
    for row in stream.rows(recorded_documents(name)):
        validator.validate(values(row))


@every_recording
def test_versions_sort_in_pep_440_order(name: str) -> None:
    """Sort keys have the order of PEP 440; versions that are invalid in it come first."""
    versions = list(recorded(name).content.releases or {})
    valid = [version for version in versions if parse_version(version) is not None]
    by_key = sorted(versions, key=sort_key)
    assert by_key[len(versions) - len(valid) :] == sorted(valid, key=lambda version: parse_version(version) or 0)
    assert {parse_version(version) for version in by_key[: len(versions) - len(valid)]} <= {None}
