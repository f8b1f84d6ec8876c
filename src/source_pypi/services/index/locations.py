"""Where an index keeps its documents: its root, and the paths below it, which its responses reveal.

Reading on
    index-api.md 1 (endpoints), 19 (other indexes).
"""

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.index_urls import INTERFACES, is_on_disk

if TYPE_CHECKING:
    from source_pypi.http.client import Response

#: Paths of the documents about the whole index; with the final slash, which saves a redirect.
PATHS = {
    DocumentKind.STATISTICS: "/stats/",
    DocumentKind.RECENT_RELEASES: "/rss/updates.xml",
    DocumentKind.RECENT_PROJECTS: "/rss/packages.xml",
}


class Layout(Struct, frozen=True):
    """The paths of project documents and project pages below the root of an index (index-api.md 19)."""

    documents: str = "/pypi"
    pages: str = "/simple"


#: devpi serves pages at +simple/ and no project documents; pypiserver serves project documents without /pypi; proxpi
#: serves pages right below its URL.
PUBLIC, DEVPI, PYPISERVER, FLAT = Layout(), Layout(pages="/+simple"), Layout(documents=""), Layout(pages="")


class Locations:
    """The URLs of an index's documents, as far as its responses have shown where they are.

    :ivar root: the URL of the index, without a trailing slash and without credentials.
    :ivar layout: the paths below the root.
    :ivar other_root: the root if the end of the URL is part of the root's path, not the name of an interface; None:
        there is none to try.
    :ivar may_be_flat: whether pages may be right below the root: its URL names no interface.
    """

    def __init__(self, root: str, other_root: str | None = None, *, may_be_flat: bool = False) -> None:
        self.root, self.layout = root, PUBLIC
        self.other_root, self.may_be_flat = other_root, may_be_flat
        self._redirects: dict[str, str] = {}

    @classmethod
    def of_url(cls, url: str, *, chosen: bool) -> "Locations":
        """Return the locations of the index that a URL names.

        :param chosen: whether the user chose the URL, which may then end in a path of the index's own.
        """
        root, whole = root_of(url), url if is_on_disk(url) else _address_of(url)
        return cls(root, whole if chosen and whole != root else None, may_be_flat=chosen and _names_no_interface(url))

    def learn(self, url: str, response: "Response") -> None:
        """Learn from the response to a request for a document of the index which software serves it."""
        if "X-Devpi-Serial" in response.headers:
            self.layout = DEVPI
        if response.status == 200:
            self.other_root = None  # the root is right
        if response.redirect is not None:
            self._redirects[url] = response.redirect

    def redirect_of(self, url: str) -> str | None:
        """The URL on another host to which the index redirected a request that was answered as 404; else None."""
        return self._redirects.pop(url, None)

    def absence_at(self, url: str) -> str:
        """How the index answered a request for a document that it does not have, for messages."""
        target = self.redirect_of(url)
        return "answered 404" if target is None else f"redirects to another host, {target}, which is not followed"

    def project_url(self, name: str) -> str:
        """The URL of a project document; ``name`` is normalized."""
        return f"{self.root}{self.layout.documents}/{name}/json"

    def release_url(self, name: str, version: str) -> str:
        """The URL of a release document; ``name`` is normalized."""
        return f"{self.root}{self.layout.documents}/{name}/{quote(version, safe='!+')}/json"

    def page_url(self, name: str) -> str:
        """The URL of a project page, with the final slash, which saves a redirect; ``name`` is normalized."""
        return f"{self.root}{self.layout.pages}/{name}/"

    def url_of(self, kind: DocumentKind) -> str:
        """The URL of a document about the whole index."""
        return self.root + (f"{self.layout.pages}/" if kind is DocumentKind.LISTING else PATHS[kind])


def root_of(url: str) -> str:
    """The root of an index: its URL without credentials, query, final slash and the name of an interface.

    Of a folder it is the URL as it is: a mirror may be in a folder called ``pypi``.
    """
    if is_on_disk(url):
        return url.rstrip("/")
    root = _address_of(url)
    ending = next((interface for interface in INTERFACES if urlsplit(root).path.endswith(interface)), "")
    return root.removesuffix(ending).rstrip("/")


def _address_of(url: str) -> str:
    """A URL without credentials, query and final slash."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def _names_no_interface(url: str) -> bool:
    """Whether a URL has a path that does not end in the name of an interface."""
    path = urlsplit(url).path.rstrip("/")
    return bool(path) and not path.endswith(INTERFACES)
