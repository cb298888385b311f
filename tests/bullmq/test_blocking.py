"""No call blocks the event loop, whatever the kind of connection."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import Mapping
import json
from pathlib import Path
import sys
from typing import Any

from tests.support.valkey import Valkey, start_valkey
from tests.support.valkey_fronts import start_sentinel, start_tls

from .certificates import make_certificate

ROOT = Path(__file__).parents[2]

CLEAN: dict[str, object] = {"calls": [], "error": None}


async def probe(kind: str, ca: Path, *urls: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the calls that blocked while clients were made and used, by URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bullmq.blocking_probe",
        kind,
        str(ca),
        *urls,
        cwd=ROOT,
        stdout=PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    results: Mapping[str, Mapping[str, Any]] = json.loads(output)
    return results


async def test_no_kind_of_connection_blocks(valkey: Valkey, tmp_path: Path) -> None:
    """Nor does one that can't be made."""
    server = make_certificate("redis")
    ca = tmp_path / "ca.pem"
    ca.write_text(server.pem, encoding="utf-8")
    context = server.server_context(tmp_path)
    nobody = "redis://127.0.0.1:1"
    async with (
        start_valkey(password="secret") as with_password,
        start_valkey(unix_socket=True) as on_socket,
        start_sentinel(valkey) as sentinel,
        start_tls(valkey, context, ca) as tls,
    ):
        urls = [valkey.url, f"redis://127.0.0.1:{valkey.port}/2", with_password.url]
        urls += [on_socket.url, tls.url, sentinel]
        results = await probe("ours", ca, *urls, nobody)
    assert {url: results[url] for url in urls} == dict.fromkeys(urls, CLEAN)
    assert results[nobody] == {"calls": [], "error": "RedisCannotConnectError"}


async def test_what_is_avoided(valkey: Valkey, tmp_path: Path) -> None:
    """redis-py as it comes is found out, so the test above can fail."""
    server = make_certificate("redis")
    ca = tmp_path / "ca.pem"
    ca.write_text(server.pem, encoding="utf-8")
    async with start_tls(valkey, server.server_context(tmp_path), ca) as tls:
        results = await probe("plain", ca, valkey.url, tls.url)
    assert any(call.startswith("open") for call in results[valkey.url]["calls"])
    assert any("load_verify_locations" in call for call in results[tls.url]["calls"])
