"""The user's credentials for the index: from the settings, or where asked for, from a netrc file or the keyring.

Wherever they are from, they are bound to the index's own origin, and sent to nobody else.
"""

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from source_pypi.config import Config
from source_pypi.errors import ExtraMissingError, SettingError
from source_pypi.safety.redaction import without_credentials


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password, and the only origin (scheme, host and port) that may see them."""

    origin: tuple[str, str, int]
    username: str = field(repr=False)  # it may be a token
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of the Authorization header (RFC 7617)."""
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"

    def are_in(self, text: bytes) -> bool:
        """Whether a text holds them, as they were sent or as they are meant."""
        secret = self.password or self.username
        forms = (secret, quote(secret), quote(secret, safe=""), self.basic.removeprefix("Basic "))
        return any(form.encode() in text for form in forms if form)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what credentials are bound to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


_SETTING = "credentials_from"


def credentials_for(config: Config, url: str) -> Credentials | None:
    """The credentials for the index at an address; None: there are none.

    Settings come first, then the user information of the address itself, then what ``credentials_from`` names.

    :raises SettingError: when they cannot be had from where they were asked for.
    :raises ExtraMissingError: when they are in the keyring, and the library for it is not installed.
    """
    parts = urlsplit(url)
    if config.index_username is not None and config.index_password is not None:
        return Credentials(origin(url), config.index_username, config.index_password)
    if parts.username is not None:
        return Credentials(origin(url), unquote(parts.username), unquote(parts.password or ""))
    if config.credentials_from == "netrc":
        return Credentials(origin(url), *_from_netrc(parts.hostname or ""))
    if config.credentials_from == "keyring":
        return Credentials(origin(url), *_from_keyring(url, config.index_username))
    return None


def _from_netrc(host: str) -> tuple[str, str]:
    """Name and password of a host, or of ``default``, in the file of ``NETRC``, or else ``~/.netrc``.

    An error of the parser quotes what it stumbles over, which may be a password: it must not be seen in a traceback.
    """
    import netrc

    path = os.environ.get("NETRC") or None
    shown = path or "~/.netrc"
    try:
        found = netrc.netrc(path).authenticators(host)
    except OSError as error:
        raise SettingError(_SETTING, f"the netrc file {shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(_SETTING, f"the netrc file {shown} is no text") from None
    except netrc.NetrcParseError as error:
        of_file = error.msg.startswith("~/.netrc ")  # its owner or its access, not its content
        reason = "others may read it (chmod 600)" if of_file else f"not understood up to line {error.lineno}"
        raise SettingError(_SETTING, f"the netrc file {shown}: {reason}") from None
    if found is None:
        raise SettingError(_SETTING, f"the netrc file {shown} has no entry for {host}")
    return found[0] or "", found[2] or ""


def _from_keyring(url: str, username: str | None) -> tuple[str, str]:
    """Name and password that the keyring has for the index's address, or else for its host, as pip looks them up."""
    try:
        import keyring
    except ImportError:
        raise ExtraMissingError("keyring", f"{_SETTING} 'keyring'") from None
    services = dict.fromkeys((without_credentials(url), urlsplit(url).netloc))
    try:
        found = next((one for service in services if (one := keyring.get_credential(service, username))), None)
    except Exception as error:  # backends raise whatever they like, and may quote what they have
        raise SettingError(_SETTING, f"the keyring cannot be read: {type(error).__name__}") from None
    if found is None or found.password is None:
        names = " or ".join(services)
        raise SettingError(_SETTING, f"the keyring has nothing for {names}")
    return found.username or "", found.password
