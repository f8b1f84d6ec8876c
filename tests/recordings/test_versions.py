"""Unusual versions of recorded projects."""

from typing import Any

import pytest

from source_pypi.streams.versions import Version, versions_rows
from tests.recordings import at, recorded_documents
from tests.streams.test_versions import NOT_PEP_440, row_with

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
def test_unusual_versions(name: str, version: str) -> None:
    """Versions without files, from before PEP 440, of integers, in another spelling, and yanked ones are whole rows."""
    expected = row_with(version, project=name, **VERSIONS[name, version])
    rows = [row for row in versions_rows(recorded_documents(name)) if isinstance(row, Version)]
    assert [row for row in rows if row.version == version] == [expected]


def test_letter_after_a_year_is_a_prerelease() -> None:
    """2013b of pytz, the second release of a year, is in PEP 440 a pre-release before 2013.6."""
    rows = [row for row in versions_rows(recorded_documents("pytz")) if isinstance(row, Version)]
    assert [row.version for row in sorted(rows, key=lambda row: row.sort_key)] == [
        *("2004d", "2005e", "2005k", "2006g", "2008i"),
        *("2004a", "2004b", "2013b", "2013.6", "2014.10", "2026.6"),
    ]


def test_latest_release_if_all_are_prereleases() -> None:
    """If all releases are pre-releases, the highest is the latest."""
    rows = versions_rows(recorded_documents("opentelemetry-semantic-conventions"))
    found = [(row.version, row.is_prerelease, row.is_latest) for row in rows if isinstance(row, Version)]
    assert found == [("0.20b0", True, False), ("0.66b2", True, True)]
