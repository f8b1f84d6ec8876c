"""Project and release documents: what is told of them where an index leaves things out."""

from datetime import UTC, datetime

import pytest

from source_pypi.documents import File, Info, Project


def test_when_a_file_was_uploaded() -> None:
    """The time with a zone counts; else the older one."""
    whole, old = datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 2)
    assert File(upload_time=old, upload_time_iso_8601=whole).uploaded() is whole
    assert File(upload_time=old).uploaded() is old
    assert File().uploaded() is None


@pytest.mark.parametrize(
    ("filename", "url", "name"),
    [
        ("a.whl", "http://b/c.whl", "a.whl"),
        (None, "http://b/x/c.whl#sha256=d/e", "c.whl"),
        (None, "c.whl", "c.whl"),
        (None, "http://b/", None),
        (None, None, None),
    ],
)
def test_the_name_of_a_file(filename: str | None, url: str | None, name: str | None) -> None:
    """A file without a name is called as its address ends."""
    assert File(filename=filename, url=url).name() == name


def test_files_by_version() -> None:
    """Files stand by version; where no releases are listed, those of the latest one."""
    file = File("a.whl")
    assert Project(Info(), releases={"1.0": [file], "2.0": None}).listed() == {"1.0": [file], "2.0": []}
    assert Project(Info(version="1.0"), urls=[file]).listed() == {"1.0": [file]}
    assert Project(Info(version="1.0")).listed() == {"1.0": []}
    assert Project(Info(), urls=[file]).listed() == {}
    assert Project(Info(version="1.0"), urls=[file], releases={}).listed() == {}
