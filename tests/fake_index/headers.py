"""Headers by kind of answer. index-api.md 2.5, 2.8, 2.10"""

from __future__ import annotations

from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]

CORS: Headers = (
    ("Access-Control-Allow-Origin", "*"),
    (
        "Access-Control-Allow-Headers",
        "Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
    ),
    ("Access-Control-Allow-Methods", "GET"),
    ("Access-Control-Max-Age", "86400"),
    ("Access-Control-Expose-Headers", "X-PyPI-Last-Serial"),
)

#: On each answer of both layers.
COMMON: Headers = (
    ("Server", "gunicorn"),
    ("Referrer-Policy", "origin-when-cross-origin"),
    ("X-Frame-Options", "deny"),
    ("X-XSS-Protection", "1; mode=block"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
)

#: Added by the edge, and sent with its own answers.
EDGE: Headers = (
    ("X-Served-By", "cache-fake-1, cache-fake-2"),
    ("X-Cache", "MISS, HIT"),
    ("X-Cache-Hits", "0, 1"),
    ("X-Timer", "S1704067200.000000,VS0,VE1"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
)

_SANDBOX = "sandbox allow-top-navigation; default-src 'none'"
_SITE = "default-src 'none'"
_DAY = "max-age=86400, stale-while-revalidate=300, stale-if-error=86400"


@dataclass(frozen=True, slots=True)
class Policy:
    """The headers that all answers of an endpoint share."""

    cache_control: str | None
    vary: str
    #: For the edge; only the origin sends it. index-api.md 2.5
    surrogate_control: str | None
    #: `{name}` is the normalized project name.
    surrogate_key: str | None
    cors: bool = True
    security: str = _SITE

    def headers(self, *, edge: bool, name: str = "") -> Headers:
        """The headers as this layer sends them, without COMMON and EDGE."""
        fields = [("Vary", self.vary), ("Content-Security-Policy", self.security)]
        if self.cache_control:
            fields.append(("Cache-Control", self.cache_control))
        if not edge and self.surrogate_control:
            fields.append(("Surrogate-Control", self.surrogate_control))
        if not edge and self.surrogate_key:
            fields.append(("Surrogate-Key", self.surrogate_key.format(name=name)))
        return (*fields, *CORS) if self.cors else tuple(fields)


_BOTH = "Accept, Accept-Encoding"
_LIST_KEY = "all-html warehouse:templates/api/simple/index.html"

PROJECT = Policy("max-age=900, public", "Accept-Encoding", _DAY, "all-legacy-json project-legacy-json project/{name}")
RELEASE = Policy("max-age=900, public", "Accept-Encoding", _DAY, "all-legacy-json release-legacy-json project/{name}")
LIST_HTML = Policy("max-age=600, public", _BOTH, _DAY, _LIST_KEY, security=_SANDBOX)
LIST_JSON = Policy(
    "max-age=600, public",
    _BOTH,
    "max-age=1800, stale-while-revalidate=300, stale-if-error=86400",
    _LIST_KEY,
    security=_SANDBOX,
)
PAGE = Policy("max-age=600, public", _BOTH, _DAY, "all-html project/{name}", security=_SANDBOX)
_STATS_CONTROL = "max-age=86400, stale-while-revalidate=86400, stale-if-error=86400"
STATS = Policy("max-age=86400, public", _BOTH, _STATS_CONTROL, None, cors=False)
INTEGRITY = Policy("max-age=600, public", _BOTH, _DAY, "project/{name}")
FEED = Policy(
    None,
    "Accept-Encoding",
    "max-age=86400, stale-while-revalidate=86400, stale-if-error=432000",
    "all-projects",
)
PROJECT_FEED = Policy(None, "Accept-Encoding", "max-age=86400, stale-if-error=432000", "project/{name}")
DOWNLOAD = Policy("max-age=365000000, immutable, public", "Accept-Encoding", None, None, cors=False)
