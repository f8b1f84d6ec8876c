"""Whose certificates are trusted. That they are checked cannot be switched off."""

import ssl

from source_pypi.errors import SettingError


def trusted(ca_bundle: str | None) -> ssl.SSLContext:
    """What TLS trusts: the system's certificates, and those of a bundle besides.

    As with OpenSSL, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` in the environment take the place of the system's.

    :param ca_bundle: path of a PEM file; None: no more than the system's.
    :raises SettingError: when it cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_bundle is None:
        return context
    try:
        context.load_verify_locations(cafile=ca_bundle)
    except ssl.SSLError as error:
        raise SettingError("ca_bundle", f"{ca_bundle} holds no certificates (PEM)") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise SettingError("ca_bundle", f"{ca_bundle} cannot be read: {reason}") from error
    return context
