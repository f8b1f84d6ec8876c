"""A folder in place of a service: a client reads its files as if a web server sent them. Nothing is sent anywhere.

Which files are read
    Regular files below the folder only. A URL that leads out of it is refused, and so is a symbolic link. A URL of
    another host, such as that of a file's METADATA, stands for the file at the same path of the folder: mirrors keep
    the paths. Where there is none, it is 404.

Conditional requests
    The ETag is made of the time of the last change and the size. A file that changed less than ``SETTLED`` ago has
    none, since a later change could leave both as they are; the document is then compared by its content.
"""

import errno
import io
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import urllib3

from source_pypi.errors import ResponseError
from source_pypi.http import compression
from source_pypi.http.proxy import Proxy
from source_pypi.standards.index_urls import is_on_disk

#: Nanoseconds after which a change of a file shows in its time, also on a file system that rounds it to two seconds.
SETTLED = 3_000_000_000
#: Errors that say that there is no such file.
_MISSING = (FileNotFoundError, NotADirectoryError)


class Folder:
    """Answers requests for URLs below ``root`` with files of a folder. Safe to share between threads.

    :param root: the URL that stands for the folder, without a final slash.
    :param folder: the folder; links within it may lead anywhere below it.
    :param paths: returns the paths, below the folder, of the files that may have what is requested at a path below the
        root; the first file that exists is read.
    :param invalid: returns why a file is not complete; None: it may be.
    :param now: nanoseconds since 1970; tests replace it.
    """

    def __init__(
        self,
        root: str,
        folder: Path,
        paths: Callable[[str], Iterable[str]],
        invalid: Callable[[bytes], str | None] = lambda body: None,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._root, self._folder, self._paths = root, folder.resolve(), paths
        self._invalid, self._now = invalid, now

    def open(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        """Return the file at a URL: status 200, 304 or 404.

        :param body: what is posted; there is nothing that takes it: 404.
        :raises ResponseError: when the URL or a link leads out of the folder, or the file cannot be read.
        """
        path = self._path_of(url)
        for candidate in self._paths(path) if body is None else ():
            found = self._read(candidate, url, headers.get("If-None-Match"))
            if found is not None:
                return found
        if not self._folder.is_dir():
            raise ResponseError(url, "nothing: the folder is not there")
        return _response(404)

    def renew(self) -> None:
        """Do nothing: there are no connections."""

    def proxy(self, url: str) -> Proxy | None:  # noqa: ARG002
        """Return None: no proxy leads to a folder."""
        return None

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _path_of(self, url: str) -> str:
        """The path below the root, or below another host."""
        inside = url.startswith(f"{self._root}/")
        path = unquote(url.removeprefix(f"{self._root}/") if inside else urlsplit(url).path.lstrip("/"))
        if (not inside and is_on_disk(url)) or ".." in path.split("/") or "\0" in path:
            raise ResponseError(url, "nothing: it leads out of the folder")
        return path

    def _read(self, path: str, url: str, condition: str | None) -> urllib3.BaseHTTPResponse | None:
        """The file at a path; None: there is none."""
        try:
            real = Path(os.path.realpath(self._folder / path.lstrip("/"), strict=True))
            if not real.is_relative_to(self._folder):
                raise ResponseError(url, "nothing: a link leads out of the folder")
            with open(real, "rb", opener=_opened) as file:
                return self._answer(file, url, condition)
        except (*_MISSING, IsADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise ResponseError(url, f"an error of the file system: {error.strerror}") from error

    def _answer(self, file: io.BufferedReader, url: str, condition: str | None) -> urllib3.BaseHTTPResponse:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise ResponseError(url, "nothing: it is not a regular file")
        etag = f'"{before.st_mtime_ns:x}-{before.st_size:x}"' if before.st_mtime_ns + SETTLED < self._now() else None
        if etag is not None and etag == condition:
            return _response(304, etag=etag)
        body = file.read(compression.LARGEST_ANSWER + 1)
        after = os.fstat(file.fileno())
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise ResponseError(url, "half a file: it is being written")
        if (reason := self._invalid(body)) is not None:
            raise ResponseError(url, f"half a file: {reason}")
        return _response(200, body, etag)


def _opened(path: str, flags: int) -> int:
    """Open a file that is no link; a pipe does not block."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _response(status: int, body: bytes = b"", etag: str | None = None) -> urllib3.BaseHTTPResponse:
    headers = {"Content-Length": str(len(body))} | ({"ETag": etag} if etag is not None else {})
    return urllib3.HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
