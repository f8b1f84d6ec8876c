"""Trusted certificates. Verification cannot be switched off."""

import re
import ssl

from source_pypi.errors import SettingError

#: A certificate in a text. A form may have replaced its line breaks by spaces, or by a backslash and an n.
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----((?:[A-Za-z0-9+/=\s]|\\[nr])+)-----END CERTIFICATE-----")


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """A TLS context that trusts the system's certificates and those of a bundle.

    As with OpenSSL, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` in the environment replace the system's certificates.

    :param ca_bundle: the text of a PEM file, or the path of one; None: only the system's certificates.
    :raises SettingError: when the bundle cannot be read, or has no certificate.
    """
    context = ssl.create_default_context()
    if ca_bundle is None:
        return context
    if "-----BEGIN" in ca_bundle:
        _trust_text(context, ca_bundle)
        return context
    try:
        context.load_verify_locations(cafile=ca_bundle)
    except ssl.SSLError as error:
        raise SettingError("ca_bundle", f"{ca_bundle} contains no certificates (PEM)") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise SettingError("ca_bundle", f"{ca_bundle} cannot be read: {reason}") from error
    return context


def _trust_text(context: ssl.SSLContext, text: str) -> None:
    """Trust the certificates in a text; whatever else it has, such as comments, is skipped.

    :raises SettingError: when it has no certificate, or a broken one. The error does not repeat the text.
    """
    found = [re.sub(r"\s|\\[nr]", "", one) for one in _CERTIFICATE.findall(text)]
    if not found:
        raise SettingError("ca_bundle", "the text contains no certificates (PEM)")
    try:
        pem = (f"-----BEGIN CERTIFICATE-----\n{one}\n-----END CERTIFICATE-----\n" for one in found)
        context.load_verify_locations(cadata="".join(pem))
    except (ssl.SSLError, ValueError) as error:
        raise SettingError("ca_bundle", "the text has a certificate that cannot be decoded") from error
