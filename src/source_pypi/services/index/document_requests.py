"""Requests for documents: parsed, checked to be what was asked for, and not older than what was read before.

Reading on
    index-api.md 2.1 (what the operators ask of clients), 12 (old copies).
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from source_pypi.errors import DocumentError, NotOfferedError, ResponseError, StaleError
from source_pypi.http.client import Client, Response
from source_pypi.services.index.documents import UNCHANGED, Document, Fingerprint, Unchanged
from source_pypi.services.index.documents.document import T
from source_pypi.services.index.documents.html_page import utf8_html
from source_pypi.services.index.documents.page import serial_of
from source_pypi.services.index.locations import Locations

#: Tries of a document that is older than the one that was read before; bandersnatch tries as often (index-api.md 12).
STALE_TRIES = 3
#: What servers add to an ETag for a compressed body.
_CODING_OF_ETAG = re.compile(r"[-;:]+(gzip|br|df|deflate|zstd)$")


class _MisdirectedError(Exception):
    """A response that belongs to another request; ``error`` says so to the user."""

    def __init__(self, error: DocumentError) -> None:
        self.error = error
        super().__init__(error)


def accept_any(document: Document[Any]) -> bool:  # noqa: ARG001
    """Accept any document."""
    return True


class DocumentRequests:
    """Requests for the documents of one index.

    :param client: sends the requests.
    :param locations: learns from the responses.
    """

    def __init__(self, client: Client, locations: Locations) -> None:
        self._client, self._locations = client, locations
        self._named: frozenset[type] = frozenset()  # types of documents that name their project; replaced, not changed

    def get(
        self,
        url: str,
        parse: Callable[..., Document[T]],
        previous: Fingerprint,
        accept: str,
        check: Callable[[Document[T]], bool] = accept_any,
        *,
        page: str = "",
        same_host: bool = True,
    ) -> Document[T] | Unchanged | None:
        """Request a document; a conditional request if the previous fingerprint has an ETag.

        A response that belongs to another request shows that a proxy or server mixes up the responses of a connection.
        The document is then requested once more, in full and over a new connection. So is a document that does not name
        its project, as others of its type have done in this run.

        :param parse: called with the body, and with ``url``, ``etag`` and ``serial``.
        :param check: raises ``DocumentError`` if the document is not the one that was requested; returns whether the
            document names its project.
        :param page: what the document is called if it is a page, which may be offered in another form only.
        :param same_host: whether it is one of the index's own, and a redirect to another host no answer.
        :raises DocumentError: when the response is another document; also raises what ``Client.get`` raises.
        :raises StaleError: when the document is older than the previous one in all tries.
        """
        get = partial(self._get, url, accept=accept, page=page, same_host=same_host)
        try:
            return self._read(get, parse, previous, check)
        except _MisdirectedError:
            self._client.renew_connections()
        try:
            return self._read(get, parse, Fingerprint(serial=previous.serial), check, again=True)
        except _MisdirectedError as error:
            self._client.renew_connections()
            raise error.error from None

    def _read(
        self,
        get: Callable[[str | None], Response],
        parse: Callable[..., Document[T]],
        previous: Fingerprint,
        check: Callable[[Document[T]], bool],
        *,
        again: bool = False,
    ) -> Document[T] | Unchanged | None:
        """Request a document, again if it is older than the previous one.

        :param again: whether it is requested over a new connection: a document without a name is then accepted.
        :raises _MisdirectedError: when the response belongs to another request.
        """
        for tries in range(1, STALE_TRIES + 1):
            response = get(previous.etag)
            if response.status == 404:
                return None
            if response.status == 304:
                if previous.etag is not None and _is_same_etag(previous.etag, response.etag):
                    return UNCHANGED
                raise _MisdirectedError(DocumentError(response.url, "a document", "304 to another request"))
            document = self._parsed(response, parse, check, again=again)
            serial = document.best_serial
            if previous.serial is None or serial is None or serial >= previous.serial:
                return document
            if tries < STALE_TRIES:
                reason = f"an old copy, serial {serial} instead of {previous.serial}"
                self._client.wait_before_retry(response.url, reason, tries)
        raise StaleError(document.url, serial, previous.serial)

    def _get(self, url: str, etag: str | None, *, accept: str, page: str, same_host: bool) -> Response:
        """Request a URL, and learn from the response which software serves the index.

        :raises NotOfferedError: when the index has a page, but neither as JSON nor as HTML (406).
        """
        response = self._client.get(url, accept=accept, etag=etag, same_host=same_host)
        if same_host:
            self._locations.learn(url, response)
        if response.status == 406 and page:
            raise NotOfferedError(f"{page} as JSON or HTML (PEP 691)", response.url, "answered 406")
        if response.status == 406:
            raise ResponseError(response.url, "406 Not Acceptable")
        return response

    def _parsed(
        self,
        response: Response,
        parse: Callable[..., Document[T]],
        check: Callable[[Document[T]], bool],
        *,
        again: bool,
    ) -> Document[T]:
        """Parse a response; the error quotes the beginning of the body, unless that contains the credentials.

        A body of another kind may belong to the request before: the connection is not used any more.
        """
        serial = serial_of(response.headers.get("X-PyPI-Last-Serial"))
        try:
            body = utf8_html(response.body, response.headers.get("Content-Type"))
            document = parse(body, url=response.url, etag=response.etag, serial=serial)
        except DocumentError as error:
            self._client.renew_connections()
            if not self._client.repeats_credentials(response.body):
                raise
            raise DocumentError(error.url, error.expected, self._client.quoted("", response.body)) from None
        try:
            named = check(document)
        except DocumentError as error:
            raise _MisdirectedError(error) from None
        type_ = type(document.content)
        if named and type_ not in self._named:
            self._named |= {type_}
        elif not named and type_ in self._named and not again:
            raise _MisdirectedError(DocumentError(document.url, "a document that names its project", "none"))
        return document


def _is_same_etag(sent: str, received: str | None) -> bool:
    """Whether a 304 with an ETag is about the ETag that was sent; a 304 may omit it."""
    if received is None:
        return True
    one, other = (
        _CODING_OF_ETAG.sub("", text.strip().removeprefix("W/").replace('"', "")) for text in (sent, received)
    )
    return one == other
