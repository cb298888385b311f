"""What the dashboard is sent, who is sent what, and what happens when the entry goes."""

import asyncio
from collections.abc import AsyncIterator
import gc
from http import HTTPStatus
from time import perf_counter
from typing import Any
from unittest.mock import patch
from weakref import ref

from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
from homeassistant.helpers.json import json_bytes
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from custom_components.immich_admin_tools import websocket_api
from custom_components.immich_admin_tools.bullmq.errors import RedisCannotConnectError
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.dashboard import manager as dashboard_manager
from custom_components.immich_admin_tools.dashboard.delta import applied, delta_of
from custom_components.immich_admin_tools.dashboard.snapshot import MOST_STUCK
from custom_components.immich_admin_tools.healing.models import (
    HealAction,
    HealedJob,
    HealMode,
    Initiator,
    Outcome,
    Reason,
)
from custom_components.immich_admin_tools.history.manager import BUS_EVENT
from custom_components.immich_admin_tools.history.strikes import ProblemAsset
from custom_components.immich_admin_tools.immich.queues import QueueName
from custom_components.immich_admin_tools.recorded import OnTimes
from custom_components.immich_admin_tools.restart.methods import MethodKind
from custom_components.immich_admin_tools.restart.restarter import (
    Restarter,
    RestartReport,
)
from tests.analysis.builders import beat, job, queue
from tests.support.model import fields_of

from . import fakes
from .conftest import GPU_HOST, HOST_ID, poll, set_up
from .fakes import ASSET_ID, FakeClock, FakeImmich, FakeRedis


class Page:
    """A page that is open: what it was sent, put together as the frontend does."""

    def __init__(self, socket: MockHAClientWebSocket) -> None:
        """Speak through a connection."""
        self.socket = socket
        self.messages: list[Any] = []
        self.snapshot: dict[str, Any] = {}

    async def ask(self, command: str, **fields: object) -> dict[str, Any]:
        """Send a command; return its answer."""
        await self.socket.send_json_auto_id({"type": f"{DOMAIN}/{command}", **fields})
        while True:
            message: dict[str, Any] = await self.socket.receive_json()
            if message["type"] == "result":
                return message
            self._take(message["event"])

    async def next(self) -> Any:
        """Return the next event."""
        message = await self.socket.receive_json()
        assert message["type"] == "event"
        self._take(message["event"])
        return message["event"]

    async def drain(self) -> list[Any]:
        """Return all that was sent so far."""
        before = len(self.messages)
        await self.socket.send_json_auto_id({"type": "ping"})
        while True:
            message = await self.socket.receive_json()
            if message["type"] == "pong":
                return self.messages[before:]
            self._take(message["event"])

    def _take(self, event: Any) -> None:
        self.messages.append(event)
        if isinstance(event, dict) and event["type"] == "snapshot":
            self.snapshot = event["snapshot"]
        elif isinstance(event, dict) and event["type"] == "delta":
            self.snapshot = applied(self.snapshot, event["delta"])


@pytest.fixture
async def page(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> AsyncIterator[Page]:
    """Return a page of an administrator that looks at the entry."""
    found = Page(await hass_ws_client(hass))
    assert (await found.ask("subscribe", entry_id=entry.entry_id))["success"]
    assert (await found.next())["type"] == "snapshot"
    yield found
    await found.socket.close()


async def test_a_snapshot_first(page: Page, entry: MockConfigEntry) -> None:
    """With all queues in Immich's order, by the names that Home Assistant shows."""
    snapshot = page.snapshot
    assert snapshot["entry_id"] == entry.entry_id
    assert snapshot["order"] == ["faceDetection", "ocr", "library", "brandNew"]
    assert snapshot["source"] == "redis"
    assert snapshot["may_act"]
    labels = {name: own["label"] for name, own in snapshot["queues"].items()}
    assert labels["faceDetection"] == "Face detection"
    assert labels["brandNew"] == "Brand new"
    ocr = snapshot["queues"]["ocr"]
    assert ocr["entity_id"].startswith("sensor.")
    assert ocr["device_id"]
    assert ocr["state"] == "idle"
    assert ocr["concurrency"] == 1


async def test_then_what_changes(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """One queue, not all of them."""
    redis.set(queue("ocr", wait=5))
    await poll(hass, entry, fake_clock, redis)
    (message,) = await page.drain()
    delta = message["delta"]
    assert list(delta["queues"]) == ["ocr"]
    assert delta["waiting"] == 5
    assert "order" not in delta
    assert page.snapshot["queues"]["ocr"]["waiting"] == 5


async def test_nothing_new_is_told_by_its_time_alone(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """A poll that finds the same moves `as_of`; what is no poll sends nothing."""
    for _ in range(2):
        await poll(hass, entry, fake_clock, redis)
    await page.drain()
    fake_clock.at += 1_000
    redis.now = fake_clock.at
    await entry.runtime_data.queues.async_refresh()
    await hass.async_block_till_done()
    messages = await page.drain()
    assert messages == [{"type": "delta", "delta": {"as_of": fake_clock.at}}]
    entry.runtime_data.queues.async_update_listeners()
    await hass.async_block_till_done()
    assert await page.drain() == []


async def test_one_snapshot_for_all_connections(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    hass_ws_client: WebSocketGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many look at it."""
    other = Page(await hass_ws_client(hass))
    await other.ask("subscribe", entry_id=entry.entry_id)
    await other.next()
    dashboard = entry.runtime_data.dashboard
    built = 0
    build = dashboard._build

    def counted() -> dict[str, Any]:
        nonlocal built
        built += 1
        return dict(build())

    monkeypatch.setattr(dashboard, "_build", counted)
    redis.set(queue("ocr", wait=5))
    await poll(hass, entry, fake_clock, redis)
    assert built == 1
    await page.drain()
    await other.drain()
    assert page.snapshot == other.snapshot
    await other.socket.close()


async def test_a_new_name_is_shown(
    hass: HomeAssistant, page: Page, entry: MockConfigEntry
) -> None:
    """The user renames a device."""
    registry = dr.async_get(hass)
    device_id = page.snapshot["queues"]["ocr"]["device_id"]
    registry.async_update_child_device(device_id, name_by_user="Reading")
    await hass.async_block_till_done()
    await page.drain()
    assert page.snapshot["queues"]["ocr"]["label"] == "Reading"


async def test_reloaded_and_removed(
    hass: HomeAssistant, page: Page, entry: MockConfigEntry
) -> None:
    """The subscription outlives the entry."""
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    told = await page.drain()
    assert [message["type"] for message in told][-1] == "not_loaded"
    assert told[-1]["state"] == "not_loaded"
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    told = await page.drain()
    assert told[-1]["type"] in ("snapshot", "delta")
    assert "snapshot" in [message["type"] for message in told]
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    told = await page.drain()
    # Unloaded first, then gone, which is told once.
    assert [message["type"] for message in told][-2:] == ["not_loaded", "not_found"]
    assert told[-1] == {"type": "not_found"}


async def test_no_listener_is_left(
    hass: HomeAssistant, page: Page, entry: MockConfigEntry
) -> None:
    """After twenty reloads with a page open, there are as many as after the first."""

    def listeners() -> tuple[object, ...]:
        return (
            # Whether a write waits for its time is another matter.
            {
                kind: n
                for kind, n in hass.bus.async_listeners().items()
                if n and kind != EVENT_HOMEASSISTANT_FINAL_WRITE
            },
            len(entry.runtime_data.history._listeners),
            len(entry.runtime_data.restart._listeners),
            len(entry.runtime_data.dashboard._subscribers),
        )

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    before = listeners()
    for _ in range(20):
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    assert listeners() == before
    assert before[3] == 1
    dashboard = entry.runtime_data.dashboard
    await page.socket.close()
    await hass.async_block_till_done()
    assert dashboard._subscribers == []
    assert dashboard._stops == []


async def test_nothing_is_left_of_what_was_looked_at(
    hass: HomeAssistant, page: Page, entry: MockConfigEntry
) -> None:
    """A reload with a page open frees all that the entry held before."""
    before = [ref(entry.runtime_data.dashboard)]
    for _ in range(3):
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        before.append(ref(entry.runtime_data.dashboard))
    await page.drain()
    gc.collect()
    assert [found() is None for found in before] == [True, True, True, False]


async def test_nobody_answers(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    immich: FakeImmich,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """The last values stay, with how old they are."""
    redis.set(queue("ocr", wait=5))
    await poll(hass, entry, fake_clock, redis)
    seen_at = fake_clock.at
    redis.error = RedisCannotConnectError("Gone")
    immich.down = True
    await poll(hass, entry, fake_clock, redis)
    await page.drain()
    assert page.snapshot["queues"]["ocr"]["waiting"] == 5
    assert page.snapshot["as_of"] == seen_at
    assert page.snapshot["unreachable_since"] == fake_clock.at
    immich.down = False
    await poll(hass, entry, fake_clock, redis)
    await entry.runtime_data.server.async_refresh()
    await hass.async_block_till_done()
    await page.drain()
    assert page.snapshot["unreachable_since"] is None
    assert page.snapshot["source"] == "redis_lost"
    assert page.snapshot["run"] is None


async def test_a_thousand_stuck_jobs(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """As many as fit are named, all are counted."""
    started = fake_clock.at - 3_600_000
    jobs = tuple(job(str(number), started=started) for number in range(1_000))
    redis.set(queue("faceDetection", jobs=jobs))
    for _ in range(8):
        await poll(hass, entry, fake_clock, redis)
    await page.drain()
    assert page.snapshot["stuck_total"] == 1_000
    assert len(page.snapshot["stuck"]) == MOST_STUCK
    assert page.snapshot["queues"]["faceDetection"]["stuck"] == 1_000
    stuck = next(iter(page.snapshot["stuck"].values()))
    assert stuck["kind"] == "long_running"
    assert stuck["actions"][0] == "ignore"


async def test_a_stuck_photo(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """With its name, its picture and its page."""
    started = fake_clock.at - 3_600_000
    stuck = job("7", started=started, data={"id": ASSET_ID})
    redis.set(queue("faceDetection", jobs=(stuck,)))
    for _ in range(8):
        await poll(hass, entry, fake_clock, redis)
    await page.drain()
    (found,) = page.snapshot["stuck"].values()
    assert found["job_id"] == "7"
    assert found["asset_id"] == ASSET_ID
    assert found["file_name"]
    assert found["thumbnail"].startswith(f"/api/{DOMAIN}/{entry.entry_id}/thumbnail/")
    assert found["url"].endswith(ASSET_ID)
    redis.set(queue("faceDetection"))
    await poll(hass, entry, fake_clock, redis)
    messages = await page.drain()
    assert {found["key"]: None} in [
        message["delta"].get("stuck") for message in messages
    ]
    assert page.snapshot["stuck"] == {}


async def test_an_entry_that_is_not_there(
    hass: HomeAssistant, page: Page, entry: MockConfigEntry
) -> None:
    """Also not one of another integration."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    for entry_id in ("nonsense", other.entry_id):
        answer = await page.ask("subscribe", entry_id=entry_id)
        assert answer["error"] == {
            "code": "not_found",
            "message": "Immich instance not found",
        }


async def test_instances(
    hass: HomeAssistant, page: Page, entry: MockConfigEntry
) -> None:
    """Their list, and what changes of it."""
    await page.ask("subscribe_instances")
    first = await page.next()
    assert first == [
        {
            "entry_id": entry.entry_id,
            "title": "Immich",
            "loaded": True,
            "redis": True,
            "gpu_hosts": [],
            "problem_assets": 0,
        }
    ]
    hass.config_entries.async_update_entry(entry, title="Photos")
    await hass.async_block_till_done()
    told = [it for it in await page.drain() if isinstance(it, list)]
    assert told[-1][0]["title"] == "Photos"
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    told = [it for it in await page.drain() if isinstance(it, list)]
    assert told[-1][0]["loaded"] is False
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    told = [it for it in await page.drain() if isinstance(it, list)]
    assert told[-1] == []


async def test_whoever_may_look_only(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    """Is shown all, and told that it may not act."""
    page = Page(await hass_ws_client(hass, hass_read_only_access_token))
    await page.ask("subscribe", entry_id=entry.entry_id)
    await page.next()
    assert page.snapshot["may_act"] is False
    assert page.snapshot["order"]
    await page.socket.close()


@pytest.mark.parametrize("subentries", [(GPU_HOST,)])
async def test_only_administrators_are_told_addresses(
    hass: HomeAssistant,
    page: Page,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    """Of the machine of a GPU host."""
    assert page.snapshot["gpu_hosts"][HOST_ID]["mac"]
    other = Page(await hass_ws_client(hass, hass_read_only_access_token))
    await other.ask("subscribe", entry_id=entry.entry_id)
    await other.next()
    assert other.snapshot["gpu_hosts"][HOST_ID]["mac"] is None
    host = entry.runtime_data.gpu_hosts.hosts[HOST_ID]
    await host.controller.set_automatic(True)
    await hass.async_block_till_done()
    await page.drain()
    await other.drain()
    for one in (page, other):
        assert one.snapshot["gpu_hosts"][HOST_ID]["automatic"] is True
    assert page.snapshot["gpu_hosts"][HOST_ID]["mac"]
    assert other.snapshot["gpu_hosts"][HOST_ID]["mac"] is None
    await other.socket.close()


def restrict(hass: HomeAssistant, user: MockUser, *entity_ids: str) -> None:
    """Let a user read only some entities."""
    user.mock_policy(
        {
            "entities": {
                "entity_ids": {
                    entity_id: {POLICY_READ: True} for entity_id in entity_ids
                }
            }
        }
    )


async def test_whoever_may_not_read_it(
    hass: HomeAssistant,
    page: Page,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    """Can't tell it from one that is not there; one entity that may be read is not enough."""
    hass_read_only_user.groups = []
    own = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    enabled = [entity.entity_id for entity in own if not entity.disabled]
    restrict(hass, hass_read_only_user, *enabled[:-1])
    other = Page(await hass_ws_client(hass, hass_read_only_access_token))
    answers = [
        (await other.ask("subscribe", entry_id=entry_id))["error"]
        for entry_id in (entry.entry_id, "nonsense")
    ]
    assert answers[0] == answers[1]
    await other.ask("subscribe_instances")
    assert await other.next() == []
    restrict(hass, hass_read_only_user, *enabled)
    assert (await other.ask("subscribe", entry_id=entry.entry_id))["success"]
    assert (await other.next())["type"] == "snapshot"
    assert other.snapshot["may_act"] is False
    # And what it may no longer read, it is sent no more.
    restrict(hass, hass_read_only_user)
    entry.runtime_data.dashboard._changed()
    hass.config_entries.async_update_entry(entry, title="Photos")
    await hass.async_block_till_done()
    assert (await other.drain())[-1] == {"type": "not_found"}
    assert entry.state is ConfigEntryState.LOADED
    await other.socket.close()


async def test_why_it_is_not_loaded(
    hass: HomeAssistant,
    redis: FakeRedis,
    immich: FakeImmich,
    config_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """In words, and then it is shown as soon as it is loaded."""
    immich.down = True
    await set_up(hass, config_entry)
    page = Page(await hass_ws_client(hass))
    await page.ask("subscribe", entry_id=config_entry.entry_id)
    told = await page.next()
    assert (told["type"], told["state"]) == ("not_loaded", "setup_retry")
    assert told["reason"].startswith("Cannot connect to Immich")
    immich.down = False
    await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done()
    await page.drain()
    assert page.snapshot["title"] == "Immich"
    await hass.config_entries.async_unload(config_entry.entry_id)
    await page.socket.close()


async def stuck_job(
    hass: HomeAssistant,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    **more: Any,
) -> None:
    """Let a job run for too long."""
    more = {"started": fake_clock.at - 3_600_000, "data": {"id": ASSET_ID}, **more}
    redis.set(queue("faceDetection", jobs=(job("7", **more),)))
    for _ in range(8):
        await poll(hass, entry, fake_clock, redis)


def state_of(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the state of an entity, such as `sensor ocr_state`."""
    domain, key = name.split()
    found = er.async_get(hass).async_get_entity_id(
        domain, DOMAIN, f"{entry.unique_id}_{key}"
    )
    assert found is not None, name
    state = hass.states.get(found)
    assert state is not None
    return state.state


async def test_ignoring(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """Nothing is stuck any more: not for sensors, issues or events, also after a reload."""
    told: list[str] = []
    hass.bus.async_listen(BUS_EVENT, lambda event: told.append(event.data["type"]))
    await stuck_job(hass, redis, entry, fake_clock)
    assert state_of(hass, entry, "binary_sensor stuck") == "on"
    issue = (DOMAIN, f"stuck_jobs_{entry.entry_id}")
    assert issue in ir.async_get(hass).issues
    answer = await page.ask(
        "ignore_job", entry_id=entry.entry_id, queue="faceDetection", job_id="7"
    )
    assert answer["success"], answer
    await hass.async_block_till_done()
    await page.drain()
    assert page.snapshot["stuck"] == {}
    assert page.snapshot["stuck_total"] == 0
    assert state_of(hass, entry, "binary_sensor stuck") == "off"
    assert issue not in ir.async_get(hass).issues
    assert told == ["job_stuck", "job_ignored"]
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(4):
        await poll(hass, entry, fake_clock, redis)
    await page.drain()
    assert page.snapshot["stuck"] == {}
    assert told == ["job_stuck", "job_ignored"]
    # Another run of the same job is another matter.
    await stuck_job(hass, redis, entry, fake_clock, started=fake_clock.at - 3_599_000)
    await page.drain()
    assert len(page.snapshot["stuck"]) == 1
    assert told == ["job_stuck", "job_ignored", "job_stuck"]


async def test_ignoring_for_half_an_hour(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """Then it is told again."""
    reasons: list[tuple[str, str | None]] = []
    hass.bus.async_listen(
        BUS_EVENT,
        lambda event: reasons.append((event.data["type"], event.data.get("reason"))),
    )
    await stuck_job(hass, redis, entry, fake_clock)
    where = {"entry_id": entry.entry_id, "queue": "faceDetection", "job_id": "7"}
    assert (await page.ask("ignore_job", **where, **{"for": 1_800}))["success"]
    for _ in range(29):
        await poll(hass, entry, fake_clock, redis)
    await page.drain()
    assert page.snapshot["stuck"] == {}
    await poll(hass, entry, fake_clock, redis)
    await page.drain()
    assert len(page.snapshot["stuck"]) == 1
    assert reasons == [
        ("job_stuck", None),
        ("job_ignored", None),
        ("job_stuck", "still_stuck"),
    ]


async def test_two_are_ignored_at_once(
    hass: HomeAssistant,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """Both are remembered, also after a reload."""
    started = fake_clock.at - 3_600_000
    both = tuple(job(job_id, started=started) for job_id in ("7", "8"))
    redis.set(queue("faceDetection", jobs=both))
    for _ in range(8):
        await poll(hass, entry, fake_clock, redis)
    assert entry.runtime_data.queues.data.stuck_jobs == 2
    ignore = entry.runtime_data.dashboard.async_ignore
    await asyncio.gather(
        *(ignore("faceDetection", job_id, None) for job_id in ("7", "8"))
    )
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(8):
        await poll(hass, entry, fake_clock, redis)
    jobs = entry.runtime_data.queues.data.queues["faceDetection"].jobs
    assert [own.ignored for own in jobs] == [True, True]


async def test_what_is_no_order_to_ignore(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """Times that are none, and names that no queue or job has; nothing is ignored."""
    await stuck_job(hass, redis, entry, fake_clock)
    where = {"entry_id": entry.entry_id, "queue": "faceDetection", "job_id": "7"}
    wrong: list[dict[str, object]] = [
        {"for": value} for value in (True, 0, -1, 1.5, "5", None, 30 * 24 * 3600 + 1)
    ]
    wrong += [{"queue": "x" * 501}, {"job_id": "7" * 501}]
    for fields in wrong:
        answer = await page.ask("ignore_job", **where | fields)
        assert answer["error"]["code"] == "invalid_format", fields
    assert entry.runtime_data.queues.analyst.ignored.to_dict() == {"runs": []}


async def test_ignoring_what_is_not_stuck(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """It is said so, and nothing is remembered."""
    redis.set(queue("ocr", jobs=(job("1", started=fake_clock.at),)))
    await poll(hass, entry, fake_clock, redis)
    where = {"entry_id": entry.entry_id, "queue": "ocr"}
    answer = await page.ask("ignore_job", **where, job_id="1")
    assert answer["error"]["translation_key"] == "job_not_stuck"
    answer = await page.ask("ignore_job", **where, job_id="2")
    assert answer["error"]["translation_key"] == "unknown_job"
    assert entry.runtime_data.queues.analyst.ignored.to_dict() == {"runs": []}


async def test_only_administrators_ignore(
    hass: HomeAssistant,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    """The server sees to that, whatever a page offers."""
    await stuck_job(hass, redis, entry, fake_clock)
    other = Page(await hass_ws_client(hass, hass_read_only_access_token))
    answer = await other.ask(
        "ignore_job", entry_id=entry.entry_id, queue="faceDetection", job_id="7"
    )
    assert answer["error"]["code"] == "unauthorized"
    assert entry.runtime_data.queues.data.stuck_jobs == 1
    await other.socket.close()


async def test_history(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """Page by page, the newest first, of one kind or of all."""
    await stuck_job(hass, redis, entry, fake_clock)
    redis.set(queue("faceDetection"))
    await poll(hass, entry, fake_clock, redis)
    where = {"entry_id": entry.entry_id}
    whole = (await page.ask("history", **where))["result"]
    kinds = [event["type"] for event in whole["events"]]
    assert kinds[:1] == ["job_recovered"]
    assert "job_stuck" in kinds
    assert whole["next"] is None
    assert whole["days"] == 90
    event = whole["events"][kinds.index("job_stuck")]
    assert event["label"] == "Face detection"
    assert event["file_name"]
    assert event["thumbnail"]
    first = (await page.ask("history", **where, limit=1, filter="stuck"))["result"]
    second = (
        await page.ask(
            "history", **where, limit=1, filter="stuck", before=first["next"]
        )
    )["result"]
    both = [*first["events"], *second["events"]]
    assert [one["type"] for one in both] == ["job_recovered", "job_stuck"]
    none = await page.ask("history", **where, queue="ocr")
    assert none["result"]["events"] == []
    assert (await page.ask("history", **where, filter="x"))["success"] is False


async def test_problem_assets(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """What got stuck twice; the list of instances tells how many."""
    await page.ask("subscribe_instances")
    await page.next()
    for _ in range(2):
        # Nobody works on it any more.
        lost = job("7", started=fake_clock.at, lock=None, data={"id": ASSET_ID})
        for _ in range(8):
            at = fake_clock.at + 60_000
            redis.set(queue("faceDetection", jobs=(lost,), heartbeat=beat(at)))
            await poll(hass, entry, fake_clock, redis)
        assert entry.runtime_data.queues.data.stuck_jobs == 1
    (problem,) = (await page.ask("problem_assets", entry_id=entry.entry_id))["result"]
    assert problem["times_stuck"] == 2
    assert problem["queues"] == ["faceDetection"]
    assert problem["file_name"]
    assert problem["thumbnail"]
    lists = [it for it in await page.drain() if isinstance(it, list)]
    lists += [it for it in page.messages if isinstance(it, list)]
    assert any(it[0]["problem_assets"] == 1 for it in lists)


async def test_another_tab_asks_for_the_number(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Of problem photos, just before the poll with which the first tab is told of it."""
    await page.ask("subscribe_instances")
    assert (await page.next())[0]["problem_assets"] == 0
    strikes = entry.runtime_data.history.strikes
    problem = ProblemAsset(ASSET_ID, 2, fake_clock.at, ("faceDetection",))
    with patch.object(type(strikes), "problem_assets", lambda _: (problem,)):
        entry.runtime_data.dashboard._problems_at = -1
        other = Page(await hass_ws_client(hass))
        await other.ask("subscribe_instances")
        assert (await other.next())[0]["problem_assets"] == 1
        await poll(hass, entry, fake_clock, redis)
        lists = [it for it in await page.drain() if isinstance(it, list)]
        assert [it[0]["problem_assets"] for it in lists] == [1]
    await other.socket.close()


@pytest.mark.parametrize("command", ["statistics", "speed"])
async def test_it_is_unloaded_while_the_recorder_is_asked(
    hass: HomeAssistant,
    page: Page,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    command: str,
) -> None:
    """It is said so, and nothing fails."""
    asked, answers = asyncio.Event(), asyncio.Event()

    async def rows(*_: object) -> dict[str, Any]:
        asked.set()
        await answers.wait()
        return {}

    with (
        patch.object(websocket_api, "has_recorder", lambda _: True),
        patch.object(websocket_api, "async_rows", rows),
        patch.object(websocket_api, "async_sensor", lambda *own: f"sensor.{own[2]}"),
    ):
        asking = hass.async_create_task(page.ask(command, entry_id=entry.entry_id))
        await asked.wait()
        caplog.clear()
        await hass.config_entries.async_unload(entry.entry_id)
        answers.set()
        answer = await asking
    assert answer["error"]["code"] == "not_loaded"
    assert not [own for own in caplog.records if own.levelname == "ERROR"]


@pytest.mark.parametrize("subentries", [(GPU_HOST,)])
async def test_a_box_that_goes_with_the_next_reload(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """What the user entered is not there any more, the rest is shown as it is."""
    with patch.object(hass.config_entries, "async_schedule_reload"):
        hass.config_entries.async_remove_subentry(entry, HOST_ID)
        await hass.async_block_till_done()
        page = Page(await hass_ws_client(hass))
        assert (await page.ask("subscribe", entry_id=entry.entry_id))["success"]
        await page.next()
    shown = page.snapshot["gpu_hosts"][HOST_ID]
    assert (shown["name"], shown["mac"]) == ("Box", None)
    await page.socket.close()


async def test_what_can_not_be_put_together(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """One answer, and nothing that goes on listening."""
    dashboard = entry.runtime_data.dashboard
    page = Page(await hass_ws_client(hass))

    def listening() -> tuple[object, ...]:
        dispatched = hass.data[DATA_DISPATCHER][SIGNAL_CONFIG_ENTRY_CHANGED]
        return len(dispatched), len(entry.runtime_data.history._listeners)

    before = listening()
    with patch.object(dashboard, "_build", side_effect=KeyError("x")):
        for _ in range(3):
            answer = await page.ask("subscribe", entry_id=entry.entry_id)
            assert answer["error"]["code"] == "unknown_error"
    assert await page.drain() == []
    assert listening() == before
    assert dashboard._subscribers == dashboard._stops == []
    assert (await page.ask("subscribe", entry_id=entry.entry_id))["success"]
    assert (await page.next())["type"] == "snapshot"
    await page.socket.close()


@pytest.mark.parametrize("subentries", [(GPU_HOST,)])
async def test_the_recorder_is_asked_once_at_a_time(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """However often somebody comes and goes; who is there then gets the answer."""
    dashboard, asked, answers = entry.runtime_data.dashboard, 0, asyncio.Event()

    async def on_times(*_: object) -> OnTimes:
        nonlocal asked
        asked += 1
        await answers.wait()
        return OnTimes(0, ((0, None),))

    def look() -> CALLBACK_TYPE:
        stop: CALLBACK_TYPE
        _, stop = dashboard.async_subscribe(lambda *_: None, may_act=True)
        return stop

    with (
        patch.object(dashboard_manager, "has_recorder", lambda _: True),
        patch.object(dashboard_manager, "async_on_times", on_times),
    ):
        for _ in range(50):
            look()()
        stop = look()
        await asyncio.sleep(0)
        assert asked == 1
        answers.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert dashboard._build()["gpu_hosts"][HOST_ID]["awake"]
        stop()


async def test_numbers_without_a_recorder(page: Page, entry: MockConfigEntry) -> None:
    """They say why they are missing; what the history knows is there."""
    for period in ("today", "week", "month"):
        found = (await page.ask("statistics", entry_id=entry.entry_id, period=period))[
            "result"
        ]
        assert found["bars"] is None
        assert found["bars_missing"] == "no_recorder"
        assert found["processed"] is None
        assert found["gpu"] is None
        assert found["failures"] is None
        assert found["stuck"] == {"photos": 0, "videos": 0, "other": 0}
    found = (await page.ask("speed", entry_id=entry.entry_id, hours=24))["result"]
    assert found["missing"] == "no_recorder"
    assert found["series"] == []


async def test_questions_about_what_may_not_be_read(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    """All are answered alike."""
    hass_read_only_user.groups = []
    restrict(hass, hass_read_only_user)
    other = Page(await hass_ws_client(hass, hass_read_only_access_token))
    for command in ("history", "statistics", "speed", "problem_assets", "subscribe"):
        answers = [
            (await other.ask(command, entry_id=entry_id))["error"]
            for entry_id in (entry.entry_id, "nonsense")
        ]
        assert answers[0] == answers[1]
        assert answers[0]["code"] == "not_found"
    await other.socket.close()


async def test_questions_about_what_is_not_loaded(
    hass: HomeAssistant, page: Page, entry: MockConfigEntry
) -> None:
    """It is said so."""
    await hass.config_entries.async_unload(entry.entry_id)
    answer = await page.ask("history", entry_id=entry.entry_id)
    assert answer["error"]["code"] == "not_loaded"


async def test_pictures_are_for_those_who_may_read(
    hass: HomeAssistant,
    immich: FakeImmich,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    hass_client: ClientSessionGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    """Others can't tell them from pictures that are not there."""
    await stuck_job(hass, redis, entry, fake_clock)
    immich.replies["GET", f"/api/assets/{ASSET_ID}/thumbnail"] = httpx.Response(
        200, content=b"picture", headers={"content-type": "image/webp"}
    )
    path = entry.runtime_data.history.thumbnail(ASSET_ID)
    client = await hass_client(hass_read_only_access_token)
    assert (await client.get(path)).status == HTTPStatus.OK
    hass_read_only_user.groups = []
    restrict(hass, hass_read_only_user)
    assert (await client.get(path)).status == HTTPStatus.NOT_FOUND
    admin = await hass_client()
    assert (await admin.get(path)).status == HTTPStatus.OK


@pytest.mark.parametrize("subentries", [(GPU_HOST,)])
async def test_the_contract(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """What is sent is what the frontend knows, no more and no less."""
    await stuck_job(hass, redis, entry, fake_clock)
    act = act_on(entry, fake_clock.at)
    await entry.runtime_data.history.record([HealedJob(act, Outcome.CONFIRMED)])
    await hass.async_block_till_done()
    await page.drain()
    snapshot = page.snapshot
    assert snapshot.keys() == fields_of("Snapshot")
    for collection, interface in (
        ("queues", "Queue"),
        ("stuck", "StuckJob"),
        ("outcomes", "Outcome"),
        ("gpu_hosts", "GpuHost"),
    ):
        for item in snapshot[collection].values():
            assert item.keys() == fields_of(interface), interface
        assert snapshot[collection], collection
    assert {len(values) for values in snapshot["sparks"].values()} == {60}
    about = {"entry_id": entry.entry_id}
    found = (await page.ask("history", **about))["result"]
    assert found.keys() == fields_of("HistoryPage")
    assert found["events"][0].keys() == fields_of("HistoryEvent")
    found = (await page.ask("statistics", **about))["result"]
    assert found.keys() == fields_of("Statistics")
    assert found["gpu"] == {"awake": None, "wakes": 0, "failed": 0}
    found = (await page.ask("speed", **about))["result"]
    assert found.keys() == fields_of("Speed")
    await page.ask("subscribe_instances")
    ((instance,),) = [it for it in [await page.next()] if isinstance(it, list)]
    assert instance.keys() == fields_of("Instance")
    assert instance["gpu_hosts"] == [{"host_id": HOST_ID, "name": "Box"}]
    # Ten minutes later it is not told any more.
    for _ in range(10):
        await poll(hass, entry, fake_clock, redis)
    await page.drain()
    assert page.snapshot["outcomes"] == {}
    assert page.snapshot["last_cleared"]["at"] == act.at


async def test_what_it_costs(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    immich: FakeImmich,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A snapshot of twenty queues takes about a millisecond, a delta is small."""
    names = [name.value for name in QueueName]
    monkeypatch.setattr(fakes, "QUEUES", tuple(names))
    await entry.runtime_data.server.async_refresh()
    for step in range(3):
        for number, name in enumerate(names[:8]):
            running = tuple(
                job(f"{number}{slot}", started=fake_clock.at) for slot in range(5)
            )
            redis.set(queue(name, jobs=running, wait=1_000 - step))
        await poll(hass, entry, fake_clock, redis)
    await page.drain()
    dashboard = entry.runtime_data.dashboard
    before = page.snapshot
    # One more than Immich has: one that it dropped is missing for a short time only.
    assert len(before["queues"]) == 20
    took: list[float] = []
    for _ in range(50):
        begun = perf_counter()
        delta_of(before, dashboard._build())
        took.append(perf_counter() - begun)
    # Typically well below 1 ms; a machine with much else to do gets more.
    assert min(took) < 0.003
    sizes = {"snapshot": len(json_bytes(before))}
    fake_clock.at += 5_000
    redis.now = fake_clock.at
    await entry.runtime_data.queues.async_refresh()
    await hass.async_block_till_done()
    (message,) = await page.drain()
    sizes["eight busy queues"] = len(json_bytes(message))
    for name in names[:8]:
        redis.set(queue(name))
    await poll(hass, entry, fake_clock, redis)
    await page.drain()
    fake_clock.at += 5_000
    redis.now = fake_clock.at
    redis.set(queue(names[0], wait=900))
    await entry.runtime_data.queues.async_refresh()
    await hass.async_block_till_done()
    (message,) = await page.drain()
    sizes["one queue"] = len(json_bytes(message))
    assert sizes["snapshot"] < 30_000
    assert sizes["eight busy queues"] < 10_000
    assert sizes["one queue"] < 1_500


def act_on(entry: MockConfigEntry, at: int) -> HealAction:
    """Return an act on the job that is stuck."""
    (stuck,) = entry.runtime_data.queues.data.stuck
    return HealAction(
        act_id="act",
        at=at,
        redis_at=at,
        job_counter=None,
        queue=stuck.queue,
        job_id=stuck.job_id,
        name=stuck.name,
        asset_id=ASSET_ID,
        kind=stuck.kind,
        age=stuck.age,
        processed_on=stuck.processed_on,
        lock_token=stuck.lock_token,
        mode=HealMode.REMOVE,
        reason=Reason.ASKED,
        by=Initiator.USER,
        retry_when_free=False,
    )


async def test_what_is_done_is_shown_at_once(
    hass: HomeAssistant,
    page: Page,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
) -> None:
    """Without a poll: an act that begins, and a restart."""
    await stuck_job(hass, redis, entry, fake_clock)
    await page.drain()
    journal = entry.runtime_data.dashboard._journal
    act = act_on(entry, fake_clock.at)
    await journal.change(lambda book: book.begun([act], 0))
    await hass.async_block_till_done()
    await page.drain()
    (found,) = page.snapshot["stuck"].values()
    assert found["under_way"]
    await journal.settle(lambda book: book.recorded(["act"], [], []))
    await hass.async_block_till_done()
    await page.drain()
    (found,) = page.snapshot["stuck"].values()
    assert not found["under_way"]

    restart, over = entry.runtime_data.restart, asyncio.Event()
    set_options(hass, entry, restart_action={"ways": ["maintenance"]})
    await hass.async_block_till_done()
    await page.drain()
    assert page.snapshot["restart"]["configured"]
    assert list(page.snapshot["stuck"].values())[0]["actions"] == ["ignore", "clear"]

    async def wait(_: object) -> RestartReport:
        await over.wait()
        return RestartReport(MethodKind.MAINTENANCE, 12.0, {}, ())

    with patch.object(Restarter, "_restart", lambda _, plan: wait(plan)):
        running = hass.async_create_task(restart.async_restart())
        await asyncio.sleep(0)
        await page.drain()
        assert page.snapshot["restart"]["running"]
        over.set()
        await running
    await hass.async_block_till_done()
    await page.drain()
    assert page.snapshot["restart"] == {
        "configured": True,
        "running": False,
        "usual_seconds": 12,
    }


def set_options(hass: HomeAssistant, entry: MockConfigEntry, **options: object) -> None:
    """Change options as the user does."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


async def test_an_administrator_from_now_on(
    hass: HomeAssistant,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    """The page is told with the next change."""
    page = Page(await hass_ws_client(hass, hass_read_only_access_token))
    await page.ask("subscribe", entry_id=entry.entry_id)
    await page.next()
    assert not page.snapshot["may_act"]
    group = await hass.auth.async_get_group(GROUP_ID_ADMIN)
    assert group is not None
    hass_read_only_user.groups = [group]
    hass_read_only_user.invalidate_cache()
    await poll(hass, entry, fake_clock, redis)
    await page.drain()
    assert page.snapshot["may_act"]
    await page.socket.close()
