"""Indexes that the environment names, for pip and uv: when they count, and when the user should know of them."""

from source_pypi.config.checks import check_url
from source_pypi.config.settings import Config
from source_pypi.errors import SettingError
from source_pypi.safety.redaction import without_credentials
from source_pypi.standards.index_settings import environment_indexes, no_index_source
from source_pypi.standards.index_urls import default_url, folder_url, index_title, is_public, same_index


def index_of_environment() -> str:
    """Return the index that the environment names first; the public index only if it names no other.

    :raises SettingError: if it names none, or what it names is not a URL.
    """
    try:
        found = environment_indexes()
    except ValueError as error:
        raise SettingError("index_from", str(error)) from error
    if not found and (source := no_index_source()):
        reason = f"is 'environment', but {source} says that pip uses no index; set index_url (--index-url) to name one"
        raise SettingError("index_from", reason)
    if not found:
        reason = "is 'environment', but neither PIP_INDEX_URL, UV_DEFAULT_INDEX, UV_INDEX nor pip.conf names an index"
        raise SettingError("index_from", reason)
    chosen = next((one for one in found if not is_public(one.url)), found[0])
    if (folder := folder_url(chosen.url)) is not None:
        return folder
    try:
        check_url(chosen.url)
    except SettingError as error:
        raise SettingError("index_from", f"the index in {chosen.source} {error.reason}") from None
    return chosen.url


def environment_note(config: Config) -> str | None:
    """Return one line if pip or uv would use another index here than the one that is read; None: they would not.

    If ``index_url`` is set by the user, files of pip do not count: the choice was deliberate.
    """
    url = config.index_url or default_url()
    try:
        found = environment_indexes()
    except ValueError:  # the configuration of another program, which this run does not need
        return None
    explicit = config.index_url is not None and config.index_from == "settings"
    others = {
        without_credentials(one.url): one.source
        for one in found
        if not same_index(one.url, url) and not is_public(one.url) and (one.variable or not explicit)
    }
    if not others:
        return None
    named = ", ".join(f"{other} ({source})" for other, source in others.items())
    advice = "" if config.index_from == "environment" else "; to use it: --index-url, or --index-from environment"
    return f"this run reads {index_title(url)}, but the environment also names {named}{advice}"
