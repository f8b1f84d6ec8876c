"""services/index/documents/project.py: files, also where an index omits keys."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest

from source_pypi.services.index.documents import File, Info, Project


def in_zone(file: File) -> tuple[datetime | None, tzinfo | None]:
    """The time of an upload, and its zone."""
    when = file.uploaded()
    return when, None if when is None else when.tzinfo


def test_upload_time_is_in_utc() -> None:
    """The time with a zone counts, else the older key, which is in UTC; the result is in UTC."""
    whole, old = datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 3)
    elsewhere = whole.astimezone(timezone(timedelta(hours=2)))
    assert File(upload_time=old, upload_time_iso_8601=whole).uploaded() is whole
    assert in_zone(File(upload_time_iso_8601=elsewhere)) == (whole, UTC)
    assert in_zone(File(upload_time=old)) == (datetime(2020, 1, 3, tzinfo=UTC), UTC)
    assert File().uploaded() is None


@pytest.mark.parametrize(
    ("filename", "url", "name"),
    [
        ("a.whl", "http://b/c.whl", "a.whl"),
        (None, "http://b/x/c.whl#sha256=d/e", "c.whl"),
        (None, "c.whl", "c.whl"),
        (None, "http://b/x/c.tar.gz?X-Signature=a/b#sha256=d", "c.tar.gz"),
        (None, "http://b/x/c-2.0%2Bcu118-py3-none-any.whl", "c-2.0+cu118-py3-none-any.whl"),
        (None, "http://b/", None),
        (None, None, None),
    ],
)
def test_file_name_from_the_url(filename: str | None, url: str | None, name: str | None) -> None:
    """A file without a name has the name at the end of its URL."""
    assert File(filename=filename, url=url).name() == name


def test_files_by_version() -> None:
    """Files are listed by version; without ``releases``, those of the latest release."""
    file = File("a.whl")
    assert Project(Info(), releases={"1.0": [file], "2.0": None}).listed() == {"1.0": [file], "2.0": []}
    assert Project(Info(version="1.0"), urls=[file]).listed() == {"1.0": [file]}
    assert Project(Info(version="1.0")).listed() == {"1.0": []}
    assert Project(Info(), urls=[file]).listed() == {}
    assert Project(Info(version="1.0"), urls=[file], releases={}).listed() == {}
