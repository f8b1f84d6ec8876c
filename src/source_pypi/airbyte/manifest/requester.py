"""The requests of the manifest: identity, rate limit, error handling, and the settings."""

from typing import Any

from source_pypi._version import __version__
from source_pypi.airbyte.manifest import templates
from source_pypi.config import GROUPS, Config
from source_pypi.fields import fields_of
from source_pypi.http.client import LONGEST_WAIT, TRIES
from source_pypi.schema import settings_schema
from source_pypi.standards.index_urls import is_public

#: The settings of the connector that the manifest has, too.
SETTINGS = (
    *("projects", "project_name", "version", "index_url", "index_username", "index_password"),
    *("contact", "requests_per_second", "max_concurrency"),
)
#: Headers of every request. A header with an empty value is not sent.
_IDENTITY = {
    "User-Agent": f"source-pypi-manifest/{__version__}"
    "{{ ' (+' ~ config['contact'] ~ ')' if config.get('contact') else '' }}",
    "Authorization": "{{ 'Basic ' ~ (config['index_username'] ~ ':' ~ config['index_password']) | base64encode "
    "if config.get('index_username') else '' }}",
}
#: With more projects than this, two workers are needed. The CDK's queue holds 10,000 partitions; when it is full, the
#: only worker waits for another one to empty it (observed with 30,000 projects: no request was sent).
_MAX_FOR_ONE_WORKER = 9000
_HTML = "{{ 'html' in headers.get('Content-Type', '') }}"
_FAILURE_TYPES = {"RATE_LIMITED": "transient_error", "RETRY": "transient_error", "FAIL": "config_error"}
_PARTITIONS = {"project": templates.NAMES, "release": templates.RELEASES}
_DEFAULT_RATE = next(field.default for field in fields_of(Config) if field.name == "requests_per_second")


def headers(accept: str) -> dict[str, str]:
    """Return the headers of a request."""
    return {"Accept": accept, **_IDENTITY}


def url(root: str, path: str) -> str:
    """Return a template of a document's URL, below ``index_url`` or, without that setting, below ``root``."""
    return f"{{{{ {_chosen(root)} }}}}{path}"


def _chosen(root: str) -> str:
    """Return the template's expression of the root of the index that is read."""
    default = root.replace("'", "%27")
    return f"(config.get('index_url') or '{default}') | trim | regex_replace('(/[+]?simple|/pypi)?/*$', '')"


def error_handler() -> dict[str, Any]:
    """Return the component that handles statuses: skip what is missing, retry, or fail.

    The first filter that matches decides. The CDK takes a response that it cannot parse for an empty one, so HTML has
    to be rejected by its media type.
    """
    retry_after = {"type": "WaitTimeFromHeader", "header": "Retry-After", "max_waiting_time_in_seconds": LONGEST_WAIT}
    exponential = {"type": "ExponentialBackoffStrategy", "factor": 1}
    return {
        "type": "DefaultErrorHandler",
        "max_retries": TRIES - 1,
        "response_filters": [
            _filter("IGNORE", "The index has no {{ request_url }}.", [404, 410]),
            _filter("RATE_LIMITED", "The index limits the rate of requests.", [429]),
            _filter("RETRY", "The index is unavailable.", [408, 500, 502, 503, 504]),
            _filter("FAIL", "The index refuses {{ request_url }}: check user name and password.", [401, 403]),
            _filter("FAIL", "{{ request_url }} is HTML: check that index_url is the URL of an index.", _HTML),
        ],
        "backoff_strategies": [retry_after, exponential],
    }


def _filter(action: str, message: str, matching: list[int] | str) -> dict[str, Any]:
    """Return a filter for responses with these statuses, or for which a template is true."""
    matched = {"predicate": matching} if isinstance(matching, str) else {"http_codes": matching}
    failure_type = _FAILURE_TYPES.get(action)
    failing = {"failure_type": failure_type} if failure_type else {}
    return {"type": "HttpResponseFilter", **matched, "action": action, **failing, "error_message": message}


def routers() -> dict[str, Any]:
    """Return the partition routers by name: one request for each project, or for each release."""
    return {
        name: {"type": "ListPartitionRouter", "cursor_field": name, "values": values}
        for name, values in _PARTITIONS.items()
    }


def api_budget(root: str) -> dict[str, Any]:
    """Return the rate limit. The CDK takes whole numbers only; the limit per minute allows less than one per second.

    0 disables it, a million per second, but for the public index, whose manifest has that as ``root``.
    """
    is_public_root = f"({_chosen(root)}) == '{root}'" if is_public(root) else "false"
    per_second = (
        f"({_DEFAULT_RATE} if config.get('requests_per_second') is none else config['requests_per_second'] "
        f"or ({_DEFAULT_RATE} if {is_public_root} else 1000000))"
    )
    second = f"{{{{ {per_second} | round(0, 'ceil') | int }}}}"
    minute = f"{{{{ [2, {per_second} * 60] | max | int }}}}"
    rates = [
        {"type": "Rate", "limit": second, "interval": "PT1S"},
        {"type": "Rate", "limit": minute, "interval": "PT1M"},
    ]
    policy = {"type": "MovingWindowCallRatePolicy", "rates": rates, "matchers": []}
    return {"type": "HTTPAPIBudget", "policies": [policy]}


def concurrency() -> dict[str, Any]:
    """Return the number of requests at a time: ``max_concurrency``, which is 1 by default."""
    chosen = "config.get('max_concurrency') or 1"
    many = f"(config.get('projects') or []) | length > {_MAX_FOR_ONE_WORKER}"
    return {
        "type": "ConcurrencyLevel",
        "default_concurrency": f"{{{{ [{chosen}, 2 if {many} else 1] | max }}}}",
        "max_concurrency": 64,
    }


def spec(root: str) -> dict[str, Any]:
    """Return the settings as the connector describes them; the default of ``index_url`` is ``root``."""
    every = settings_schema(Config, GROUPS)
    properties = {name: {**every["properties"][name], "order": order} for order, name in enumerate(SETTINGS)}
    used = {setting["group"] for setting in properties.values()}
    schema = settings_schema(Config, {name: title for name, title in GROUPS.items() if name in used})
    properties["index_url"]["default"] = root
    return {"type": "Spec", "connection_specification": {**schema, "properties": properties}}
