"""Clients of our own leave what all integrations share as it was."""

import asyncio
from pathlib import Path
import ssl

from homeassistant.util.ssl import (
    SSL_ALPN_HTTP11,
    client_context,
    client_context_no_verify,
)
import httpx
import pytest

from custom_components.immich_admin_tools.fresh_http import fresh_http
from tests.immich.certificates import self_signed
from tests.immich.http_server import HttpServer
from tests.immich.socket_server import socket_server


async def _agreed_protocol(server: HttpServer, context: ssl.SSLContext) -> str | None:
    """Return what another integration would agree on with this server."""
    port = int(server.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    writer.close()
    return found


async def test_shared_context_offers_no_protocol_afterwards(tmp_path: Path) -> None:
    """As a real server sees it."""
    context, _ = self_signed(tmp_path)
    context.set_alpn_protocols(["http/1.1"])
    async with HttpServer(context) as server:
        for _ in range(2):
            http = fresh_http(verify_ssl=False)()
            assert (await http.get(server.url)).status_code == 404
            await http.aclose()
            shared = client_context_no_verify()
            assert await _agreed_protocol(server, shared) is None


@pytest.mark.parametrize("verify_ssl", [True, False])
async def test_only_the_context_for_httpx_is_used(
    verify_ssl: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one in which its protocols stand already."""
    changed: list[tuple[ssl.SSLContext, list[str]]] = []
    monkeypatch.setattr(
        ssl.SSLContext,
        "set_alpn_protocols",
        lambda context, protocols: changed.append((context, protocols)),
    )

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with socket_server(hang_up) as port:
        http = fresh_http(verify_ssl)()
        with pytest.raises(httpx.NetworkError):
            await http.get(f"https://127.0.0.1:{port}")
        await http.aclose()
    make = client_context if verify_ssl else client_context_no_verify
    own = make(alpn_protocols=SSL_ALPN_HTTP11)
    assert changed == [(own, ["http/1.1"])]
    assert own is not make()
