"""Credentials for a service: from the settings, its URL, a netrc file or the keyring.

They are bound to the origin of the service, and sent to no other.
"""

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from source_pypi.errors import ExtraMissingError, SettingError
from source_pypi.safety.redaction import without_credentials


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, and the only origin (scheme, host and port) to which they are sent."""

    origin: tuple[str, str, int]
    username: str = field(repr=False)  # may be a token
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of the Authorization header (RFC 7617)."""
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"

    def headers_for(self, url: str) -> dict[str, str]:
        """The Authorization header for a URL of this origin; none for any other."""
        return {"Authorization": self.basic} if origin(url) == self.origin else {}

    def appear_in(self, text: bytes) -> bool:
        """Whether a text contains the secret: plain, percent-encoded, or as in the Authorization header."""
        return any(form.encode() in text for form in self._forms())

    def removed_from(self, text: str, own: str = "") -> str:
        """A text of the service with ``***`` for the secret.

        :param own: a text that the user gave, such as the requested URL; what it contains is not replaced.
        """
        for form in self._forms():
            text = text if form in own else text.replace(form, "***")
        return text

    def _forms(self) -> tuple[str, ...]:
        """The secret: plain, percent-encoded, and as in the Authorization header; the longest first."""
        secret = self.password or self.username
        forms = {secret, quote(secret), quote(secret, safe=""), self.basic.removeprefix("Basic ")} - {""}
        return tuple(sorted(forms, key=len, reverse=True))


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


_SETTING = "credentials_from"
#: What errors of the keyring library mean, by name.
_OF_KEYRING = {
    "InitError": "it cannot be started",
    "KeyringLocked": "it is locked",
    "NoKeyringError": "no backend for it is installed",
}


def credentials_for(
    url: str, username: str | None = None, password: str | None = None, source: str | None = None
) -> Credentials | None:
    """The credentials for the service at a URL; None: none are configured.

    The user name and password come first, then the user information of the URL, then ``source``.

    :param source: ``netrc`` or ``keyring``, the value of the setting ``credentials_from``; None: neither.
    :raises SettingError: when ``source`` has no credentials, or cannot be read.
    :raises ExtraMissingError: when ``source`` is the keyring, and its library is not installed.
    """
    parts = urlsplit(url)
    if username is not None and password is not None:
        return Credentials(origin(url), username, password)
    if parts.username is not None:
        return Credentials(origin(url), unquote(parts.username), unquote(parts.password or ""))
    if source == "netrc":
        return Credentials(origin(url), *_from_netrc(parts.hostname or ""))
    if source == "keyring":
        return Credentials(origin(url), *_from_keyring(url, username))
    return None


def _from_netrc(host: str) -> tuple[str, str]:
    """User name and password of a host, or of ``default``, in the file that ``NETRC`` names, or else ``~/.netrc``.

    An error of the parser quotes the file, possibly a password, so the traceback must not show it.
    """
    import netrc

    path = os.environ.get("NETRC") or None
    shown = path or "~/.netrc"
    try:
        found = netrc.netrc(path).authenticators(host)
    except OSError as error:
        raise SettingError(_SETTING, f"the netrc file {shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(_SETTING, f"the netrc file {shown} is not text") from None
    except netrc.NetrcParseError as error:
        insecure = error.msg.startswith("~/.netrc ")  # about the owner or the mode of the file
        reason = "others may read it (chmod 600)" if insecure else f"syntax error in line {error.lineno} or before"
        raise SettingError(_SETTING, f"the netrc file {shown}: {reason}") from None
    if found is None:
        raise SettingError(_SETTING, f"the netrc file {shown} has no entry for {host}")
    return found[0] or "", found[2] or ""


def _from_keyring(url: str, username: str | None) -> tuple[str, str]:
    """User name and password that the keyring has for the URL, or else for the host; pip looks them up the same way."""
    try:
        import keyring
    except ImportError:
        raise ExtraMissingError("keyring", f"{_SETTING} 'keyring'") from None
    services = dict.fromkeys((without_credentials(url), urlsplit(url).netloc))
    try:
        found = next((pair for service in services if (pair := keyring.get_credential(service, username))), None)
    except Exception as error:  # backends raise any error, and may quote secrets
        kind = type(error).__name__
        raise SettingError(
            _SETTING, f"the keyring cannot be read: {_OF_KEYRING.get(kind, f'it failed ({kind})')}"
        ) from None
    if found is None or found.password is None:
        names = " or ".join(services)
        raise SettingError(_SETTING, f"the keyring has nothing for {names}")
    return found.username or "", found.password
