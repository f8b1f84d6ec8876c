"""The site: the document at a URL, as a function of the world, without sockets.

Flow: `Site.answer` routes a request to one of the handlers, each of which gives an Answer; server.py adds
encoding, ETag and conditions (prepare.py) and sends it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from tests.fake_index import documents, feeds, headers, negotiation
from tests.fake_index.headers import CORS, Headers, Policy
from tests.fake_index.model import Project, normalize
from tests.fake_index.versions import find, same
from tests.fake_index.world import World

#: The only error body of the JSON API, with its space. index-api.md 2.9
_NOT_FOUND = b'{"message": "Not Found"}'

_PAGE = '<!DOCTYPE html>\n<html lang="en">\n<head><title>{0}</title></head>\n<body><h1>{0}</h1></body>\n</html>\n'


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that determine the answer."""

    method: str
    #: Percent-encoded, without prefix and query.
    path: str
    query: str = ""
    accept: str | None = None
    #: Whether to answer with the state before the last change.
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before encoding, ETag and conditions."""

    status: int
    content_type: str
    body: bytes
    headers: Headers = ()
    #: Normalised name of the only project that the answer depends on; None: any.
    scope: str | None = None


class Site:
    """An index over this world, at the edge or at the origin, rich or poor."""

    def __init__(self, world: World, view: documents.View, *, edge: bool) -> None:
        self.world = world
        self._view = view
        self._edge = edge

    def answer(self, asked: Asked) -> Answer:
        """The answer to an authorized request."""
        with self.world.lock:
            override = self.world.overrides.get(asked.path)
            if override is not None:
                return Answer(override.status, override.content_type, override.body, CORS)
            return self._route(asked)

    def variant(self, asked: Asked) -> str:
        """The parts of the Accept header and the query that make a difference at this URL."""
        if asked.path.startswith("/simple/"):
            return self._form(asked)
        return asked.accept or "*/*" if asked.path.startswith(("/stats", "/integrity/")) else ""

    def _route(self, asked: Asked) -> Answer:
        if self._edge and not self._view.poverty:  # empty segments fold, index-api.md 2.6
            asked = replace(asked, path=re.sub("/{2,}", "/", asked.path))
        for pattern, handler, rich in _ROUTES:
            found = pattern.fullmatch(asked.path)
            if found is not None and not (rich and self._view.poverty):
                return handler(self, asked, *map(unquote, found.groups()))
        return self._missing_page()

    # JSON API, index-api.md 4 and 5 ----------------------------------------------------------------------

    def _project(self, asked: Asked, name: str) -> Answer:
        project = self._find(asked, name)
        body = None if project is None else documents.project_document(project, self._now())
        if project is None or body is None:
            return self._missing_json()
        return self._json(project, name, "/json", body, headers.PROJECT)

    def _release(self, asked: Asked, name: str, version: str) -> Answer:
        project = self._find(asked, name)
        release = None if project is None else find(project, version)
        if project is None or release is None:
            return self._missing_json()
        body = documents.release_document(project, release, self._now())
        return self._json(project, name, f"/{_quoted(version)}/json", body, headers.RELEASE)

    def _project_slash(self, asked: Asked, name: str) -> Answer:
        return self._slash_less(f"{_quoted(normalize(name))}/json") if self._edge else self._project(asked, name)

    def _release_slash(self, asked: Asked, name: str, version: str) -> Answer:
        if not self._edge:
            return self._release(asked, name, version)
        return self._slash_less(f"{_quoted(normalize(name))}/{_quoted(version)}/json")

    def _slash_less(self, rest: str) -> Answer:
        """The edge redirects to the address without the slash; the origin has both. index-api.md 2.6"""
        page = _PAGE.format("301 Moved Permanently").encode()
        return Answer(301, "text/html", page, (("Location", f"{self._view.prefix}/pypi/{rest}"),))

    def _human(self, _asked: Asked, *parts: str) -> Answer:
        """A redirect to the HTML page of the project, which the fake does not have."""
        return self._moved(f"/project/{'/'.join(map(_quoted, parts))}/")

    def _json(self, project: Project, name: str, rest: str, body: bytes, policy: Policy) -> Answer:
        """The origin redirects other spellings of a name; the edge has rewritten them. index-api.md 2.6"""
        if name != project.normalized and not self._edge:
            moved = self._moved(f"/pypi/{project.normalized}{rest}")
            extra = (*CORS, ("Cache-Control", "max-age=900, public"))
            return replace(moved, headers=(*moved.headers, *extra))
        return self._found(project, "application/json", body, policy)

    # Project pages, index-api.md 6 and 7 -----------------------------------------------------------------

    def _listing(self, asked: Asked) -> Answer:
        projects, serial = list(self.world.projects.values()), self.world.serial
        if asked.stale:
            projects, serial = self.world.projects_before()
        form = self._form(asked)
        last_serial = (("X-PyPI-Last-Serial", str(serial)),)
        if form == negotiation.SIMPLE_JSON:
            body, policy = documents.listing_json(projects, serial), headers.LIST_JSON
        else:
            body, policy = documents.listing_html(projects, self._view), headers.LIST_HTML
        return Answer(200, self._label(form), body, (*policy.headers(edge=self._edge), *last_serial))

    def _page(self, asked: Asked, name: str) -> Answer:
        project = self._find(asked, name)
        if project is None:
            answer = Answer(404, "text/plain; charset=UTF-8", b"404 Not Found", CORS)
            return self._missing() if self._view.poverty else answer
        if name != project.normalized:
            return self._moved(f"/simple/{project.normalized}/")
        form = self._form(asked)
        if form == negotiation.SIMPLE_JSON:
            body = documents.page_json(project, self._now())
        else:
            body = documents.page_html(project, self._now())
        return self._found(project, self._label(form), body, headers.PAGE)

    def _form(self, asked: Asked) -> str:
        if self._view.poverty:
            return negotiation.SIMPLE_JSON
        return negotiation.simple_form(asked.accept, asked.query, edge=self._edge)

    def _label(self, form: str) -> str:
        """The edge relabels HTML, without a charset. index-api.md 7.2"""
        return form if form != negotiation.HTML or self._edge else "text/html; charset=UTF-8"

    # The others ------------------------------------------------------------------------------------------

    def _stats(self, asked: Asked) -> Answer:
        form = negotiation.choose(asked.accept, (negotiation.HTML, negotiation.JSON))
        if form is None:
            return self._missing_page()
        fields = headers.STATS.headers(edge=self._edge)
        if form == negotiation.JSON:
            body = documents.stats_json(self.world.projects.values())
            return Answer(200, negotiation.JSON, body, fields)
        return Answer(200, "text/html; charset=UTF-8", _PAGE.format("Statistics").encode(), fields)

    def _provenance(self, asked: Asked, name: str, version: str, filename: str) -> Answer:
        """No filter for quarantine here. index-api.md 9"""
        if asked.method != "GET":
            return not_allowed("GET")
        found = self.world.file(filename)
        if found is None or found[0].normalized != normalize(name) or not same(found[1].version, version):
            return self._missing_page()
        form = negotiation.choose(asked.accept, (negotiation.INTEGRITY, negotiation.JSON))
        if form is None:
            return _message(406, "Request not acceptable")
        if found[2].provenance is None:
            return _message(404, f"No provenance available for {filename}")
        body = documents.dump_plain(found[2].provenance)
        fields = headers.INTEGRITY.headers(edge=self._edge, name=found[0].normalized)
        return Answer(200, form, body, fields, found[0].normalized)

    def _updates(self, _asked: Asked) -> Answer:
        return self._feed(feeds.updates(self.world.projects.values(), self._view.base))

    def _packages(self, _asked: Asked) -> Answer:
        return self._feed(feeds.packages(self.world.projects.values(), self._view.base))

    def _project_feed(self, asked: Asked, name: str) -> Answer:
        project = self._find(asked, name)
        if project is None:
            return self._missing_page()
        return self._feed(feeds.project_releases(project, self._view.base), project.normalized)

    def _feed(self, body: bytes, scope: str | None = None) -> Answer:
        policy = headers.FEED if scope is None else headers.PROJECT_FEED
        fields = policy.headers(edge=self._edge, name=scope or "")
        return Answer(200, "text/xml; charset=UTF-8", body, fields, scope)

    def _download(self, _asked: Asked, filename: str) -> Answer:
        """The files whose bytes are known; the fake has no others."""
        found = self.world.file(filename.removesuffix(".metadata"))
        content = None
        if found is not None:
            content = found[2].metadata if filename.endswith(".metadata") else found[2].content
        if content is None:
            return self._missing_page()
        fields = headers.DOWNLOAD.headers(edge=self._edge)
        return Answer(200, "application/octet-stream", content, fields)

    def _add_slash(self, asked: Asked) -> Answer:
        return self._moved(f"{asked.path}/")

    # Shared ----------------------------------------------------------------------------------------------

    def _now(self) -> documents.View:
        return replace(self._view, deployed=self.world.deployed, file_gaps=self.world.file_gaps)

    def _find(self, asked: Asked, name: str) -> Project | None:
        return self.world.before(name) if asked.stale else self.world.get(name)

    def _found(self, project: Project, content_type: str, body: bytes, policy: Policy) -> Answer:
        fields = policy.headers(edge=self._edge, name=project.normalized)
        serial = ("X-PyPI-Last-Serial", str(project.last_serial))
        return Answer(200, content_type, body, (*fields, serial), project.normalized)

    def _moved(self, path: str) -> Answer:
        """A redirect of the origin: the address is absolute. index-api.md 2.6"""
        location = ("Location", f"{self._view.base}{path}")
        return Answer(301, "text/plain; charset=UTF-8", b"301 Moved Permanently", (location,))

    def _missing_json(self) -> Answer:
        return self._missing() if self._view.poverty else Answer(404, "application/json", _NOT_FOUND, CORS)

    def _missing_page(self) -> Answer:
        if self._view.poverty:
            return self._missing()
        return Answer(404, "text/html; charset=UTF-8", _PAGE.format("Page Not Found (404)").encode(), CORS)

    def _missing(self) -> Answer:
        """The 404 of a poor mirror, without a body (index-api.md 0)."""
        return Answer(404, "text/html", b"")


#: (URL pattern, handler, whether a poor mirror lacks it); the first match counts. index-api.md 1, 2.6
_ROUTES: tuple[tuple[re.Pattern[str], Callable[..., Answer], bool], ...] = tuple(
    (re.compile(pattern.replace("*", "([^/]+)")), handler, rich)
    for pattern, handler, rich in (
        ("/pypi/*/json", Site._project, False),
        ("/pypi/*/json/", Site._project_slash, False),
        ("/pypi/*/*/json", Site._release, True),
        ("/pypi/*/*/json/", Site._release_slash, True),
        ("/pypi/*/", Site._human, False),
        ("/pypi/*/*/", Site._human, False),
        ("/simple/", Site._listing, False),
        ("/simple/*/", Site._page, False),
        ("/simple(?:/[^/]+)?", Site._add_slash, False),
        ("/packages/.+/*", Site._download, False),
        ("/stats/", Site._stats, True),
        ("/stats", Site._add_slash, True),
        ("/integrity/*/*/*/provenance", Site._provenance, True),
        ("/rss/updates.xml", Site._updates, True),
        ("/rss/packages.xml", Site._packages, True),
        ("/rss/project/*/releases.xml", Site._project_feed, True),
    )
)


def not_allowed(allowed: str) -> Answer:
    """The answer to another method. index-api.md 2.3"""
    page = _PAGE.format("405 Method Not Allowed").encode()
    return Answer(405, "text/html; charset=UTF-8", page, (("Allow", allowed),))


def _message(status: int, message: str) -> Answer:
    """An error of the integrity API. index-api.md 2.9"""
    body = json.dumps({"message": message}, separators=(",", ":"))
    return Answer(status, "application/json", body.encode(), CORS)


def _quoted(part: str) -> str:
    return quote(part, safe="-._~!$&'()*+,;=:@")
