"""Checks beyond the types of settings: settings that need each other, URLs, dates, names of dimensions."""

import re
from datetime import datetime
from urllib.parse import urlsplit

from source_pypi.config.settings import DIMENSIONS, Config
from source_pypi.errors import SettingError
from source_pypi.standards.index_urls import folder_url

#: The largest number of the journal's protocol, XML-RPC: 32 bits, with a sign.
_MOST_XML_RPC = 2**31 - 1


def check(config: Config) -> None:
    """Check settings whose types are right.

    :raises SettingError: if one is invalid, or they contradict each other.
    """
    if config.version is not None and config.project_name is None:
        raise SettingError("version", "requires project_name; to pin an entry of projects, write name==version")
    if config.version is not None and config.project_name is not None and "=" in config.project_name:
        raise SettingError("version", "is set, but project_name has a version too; remove one of them")
    if config.contact is not None and not re.fullmatch(r"[ -~]+", config.contact):
        raise SettingError("contact", "must consist of printable ASCII characters, because it is sent in a header")
    in_keyring = config.index_username is not None and config.credentials_from == "keyring"  # the password
    if (config.index_username is None) != (config.index_password is None) and not in_keyring:
        raise SettingError("index_password", "index_username and index_password must be set together")
    _check_urls(config)
    if config.events_since is not None and not _is_serial_or_time(config.events_since):
        raise SettingError("events_since", "must be a serial, such as 24891358, or a date, such as 2026-01-31")
    _check_downloads(config)


def _is_serial_or_time(text: str) -> bool:
    try:
        if text.isascii() and text.isdigit():
            return len(text) <= 10 and int(text) <= _MOST_XML_RPC
        return text.isascii() and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _check_urls(config: Config) -> None:
    for name, url in (("index_url", config.index_url), ("events_url", config.events_url)):
        if url is not None and not (name == "index_url" and folder_url(url) == url):
            check_url(url, name)
    for name in ("top_url", "downloads_url", "clickhouse_url"):
        check_url(getattr(config, name), name, "https://downloads.example.com")
    if not config.advisories_url.startswith("file:"):
        check_url(config.advisories_url, "advisories_url", "https://advisories.example.com")


def _check_downloads(config: Config) -> None:
    """Check what downloads are counted by, and from which source."""
    for text in config.downloads_by:
        names = [name.strip() for name in text.split("+")]
        for name in names:
            if name not in DIMENSIONS:
                raise SettingError("downloads_by", f"{name!r} is none of {', '.join(DIMENSIONS)}")
        if len(set(names)) < len(names):
            raise SettingError("downloads_by", f"{text!r} names a dimension twice")
        if config.downloads_from == "pypistats" and names not in (["python"], ["system"]):
            reason = f"pypistats does not count by {text!r}, only by python and by system; see downloads_from"
            raise SettingError("downloads_by", reason)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", config.clickhouse_database):
        raise SettingError("clickhouse_database", "must consist of letters, digits and underscores")


def check_url(url: str, name: str = "index_url", example: str = "https://packages.example.com/simple/") -> None:
    """Check that a setting is a URL that can be requested.

    :raises SettingError: if it is not; its message quotes ``example``, not the URL, which may have credentials.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, valid = urlsplit(""), False
    if "@" in parts.query + parts.fragment:
        reason = "has an @ after a ? or #; in a username or password, write ? as %3F, # as %23 and / as %2F"
        raise SettingError(name, reason)
    if not valid or re.search(r"[\s\x00-\x1f]", url):
        raise SettingError(name, f"must be a URL such as {example}")
