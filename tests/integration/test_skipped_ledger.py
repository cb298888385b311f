"""What is known of skipped photos is neither lost nor made up, whatever comes between."""

import asyncio
from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import skipped_jobs
from custom_components.immich_admin_tools.analysis.skipped_ledger import SkippedJobs
from custom_components.immich_admin_tools.const import DOMAIN, POLLS_BEFORE_REMOVAL
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import QueueCounts
from custom_components.immich_admin_tools.skipped_jobs import EntrySkippedJobs, issue_id
from tests.support.processes import until
from tests.support.simulator import Simulator

from .conftest import Servers, poll
from .healing.helpers import listen

QUEUE = "ocr"
JOBS = 9


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell without waiting for long."""
    monkeypatch.setattr(skipped_jobs, "TELL_AFTER", 0.1)
    monkeypatch.setattr(skipped_jobs, "TELL_AGAIN", 0.2)


def _ledger(entry: MockConfigEntry) -> EntrySkippedJobs:
    ledger: EntrySkippedJobs = entry.runtime_data.skipped_jobs
    return ledger


def _issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id(entry.entry_id, QUEUE))


def _jobs_told(told: list[dict[str, Any]]) -> int:
    return sum(cast("int", it["jobs"]) for it in told if it["type"] == "jobs_burnt")


class ShortReplies:
    """Lets Immich leave a queue out of its list, as it may while it starts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Leave it out from now on."""
        self.short = True
        real = ImmichClient.queues

        async def queues(
            client: ImmichClient, timeout: float | None = None
        ) -> tuple[QueueCounts, ...]:
            found = await real(client, timeout)
            return tuple(it for it in found if it.queue != QUEUE or not self.short)

        monkeypatch.setattr(ImmichClient, "queues", queues)


async def _look(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await entry.runtime_data.server.async_refresh()
    await poll(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture(params=["entry", "api_only_entry"])
def either_entry(servers: Servers, request: pytest.FixtureRequest) -> MockConfigEntry:
    """Return an entry with Redis, then one without; the servers come before the test."""
    entry: MockConfigEntry = request.getfixturevalue(request.param)
    return entry


async def test_kept_over_a_short_reply_just_after_the_start(
    hass: HomeAssistant, either_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that Immich has not named yet is not gone; one that was named may go."""
    entry = either_entry
    await _ledger(entry).count(QUEUE, JOBS, at_least=False, position=None)
    replies = ShortReplies(monkeypatch)
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(POLLS_BEFORE_REMOVAL + 2):
        await _look(hass, entry)
    assert QUEUE not in entry.runtime_data.server.data.queues
    assert _ledger(entry).of(QUEUE).jobs == JOBS
    assert _issue(hass, entry) is not None

    replies.short = False
    await _look(hass, entry)
    assert _ledger(entry).of(QUEUE).jobs == JOBS
    replies.short = True
    for _ in range(POLLS_BEFORE_REMOVAL - 1):
        await _look(hass, entry)
    assert _ledger(entry).of(QUEUE).jobs == JOBS
    for _ in range(2):
        await _look(hass, entry)
    assert _ledger(entry).of(QUEUE).jobs == 0
    assert _issue(hass, entry) is None


async def test_told_although_the_entry_ends_meanwhile(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: what is written down as told was told."""
    told = listen(hass)
    ledger = _ledger(entry)
    await ledger.count(QUEUE, JOBS, at_least=False, position=None)
    store = entry.runtime_data.stores.safety._store
    real = store.async_save
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(data: dict[str, Any]) -> None:
        if not data[skipped_jobs.SECTION]["queues"][QUEUE]["untold"]:
            begun.set()
            await go_on.wait()
        await real(data)

    monkeypatch.setattr(store, "async_save", slow)
    async with asyncio.timeout(10):
        await begun.wait()
    unload = hass.async_create_task(hass.config_entries.async_unload(entry.entry_id))
    for _ in range(10):
        await asyncio.sleep(0)
    go_on.set()
    assert await unload
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    async def all_told() -> bool:
        await hass.async_block_till_done()
        return not _ledger(entry).of(QUEUE).untold

    await until(all_told, timeout=10, what="nothing is untold", interval=0.05)
    await asyncio.sleep(0.4)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert _jobs_told(told) == JOBS


async def test_found_just_before_the_entry_ends(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It is told after the next start."""
    told = listen(hass)
    await _ledger(entry).count(QUEUE, JOBS, at_least=False, position=None)
    await hass.config_entries.async_unload(entry.entry_id)
    assert _jobs_told(told) == 0
    await hass.config_entries.async_setup(entry.entry_id)

    async def all_told() -> bool:
        await hass.async_block_till_done()
        return _jobs_told(told) >= JOBS

    await until(all_told, timeout=10, what="all are told", interval=0.05)
    assert _jobs_told(told) == JOBS


async def test_a_start_of_a_queue_that_no_poll_has_seen(
    hass: HomeAssistant,
    simulator: Simulator,
    api_only_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Immich did start it: there is nothing to fail for."""
    entry = api_only_entry
    await _ledger(entry).count(QUEUE, JOBS, at_least=False, position=None)
    ShortReplies(monkeypatch)
    await poll(hass, entry)
    assert QUEUE not in entry.runtime_data.queues.data.queues
    assert QUEUE in entry.runtime_data.server.data.queues
    before = (await simulator.truth()).queues[QUEUE].added
    answer = await hass.services.async_call(
        DOMAIN,
        "run_queue",
        {"config_entry_id": entry.entry_id, "queue": QUEUE, "scope": "missing"},
        blocking=True,
        return_response=True,
    )
    assert cast("dict[str, Any]", answer)["queues"].keys() == {QUEUE}
    await simulator.until_truth(QUEUE, added=before + 1)
    await hass.async_block_till_done(wait_background_tasks=True)
    # Not known whether it runs, so not made up for.
    assert _ledger(entry).of(QUEUE).jobs == JOBS


async def test_nothing_was_skipped(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """That it may be more is said of what was skipped, and of nothing else."""
    told = listen(hass)
    ledger = _ledger(entry)
    await ledger.count(QUEUE, 0, at_least=True, position=None)
    assert ledger.of(QUEUE) == SkippedJobs()
    assert "skipped 0 jobs" not in caplog.text
    await ledger.count(QUEUE, JOBS, at_least=False, position=None)
    await ledger.count(QUEUE, 0, at_least=True, position=None)
    own = ledger.of(QUEUE)
    assert (own.jobs, own.at_least) == (JOBS, True)
    await ledger.end(QUEUE)
    await ledger.count(QUEUE, 0, at_least=True, position=None)
    assert not ledger.of(QUEUE).at_least
    assert _issue(hass, entry) is None

    async def all_told() -> bool:
        await hass.async_block_till_done()
        return not ledger.of(QUEUE).untold

    await until(all_told, timeout=10, what="nothing is untold", interval=0.05)
    assert _jobs_told(told) == JOBS
