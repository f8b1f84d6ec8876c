"""How a manifest asks: who it says it is, its pace, what it makes of errors, and what the user can set."""

from typing import Any

from source_pypi._version import __version__
from source_pypi.airbyte.manifest import templates
from source_pypi.config import Config
from source_pypi.fields import fields_of
from source_pypi.http.client import LONGEST_WAIT, TRIES
from source_pypi.schema import settings_schema

#: The settings that a manifest has, of those that the connector has.
SETTINGS = (
    "projects",
    "project_name",
    "version",
    "index_url",
    "index_username",
    "index_password",
    "contact",
    "requests_per_second",
    "max_concurrency",
)
#: What is said with every request: who asks, and the credentials where there are any.
_IDENTITY = {
    "User-Agent": f"source-pypi-manifest/{__version__}"
    "{{ ' (+' ~ config['contact'] ~ ')' if config.get('contact') else '' }}",
    "Authorization": "{{ 'Basic ' ~ (config['index_username'] ~ ':' ~ config['index_password']) | base64encode "
    "if config.get('index_username') else '' }}",
}
#: One worker asks one question at a time. Beyond this many projects there must be two: the CDK lets 10,000 partitions
#: wait, and the worker that finds them then waits for another one to read some (seen: 30,000, and nothing was asked).
_MANY = 9000
_USER = "config_error"
_HTML = "{{ 'html' in headers.get('Content-Type', '') }}"
_PARTITIONS = {"project": templates.NAMES, "release": templates.RELEASES}
#: The pace that was chosen; 0: none.
_PACE = next(field.default for field in fields_of(Config) if field.name == "requests_per_second")
_PER_SECOND = f"({_PACE} if config.get('requests_per_second') is none else config['requests_per_second'] or 1000000)"


def headers(accept: str) -> dict[str, str]:
    """The headers of a request."""
    return {"Accept": accept, **_IDENTITY}


def url(root: str, path: str) -> str:
    """The address of a document: below the index that the settings name, or else this one."""
    default = root.replace("'", "%27")
    chosen = f"(config.get('index_url') or '{default}') | trim | regex_replace('(/[+]?simple|/pypi)?/*$', '')"
    return f"{{{{ {chosen} }}}}{path}"


def error_handler() -> dict[str, Any]:
    """What is not there makes no rows; a busy index is asked again, when it says or else later and later.

    The first filter that matches decides. The CDK takes an answer that is no document for an empty one, so that a page
    of HTML has to be refused by its media type.
    """
    told = {"type": "WaitTimeFromHeader", "header": "Retry-After", "max_waiting_time_in_seconds": LONGEST_WAIT}
    later = {"type": "ExponentialBackoffStrategy", "factor": 1}
    return {
        "type": "DefaultErrorHandler",
        "max_retries": TRIES - 1,
        "response_filters": [
            _filter("IGNORE", "The index has no {{ request_url }}.", [404, 410]),
            _filter("RATE_LIMITED", "The index asks for patience.", [429], "transient_error"),
            _filter("RETRY", "The index is unavailable.", [408, 500, 502, 503, 504], "transient_error"),
            _filter("FAIL", "The index refuses {{ request_url }}: see user name and password.", [401, 403], _USER),
            _filter("FAIL", "{{ request_url }} is HTML: see that the address is an index's.", _HTML, _USER),
        ],
        "backoff_strategies": [told, later],
    }


def _filter(action: str, message: str, matching: list[int] | str, failure_type: str = "") -> dict[str, Any]:
    """What is made of answers with these codes, or of those for which an expression holds."""
    matched = {"predicate": matching} if isinstance(matching, str) else {"http_codes": matching}
    failing = {"failure_type": failure_type} if failure_type else {}
    return {"type": "HttpResponseFilter", **matched, "action": action, **failing, "error_message": message}


def routers() -> dict[str, Any]:
    """What documents are asked for each of, by the name of the partition."""
    return {
        name: {"type": "ListPartitionRouter", "cursor_field": name, "values": values}
        for name, values in _PARTITIONS.items()
    }


def api_budget() -> dict[str, Any]:
    """The pace: whole requests a second, and a minute, so that it may be less than one a second; 0: none."""
    second = f"{{{{ {_PER_SECOND} | round(0, 'ceil') | int }}}}"
    minute = f"{{{{ [2, {_PER_SECOND} * 60] | max | int }}}}"
    rates = [
        {"type": "Rate", "limit": second, "interval": "PT1S"},
        {"type": "Rate", "limit": minute, "interval": "PT1M"},
    ]
    policy = {"type": "MovingWindowCallRatePolicy", "rates": rates, "matchers": []}
    return {"type": "HTTPAPIBudget", "policies": [policy]}


def concurrency() -> dict[str, Any]:
    """One request at a time, unless the user says otherwise."""
    chosen = "config.get('max_concurrency') or 1"
    many = f"(config.get('projects') or []) | length > {_MANY}"
    return {
        "type": "ConcurrencyLevel",
        "default_concurrency": f"{{{{ [{chosen}, 2 if {many} else 1] | max }}}}",
        "max_concurrency": 64,
    }


def spec(root: str) -> dict[str, Any]:
    """The settings, as the connector describes them; the index's address is filled in."""
    schema = settings_schema(Config)
    properties = {name: {**schema["properties"][name], "order": order} for order, name in enumerate(SETTINGS)}
    properties["index_url"]["default"] = root
    return {"type": "Spec", "connection_specification": {**schema, "properties": properties}}
