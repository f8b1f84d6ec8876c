"""The most downloaded projects, from a public list of the last calendar month (beyond-index.md 1.5).

The list decides which projects are read, and in which order. Its counts are not used.
"""

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.config import Config
from source_pypi.errors import DocumentError
from source_pypi.safety.redaction import without_credentials
from source_pypi.services.clients import decoded, open_client, service_errors

if TYPE_CHECKING:
    from source_pypi.http.request_log import RequestLog, RetryWait

_EXPECTED = "a JSON object whose 'rows' have a 'project' each"


class _Entry(Struct):
    project: str


class _List(Struct):
    rows: list[_Entry]


_DECODER = msgspec.json.Decoder(_List)


def top_projects(
    config: Config, on_event: "Callable[[RetryWait | RequestLog], None]" = lambda event: None
) -> tuple[NormalizedName, ...]:
    """The normalised names of the ``top`` most downloaded projects, the most downloaded first, in one request.

    Without the setting, nothing is requested. Names that are not those of projects are left out.

    :raises SourceError: when the list cannot be read.
    """
    if not config.top:
        return ()
    from source_pypi.http.credentials import credentials_for

    client = open_client(config, credentials_for(config.top_url), on_event, requests_per_second=0)
    with service_errors("top_url"), closing(client):
        names = _names(client.get(config.top_url).body, without_credentials(config.top_url))
    return tuple(names)[: config.top]


def _names(body: bytes, url: str) -> dict[NormalizedName, None]:
    """The names in the list, each once, in its order.

    :raises DocumentError: when it is another document, or has no names.
    """
    if not body:
        raise DocumentError(url, _EXPECTED, "nothing: there is no such document")
    names = dict[NormalizedName, None]()
    for row in decoded(_DECODER, body, url, _EXPECTED).rows:
        try:
            names[canonicalize_name(row.project, validate=True)] = None
        except InvalidName:
            continue
    if not names:
        raise DocumentError(url, _EXPECTED, "no names of projects")
    return names
