"""Makes a configuration of a file, of values by name, or of a program's keyword arguments."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from source_pypi.config.checks import check
from source_pypi.config.environment import index_of_environment
from source_pypi.config.settings import Config
from source_pypi.errors import SettingError
from source_pypi.fields import fields_of
from source_pypi.standards.index_urls import folder_url

#: What to say of an index's URL that is an empty text.
EMPTY_INDEX = "is empty; name an index, or leave it out to read the public index"


def read_config(path: Path) -> Config:
    """Read a configuration file.

    :raises SettingError: if the file cannot be read, is not a JSON object, or has an unknown or invalid setting.
    """
    return make_config(read_settings(path))


def read_settings(path: Path) -> dict[str, Any]:
    """The JSON object in a configuration file, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    :raises SettingError: if the file cannot be read, or is not a JSON object.
    """
    try:
        content = path.read_bytes()
        settings = msgspec.json.decode(content.decode(json.detect_encoding(content)))
    except OSError as error:
        raise SettingError("", f"the configuration {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise SettingError("", f"the configuration {path} is not valid JSON: {error}") from error
    if not isinstance(settings, dict):
        raise SettingError("", f"the configuration {path} must be a JSON object of settings")
    return settings


def without_unknown(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Settings without those that do not exist, and the names of these. For Airbyte, which may add keys of its own.

    ``index_url`` is left out if it is empty, which ``make_config`` refuses: a form sends that for an empty field.

    :raises SettingError: if an unknown name is close to that of a setting, so that it is probably misspelt.
    """
    unknown = [name for name in settings if name not in Config.__struct_fields__]
    for name in unknown:
        if _close_name(name) is not None:
            raise _unknown_setting(name)
    left_out = {*unknown, *(["index_url"] if settings.get("index_url") == "" else [])}
    return {name: value for name, value in settings.items() if name not in left_out}, unknown


def make_config(settings: Mapping[str, Any]) -> Config:
    """Make a configuration from settings by name. Null and empty strings count as not set, but for ``index_url``.

    An empty ``index_url`` is an error: it mostly comes from a variable that is not set, and the public index would be
    asked for what belongs to another one. If it is not set and ``index_from`` says so, ``index_url`` becomes the index
    that the environment names.

    :raises SettingError: if a setting does not exist or is invalid, or the environment names no index.
    """
    for name in settings:
        if name not in Config.__struct_fields__:
            raise _unknown_setting(name)
    if settings.get("index_url") == "":
        raise SettingError("index_url", EMPTY_INDEX)
    values = {name: value for name, value in settings.items() if value is not None and value != ""}
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise invalid_setting(error, values, Config) from error
    if config.index_from == "environment" and config.index_url is None:
        config = replace(config, index_url=index_of_environment())
    if config.index_url is not None and (folder := folder_url(config.index_url)) is not None:
        config = replace(config, index_url=folder)
    check(config)
    return config


def config_of(projects: Iterable[str] | None, settings: Mapping[str, Any]) -> Config:
    """Make a configuration from projects and the keyword arguments of a Python program.

    :param projects: names; None: not set.
    :raises SettingError: if a setting does not exist or is invalid.
    """
    if isinstance(projects, str):
        raise SettingError("projects", f"must be a list of names, such as [{projects!r}]")
    if isinstance(projects, bytes) or not isinstance(projects, Iterable | None):
        raise SettingError("projects", f"must be a list of names, such as ['flask'], not {projects!r}")
    return make_config({"projects": list(projects or ()), **settings})


def invalid_setting(error: msgspec.ValidationError, values: Mapping[str, Any], settings: type[Struct]) -> SettingError:
    """Return the error about a value whose type, or which itself, is wrong.

    :param values: the values by name, one of which is wrong.
    :param settings: what they were to become; if a setting has choices, the error names them.
    """
    reason, _, path = str(error).partition(" - at `$.")
    name = path.rstrip("`")
    choices = next((get_args(one.type) for one in fields_of(settings) if one.name == name), ())
    if choices and isinstance(choices[0], str):
        reason = f"must be {', '.join(choices[:-1])} or {choices[-1]}, not {values[name]!r}"
    return SettingError(name, reason)


def _unknown_setting(name: str) -> SettingError:
    close = _close_name(name)
    hint = f"; did you mean {close!r}?" if close else ""
    return SettingError(name, f"there is no such setting{hint}")


def _close_name(name: str) -> str | None:
    """The setting whose name is most similar; None: none is. What could name an index is close to ``index_url``."""
    from difflib import get_close_matches

    plain = {re.sub(r"[\W_]", "", one).lower(): one for one in Config.__struct_fields__}
    typed = re.sub(r"[\W_]", "", name).lower()[:100]
    if close := get_close_matches(typed, plain, n=1, cutoff=0.75):
        return plain[close[0]]
    return "index_url" if "index" in typed or typed.endswith(("url", "uri")) else None
