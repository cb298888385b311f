"""The private Valkey servers of the tests, each way of reaching them."""

import base64
import json
import os
from pathlib import Path
import signal

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, TimeoutError as RedisTimeoutError

from tests.immich.certificates import self_signed
from tests.support.processes import until
from tests.support.simulator import ControlError, Simulator
from tests.support.valkey import Valkey, restore, start_valkey
from tests.support.valkey_fronts import start_sentinel, start_tls


async def _works(immich: Simulator) -> None:
    await immich.speed(1)
    await immich.add_jobs("ocr", 3)
    await immich.until_truth("ocr", finished=3)


async def test_tls(valkey: Valkey, tmp_path: Path) -> None:
    """Through TLS with a certificate of one's own."""
    context, ca_file = self_signed(tmp_path)
    async with start_tls(valkey, context, ca_file) as front:
        async with Redis.from_url(front.url, ssl_ca_certs=str(ca_file)) as client:
            assert await client.ping()
        async with Simulator(front.url, options=("--redis-ca", str(ca_file))) as immich:
            await _works(immich)


async def test_sentinel(valkey: Valkey) -> None:
    """Through Sentinel."""
    async with start_sentinel(valkey) as url:
        port = int(url.split(":")[2].split("/")[0])
        async with Redis(port=port) as sentinel:
            # redis-py leaves this method untyped.
            found = await sentinel.execute_command("SENTINEL", "MASTERS")  # type: ignore[no-untyped-call]
        assert len(found) == 1
        async with Simulator(url) as immich:
            await _works(immich)


async def test_unix_socket_and_password() -> None:
    """On a unix socket only; with a password in the URL."""
    async with (
        start_valkey(unix_socket=True) as server,
        Simulator(server.url) as immich,
    ):
        await _works(immich)
    async with (
        start_valkey(password="a/b:c@d") as server,
        Simulator(server.url) as immich,
    ):
        await _works(immich)


async def test_acl() -> None:
    """A user with few rights is refused the rest."""
    rules = "user ha_ro on >secret ~immich_bull:* resetchannels -@all +ping +llen"
    async with (
        start_valkey(acl=[rules]) as server,
        server.client(username="ha_ro", password="secret") as client,
    ):
        assert await client.llen("immich_bull:ocr:wait") == 0
        with pytest.raises(NoPermissionError):
            await client.set("immich_bull:ocr:wait", "x")


async def test_freeze_and_restart(valkey: Valkey) -> None:
    """A frozen server doesn't answer; a restarted one is empty and has the same address."""
    async with valkey.client() as client:
        await client.set("key", "value")
    valkey.freeze()
    async with Redis(
        port=valkey.port, socket_timeout=0.3, retry=Retry(NoBackoff(), 0)
    ) as client:
        with pytest.raises(RedisTimeoutError):
            await client.ping()
    valkey.thaw()
    await valkey.stop()
    await valkey.start()
    async with valkey.client() as client:
        assert await client.dbsize() == 0


async def test_restore(valkey: Valkey, tmp_path: Path) -> None:
    """Values and TTLs are as they were dumped."""
    dump = tmp_path / "state.dump.jsonl"
    async with valkey.client() as client:
        await client.set("a", "1", px=5_000)
        payload = await client.dump("a")
        assert payload
        text = base64.b64encode(payload).decode()
        dump.write_text(
            f"{json.dumps(['a', 5000, text])}\n{json.dumps(['b', -1, text])}\n"
        )
        await client.flushall()
        assert await restore(client, dump) == 2
        assert await client.mget("a", "b") == [b"1", b"1"]
        assert 4_000 < await client.pttl("a") <= 5_000
        assert await client.pttl("b") == -1
        await client.flushall()
        await restore(client, dump, least_ttl=60_000)
        assert await client.pttl("a") > 50_000


async def test_refused_command(valkey: Valkey) -> None:
    """A wrong command is an error with the simulator's words."""
    async with Simulator(valkey.url, worker=False) as immich:
        with pytest.raises(ControlError, match="unknown queue nope"):
            await immich.add_jobs("nope")
        with pytest.raises(ControlError, match="mode is one of"):
            await immich.control("ml", mode="tired")
        with pytest.raises(ControlError, match="the worker process is not running"):
            await immich.block_worker(1)


@pytest.mark.parametrize("hard", [False, True])
async def test_nothing_is_left_behind(
    valkey: Valkey, hard: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the simulator all its processes end, also when it is killed."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # Who is killed can't clear up.
    async with Simulator(valkey.url) as immich:
        truth = await immich.truth()
        pids = (truth.api_pid, truth.worker_pid)
        assert all(pid and _is_running(pid) for pid in pids)
        if hard:
            assert immich._process
            immich._process.kill()
        else:
            await immich.stop()

        async def gone() -> bool:
            return not any(pid and _is_running(pid) for pid in pids)

        await until(gone, timeout=5, what="the processes are gone")


async def test_it_ends_without_its_redis() -> None:
    """When the demo is killed, Valkey and the simulator are told to end at once."""
    async with start_valkey() as valkey, Simulator(valkey.url, assets=10) as immich:
        assert immich._process
        pid = immich._process.pid
        await valkey.stop()
        os.kill(pid, signal.SIGTERM)

        async def gone() -> bool:
            return not _is_running(pid)

        await until(gone, timeout=8, what="the simulator is gone")


def _is_running(pid: int) -> bool:
    try:
        # An ended process whose parent hasn't asked for it yet is a zombie, Z.
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except FileNotFoundError:
        return False


async def test_start_without_redis_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options that make no sense end with the simulator's own message, and no folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(RuntimeError, match="unknown kind of Redis URL"):
        await Simulator("http://127.0.0.1:1").start()
    assert not list(tmp_path.iterdir())
