"""Trusted certificates. Verification cannot be switched off."""

import ssl

from source_pypi.errors import SettingError


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """A TLS context that trusts the system's certificates and those of a bundle.

    As with OpenSSL, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` in the environment replace the system's certificates.

    :param ca_bundle: path of a PEM file; None: only the system's certificates.
    :raises SettingError: when the bundle cannot be read, or has no certificate.
    """
    context = ssl.create_default_context()
    if ca_bundle is None:
        return context
    try:
        context.load_verify_locations(cafile=ca_bundle)
    except ssl.SSLError as error:
        raise SettingError("ca_bundle", f"{ca_bundle} contains no certificates (PEM)") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise SettingError("ca_bundle", f"{ca_bundle} cannot be read: {reason}") from error
    return context
