"""HTTP clients that are used once: they keep no cookie and meet no old connection."""

from homeassistant.util.ssl import (
    SSL_ALPN_HTTP11,
    client_context,
    client_context_no_verify,
)
import httpx

from .immich.requests import HttpFactory


def fresh_http(verify_ssl: bool) -> HttpFactory:
    """Return what makes clients that can be closed, other than Home Assistant's own."""

    def make() -> httpx.AsyncClient:
        """Make one."""
        # httpx sets the ALPN protocols of whatever context it is given: this one is
        # Home Assistant's own for httpx, in which they stand already.
        context = client_context if verify_ssl else client_context_no_verify
        return httpx.AsyncClient(verify=context(alpn_protocols=SSL_ALPN_HTTP11))

    return make
