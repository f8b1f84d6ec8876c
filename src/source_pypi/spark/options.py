"""The options of the data source: the stream, the projects, the number of tasks, and every setting of the connector."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from source_pypi.config import Config, invalid_setting, make_config
from source_pypi.errors import SettingError, UnknownStreamError
from source_pypi.fields import fields_of
from source_pypi.standards.index_urls import is_public
from source_pypi.streams import NAMES, stream_named
from source_pypi.streams.stream import Stream

#: A comma between two names. Those within extras (``requests[socks,use]``) and ranges (``flask>=2,<3``) are none.
_COMMA = re.compile(r",(?![^\[]*\])(?!\s*[<>=!~])")
#: The argument of ``load``: a text, or a list of texts as JSON.
_PATH, _PATHS = "path", "paths"
#: What a text must be to become a value of a type.
_ACCEPTED = {bool: "true or false", int: "a whole number", float: "a number"}
_ONE = "a DataFrame has the rows of one stream"
_PUBLIC = (
    "needs index_url, an index of your own: the public index asks clients to send one request at a time, "
    "and tasks do not wait for each other"
)


class ReadOptions(Struct, frozen=True, kw_only=True):
    """What a DataFrame reads.

    :ivar stream_name: the name of the stream.
    :ivar config: the settings.
    :ivar partitions: the largest number of tasks among which the projects are divided.
    :ivar pushdown: whether Spark's filters on ``project`` select the projects that are requested.
    :ivar on_error: what to do if some projects cannot be read: fail, or log a warning.
    :ivar poll_seconds: the seconds between two requests for the journal's last serial, in streaming.
    """

    stream_name: str
    config: Config
    partitions: int = 1
    pushdown: bool = False
    on_error: Literal["fail", "warn"] = "fail"
    poll_seconds: float = 60

    @property
    def stream(self) -> Stream:
        """The stream."""
        return stream_named(self.stream_name)


_OWN = {field.name: field for field in fields_of(ReadOptions) if field.name not in ("stream_name", "config")}
_SETTINGS = {field.name: field for field in fields_of(Config)}


def read_options(options: Mapping[str, str]) -> ReadOptions:
    """Return what the options of a DataFrame ask for. Names of options are not case-sensitive.

    :raises UnknownStreamError: when no stream has the name in the option ``stream``.
    :raises SettingError: when the option ``stream`` is missing, an option does not exist or is invalid, or
        ``partitions`` cannot be used.
    """
    values = {name.lower(): text for name, text in options.items()}
    stream = values.pop("stream", "")
    if not stream:
        raise SettingError("", f"the option 'stream' is required; available: {', '.join(NAMES)}")
    if stream not in NAMES:
        raise UnknownStreamError([stream], NAMES, _ONE)
    projects = [*_paths(values), *_names(values.pop("projects", ""))]
    own = {name: _value(name, values.pop(name), field.type) for name, field in _OWN.items() if name in values}
    settings = {name: _setting(name, text) for name, text in values.items()}
    config = make_config({**settings, "projects": projects})
    try:
        made = msgspec.convert({"stream_name": stream, "config": config, **own}, ReadOptions)
    except msgspec.ValidationError as error:
        raise invalid_setting(error, own, ReadOptions) from error
    _check(made)
    return made


def _check(options: ReadOptions) -> None:
    """Check that the projects may be divided, and that the journal is not requested too often."""
    if options.partitions < 1:
        raise SettingError("partitions", "must be 1 or more")
    if options.poll_seconds < 1:
        raise SettingError("poll_seconds", "must be 1 or more: the index asks for at most one request per second")
    if options.partitions == 1:
        return
    config = options.config
    if config.index_url is None or is_public(config.index_url):
        raise SettingError("partitions", _PUBLIC)
    if config.follow_dependencies:
        reason = "cannot be used with follow_dependencies: which projects to read is known only while reading"
        raise SettingError("partitions", reason)


def _paths(values: dict[str, str]) -> list[str]:
    """The names in the argument of ``load``, which is removed from the options."""
    single, several = values.pop(_PATH, ""), values.pop(_PATHS, "[]")
    return [name for text in (single, *json.loads(several)) for name in _names(text)]


def _names(text: str) -> Iterator[str]:
    """The names in a list, each with its versions and extras."""
    return (name for part in _COMMA.split(text) if (name := part.strip()))


def _setting(name: str, text: str) -> Any:
    """The value of a setting; ``make_config`` rejects names that are unknown."""
    field = _SETTINGS.get(name)
    if field is None:
        return text
    if isinstance(field.default, tuple):
        return list(_names(text))
    return _value(name, text, field.type)


def _value(name: str, text: str, type_: Any) -> Any:
    if type_ not in _ACCEPTED:
        return text
    try:
        return msgspec.convert(text, type_, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(name, f"must be {_ACCEPTED[type_]}, not {text!r}") from error
