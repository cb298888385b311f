"""TLS to Redis without a blocking call in the event loop.

redis-py builds an SSL context for every connection, which reads the certificates
from disk. Here the context is built once, by `build_ssl_context` in an executor, and
handed to the connections.
"""

from pathlib import Path
import ssl

import certifi

from .errors import CertificateError

_PEM_MARK = "-----BEGIN"


def build_context(ca: str | None, *, verify: bool) -> ssl.SSLContext:
    """Return the context for a client. Blocks: run it in an executor.

    `ca` is a PEM text or the path of a PEM file; with one, nothing else is trusted.
    Raises CertificateError when it can't be used.
    """
    if not verify:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if not ca:
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=certifi.where())
        return context
    try:
        context = ssl.create_default_context(cadata=_pem(ca))
    except ssl.SSLError:
        raise CertificateError("The CA is not a certificate in PEM form") from None
    # Python insists on extensions that home-made authorities often lack. Whoever
    # names a CA trusts it, whatever its extensions say.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _pem(ca: str) -> str:
    if _PEM_MARK in ca:
        text = ca
    else:
        try:
            text = Path(ca.strip()).read_text(encoding="ascii", errors="replace")
        except OSError, ValueError:
            raise CertificateError("The file of the CA can't be read") from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise CertificateError("The CA is not a certificate in PEM form")
    # Comments around the blocks may hold anything; OpenSSL takes ASCII only.
    return text.encode("ascii", "replace").decode("ascii")
