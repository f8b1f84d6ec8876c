"""An index: endpoints -> documents. A 404 is None here; what None means is for those who asked to say.

Reading on
    index-api.md 1 (endpoints), 3 (what appears where), 19 (other indexes).
"""

from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from source_pypi.client import Answer, Client, Credentials, Wait, origin
from source_pypi.config import Config
from source_pypi.documents import Document, Project, Release, Statistics, T, open_document

#: Endings of an index's address that name one of its interfaces, not its root.
INTERFACES = ("/simple", "/pypi")


class Index:
    """The documents of one index.

    :param client: who asks.
    :param root: the index's root, without a trailing slash and without credentials.
    """

    def __init__(self, client: Client, root: str) -> None:
        self.client = client
        self.root = root

    def project(self, name: str) -> Document[Project] | None:
        """The project document; None where the index has none: unknown, without releases, or quarantined.

        :raises DocumentError: when the answer is none; and what ``Client.get`` raises.
        """
        return self._document(self.project_address(name), Project)

    def release(self, name: str, version: str) -> Document[Release] | None:
        """The document of one release; None where the index has none.

        :raises DocumentError: when the answer is none; and what ``Client.get`` raises.
        """
        return self._document(self.release_address(name, version), Release)

    def statistics(self) -> Document[Statistics] | None:
        """The index's statistics; None where it keeps none.

        :raises DocumentError: when the answer is none; and what ``Client.get`` raises.
        """
        return self._document(self.statistics_address, Statistics)

    def project_address(self, name: str) -> str:
        """Where the document of a project with this normalised name is."""
        return f"{self.root}/pypi/{name}/json"

    def release_address(self, name: str, version: str) -> str:
        """Where the document of a release is."""
        return f"{self.root}/pypi/{name}/{quote(version, safe='!+')}/json"

    @property
    def statistics_address(self) -> str:
        """Where the statistics are; with the slash, so that there is no redirect."""
        return f"{self.root}/stats/"

    def _document(self, address: str, type_: type[T]) -> Document[T] | None:
        answer: Answer = self.client.get(address)
        if answer.status == 404:
            return None
        return open_document(answer.body, type_, answer.address, etag=answer.etag, serial=answer.serial)


def open_index(config: Config, on_wait: Callable[[Wait], None] = lambda wait: None) -> Index:
    """The index that a configuration names. Nothing is sent yet."""
    address = config.index_url or default_address()
    root = root_of(address)
    client = Client(
        contact=config.contact,
        credentials=credentials_for(config),
        requests_per_second=config.requests_per_second,
        timeout=config.request_timeout_seconds,
        connections=config.max_concurrency,
        on_wait=on_wait,
    )
    return Index(client, root)


def default_address() -> str:
    """The public index's address, from the library that has it as a public constant."""
    from distlib.index import DEFAULT_INDEX

    return str(DEFAULT_INDEX)


def root_of(address: str) -> str:
    """The root of an index: its address without credentials, query, trailing slash and name of an interface."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/")
    for interface in INTERFACES:
        if path.endswith(interface):
            path = path.removesuffix(interface)
            break
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path.rstrip("/"), "", ""))


def credentials_for(config: Config) -> Credentials | None:
    """The user's credentials, from the settings or else from the address itself; None: there are none."""
    address = config.index_url or ""
    parts = urlsplit(address)
    if config.index_username is not None and config.index_password is not None:
        return Credentials(origin(address or default_address()), config.index_username, config.index_password)
    if parts.username is not None:
        return Credentials(origin(address), unquote(parts.username), unquote(parts.password or ""))
    return None
