"""services/index/on_disk.py: a mirror on disk, or saved documents, is an index."""

from pathlib import Path
from typing import Any

import pytest

import source_pypi
from source_pypi.config import make_config
from source_pypi.errors import SettingError
from source_pypi.services.index.api import open_index
from tests.fake_index import FakeIndex
from tests.fake_index.client import ask
from tests.mirrors import NAMES, write_mirror

_STREAMS = ("projects", "versions", "files", "dependencies", "urls", "classifiers", "licenses", "vulnerabilities")


def _rows(url: str, stream: str, projects: tuple[str, ...] = NAMES) -> list[dict[str, Any]]:
    """The rows of a stream as plain values, without the time of the run."""
    rows = source_pypi.read(stream, list(projects), index_url=url)  # type: ignore[call-overload]
    return [{key: value for key, value in row.as_dict().items() if key != "seen_at"} for row in rows]


@pytest.mark.usefixtures("mirrored")
@pytest.mark.parametrize("hash_index", [False, True])
def test_rows_are_those_of_the_index(serve: Any, tmp_path: Path, hash_index: bool) -> None:
    """Every stream has the same rows from a mirror on disk as from an index that serves the same documents."""
    fake = serve(strict=False)
    mirror = write_mirror(fake, tmp_path / "mirror", NAMES, hash_index=hash_index)
    for stream in (*_STREAMS, "project", "statuses"):
        fake.new_run()
        expected, found = _rows(fake.url, stream), _rows(mirror.as_uri(), stream)
        assert found == expected
        assert expected
    described = _rows(mirror.as_uri(), "core_metadata", ("flask",))
    assert [(row["project"], row["version"]) for row in described] == [("flask", "2.0")]


@pytest.mark.usefixtures("mirrored")
def test_saved_documents_are_an_index(fake: FakeIndex, tmp_path: Path) -> None:
    """A folder of NAME.json is an index; so is a tree of HTML pages."""
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "flask.json").write_bytes(ask(fake, "/pypi/flask/json").body)
    assert _rows(saved.as_uri(), "versions", ("flask",)) == _rows(fake.url, "versions", ("flask",))
    page = tmp_path / "pages" / "simple" / "flask" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_bytes(ask(fake, "/simple/flask/", accept="text/html").body)
    pages = page.parents[2].as_uri()
    assert {row["version"] for row in _rows(pages, "files", ("flask",))} == {"1.0", "2.0"}
    page.write_bytes(page.read_bytes()[: page.stat().st_size // 2])
    with pytest.raises(source_pypi.errors.SourceError, match="half a file: </html> is missing"):
        _rows(pages, "files", ("flask",))


def test_missing_folder_is_an_error_of_the_setting(tmp_path: Path) -> None:
    """A folder that is not there is an error that names the setting, also if it is mounted later."""
    config = make_config({"index_url": str(tmp_path / "none")})
    with pytest.raises(SettingError, match=r"'index_url': is .*none, and there is no such folder"):
        open_index(config)


def test_folder_by_path_or_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, a relative path and every form of a file: URL are one index."""
    monkeypatch.chdir(tmp_path)
    forms = (
        "./a b",
        f"{tmp_path}/a b/",
        f"file:{tmp_path}/a b",
        f"file://localhost{tmp_path}/a%20b",
        f"{tmp_path}/c/../a b",
    )
    urls = {make_config({"index_url": form}).index_url for form in forms}
    assert urls == {f"{tmp_path.as_uri()}/a%20b"}
    for other in ("file://server/share", "file:", "mirror", "ftp://example.com"):
        with pytest.raises(SettingError, match="must be a URL"):
            make_config({"index_url": other})
