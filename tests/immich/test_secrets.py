"""Nothing secret in an error, a log or what a debugger shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import copy
import logging
import traceback

import httpx
import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import MaintenanceCookie
from custom_components.immich_admin_tools.immich.replies import Reply
from custom_components.immich_admin_tools.immich.requests import Requests

from .conftest import API_KEY
from .http_server import Answer, HttpServer, json_answer
from .recordings import recording
from .socket_server import socket_server

SMTP_PASSWORD = "smtp-password-that-must-never-be-seen"
OAUTH_SECRET = "oauth-secret-that-must-never-be-seen"
SECRETS = (API_KEY, SMTP_PASSWORD, OAUTH_SECRET)


@asynccontextmanager
async def hopeless_servers() -> AsyncIterator[list[str]]:
    """Yield addresses that each fail in their own way."""

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass

    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00garbage\r\n\r\n")
        await writer.drain()

    async with (
        socket_server(close) as closing,
        socket_server(hang) as hanging,
        socket_server(garbage) as spoiling,
        HttpServer() as echo,
    ):
        for status in (400, 401, 403, 404, 500):
            words = json_answer({"message": f"No: {status}"}, status)
            echo.answer("GET", f"/{status}/api/queues", words)
        yield [
            f"http://127.0.0.1:{closing}",
            f"https://127.0.0.1:{closing}",
            f"http://127.0.0.1:{hanging}",
            f"http://127.0.0.1:{spoiling}",
            "http://127.0.0.1:1",
            echo.url,
            *(f"{echo.url}/{status}" for status in (400, 401, 403, 404, 500)),
        ]


async def test_key_is_in_no_error_and_no_log(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong, and with the log of every library at its loudest."""
    caplog.set_level(logging.DEBUG)
    shown = []
    async with hopeless_servers() as addresses:
        for address in addresses:
            client = ImmichClient(http, address, API_KEY, timeout=0.3)
            with pytest.raises(errors.ImmichError) as caught:
                await client.queues()
            shown.append("".join(traceback.format_exception(caught.value)))
            shown.append(repr(caught.value))
    assert len(shown) == 2 * 11
    assert API_KEY not in "\n".join([*shown, caplog.text])
    assert "queues" in caplog.text, "the libraries' logs were on"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
async def test_key_that_a_server_repeats(
    status: int,
    server: HttpServer,
    client: ImmichClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What stands between may put the request's headers into its complaint."""
    caplog.set_level(logging.DEBUG)
    words = json_answer({"message": f"No right for x-api-key: {API_KEY}"}, status)
    server.answer("GET", "/api/queues", words)
    with pytest.raises(errors.ImmichError) as caught:
        await client.queues()
    shown = "".join(traceback.format_exception(caught.value))
    assert API_KEY not in shown + repr(caught.value) + caplog.text


def with_secrets() -> dict[str, object]:
    """Return the recorded config of a server that has passwords."""
    config = copy.deepcopy(dict(recording("3.1.0", "system-config-get").response))
    config["notifications"]["smtp"]["transport"]["password"] = SMTP_PASSWORD
    config["oauth"]["clientSecret"] = OAUTH_SECRET
    return config


@pytest.mark.parametrize(
    "broken",
    [
        {"job": "no object"},
        {"job": {"ocr": {"concurrency": 1}}, "machineLearning": SMTP_PASSWORD},
        {"machineLearning": {"enabled": SMTP_PASSWORD, "urls": []}},
        {"machineLearning": {"enabled": True, "urls": [OAUTH_SECRET, 5]}},
    ],
)
async def test_passwords_of_a_config_of_another_shape(
    broken: dict[str, object],
    server: HttpServer,
    client: ImmichClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The complaint names the field only."""
    caplog.set_level(logging.DEBUG)
    server.answer("GET", "/api/system-config", json_answer(with_secrets() | broken))
    with pytest.raises(errors.UnexpectedReplyError) as caught:
        await client.set_concurrency("ocr", 2)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert not [secret for secret in SECRETS if secret in shown]


async def test_passwords_of_a_config_that_is_refused(
    server: HttpServer, client: ImmichClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The body of the request is not part of the complaint."""
    caplog.set_level(logging.DEBUG)
    server.answer("GET", "/api/system-config", json_answer(with_secrets()))
    words = json_answer({"message": "Validation failed"}, 400)
    server.answer("PUT", "/api/system-config", words)
    with pytest.raises(errors.RequestRefusedError) as caught:
        await client.set_concurrency("ocr", 2)
    assert b"smtp-password" in server.asked[-1].body, "written back unchanged"
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert not [secret for secret in SECRETS if secret in shown]


async def test_passwords_stay_out_of_the_model(
    server: HttpServer, client: ImmichClient
) -> None:
    """Diagnostics may show it as it is."""
    server.answer("GET", "/api/system-config", json_answer(with_secrets()))
    shown = repr(await client.system_config())
    assert not [secret for secret in SECRETS if secret in shown]


def test_what_a_debugger_shows(http: httpx.AsyncClient) -> None:
    """Objects that hold a secret do not show it."""
    shown = [
        ImmichClient(http, "http://immich.local", API_KEY),
        Requests(http, "http://immich.local", API_KEY),
        MaintenanceCookie(API_KEY),
        Reply(200, "text/plain", API_KEY.encode(), (API_KEY,)),
    ]
    assert API_KEY not in repr(shown)


async def test_own_client_is_left_as_it_was(
    http: httpx.AsyncClient, server: HttpServer
) -> None:
    """Home Assistant shares it: the key must not go to other servers."""
    before = dict(http.headers)
    server.answer("GET", "/api/queues", Answer(body=b"[]"))
    await ImmichClient(http, server.url, API_KEY).queues()
    assert dict(http.headers) == before
    assert API_KEY not in str(http.headers)
