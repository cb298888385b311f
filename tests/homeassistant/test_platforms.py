"""Every entity with its state, platform by platform, while one queue works and one is stuck."""

from collections.abc import Iterator
from enum import StrEnum
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components import immich_admin_tools
from tests.analysis.builders import NOW, beat, job, queue

from .conftest import GPU_HOST, poll, set_up
from .fakes import ASSET_ID, FakeClock, FakeRedis


@pytest.fixture
def subentries(platform: Platform) -> tuple[ConfigSubentryDataWithId, ...]:
    """Return a GPU host, but for the event: which one is the last would be a race."""
    return () if platform is Platform.EVENT else (GPU_HOST,)


@pytest.fixture(autouse=True)
def _all_enabled() -> Iterator[None]:
    """Enable every entity as it is registered."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True
    ):
        yield


def _work(redis: FakeRedis) -> None:
    """Let a job of face detection hang for 50 minutes, and text recognition wait paused."""
    redis.immich.paused.add("ocr")
    redis.set(queue("ocr", paused=7, delayed=3, failed=2))
    redis.set(
        queue(
            jobs=(job(started=NOW - 3_000_000, data={"id": ASSET_ID}),),
            wait=12,
            heartbeat=beat(redis.now, age=1_000),
            next_job_added_at=NOW - 3_600_000,
        )
    )


@pytest.mark.parametrize("platform", immich_admin_tools.PLATFORMS)
async def test_platform(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    redis: FakeRedis,
    fake_clock: FakeClock,
    platform: Platform,
) -> None:
    """What dashboards and automations of users depend on does not change by chance."""
    with patch.object(immich_admin_tools, "PLATFORMS", [platform]):
        _work(redis)
        await set_up(hass, config_entry)
        for _ in range(20):
            _work(redis)
            await poll(hass, config_entry, fake_clock, redis)
        assert _shown(hass, entity_registry, config_entry) == snapshot
        await hass.config_entries.async_unload(config_entry.entry_id)


def _shown(
    hass: HomeAssistant, registry: er.EntityRegistry, entry: MockConfigEntry
) -> dict[str, object]:
    """Return each entity with its key in the translations, state and attributes."""
    shown: dict[str, object] = {}
    prefix = f"{entry.unique_id}_"
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        state = hass.states.get(item.entity_id)
        assert state is not None, item.entity_id
        # Which entity ids are given differs between releases, like the rest of an entry.
        shown[f"{item.domain} {item.unique_id.removeprefix(prefix)}"] = {
            "translation_key": item.translation_key,
            "state": "a time" if item.domain == Platform.EVENT else state.state,
            **{
                str(key): _plain(val)
                for key, val in state.attributes.items()
                if key != "device_id"
            },
        }
    return dict(sorted(shown.items()))


def _plain(value: object) -> object:
    """Return an attribute as a user's template sees it."""
    if isinstance(value, dict):
        return {str(key): _plain(val) for key, val in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value
