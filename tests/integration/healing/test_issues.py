"""What is put under Repairs about stuck jobs, and into the logbook."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import logbook
from custom_components.immich_admin_tools.const import (
    CONF_AUTO_HEAL,
    CONF_HEAL_LIMITS,
    DOMAIN,
)
from custom_components.immich_admin_tools.healing import verification
from custom_components.immich_admin_tools.history.events import EventType
from custom_components.immich_admin_tools.history.manager import BUS_EVENT
from custom_components.immich_admin_tools.repairs import async_remove_issues
from tests.integration.conftest import entry_for, poll, set_up
from tests.support.simulator import Simulator

from .helpers import call, hang, set_option


def issue(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> dict[str, Any]:
    """Return what an issue says; empty when there is none."""
    found = ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")
    return dict(found.translation_placeholders or {}) if found else {}


def test_every_event_has_an_icon() -> None:
    """In the logbook, which shows none by itself."""
    assert set(logbook.ICONS) == set(EventType)


async def test_stuck_jobs_are_told_until_they_are_cleared(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """By the name of the queue; then the blocked worker, until it is free."""
    await hang(hass, entry, simulator, "ocr")
    assert issue(hass, entry, "stuck_jobs") == {
        "title": "Immich",
        "queues": "Text recognition (OCR)",
        "count": "1",
    }
    set_option(hass, entry, **{CONF_AUTO_HEAL: "off"})
    await poll(hass, entry)
    assert not issue(hass, entry, "stuck_jobs")
    set_option(hass, entry, **{CONF_AUTO_HEAL: "alert_only"})
    await poll(hass, entry)
    assert issue(hass, entry, "stuck_jobs")
    assert not issue(hass, entry, "workers_blocked")

    await call(hass, "clear_stuck", queue="ocr")
    await poll(hass, entry)
    assert not issue(hass, entry, "stuck_jobs")
    assert issue(hass, entry, "workers_blocked")["count"] == "1"
    async_remove_issues(hass, entry)
    assert not issue(hass, entry, "workers_blocked")
    await simulator.unhang()


async def test_the_limit_is_told(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """How many are left, and where."""
    monkeypatch.setattr(verification, "ANSWER_WITHIN", 0)
    await hang(hass, entry, simulator, "migration", 2)
    limits = {CONF_HEAL_LIMITS: {"actions_per_hour": 1}}
    set_option(hass, entry, **{CONF_AUTO_HEAL: "clear_and_log"}, **limits)
    await poll(hass, entry)
    await poll(hass, entry)
    said = issue(hass, entry, "heal_limit")
    assert (said["count"], said["limit"]) == ("1", "1")
    await simulator.unhang()


@pytest.mark.parametrize(
    ("language", "data", "expected"),
    [
        (
            "en",
            {"type": "job_stuck", "asset_path": "/data/a/IMG_1.jpg"},
            "Job stuck: IMG_1.jpg",
        ),
        (
            "de",
            {"type": "job_cleared", "asset_path": "/a/b.jpg", "outcome": "slot_lost"},
            "Bereinigt: b.jpg",
        ),
        (
            "de",
            {
                "type": "heal_unconfirmed",
                "asset_path": "/a/b.jpg",
                "outcome": "slot_lost",
            },
            "Worker noch blockiert; Neustart nötig: b.jpg",
        ),
        (
            "en",
            {
                "type": "heal_unconfirmed",
                "name": "FacialRecognitionQueueAll",
                "outcome": "unconfirmed",
                "doubt": "paused",
                "reason": "asked",
            },
            "Not confirmed that the worker is free: FacialRecognitionQueueAll"
            " – The queue is paused",
        ),
        (
            "en",
            {
                "type": "job_requeued",
                "asset_path": "/a/b.jpg",
                "outcome": "confirmed",
                "reason": "left_behind",
            },
            "Requeued: b.jpg; the worker is free – The worker of the job is gone",
        ),
        (
            "en",
            {
                "type": "job_stuck",
                "file_name": "IMG_0036.heic",
                "queue": "faceDetection",
                "age": 2_820,
                "kind": "hung",
            },
            "Job stuck: IMG_0036.heic in Face detection, active for 47 min (hung)",
        ),
        (
            "de",
            {
                "type": "job_stuck",
                "name": "Ocr",
                "queue": "ocr",
                "age": 2_820,
                "kind": "orphaned",
            },
            "Aufgabe hängt: Ocr in Texterkennung (OCR), seit 47 min aktiv (Worker weg)",
        ),
        (
            "en",
            {"type": "queue_paused", "reason": "gpu_offline", "by": "auto"},
            "Queue paused: GPU box is off; resumes automatically",
        ),
        (
            "en",
            {"type": "queue_paused", "reason": "by_hand", "by": "user"},
            "Queue paused: Manually",
        ),
        ("en", {"type": "queue_resumed", "reason": "gpu_offline"}, "Queue resumed"),
        ("en", {"type": "queue_finished"}, "Queue finished"),
        (
            "en",
            {"type": "queue_finished", "jobs": 1204, "duration": 2_280},
            "Queue finished: 1,204 jobs in 38 min",
        ),
        (
            "de",
            {"type": "queue_finished", "jobs": 1204, "duration": 2_280},
            "Warteschlange fertig: 1.204 Aufgaben in 38 min",
        ),
        (
            "en",
            {
                "type": "job_cleared",
                "asset_path": "/data/upload/7f/95/7f9528bc.jpg",
                "file_name": "IMG_0215.jpg",
            },
            "Cleared: IMG_0215.jpg",
        ),
        ("en", {"type": "gpu_ready", "reason": "ready"}, "GPU box ready"),
        (
            "en",
            {"type": "gpu_sleep", "reason": "lost"},
            "GPU box shut down: The box switched off unexpectedly",
        ),
        (
            "en",
            {"type": "jobs_burnt", "queue": "ocr", "jobs": 12, "at_least": True},
            "Photos skipped: ≥ 12 in Text recognition (OCR)",
        ),
    ],
)
async def test_logbook(
    hass: HomeAssistant,
    simulator: Simulator,
    language: str,
    data: dict[str, object],
    expected: str,
) -> None:
    """In the language of Home Assistant, under the name of the device."""
    hass.config.language = language
    entry = entry_for(simulator, None)
    await set_up(hass, entry)
    described: dict[str, Callable[[Any], dict[str, Any]]] = {}

    def describe(
        domain: str, event: str, function: Callable[[Any], dict[str, Any]]
    ) -> None:
        assert domain == DOMAIN
        described[event] = function

    logbook.async_describe_events(hass, describe)
    device_id = entry.runtime_data.server_device_id
    event: Event[dict[str, Any]] = Event(
        BUS_EVENT,
        {
            "device_id": device_id,
            "entry_id": entry.entry_id,
            "instance": "x",
            **data,
        },
        time_fired_timestamp=dt_util.utcnow().timestamp(),
    )
    described_as = described[BUS_EVENT](event)
    assert described_as.pop("icon").startswith("mdi:")
    assert described_as == {"name": "Immich", "message": expected}
    gone = Event(BUS_EVENT, {"device_id": "gone", "instance": "Immich 2", **data})
    assert described[BUS_EVENT](gone)["name"] == "Immich 2"
    await hass.config_entries.async_unload(entry.entry_id)
