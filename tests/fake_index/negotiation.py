"""Content negotiation. index-api.md 7.2, 8, 9"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qs

JSON = "application/json"
HTML = "text/html"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"
INTEGRITY = "application/vnd.pypi.integrity.v1+json"

#: The media types of project pages; the first of equals is chosen.
SIMPLE_OFFERS = (HTML, SIMPLE_HTML, SIMPLE_JSON)

#: What the edge takes for `?format=`, and what it makes of it: "latest" is unknown to the origin.
EDGE_FORMATS = {
    SIMPLE_JSON: SIMPLE_JSON,
    SIMPLE_HTML: SIMPLE_HTML,
    HTML: HTML,
    "application/vnd.pypi.simple.latest+json": SIMPLE_JSON,
    "application/vnd.pypi.simple.latest+html": SIMPLE_HTML,
}

_RANGE = re.compile(r"^\s*([!#$%&'*+.^_`|~\w-]+)/([!#$%&'*+.^_`|~\w-]+)\s*(?:;\s*(.*))?$")


@lru_cache(maxsize=1024)
def choose(accept: str | None, offers: tuple[str, ...]) -> str | None:
    """The best offer, the first of equals; None if none is acceptable."""
    ranges = _ranges("*/*" if accept is None else accept)
    best, best_quality = None, 0.0
    for offer in offers:
        quality = _quality(offer, ranges)
        if quality > best_quality:
            best, best_quality = offer, quality
    return best


def simple_form(accept: str | None, query: str, *, edge: bool) -> str:
    """The content type of a project page; never None."""
    if edge:
        wanted = parse_qs(query.replace("+", "%2B")).get("format", [""])[0]
        if wanted in EDGE_FORMATS:
            return EDGE_FORMATS[wanted]
        accept = None if accept is None else accept.replace(".simple.latest+", ".simple.v1+")
    return choose(accept, SIMPLE_OFFERS) or HTML


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether the client accepts gzip, the only coding of the index (index-api.md 2.5)."""
    qualities: dict[str, float] = {}
    for part in (accept_encoding or "").lower().split(","):
        coding, _, parameters = part.partition(";")
        qualities[coding.strip()] = _parameter_q(parameters)
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _ranges(accept: str) -> list[tuple[str, str, float]]:
    found = []
    for part in accept.split(","):
        match = _RANGE.match(part)
        if match:
            found.append((match[1].lower(), match[2].lower(), _parameter_q(match[3] or "")))
    return found


def _parameter_q(parameters: str) -> float:
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _quality(offer: str, ranges: list[tuple[str, str, float]]) -> float:
    """The quality of the most specific range that matches."""
    kind, _, name = offer.partition("/")
    best, quality = -1, 0.0
    for range_kind, range_name, q in ranges:
        if (range_kind, range_name) == (kind, name):
            rank = 2
        elif (range_kind, range_name) == (kind, "*"):
            rank = 1
        elif (range_kind, range_name) == ("*", "*"):
            rank = 0
        else:
            continue
        if rank > best:
            best, quality = rank, q
    return quality
