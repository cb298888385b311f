"""Photos that Immich skips as its machine learning is gone: seen, told, made up for."""

from typing import Any, cast

from homeassistant.components.repairs.const import DOMAIN as REPAIRS_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import repairs
from custom_components.immich_admin_tools.burnt_issue import BurntFlow, issue_id
from custom_components.immich_admin_tools.const import DOMAIN
from custom_components.immich_admin_tools.healing.events import Event, EventType
from tests.support.processes import until
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .conftest import entry_for, poll, set_up
from .healing.helpers import listen

QUEUE = "ocr"


def _issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id(entry.entry_id, QUEUE))


async def _burn(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, jobs: int
) -> None:
    """Let jobs be skipped, and poll until nothing happens any more."""
    before = (await simulator.truth()).queues[QUEUE]
    await simulator.machine_learning("off")
    await simulator.add_jobs(QUEUE, jobs)
    truth = await simulator.until_truth(QUEUE, finished=before.finished + jobs)
    assert truth.handler_failed - before.handler_failed == jobs
    for _ in range(3):
        await poll(hass, entry)
        await hass.async_block_till_done(wait_background_tasks=True)


async def test_burnt_jobs_are_told_and_made_up_for(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """About as many as really failed are told; the fix starts what is missing.

    A job that is slow to fail, as on a busy machine, is not told from one that was done.
    """
    assert await async_setup_component(hass, REPAIRS_DOMAIN, {})
    told = listen(hass)
    await _burn(hass, entry, simulator, 300)
    burnt = [event for event in told if event["type"] == "jobs_burnt"]
    first = sum(event["jobs"] for event in burnt)
    assert 285 <= first <= 300
    assert {event["queue"] for event in burnt} == {QUEUE}
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.is_fixable
    assert issue.data is not None
    assert issue.data["jobs"] == first

    # A second time adds up.
    await _burn(hass, entry, simulator, 50)
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.data is not None
    jobs = issue.data["jobs"]
    assert isinstance(jobs, int)
    assert 45 <= jobs - first <= 50

    flow = await repairs.async_create_fix_flow(hass, issue.issue_id, dict(issue.data))
    assert isinstance(flow, BurntFlow)
    flow.hass = hass
    form = cast("dict[str, Any]", await flow.async_step_init())
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"]["jobs"] == str(jobs)
    # Now they would be skipped again.
    result = cast("dict[str, Any]", await flow.async_step_confirm({}))
    assert result["errors"] == {"base": "machine_learning_gone"}

    await simulator.machine_learning("on")
    added = (await simulator.truth()).queues[QUEUE].added

    async def answers() -> bool:
        nonlocal result
        result = cast("dict[str, Any]", await flow.async_step_confirm({}))
        return not result.get("errors")

    await until(answers, timeout=20, what="the fix works", interval=0.3)
    assert result["type"] == "create_entry"
    await simulator.until_truth(QUEUE, added=added + 1)


async def test_fast_jobs_of_a_well_machine_learning(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Jobs may be quick for a good reason: then nothing is claimed."""
    told = listen(hass)
    await simulator.speed(0)
    before = (await simulator.truth()).queues[QUEUE].finished
    await simulator.add_jobs(QUEUE, 100)
    await simulator.until_truth(QUEUE, finished=before + 100)
    for _ in range(2):
        await poll(hass, entry)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert [event for event in told if event["type"] == "jobs_burnt"] == []
    assert _issue(hass, entry) is None


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


async def test_what_a_guard_tells_raises_the_issue_too(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Whoever found it: the user is offered the same way out, with one sum."""
    for jobs in (10, 5):
        await entry.runtime_data.activity.async_tell(
            Event(EventType.JOBS_BURNT, 0, queue=QUEUE, jobs=jobs)
        )
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.data is not None
    assert issue.data["jobs"] == 15


async def test_what_is_in_the_way_of_the_fix(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Each obstacle has its own words, and the dialog stays open."""
    flow = BurntFlow({"entry_id": entry.entry_id, "queue": QUEUE, "jobs": 3})
    flow.hass = hass

    async def problem() -> str:
        result = cast("dict[str, Any]", await flow.async_step_confirm({}))
        return str(result["errors"]["base"])

    await simulator.hang(QUEUE, 1)
    await simulator.add_jobs(QUEUE, 1)
    await simulator.until_truth(QUEUE, hung_now=1)
    assert await problem() == "queue_busy"
    await simulator.unhang(QUEUE)
    await simulator.postgres(up=False)
    assert await problem() == "not_started"
    await simulator.postgres(up=True)
    await hass.config_entries.async_unload(entry.entry_id)
    assert await problem() == "not_loaded"
    await hass.config_entries.async_setup(entry.entry_id)
