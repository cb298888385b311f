"""TLS with certificates of every kind."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import ssl

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    build_context,
    build_ssl_context,
    create_client,
    translate_errors,
)
from custom_components.immich_admin_tools.bullmq.errors import (
    RedisAddressError,
    RedisCannotConnectError,
    RedisCertificateError,
)
from tests.support.valkey import Valkey
from tests.support.valkey_fronts import start_tls

from .certificates import Certificate, make_certificate


@contextlib.asynccontextmanager
async def connected(
    valkey: Valkey,
    shown: Certificate,
    folder: Path,
    *,
    ca: str | None = None,
    verify_ssl: bool = True,
) -> AsyncIterator[Redis]:
    """Give a client of a server that shows a certificate."""
    context = shown.server_context(folder)
    async with start_tls(valkey, context, folder / "server.pem") as front:
        settings = RedisSettings(front.url, ca=ca, verify_ssl=verify_ssl)
        async with create_client(settings, build_ssl_context(settings)) as client:
            yield client


async def ping(client: Redis) -> None:
    """Connect, with our errors."""
    with translate_errors():
        await client.ping()


@pytest.mark.parametrize("extensions", [True, False], ids=["strict", "home-made"])
@pytest.mark.parametrize("as_file", [True, False], ids=["path", "text"])
async def test_own_authority_is_trusted(
    valkey: Valkey, tmp_path: Path, extensions: bool, as_file: bool
) -> None:
    """As pasted text or as a file, also without the extensions Python insists on."""
    authority = make_certificate("Our CA", extensions=extensions)
    server = make_certificate("redis", issuer=authority, extensions=extensions)
    ca = f"Our own CA, für zu Hause\n{authority.pem}"
    if as_file:
        path = tmp_path / "ca.pem"
        path.write_text(ca, encoding="utf-8")
        ca = f" {path} "
    async with connected(valkey, server, tmp_path, ca=ca) as client:
        await ping(client)


async def test_self_signed_certificate_is_trusted_when_it_is_the_ca(
    valkey: Valkey, tmp_path: Path
) -> None:
    """What Redis' own documentation lets one make."""
    server = make_certificate("redis")
    async with connected(valkey, server, tmp_path, ca=server.pem) as client:
        await ping(client)


@pytest.mark.parametrize(
    ("shown", "hint"),
    [
        (make_certificate("self-signed"), "self-signed certificate"),
        (
            make_certificate("redis", issuer=make_certificate("Other CA")),
            "unable to get local issuer",
        ),
    ],
    ids=["self-signed", "unknown CA"],
)
@pytest.mark.parametrize(
    "ca", [None, make_certificate("Wrong CA").pem], ids=["the system's", "a wrong one"]
)
async def test_unknown_certificate_is_refused_with_its_reason(
    valkey: Valkey, tmp_path: Path, shown: Certificate, hint: str, ca: str | None
) -> None:
    """Whether the system's authorities are asked, or a wrong one."""
    async with connected(valkey, shown, tmp_path, ca=ca) as client:
        with pytest.raises(RedisCertificateError, match=hint):
            await ping(client)


async def test_certificate_of_another_host_is_refused(
    valkey: Valkey, tmp_path: Path
) -> None:
    """Its authority alone is not enough."""
    server = make_certificate("redis", address="192.0.2.1")
    async with connected(valkey, server, tmp_path, ca=server.pem) as client:
        with pytest.raises(RedisCertificateError, match="not valid for"):
            await ping(client)


async def test_expired_certificate_is_refused(valkey: Valkey, tmp_path: Path) -> None:
    """The user is told why."""
    server = make_certificate("redis", expired=True)
    async with connected(valkey, server, tmp_path, ca=server.pem) as client:
        with pytest.raises(RedisCertificateError, match="expired"):
            await ping(client)


async def test_any_certificate_will_do_without_verification(
    valkey: Valkey, tmp_path: Path
) -> None:
    """Even an expired one of another host."""
    server = make_certificate("redis", address="192.0.2.1", expired=True)
    async with connected(valkey, server, tmp_path, verify_ssl=False) as client:
        await ping(client)


@pytest.mark.usefixtures("short_timeouts")
async def test_tls_to_a_plain_port(valkey: Valkey) -> None:
    """Redis waits for the rest of what it takes for a command."""
    settings = RedisSettings(f"rediss://127.0.0.1:{valkey.port}", verify_ssl=False)
    async with create_client(settings, build_ssl_context(settings)) as client:
        with pytest.raises(RedisCannotConnectError, match="in time"):
            await ping(client)


async def test_tls_to_something_else() -> None:
    """Such as a web server."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = RedisSettings(f"rediss://127.0.0.1:{port}", verify_ssl=False)
    async with server, create_client(settings, build_ssl_context(settings)) as client:
        with pytest.raises(RedisCannotConnectError, match="does not answer with TLS"):
            await ping(client)


async def test_plain_to_a_tls_port(valkey: Valkey, tmp_path: Path) -> None:
    """The server just hangs up."""
    context = make_certificate("redis").server_context(tmp_path)
    async with start_tls(valkey, context, tmp_path / "server.pem") as front:
        settings = RedisSettings(f"redis://127.0.0.1:{front.port}")
        async with create_client(settings, None) as client:
            with pytest.raises(RedisCannotConnectError):
                await ping(client)


@pytest.mark.parametrize(
    "ca",
    [
        "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----",
        "/no/such/file.pem",
        "/",
        "a" * 5_000,
        "no\x00path",
    ],
    ids=["rubbish", "cut off", "a key", "no file", "a folder", "too long", "NUL"],
)
def test_ca_that_is_none_is_refused(ca: str) -> None:
    """Before anything is connected."""
    with pytest.raises(RedisCertificateError, match="CA"):
        build_context(ca, verify=True)


def test_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    """Whatever it holds."""
    path = tmp_path / "ca.pem"
    path.write_bytes(b"\xff\x00 no certificate")
    with pytest.raises(RedisCertificateError, match="CA"):
        build_context(str(path), verify=True)


def test_context_only_for_encrypted_addresses() -> None:
    """An address that is none is told here already."""
    assert build_ssl_context(RedisSettings("redis://nas")) is None
    assert build_ssl_context(RedisSettings("unix:///run/redis.sock")) is None
    context = build_ssl_context(RedisSettings("rediss+sentinel://nas/immich"))
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(RedisAddressError):
        build_ssl_context(RedisSettings("nas"))


@pytest.mark.parametrize("url", ["redis://nas", "unix:///run/redis.sock"])
def test_context_has_to_fit_the_address(url: str) -> None:
    """A mistake of the caller, not of the user."""
    with pytest.raises(ValueError, match="SSL context"):
        create_client(RedisSettings(url), ssl.create_default_context())
    with pytest.raises(ValueError, match="SSL context"):
        create_client(RedisSettings("rediss://nas"), None)
