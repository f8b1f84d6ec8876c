"""The source ``pypistats``: one request for each project and series, answered with the last 180 days.

Limits
    5 requests a second and 30 a minute for each address, without a Retry-After; the site asks for each project at most
    once a day. It sends no ETag, so the day of the last success is remembered instead (``progress.py``).

Errors
    Their bodies are HTML or plain text. A project without downloads is a 404 of ``overall``, and an empty list of the
    other two. Filters change the case of their values (``null`` becomes ``Null``) and so find nothing: none is sent.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from source_pypi.errors import DocumentError, ResponseError, SourceError
from source_pypi.http.client import Client, Response
from source_pypi.safety.redaction import without_credentials
from source_pypi.services.clients import decoded
from source_pypi.services.downloads.documents import Count, DownloadCounts
from source_pypi.services.downloads.task import Task

SOURCE = "pypistats"
#: The documents by dimensions of their series. Those with a dimension leave mirrors out.
DOCUMENTS = {(): "overall", ("python",): "python_minor", ("system",): "system"}
#: Requests a minute: one fewer than the limit, because they do not arrive as evenly as they are sent.
REQUESTS_PER_MINUTE = 29
#: What the source writes for an unknown Python or system.
_UNKNOWN = "null"
_EXPECTED = "a JSON object of downloads by day"


class _Entry(Struct):
    category: str
    date: date
    downloads: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Document(Struct):
    data: list[_Entry]
    package: str
    type: str


_DECODER = msgspec.json.Decoder(_Document)


class Pypistats:
    """Reads the downloads of projects.

    :param client: sends the requests.
    :param url: the URL under which ``api/packages`` is.
    """

    name = SOURCE
    settings = "downloads_url"

    def __init__(self, client: Client, url: str) -> None:
        self._client, self._url = client, url.rstrip("/")

    @property
    def url(self) -> str:
        """Its URL without credentials."""
        return without_credentials(self._url)

    def close(self) -> None:
        """As of ``Source``."""
        self._client.close()

    def read(self, tasks: Sequence[Task], today: date) -> Iterator[tuple[Task, DownloadCounts | SourceError]]:
        """Yield the counts of each task, or why its document cannot be read.

        :raises SourceError: when the service cannot be read.
        """
        for task in tasks:
            try:
                found: DownloadCounts | SourceError = self._counts(task, today)
            except (DocumentError, ResponseError) as error:
                found = error
            yield task, found

    def _counts(self, task: Task, today: date) -> DownloadCounts:
        """All counts that the source has of a series; none: it knows of none.

        :raises SourceError: when the document cannot be read.
        """
        document = DOCUMENTS[task.dimensions]
        response = self._client.get(f"{self._url}/api/packages/{task.project}/{document}")
        entries = () if response.status == 404 else self._entries(response, task.project, document)
        counts = tuple(_count(entry, task.dimensions) for entry in entries)
        if len({(one.day, one.category, one.values) for one in counts}) < len(counts):
            raise DocumentError(response.url, _EXPECTED, "a day and category twice")
        return DownloadCounts(task.project, SOURCE, task.dimensions, today, counts)

    def _entries(self, response: Response, project: str, document: str) -> list[_Entry]:
        """The entries of a document that is about this project.

        :raises DocumentError: when it is another document.
        """
        if response.status != 200:
            raise DocumentError(response.url, _EXPECTED, f"status {response.status}")
        answer = decoded(_DECODER, response.body, response.url, _EXPECTED)
        if (answer.package, answer.type) != (project, f"{document}_downloads"):
            found = self._client.quoted(f"{answer.type[:60]} of {answer.package[:60]}", response.body)
            raise DocumentError(response.url, f"{document} of {project}", found)
        return answer.data


def _count(entry: _Entry, dimensions: tuple[str, ...]) -> Count:
    if not dimensions:
        return Count(entry.date, entry.downloads, category=entry.category)
    return Count(entry.date, entry.downloads, ("" if entry.category == _UNKNOWN else entry.category,))
