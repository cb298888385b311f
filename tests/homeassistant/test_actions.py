"""What each action asks of Immich or of the healing, and what it answers."""

from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.util.yaml import load_yaml_dict
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components import immich_admin_tools
from custom_components.immich_admin_tools.bullmq.errors import RedisCannotConnectError
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.healing.manager import HealingManager
from custom_components.immich_admin_tools.healing.models import HealMode, HealReport
from custom_components.immich_admin_tools.healing.policy import Order
from tests.analysis.builders import queue

from .conftest import poll
from .fakes import FakeClock, FakeImmich, FakeRedis


async def call(hass: HomeAssistant, action: str, **data: object) -> Any:
    """Call an action and return its answer."""
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )


@pytest.mark.usefixtures("entry")
async def test_all_that_is_described_is_there(hass: HomeAssistant) -> None:
    """An action that is registered or described only is no action."""
    described = load_yaml_dict(
        str(Path(immich_admin_tools.__path__[0], "services.yaml"))
    )
    assert hass.services.async_services_for_domain(DOMAIN).keys() == described.keys()


async def test_pause_and_resume(
    hass: HomeAssistant, immich: FakeImmich, entry: MockConfigEntry
) -> None:
    """By Immich's API, which is what its own pages do."""
    await call(hass, "pause", queue="ocr")
    assert immich.paused == {"ocr"}
    assert entry.runtime_data.queues.data.queues["ocr"].is_paused
    await call(hass, "resume", queue=["ocr"])
    assert immich.paused == set()
    assert [path for _, path, _ in immich.calls] == ["/api/queues/ocr"] * 2


async def test_one_queue_fails(
    hass: HomeAssistant, immich: FakeImmich, entry: MockConfigEntry
) -> None:
    """The others are paused all the same, and it is said which was not."""
    immich.replies["PUT", "/api/queues/library"] = httpx.Response(500, json={})
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "pause", queue=["ocr", "library", "faceDetection"])
    assert raised.value.translation_key == "some_queues_failed"
    assert immich.paused == {"ocr", "faceDetection"}


async def test_a_queue_that_nobody_knows(
    hass: HomeAssistant, immich: FakeImmich, entry: MockConfigEntry
) -> None:
    """It is said before anything is done."""
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, "pause", queue=["ocr", "nonsense"])
    assert raised.value.translation_key == "unknown_queue"
    assert immich.calls == []


@pytest.mark.usefixtures("entry")
async def test_only_an_admin(
    hass: HomeAssistant, immich: FakeImmich, hass_read_only_user: MockUser
) -> None:
    """Whoever may only look changes nothing."""
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            "pause",
            {"queue": "ocr"},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert immich.calls == []


@pytest.mark.usefixtures("entry")
async def test_clear_stuck_orders_what_was_asked_for(hass: HomeAssistant) -> None:
    """Its fields become an order; nothing that is stuck is no error."""
    heal = AsyncMock(return_value=HealReport((), ()))
    with patch.object(HealingManager, "heal", heal):
        answer = await call(
            hass, "clear_stuck", queue="ocr", mode="fail", older_than={"minutes": 5}
        )
    heal.assert_awaited_once_with(("ocr",), Order(HealMode.FAIL, 300.0))
    assert answer == {"queues": {"ocr": {"jobs": [], "skipped": [], "count": 0}}}


@pytest.mark.parametrize("action", ["clear_stuck", "retry_failed"])
async def test_single_jobs_need_redis(
    hass: HomeAssistant,
    redis: FakeRedis,
    entry: MockConfigEntry,
    fake_clock: FakeClock,
    action: str,
) -> None:
    """While it is lost, nothing is guessed."""
    redis.error = RedisCannotConnectError("Gone")
    await poll(hass, entry, fake_clock, redis)
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, action, queue="ocr")
    assert raised.value.translation_key == "redis_lost"


async def test_get_queue(
    hass: HomeAssistant, redis: FakeRedis, entry: MockConfigEntry, fake_clock: FakeClock
) -> None:
    """What the last poll saw; all queues where none is named."""
    redis.set(queue("ocr", wait=5, failed=1))
    await poll(hass, entry, fake_clock, redis)
    answer = (await call(hass, "get_queue"))["queues"]
    assert list(answer) == ["faceDetection", "ocr", "library", "brandNew"]
    assert (answer["ocr"]["waiting"], answer["ocr"]["failed"]) == (5, 1)
    assert answer["ocr"]["source"] == "redis"


@pytest.mark.usefixtures("entry")
async def test_without_a_way_no_restart(hass: HomeAssistant) -> None:
    """Restarts are off until the user chose how."""
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "restart_workers")
    assert raised.value.translation_key == "restart_no_way"
