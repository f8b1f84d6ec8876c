"""Documents of real projects: each opens, fits the schemas, and tells exactly what is odd about it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from source_pypi.schema import stream_schema
from source_pypi.services.index.api import default_url
from source_pypi.standards.versions import parse_version, sort_key
from source_pypi.streams import STREAMS
from source_pypi.streams.dependencies import dependencies_rows
from source_pypi.streams.files import File, files_rows
from source_pypi.streams.projects import Project, projects_rows
from source_pypi.streams.roles import Role, roles_rows
from source_pypi.streams.stream import Stream
from source_pypi.streams.urls import Url, urls_rows
from source_pypi.streams.versions import Version, versions_rows
from tests.recordings import FILES, FOLDER, NAMES, recorded, recorded_documents
from tests.recordings.record import INDEX, PERSON, PROJECTS
from tests.streams import ROOT, values
from tests.streams.test_versions import NOT_PEP_440, row_with

every_recording = pytest.mark.parametrize("name", NAMES)
every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# All of them --------------------------------------------------------------------------------------------------


def test_what_is_recorded() -> None:
    """There is one recording for each project of the script, at most fourteen."""
    assert tuple(sorted(PROJECTS)) == NAMES
    assert len(NAMES) <= 14


@every_recording
def test_nobody_is_named(name: str) -> None:
    """No address of the public index, of a file host or of a person is in a recording, and no user's name."""
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
def test_nothing_is_lost(name: str) -> None:
    """A recording opens without anything to mend, and has a row for everything that is in it."""
    document = recorded(name)
    assert document.invalid_fields == ()
    streams = {stream.name: stream for stream in STREAMS}
    counted = [len(list(streams[stream].rows(recorded_documents(name)))) for stream in COUNTED]
    assert (document.content.info.name, document.content.info.version, *counted) == COUNTS[name]
    releases = document.content.releases or {}
    assert len(releases) == counted[0]
    assert len({file.filename for files in releases.values() for file in files or ()}) == counted[1]


@every_recording
@every_stream
def test_rows_fit_the_schema(name: str, stream: Stream) -> None:
    """Every row is what the stream's JSON Schema says."""
    validator = jsonschema.Draft7Validator(stream_schema(stream), format_checker=jsonschema.FormatChecker())
    for row in stream.rows(recorded_documents(name)):
        validator.validate(values(row))


@every_recording
def test_versions_sort_as_packaging_has_them(name: str) -> None:
    """Sort keys have the order of PEP 440; what it does not know comes before all that it knows."""
    versions = list(recorded(name).content.releases or {})
    valid = [version for version in versions if parse_version(version) is not None]
    by_key = sorted(versions, key=sort_key)
    assert by_key[len(versions) - len(valid) :] == sorted(valid, key=lambda version: parse_version(version) or 0)
    assert {parse_version(version) for version in by_key[: len(versions) - len(valid)]} <= {None}


# Odd versions -------------------------------------------------------------------------------------------------

#: Whole rows, by project and version.
VERSIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("pytz", "2004d"): NOT_PEP_440
    | {
        "first_upload_at": at("2013-10-01T15:26:28.692518"),
        "last_upload_at": at("2013-10-01T15:26:28.692518"),
        "file_count": 1,
        "total_size": 151794,
        "has_sdist": True,
        "yanked": False,
    },
    ("pytz", "2013b"): {
        "normalized_version": "2013b0",
        "is_prerelease": True,
        "pre": "b0",
        "first_upload_at": at("2013-03-14T17:51:25.964977"),
        "last_upload_at": at("2013-03-14T17:57:38.271887"),
        "file_count": 6,
        "total_size": 2630406,
        "has_sdist": True,
        "yanked": False,
    },
    ("mysql-python", "1.2.1_p2"): NOT_PEP_440,
    ("mysql-python", "1.2.1c4"): {"normalized_version": "1.2.1rc4", "is_prerelease": True, "pre": "rc4"},
    ("cx-oracle", "5.0"): {},
    ("cx-oracle", "8.0.0"): {
        "first_upload_at": at("2020-06-26T16:58:53.578841"),
        "last_upload_at": at("2020-06-26T16:59:19.361838"),
        "file_count": 4,
        "total_size": 871177,
        "has_sdist": True,
        "has_wheel": True,
        "yanked": True,
    },
    ("pywin32", "210"): {},
    ("pywin32", "222"): {
        "first_upload_at": at("2018-01-21T05:48:10.130821"),
        "last_upload_at": at("2018-01-21T06:00:34.748805"),
        "file_count": 3,
        "total_size": 23254750,
        "has_wheel": True,
        "yanked": False,
    },
    ("pylint", "2.0.0.dev1"): {
        "is_prerelease": True,
        "dev": 1,
        "first_upload_at": at("2018-05-28T14:59:45.821525"),
        "last_upload_at": at("2018-05-28T14:59:48.172168"),
        "file_count": 2,
        "total_size": 1269779,
        "has_sdist": True,
        "has_wheel": True,
        "requires_python": ">=3.4.*",
        "yanked": False,
    },
    ("zope-interface", "6.4"): {
        "first_upload_at": at("2024-05-15T20:22:41.551965"),
        "last_upload_at": at("2024-05-15T20:24:29.140162"),
        "file_count": 4,
        "total_size": 996693,
        "has_sdist": True,
        "has_wheel": True,
        "requires_python": ">=3.7",
        "yanked": True,
        "yanked_reason": '"wrong" name of sdist',
    },
    ("zope-interface", "3.0.0b1"): {"is_prerelease": True, "pre": "b1"},
    ("setuptools", "13.0"): {},
    ("setuptools", "51.1.0.post20201221"): {
        "post": 20201221,
        "first_upload_at": at("2020-12-21T02:32:47.384049"),
        "last_upload_at": at("2020-12-21T02:32:49.073504"),
        "file_count": 2,
        "total_size": 4027162,
        "has_sdist": True,
        "has_wheel": True,
        "requires_python": ">=3.6",
        "yanked": True,
        "yanked_reason": "pypa/setuptools#2500",
    },
    ("twisted", "8.0.0"): {},
    ("0-0", "0.1"): {"is_latest": True, "yanked": False},
}


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_odd_versions(name: str, version: str) -> None:
    """Versions without files, from before PEP 440, of integers only, in another spelling, and yanked ones."""
    expected = row_with(version, project=name, **VERSIONS[name, version])
    rows = [row for row in versions_rows(recorded_documents(name)) if isinstance(row, Version)]
    assert [row for row in rows if row.version == version] == [expected]


def test_a_letter_behind_a_year() -> None:
    """What pytz called 2013b, the second release of a year, PEP 440 takes for a pre-release before 2013.6."""
    rows = [row for row in versions_rows(recorded_documents("pytz")) if isinstance(row, Version)]
    assert [row.version for row in sorted(rows, key=lambda row: row.sort_key)] == [
        *("2004d", "2005e", "2005k", "2006g", "2008i"),
        *("2004a", "2004b", "2013b", "2013.6", "2014.10", "2026.6"),
    ]


def test_only_prereleases() -> None:
    """Of a project that has only pre-releases, the highest is the latest."""
    rows = versions_rows(recorded_documents("opentelemetry-semantic-conventions"))
    told = [(row.version, row.is_prerelease, row.is_latest) for row in rows if isinstance(row, Version)]
    assert told == [("0.20b0", True, False), ("0.66b2", True, True)]


# Odd files ----------------------------------------------------------------------------------------------------

#: Project, version, kind, Python version, size, folder below the host, checksums and the rest, by file name.
ODD_FILES: dict[str, tuple[str, str, str, str, int, str, str, str, dict[str, Any]]] = {
    "cx_Oracle-5.1.3-12c.win32-py3.3.exe": (
        "cx-oracle",
        "5.1.3",
        "bdist_wininst",
        "3.3",
        289831,
        f"{FILES}/packages/1e/0a/3079a8ad71cbc115a752715a97a9b72049a33af98672e6a7ccaf224b287f",
        "418c0aee59fadfcf768ab8673b1b6aba",
        "ac75491722bd63754863a5b110be4f6f8a5ca90f1ccae0d89c6a84b3204e6602",
        {"uploaded_at": at("2014-05-25T04:11:53.294319")},
    ),
    "cx_Oracle-5.2.1-11g-py27-1.x86_64.rpm": (
        "cx-oracle",
        "5.2.1",
        "bdist_rpm",
        "2.7",
        172220,
        f"{FILES}/packages/93/d8/3acdd4d3176a877a396647f55191549b8624f1157bf2e1ada6bb1f92615d",
        "f7cae1f618584d3ecb99da3808f49d51",
        "fe1c4d0cc89a60c6d6cd3b8d6a9589791cedca4271a81b74b1549efe19b2ac92",
        {"uploaded_at": at("2016-01-20T17:39:30.218062")},
    ),
    "MySQL_python-1.2.2-py2.4-win32.egg": (
        "mysql-python",
        "1.2.2",
        "bdist_egg",
        "2.4",
        833739,
        f"{FILES}/packages/66/8f/d22ffc75b2e9b1d9c264c0cd715359e589f1f1f7edfb48e0923401ac3f8f",
        "6620279666cb40e26d89079b55e61a3f",
        "35e098febdfc2e97f417a8c37131c47cc88bc65ec1ee7bf01f55ff8d1bf23830",
        {"uploaded_at": at("2007-03-14T14:32:41"), "comment_text": "Win32 MySQL-5.0"},
    ),
    "setuptools-0.6c10-1.src.rpm": (
        "setuptools",
        "0.6c10",
        "bdist_rpm",
        "any",
        269407,
        f"{ROOT}/packages/packages/58/24/429cfabb3bad49f4f4d4222de00767596449207d9a399dbd6377596f5c98",
        "dd9d3819120f1c75456422e5a8b8c425",
        "850bafd56ead0e69fc3c35bc5a08b5b82119cf0a58a3fd7ad375282a5d5165c8",
        {"uploaded_at": at("2009-10-19T21:49:34.075185"), "comment_text": "built for redhat 4.3"},
    ),
    "Twisted-10.1.0.winxp32-py2.6.msi": (
        "twisted",
        "10.1.0",
        "bdist_msi",
        "2.6",
        2621440,
        f"{ROOT}/packages/packages/e8/a2/95cfa0d283335b889d729aa6817dafd3668bca81c780d68e8ab3d5f87809",
        "bab4611abfdd63fc92424f4afa1e2865",
        "ac6a1c13882dd6ee508ae4e4bcc3bd16bb9b2ea2b56eddc3a56d7dc7c4773572",
        {"uploaded_at": at("2010-07-04T17:20:10.023560")},
    ),
    "Twisted-13.0.0-cp27-none-win_amd64.whl": (
        "twisted",
        "13.0.0",
        "bdist_wheel",
        "2.7",
        2860849,
        f"{ROOT}/packages/packages/3e/f1/e7523f5f19f29b4200553d42230b251cfad70af8a95e02507c26b2d42605",
        "f80acd0fc026f414a8cd6d19b118e3d4",
        "e2cc297e0e1cf7e68a4ded5cd84375c8a04b9a1f6e0ac47ecb3297c854f343fa",
        {
            "uploaded_at": at("2013-04-04T10:14:23.339421"),
            "python_tags": ["cp27"],
            "abi_tags": ["none"],
            "platform_tags": ["win_amd64"],
        },
    ),
}


@pytest.mark.parametrize("filename", ODD_FILES)
def test_odd_files(filename: str) -> None:
    """File of every kind that there ever was are whole rows; mirrors' relative addresses are absolute."""
    project, version, kind, python, size, folder, md5, sha256, rest = ODD_FILES[filename]
    nothing = ("build_tag", "python_tags", "abi_tags", "platform_tags", "core_metadata_sha256", "requires_python")
    plain = dict.fromkeys((*nothing, "yanked_reason", "comment_text", "downloads"))
    expected = File(
        project=project,
        version=version,
        filename=filename,
        packagetype=kind,
        python_version=python,
        size=size,
        url=f"{folder}/{filename}",
        md5=md5,
        sha256=sha256,
        blake2b_256="".join(folder.split("/")[-3:]),
        has_core_metadata=False,
        yanked=False,
        has_sig=False,
        **plain | rest,
    )
    rows = [row for row in files_rows(recorded_documents(project)) if isinstance(row, File)]
    assert [row for row in rows if row.filename == filename] == [expected]


def test_several_sdists() -> None:
    """A release may have a source distribution in each of several formats."""
    rows = [row for row in files_rows(recorded_documents("feedparser")) if isinstance(row, File)]
    assert [(row.filename, row.packagetype) for row in rows if row.version == "5.0"] == [
        ("feedparser-5.0.zip", "sdist"),
        ("feedparser-5.0.tar.bz2", "sdist"),
        ("feedparser-5.0.tar.gz", "sdist"),
    ]


# Odd metadata -------------------------------------------------------------------------------------------------


def test_nothing_but_unknown() -> None:
    """The name 0-._.-._.-0 in its normal form; everything that was said of it as UNKNOWN is null."""
    nothing = ("summary", "author", "author_email", "maintainer", "maintainer_email", "license", "license_expression")
    also = ("license_files", "keywords", "requires_python", "requires_dist", "extras", "home_page", "yanked_reason")
    expected = Project(
        project="0-0",
        name="0-._.-._.-._.-._.-._.-._.-0",
        latest_version="0.1",
        classifiers=[],
        project_urls={"Download": None, "Homepage": None},
        yanked=False,
        version_count=1,
        file_count=0,
        total_size=0,
        serial=1448421,
        **dict.fromkeys((*nothing, *also, "organization", "first_upload_at", "last_upload_at")),
    )
    assert list(projects_rows(recorded_documents("0-0"))) == [expected]
    assert list(urls_rows(recorded_documents("0-0"))) == []


def test_empty_texts() -> None:
    """Empty texts are null, what only looks empty is not."""
    document = recorded("cx-oracle").content.info
    assert (document.maintainer, document.requires_python, document.author) == ("", "", '"Anthony Tuininga",')
    (row,) = projects_rows(recorded_documents("cx-oracle"))
    assert isinstance(row, Project)
    assert (row.maintainer, row.requires_python, row.author) == (None, None, '"Anthony Tuininga",')


def test_a_whole_licence() -> None:
    """A licence may be a whole text of many lines, and is not cut."""
    (row,) = projects_rows(recorded_documents("terminado"))
    assert isinstance(row, Project)
    assert row.license is not None
    assert row.license == recorded("terminado").content.info.license
    assert (len(row.license), row.license[:20]) == (1392, "BSD 2-Clause License")


def test_invalid_requires_python() -> None:
    """A requires_python that PEP 440 does not know is kept as it is, in files and versions."""
    documents = recorded_documents("pylint")
    rows = [*versions_rows(documents), *files_rows(documents)]
    of_one = [row for row in rows if isinstance(row, Version | File) and row.version == "2.0.0"]
    assert [(type(row).__name__, row.requires_python) for row in of_one] == [
        ("Version", ">=3.4.*"),
        ("File", ">=3.4.*"),
        ("File", ">=3.4.*"),
    ]


def test_addresses_that_mean_nothing() -> None:
    """Of two addresses one of which is UNKNOWN, one is told, under both its labels."""
    assert list(urls_rows(recorded_documents("wsgiref"))) == [
        Url(
            project="wsgiref",
            version="0.1.2",
            label=label,
            well_known="homepage",
            url=f"{ROOT}/pypi/wsgiref",
            source=source,
        )
        for label, source in (("Homepage", "project_urls"), ("Home-page", "home_page"))
    ]


def test_owned_by_an_organization() -> None:
    """A project may belong to an organization and to no user."""
    (row,) = projects_rows(recorded_documents("twisted"))
    assert isinstance(row, Project)
    assert row.organization == "twisted"
    assert list(roles_rows(recorded_documents("twisted"))) == []
    assert list(roles_rows(recorded_documents("wsgiref"))) == [Role(project="wsgiref", role="Owner", user="user-1")]


def test_many_dependencies() -> None:
    """Every requirement of real projects parses, and names its extra where it has one."""
    rows: list[Any] = [row for name in NAMES for row in dependencies_rows(recorded_documents(name))]
    assert [row.requirement for row in rows if row.parse_error is not None] == []
    assert [row.requirement for row in rows if ("extra" in row.requirement) != (row.extra is not None)] == []
