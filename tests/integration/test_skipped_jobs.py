"""Photos that Immich skips as its machine learning is gone: seen, told, made up for."""

from typing import Any, cast

from homeassistant.components.repairs.const import DOMAIN as REPAIRS_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import repairs, skipped_jobs
from custom_components.immich_admin_tools.analysis import skipped
from custom_components.immich_admin_tools.analysis.skipped_ledger import SkippedJobs
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.immich.errors import JobAlreadyRunningError
from custom_components.immich_admin_tools.repairs.skipped import SkippedJobsFlow
from custom_components.immich_admin_tools.skipped_jobs import (
    async_show_skipped,
    issue_id,
)
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, poll, set_up
from .healing.helpers import listen

QUEUE = "ocr"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask twice, and tell, without waiting for long."""
    monkeypatch.setattr(
        "custom_components.immich_admin_tools.skipped_watch.SECOND_LOOK", 0
    )
    # A machine that is busy with tests takes its time to skip a job.
    monkeypatch.setattr(skipped, "LOWEST_LIMIT", 1_000)
    monkeypatch.setattr(skipped, "UNKNOWN_LIMIT", 1_000)
    monkeypatch.setattr(skipped_jobs, "TELL_AFTER", 0.1)
    monkeypatch.setattr(skipped_jobs, "TELL_AGAIN", 0.2)


def _issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id(entry.entry_id, QUEUE))


def _skipped(entry: MockConfigEntry) -> SkippedJobs:
    own: SkippedJobs = entry.runtime_data.skipped_jobs.of(QUEUE)
    return own


async def _settle(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for _ in range(3):
        await poll(hass, entry)
        await hass.async_block_till_done(wait_background_tasks=True)


async def _burn(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, jobs: int
) -> None:
    """Let jobs be skipped, and poll until nothing happens any more."""
    before = (await simulator.truth()).queues[QUEUE]
    await simulator.machine_learning("off")
    await simulator.add_jobs(QUEUE, jobs)
    truth = await simulator.until_truth(QUEUE, finished=before.finished + jobs)
    assert truth.handler_failed - before.handler_failed == jobs
    await _settle(hass, entry)


async def _flow(hass: HomeAssistant, entry: MockConfigEntry) -> SkippedJobsFlow:
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.data is not None
    flow = await repairs.async_create_fix_flow(hass, issue.issue_id, dict(issue.data))
    assert isinstance(flow, SkippedJobsFlow)
    flow.hass = hass
    return flow


async def _shown(flow: SkippedJobsFlow) -> dict[str, Any]:
    return cast("dict[str, Any]", await flow.async_step_init())


async def test_skipped_jobs_are_told_and_made_up_for(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Never more than really failed; the dialog offers what works now.

    A job that is slow to fail, as on a busy machine, is not told from one that was done.
    """
    assert await async_setup_component(hass, REPAIRS_DOMAIN, {})
    told = listen(hass)
    await _burn(hass, entry, simulator, 300)
    first = _skipped(entry).jobs
    assert 200 <= first <= 300

    async def is_told() -> bool:
        await hass.async_block_till_done()
        return first == sum(
            cast("int", it["jobs"]) for it in told if it["type"] == "jobs_burnt"
        )

    await until(is_told, timeout=10, what="all are told once", interval=0.1)
    # A second time adds up, in the same issue.
    await _burn(hass, entry, simulator, 50)
    both = _skipped(entry).jobs
    assert first < both <= first + 50
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.data is not None
    assert issue.data["jobs"] == both

    # As the browser opens it: Home Assistant refuses steps that are not there.
    form = await hass.data[REPAIRS_DOMAIN]["flow_manager"].async_init(
        DOMAIN, data={"issue_id": issue.issue_id}
    )
    assert form["step_id"] == "machine_learning_gone"
    assert form["menu_options"] == ["run_automatically", "ignore"]
    assert form["description_placeholders"]["jobs"] == str(both)
    flow = await _flow(hass, entry)
    await simulator.machine_learning("on")

    async def ready() -> bool:
        return str((await _shown(flow))["step_id"]) == "ready"

    await until(ready, timeout=20, what="it can be run now", interval=0.3)
    assert (await _shown(flow))["menu_options"] == ["run_now", "ignore"]
    added = (await simulator.truth()).queues[QUEUE].added
    result = cast("dict[str, Any]", await flow.async_step_run_now())
    assert result["type"] == "create_entry"
    await simulator.until_truth(QUEUE, added=added + 1)
    assert _skipped(entry).jobs == 0
    assert _issue(hass, entry) is None


async def test_made_up_for_automatically_once(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The choice outlives a reload; nothing is counted twice, and started once."""
    await _burn(hass, entry, simulator, 30)
    flow = await _flow(hass, entry)
    result = cast("dict[str, Any]", await flow.async_step_run_automatically())
    assert result["type"] == "create_entry"
    assert _issue(hass, entry) is None
    before = _skipped(entry)
    assert before.jobs
    await _settle(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await _settle(hass, entry)
    assert (_skipped(entry).jobs, _skipped(entry).automatic) == (before.jobs, True)

    await simulator.machine_learning("on")
    added = (await simulator.truth()).queues[QUEUE].added
    client = entry.runtime_data.client

    async def answers() -> bool:
        return str((await client.probe_machine_learning()).value) == "answers"

    await until(answers, timeout=20, what="it answers", interval=0.3)
    entry.runtime_data.skipped_jobs._not_before.clear()
    await _settle(hass, entry)
    assert _skipped(entry) == SkippedJobs(
        untold=_skipped(entry).untold, position=_skipped(entry).position
    )
    await simulator.until_truth(QUEUE, added=added + 1)
    await _settle(hass, entry)
    assert _skipped(entry).jobs == 0


async def test_asked_to_start_once_a_minute(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A queue that is busy after all waits."""
    ledger = entry.runtime_data.skipped_jobs
    await ledger.count(QUEUE, 9, at_least=False, position=None)
    requests: list[str] = []

    async def start(name: str, *, force: bool) -> None:
        requests.append(name)
        raise JobAlreadyRunningError(name)

    monkeypatch.setattr(entry.runtime_data.client, "start", start)
    await ledger.run_automatically(QUEUE)
    for _ in range(4):
        await _settle(hass, entry)
    assert requests == [QUEUE]
    assert _skipped(entry).jobs == 9


@pytest.mark.parametrize("here", [True, False])
async def test_a_run_by_the_user_ends_it(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, here: bool
) -> None:
    """Here or in Immich's own pages, once the machine learning answers."""
    ledger = entry.runtime_data.skipped_jobs
    await ledger.count(QUEUE, 9, at_least=False, position=None)
    assert _issue(hass, entry) is not None

    async def run() -> None:
        before = (await simulator.truth()).queues[QUEUE].finished
        if here:
            await hass.services.async_call(
                DOMAIN,
                "run_queue",
                {"config_entry_id": entry.entry_id, "queue": QUEUE, "scope": "all"},
                blocking=True,
                return_response=True,
            )
        else:
            await simulator.request(
                "PUT", f"/api/jobs/{QUEUE}", {"command": "start", "force": False}
            )
        await simulator.until_truth(QUEUE, finished=before + 1)
        await _settle(hass, entry)

    await simulator.machine_learning("off")
    await run()
    assert _skipped(entry).jobs >= 9
    await hass.services.async_call(
        DOMAIN,
        "clear_waiting",
        {"config_entry_id": entry.entry_id, "queue": QUEUE},
        blocking=True,
        return_response=True,
    )
    await simulator.machine_learning("on")

    async def idle() -> bool:
        await poll(hass, entry)
        view = entry.runtime_data.queues.data.queues[QUEUE]
        return not (view.active or view.waiting)

    await until(idle, timeout=60, what="the queue is idle", interval=0.3)
    await run()

    async def over() -> bool:
        await _settle(hass, entry)
        return _skipped(entry).jobs == 0

    await until(over, timeout=90, what="it is made up for", interval=0.3)
    assert _issue(hass, entry) is None


async def test_fast_jobs_of_a_well_machine_learning(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Jobs may be quick for a good reason: then nothing is claimed."""
    await simulator.speed(0)
    before = (await simulator.truth()).queues[QUEUE].finished
    await simulator.add_jobs(QUEUE, 100)
    await simulator.until_truth(QUEUE, finished=before + 100)
    await _settle(hass, entry)
    assert _skipped(entry).jobs == 0
    assert _issue(hass, entry) is None


async def test_nobody_knows(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Immich can't be asked: what was fast is not called skipped, then or later."""
    await poll(hass, entry)
    await simulator.speed(0)
    before = (await simulator.truth()).queues[QUEUE].finished
    await simulator.add_jobs(QUEUE, 100)
    await simulator.until_truth(QUEUE, finished=before + 100)
    await simulator.postgres(up=False)
    await poll(hass, entry)
    await simulator.postgres(up=True)
    await _settle(hass, entry)
    assert _skipped(entry).jobs == 0


async def test_the_issue_goes_with_the_entry(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """Nothing is left behind."""
    entry = entry_for(simulator, valkey.url)
    await set_up(hass, entry)
    await _burn(hass, entry, simulator, 20)
    assert _issue(hass, entry) is not None
    await simulator.machine_learning("on")
    await hass.config_entries.async_remove(entry.entry_id)
    assert _issue(hass, entry) is None


async def test_an_issue_of_an_older_version(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Its number is taken over; ignoring what was lost ends it for good."""
    async_show_skipped(hass, entry, QUEUE, 12)
    await hass.config_entries.async_reload(entry.entry_id)
    assert _skipped(entry).jobs == 12
    flow = await _flow(hass, entry)
    result = cast("dict[str, Any]", await flow.async_step_ignore())
    assert result["type"] == "create_entry"
    await hass.config_entries.async_reload(entry.entry_id)
    assert _skipped(entry).jobs == 0
    assert _issue(hass, entry) is None


async def test_what_is_in_the_way_of_the_fix(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Each obstacle has its own words and offers what works."""
    flow = SkippedJobsFlow({"entry_id": entry.entry_id, "queue": QUEUE, "jobs": 3})
    flow.hass = hass
    await simulator.hang(QUEUE, 1)
    await simulator.add_jobs(QUEUE, 1)
    await simulator.until_truth(QUEUE, hung_now=1)
    await poll(hass, entry)
    assert (await _shown(flow))["step_id"] == "queue_busy"
    result = cast("dict[str, Any]", await flow.async_step_run_now())
    assert result["step_id"] == "queue_busy"
    await simulator.unhang(QUEUE)
    await simulator.postgres(up=False)
    assert (await _shown(flow))["step_id"] == "machine_learning_gone"
    await simulator.postgres(up=True)
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await _shown(flow))["reason"] == "not_loaded"
    await hass.config_entries.async_setup(entry.entry_id)
