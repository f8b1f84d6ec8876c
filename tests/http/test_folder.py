"""http/folder.py: a folder in place of a service."""

import os
import time
from pathlib import Path

import pytest

from source_pypi.errors import ResponseError
from source_pypi.http.client import Client, Response
from source_pypi.http.folder import Folder


def _client(folder: Path) -> Client:
    return Client(requests_per_second=0, transport=Folder(folder.as_uri(), folder, lambda path: [path, f"{path}.json"]))


def _write(path: Path, content: bytes, age: float = 60) -> None:
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)


def _short(response: Response) -> tuple[int, bytes, bool]:
    return response.status, response.body, response.etag is not None


def test_files_are_responses(tmp_path: Path) -> None:
    """The first file that exists is the body; a missing one, a folder and a POST are 404; URLs are unquoted."""
    _write(tmp_path / "flask", b"one")
    _write(tmp_path / "a b.json", b"two")
    (tmp_path / "folder").mkdir()
    client, root = _client(tmp_path), tmp_path.as_uri()
    assert _short(client.get(f"{root}/flask")) == (200, b"one", True)
    assert _short(client.get(f"{root}/a%20b")) == (200, b"two", True)
    for missing in ("missing", "folder", "flask/below", "x" * 5000):
        assert _short(client.get(f"{root}/{missing}")) == (404, b"", False)
    assert _short(client.post(f"{root}/flask", b"", content_type="text/xml")) == (404, b"", False)
    assert (client.stats.requests, client.stats.bytes_received) == (7, 6)


def test_unchanged_file_is_304(tmp_path: Path) -> None:
    """With the ETag, a file that has neither another time nor another size is 304; any other is read."""
    path, client = tmp_path / "flask", _client(tmp_path)
    url = f"{tmp_path.as_uri()}/flask"
    _write(path, b"one")
    first = client.get(url)
    assert _short(client.get(url, etag=first.etag)) == (304, b"", True)
    _write(path, b"two", age=30)
    second = client.get(url, etag=first.etag)
    assert _short(second) == (200, b"two", True)
    assert second.etag != first.etag
    before = path.stat().st_mtime_ns
    path.write_bytes(b"longer")
    os.utime(path, ns=(before, before))
    assert _short(client.get(url, etag=second.etag)) == (200, b"longer", True)


def test_file_that_has_just_changed_has_no_etag(tmp_path: Path) -> None:
    """A file that was written a moment ago has no ETag: another write could leave its time as it is."""
    _write(tmp_path / "flask", b"one", age=0)
    assert _short(_client(tmp_path).get(f"{tmp_path.as_uri()}/flask")) == (200, b"one", False)


def test_links_stay_in_the_folder(tmp_path: Path) -> None:
    """A link may lead anywhere below the folder; one that leads out of it is an error, and one to nothing is 404."""
    folder = tmp_path / "mirror"
    (folder / "json").mkdir(parents=True)
    _write(folder / "json" / "flask", b"one")
    _write(tmp_path / "secret", b"secret")
    (folder / "inside").symlink_to("json/flask")
    (folder / "outside").symlink_to("../secret")
    (folder / "absolute").symlink_to(tmp_path / "secret")
    (folder / "above").symlink_to("..")
    (folder / "dangling").symlink_to("json/gone")
    (folder / "loop").symlink_to("loop")
    client, root = _client(folder), folder.as_uri()
    assert _short(client.get(f"{root}/inside")) == (200, b"one", True)
    assert _short(client.get(f"{root}/dangling")) == (404, b"", False)
    for name in ("outside", "absolute", "above/secret"):
        with pytest.raises(ResponseError, match="a link leads out of the folder"):
            client.get(f"{root}/{name}")
    with pytest.raises(ResponseError, match="an error of the file system"):
        client.get(f"{root}/loop")


def test_urls_stay_in_the_folder(tmp_path: Path) -> None:
    """A file: URL that leads out of the folder is an error; one of another host is the file at the same path."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    _write(tmp_path / "secret", b"secret")
    client, root = _client(folder), folder.as_uri()
    outside = (f"{root}/../secret", f"{root}/%2e%2e/secret", f"{root}/a%00b", (tmp_path / "secret").as_uri(), root)
    for url in outside:
        with pytest.raises(ResponseError, match="it leads out of the folder"):
            client.get(url)
    _write(folder / "flask.metadata", b"metadata")
    assert _short(client.get("https://files.example.com/flask.metadata")) == (200, b"metadata", True)
    assert _short(client.get("https://files.example.com/other.metadata")) == (404, b"", False)


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    """A pipe does not block, and a file that cannot be read is not a missing one."""
    os.mkfifo(tmp_path / "pipe")
    client, root = _client(tmp_path), tmp_path.as_uri()
    with pytest.raises(ResponseError, match="not a regular file"):
        client.get(f"{root}/pipe")
    tmp_path.rename(tmp_path.with_name("moved"))
    with pytest.raises(ResponseError, match="the folder is not there"):
        client.get(f"{root}/flask")


def test_half_a_file_is_an_error(tmp_path: Path) -> None:
    """A file that is not complete is an error that says why."""
    _write(tmp_path / "page", b"<html>")
    folder = Folder(tmp_path.as_uri(), tmp_path, lambda path: [path], lambda body: "its end is missing")
    with pytest.raises(ResponseError, match="half a file: its end is missing"):
        Client(transport=folder).get(f"{tmp_path.as_uri()}/page")
