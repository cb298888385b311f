"""Issues about stuck jobs and blocked workers are put right where they are read."""

import asyncio
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.immich_admin_tools import repairs
from custom_components.immich_admin_tools.analysis.models import StuckKind
from custom_components.immich_admin_tools.bullmq.permissions import (
    HEAL_RULES,
    READ_RULES,
)
from custom_components.immich_admin_tools.const import (
    CONF_AUTO_HEAL,
    CONF_HEAL_LIMITS,
    DOMAIN,
)
from custom_components.immich_admin_tools.healing import verification
from custom_components.immich_admin_tools.healing.models import (
    HealReport,
    SkippedJob,
    SkipReason,
)
from custom_components.immich_admin_tools.repairs import FIX_FLOWS, stuck
from custom_components.immich_admin_tools.repairs.flow import IssueData
from custom_components.immich_admin_tools.repairs.stuck import StuckJobsFlow
from tests.integration.conftest import entity_id, entry_for, poll, set_up, state_of
from tests.integration.restart.helpers import (
    choose,
    key_without_maintenance,
    redis_user,
)
from tests.support.simulator import Simulator
from tests.support.valkey import Valkey

from .helpers import call, hang, refused, set_option


class Dialog:
    """The dialog of an issue, used as Home Assistant's page does."""

    def __init__(self, hass: HomeAssistant, issue_id: str) -> None:
        """Name the issue."""
        self._hass = hass
        self._issue = issue_id
        self.step: dict[str, Any] = {}

    async def open(self) -> dict[str, Any]:
        """Open it."""
        await async_setup_component(self._hass, "repairs", {})
        self.step = dict(
            await self._flows.async_init(DOMAIN, data={"issue_id": self._issue})
        )
        return self.step

    async def answer(self, **data: object) -> dict[str, Any]:
        """Submit a form."""
        return await self._go_on(data)

    async def choose(self, option: str) -> dict[str, Any]:
        """Click on a choice of a menu, and wait for what it does."""
        assert option in self.step["menu_options"]
        return await self._go_on({"next_step_id": option})

    async def _go_on(self, data: dict[str, Any] | None) -> dict[str, Any]:
        flow_id = self.step["flow_id"]
        self.step = dict(await self._flows.async_configure(flow_id, data))
        while self.step["type"] is FlowResultType.SHOW_PROGRESS:
            await asyncio.sleep(0.1)
            self.step = dict(await self._flows.async_configure(flow_id))
        return self.step

    @property
    def _flows(self) -> Any:
        return self._hass.data["repairs"]["flow_manager"]


def _issue(
    hass: HomeAssistant, entry: MockConfigEntry, key: str
) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")


async def _open(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> Dialog:
    dialog = Dialog(hass, f"{key}_{entry.entry_id}")
    await dialog.open()
    return dialog


async def _blocked(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Let a worker hang on to a job that was cleared."""
    await hang(hass, entry, simulator, "ocr")
    await call(hass, "clear_stuck", queue="ocr")
    await poll(hass, entry)
    assert _issue(hass, entry, "workers_blocked") is not None


async def _restart_failed(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Let a restart fail before it is tried; return the issue."""
    choose(hass, entry, "actions", actions=[{"what": 1}])
    await refused(hass, "restart_workers")
    assert _issue(hass, entry, "restart_failed") is not None
    return "restart_failed"


TEXTS = Path(repairs.__file__).parents[1] / "translations" / "en.json"


@pytest.mark.parametrize("key", FIX_FLOWS)
def test_each_dialog_has_the_steps_that_its_texts_are_for(key: str) -> None:
    """Home Assistant refuses to show a form or a menu of a step that is not there."""
    data: IssueData = {"entry_id": "x", "queue": "ocr", "queues": "ocr", "jobs": 1}
    flow = FIX_FLOWS[key](f"{key}_x", data)
    steps = json.loads(TEXTS.read_text())["issues"][key]["fix_flow"]["step"]
    for step, texts in steps.items():
        for shown in (step, *texts.get("menu_options", ())):
            assert hasattr(flow, f"async_step_{shown}"), shown


async def test_the_dialog_names_each_photo_and_why(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """File name, link, queue and reason; what was shown is what is cleared."""
    await hang(hass, entry, simulator, "ocr")
    await hang(hass, entry, simulator, "migration")
    dialog = await _open(hass, entry, "stuck_jobs")
    assert dialog.step["menu_options"] == ["clear", "clear_and_restart", "ignore"]
    listed = dialog.step["description_placeholders"]["jobs"]
    assert listed.count("\n- ") == 1
    assert "/photos/" in listed
    assert ".jpg](" in listed.lower() or ".heic](" in listed.lower()
    assert "Text recognition (OCR)" in listed
    assert "a worker holds the job and does not finish" in listed

    await hang(hass, entry, simulator, "sidecar")
    result = await dialog.choose("clear")
    assert result["step_id"] == "healed"
    said = result["description_placeholders"]["result"]
    assert said.count("worker still blocked; needs a restart") == 2
    assert [job.queue for job in entry.runtime_data.queues.data.stuck] == ["sidecar"]
    result = await dialog.choose("finish")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "still_blocked")
    await poll(hass, entry)
    assert _issue(hass, entry, "workers_blocked") is not None
    await simulator.unhang()


async def test_only_notify_leaves_everything_and_stays_quiet(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The message is put away, until a job gets stuck anew."""
    await hang(hass, entry, simulator, "ocr")
    dialog = await _open(hass, entry, "stuck_jobs")
    result = await dialog.choose("ignore")
    assert result["reason"] == "ignored"
    await poll(hass, entry)
    issue = _issue(hass, entry, "stuck_jobs")
    assert issue is not None
    assert issue.dismissed_version is not None
    assert entry.runtime_data.queues.data.stuck_jobs == 1
    await simulator.unhang()
    await simulator.until_truth("ocr", hung_now=0, finished=1)
    await poll(hass, entry)
    assert _issue(hass, entry, "stuck_jobs") is None


async def test_put_back_is_offered_where_a_job_may_be(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not while a worker holds it; then it is done, and said."""
    monkeypatch.setattr(verification, "ANSWER_WITHIN", 0)
    await hang(hass, entry, simulator, "ocr")
    dialog = await _open(hass, entry, "stuck_jobs")
    assert "requeue" not in dialog.step["menu_options"]
    (job,) = entry.runtime_data.queues.data.stuck
    free = replace(job, lock_token=None, kind=StuckKind.ORPHANED)
    monkeypatch.setattr(StuckJobsFlow, "jobs", lambda _: (free,))
    dialog = await _open(hass, entry, "stuck_jobs")
    assert "requeue" in dialog.step["menu_options"]
    result = await dialog.choose("requeue")
    # In truth a worker holds it, and the look at that moment counts.
    assert result["reason"] == "partly_cleared"
    assert "still holds" in result["description_placeholders"]["result"]
    await simulator.unhang()


async def test_without_redis_only_a_restart_is_offered(
    hass: HomeAssistant, simulator: Simulator, api_only_entry: MockConfigEntry
) -> None:
    """And the dialog says why single jobs can't be cleared."""
    entry = api_only_entry
    set_option(hass, entry, thresholds={"ocr": 1})
    await simulator.hang("ocr")
    await simulator.add_jobs("ocr", 1)
    await simulator.until_truth("ocr", hung_now=1)
    await poll(hass, entry)
    await asyncio.sleep(1.5)
    await poll(hass, entry)
    dialog = await _open(hass, entry, "stuck_jobs")
    assert dialog.step["menu_options"] == ["choose_way", "ignore"]
    assert "Redis" in dialog.step["description_placeholders"]["hindrance"]
    result = await dialog.choose("choose_way")
    assert result["menu_options"] == ["way_maintenance", "way_actions"]
    assert "Redis" in result["description_placeholders"]["problems"]
    await simulator.unhang()


async def test_a_user_who_may_only_read_is_told_what_is_missing(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """Nothing is offered that Redis would refuse."""
    login = await redis_user(valkey, "reads", READ_RULES)
    entry = entry_for(simulator, valkey.url, **login)
    await set_up(hass, entry)
    await hang(hass, entry, simulator, "ocr")
    dialog = await _open(hass, entry, "stuck_jobs")
    assert dialog.step["menu_options"] == ["choose_way", "ignore"]
    assert "+lrem" in dialog.step["description_placeholders"]["hindrance"]
    await hass.config_entries.async_unload(entry.entry_id)
    await simulator.unhang()


async def test_blocked_workers_lead_to_a_way_and_to_the_restart(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """From a message that led nowhere to working queues, by three clicks."""
    assert state_of(hass, entry, "button.restart_workers") == "unavailable"
    await _blocked(hass, entry, simulator)
    dialog = await _open(hass, entry, "workers_blocked")
    assert dialog.step["menu_options"] == ["choose_way", "ignore"]
    result = await dialog.choose("choose_way")
    assert result["menu_options"] == ["way_redis", "way_maintenance", "way_actions"]
    assert result["description_placeholders"]["problems"] == ""
    result = await dialog.choose("way_redis")
    assert result["type"] is FlowResultType.FORM
    result = await dialog.answer(restart_now=True)
    assert (result["type"], result["description"]) == (
        FlowResultType.CREATE_ENTRY,
        "restarted",
    )
    assert entry.options["restart_action"]["ways"] == ["redis"]
    await simulator.until_truth("ocr", hung_now=0)
    await poll(hass, entry)
    assert state_of(hass, entry, "button.restart_workers") != "unavailable"

    # A restart just now is within the cool-down: then it has to be wanted.
    await _blocked(hass, entry, simulator)
    dialog = await _open(hass, entry, "workers_blocked")
    assert dialog.step["menu_options"] == ["restart_anyway", "choose_way", "ignore"]
    result = await dialog.choose("restart_anyway")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_way_can_be_kept_for_later(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Own actions are checked before they are kept."""
    await _blocked(hass, entry, simulator)
    dialog = await _open(hass, entry, "workers_blocked")
    await dialog.choose("choose_way")
    result = await dialog.choose("way_actions")
    result = await dialog.answer(actions=[], restart_now=False)
    assert result["errors"] == {"base": "restart_actions_missing"}
    result = await dialog.answer(actions=[{"what": 1}], restart_now=False)
    assert result["errors"] == {"base": "restart_actions_wrong"}
    actions = [{"action": "homeassistant.update_entity"}]
    result = await dialog.answer(actions=actions, restart_now=False)
    assert result["reason"] == "way_kept"
    assert entry.options["restart_action"] == {"ways": ["actions"], "actions": actions}
    assert entry.runtime_data.restart.tries == []
    await simulator.unhang()


async def test_only_ways_that_would_work_are_offered(
    hass: HomeAssistant, simulator: Simulator, valkey: Valkey
) -> None:
    """The others are named with what is missing."""
    login = await redis_user(valkey, "heals", HEAL_RULES)
    key = await key_without_maintenance(simulator)
    entry = entry_for(simulator, valkey.url, api_key=key, **login)
    await set_up(hass, entry)
    await _blocked(hass, entry, simulator)
    dialog = await _open(hass, entry, "workers_blocked")
    result = await dialog.choose("choose_way")
    assert result["menu_options"] == ["way_actions"]
    problems = result["description_placeholders"]["problems"]
    assert "+publish" in problems
    assert "maintenance" in problems
    await hass.config_entries.async_unload(entry.entry_id)
    await simulator.unhang()


async def test_clear_and_restart_without_a_way_leads_to_choosing_one(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Nothing is cleared before the restart is sure."""
    await hang(hass, entry, simulator, "ocr")
    dialog = await _open(hass, entry, "stuck_jobs")
    result = await dialog.choose("clear_and_restart")
    assert result["step_id"] == "choose_way"
    await poll(hass, entry)
    assert entry.runtime_data.queues.data.stuck_jobs == 1
    await dialog.choose("way_redis")
    result = await dialog.answer(restart_now=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await simulator.until_truth("ocr", hung_now=0)
    await poll(hass, entry)
    assert entry.runtime_data.queues.data.stuck_jobs == 0


async def test_a_restart_that_fails_says_why(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The message stays, and offers to try again."""
    await _blocked(hass, entry, simulator)
    choose(hass, entry, "actions", actions=[{"what": 1}])
    await hass.async_block_till_done()
    dialog = await _open(hass, entry, "workers_blocked")
    result = await dialog.choose("restart_now")
    assert result["reason"] == "not_restarted"
    assert "actions" in result["description_placeholders"]["reason"]
    assert _issue(hass, entry, "workers_blocked") is not None
    dialog = await _open(hass, entry, "restart_failed")
    assert "choose_way" in dialog.step["menu_options"]
    dialog = await _open(hass, entry, "restart_actions_invalid")
    assert dialog.step["menu_options"] == [
        "way_redis",
        "way_maintenance",
        "way_actions",
    ]
    await simulator.unhang()


async def test_the_limit_can_be_raised_or_passed(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what the limit holds back is listed, and acted on."""
    monkeypatch.setattr(verification, "ANSWER_WITHIN", 0)
    await hang(hass, entry, simulator, "migration", 2)
    set_option(
        hass,
        entry,
        **{CONF_AUTO_HEAL: "clear_and_log", CONF_HEAL_LIMITS: {"actions_per_hour": 1}},
    )
    await poll(hass, entry)
    await poll(hass, entry)
    dialog = await _open(hass, entry, "heal_limit")
    assert dialog.step["menu_options"] == [
        "clear",
        "clear_and_restart",
        "raise_limit",
        "ignore",
    ]
    assert dialog.step["description_placeholders"]["jobs"].count("- ") == 1
    await dialog.choose("raise_limit")
    result = await dialog.answer(actions_per_hour=7)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options[CONF_HEAL_LIMITS] == {"actions_per_hour": 7}
    await poll(hass, entry)
    assert _issue(hass, entry, "heal_limit") is None
    await simulator.unhang()


async def test_issues_end_with_a_disabled_entry(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """They stay over a reload, so that what was ignored stays so."""
    await hang(hass, entry, simulator, "ocr")
    assert _issue(hass, entry, "stuck_jobs") is not None
    ir.async_ignore_issue(hass, DOMAIN, f"stuck_jobs_{entry.entry_id}", True)
    await hass.config_entries.async_reload(entry.entry_id)
    issue = _issue(hass, entry, "stuck_jobs")
    assert issue is not None
    assert issue.dismissed_version is not None
    await hass.config_entries.async_set_disabled_by(
        entry.entry_id, ConfigEntryDisabler.USER
    )
    assert _issue(hass, entry, "stuck_jobs") is None
    await simulator.unhang()


async def test_a_dialog_of_an_entry_that_is_not_loaded(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It says so instead of failing."""
    await hang(hass, entry, simulator, "ocr")
    await hass.config_entries.async_unload(entry.entry_id)
    dialog = await _open(hass, entry, "stuck_jobs")
    assert dialog.step["reason"] == "not_loaded"
    await simulator.unhang()


@pytest.mark.parametrize(
    "option", ["clear", "clear_and_restart", "raise_limit", "choose_way", "restart_now"]
)
async def test_a_dialog_goes_on_after_its_entry_has_ended(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, option: str
) -> None:
    """It says that, whatever is chosen, and works when the entry is back."""
    key = "stuck_jobs"
    if option in ("choose_way", "restart_now"):
        key = await _restart_failed(hass, entry)
    else:
        await hang(hass, entry, simulator, "ocr")
        choose(hass, entry, "redis")
    if option == "raise_limit":
        key = "heal_limit"
        limits = {CONF_HEAL_LIMITS: {"actions_per_hour": 0}}
        set_option(hass, entry, **{CONF_AUTO_HEAL: "clear_and_log"}, **limits)
        await poll(hass, entry)
        await poll(hass, entry)
    dialog = await _open(hass, entry, key)
    before = (await simulator.truth()).restarts
    await hass.config_entries.async_unload(entry.entry_id)
    result = await dialog.choose(option)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    assert (await simulator.truth()).restarts == before
    await hass.config_entries.async_setup(entry.entry_id)
    await simulator.unhang()


async def test_a_form_is_submitted_after_its_entry_has_ended(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Nothing is kept, and it is said why."""
    dialog = await _open(hass, entry, await _restart_failed(hass, entry))
    await dialog.choose("choose_way")
    await dialog.choose("way_redis")
    await hass.config_entries.async_unload(entry.entry_id)
    result = await dialog.answer(restart_now=True)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    assert entry.options["restart_action"]["ways"] == ["actions"]
    await hass.config_entries.async_setup(entry.entry_id)


async def test_a_dialog_goes_on_after_a_reload(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """What was read is what is done, with what the entry has now."""
    before = (await simulator.truth()).restarts["worker"]
    dialog = await _open(hass, entry, await _restart_failed(hass, entry))
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await dialog.choose("choose_way")
    await dialog.choose("way_redis")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    result = await dialog.answer(restart_now=True)
    assert (result["type"], result["description"]) == (
        FlowResultType.CREATE_ENTRY,
        "restarted",
    )
    assert (await simulator.truth()).restarts["worker"] == before + 1


async def test_the_entry_ends_while_a_dialog_is_at_work(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It tells what came of it, and does not fail by what is gone."""
    await hang(hass, entry, simulator, "ocr")
    dialog = await _open(hass, entry, "stuck_jobs")
    flows = hass.data["repairs"]["flow_manager"]
    choice = {"next_step_id": "clear"}
    result = await flows.async_configure(dialog.step["flow_id"], choice)
    assert result["type"] == "progress"
    await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(40):
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await asyncio.sleep(0.1)
            result = await flows.async_configure(dialog.step["flow_id"])
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "interrupted")
    assert "unloaded" in result["description_placeholders"]["reason"]
    await hass.config_entries.async_setup(entry.entry_id)
    await simulator.unhang()


async def test_the_entry_ends_as_a_dialog_is_done(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was done is told as done."""
    await hang(hass, entry, simulator, "ocr")
    dialog = await _open(hass, entry, "stuck_jobs")

    class Heals:
        async def heal(self, *_: object, **__: object) -> HealReport:
            await hass.config_entries.async_unload(entry.entry_id)
            gone = SkippedJob("ocr", "1", SkipReason.NOT_STUCK)
            return HealReport((), (gone,))

    monkeypatch.setattr(stuck, "reachable_healing", lambda _: Heals())
    result = await dialog.choose("clear")
    assert (result["type"], result["reason"]) == (
        FlowResultType.ABORT,
        "partly_cleared",
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await simulator.unhang()


async def test_restart_as_auto_heal_needs_a_way(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It is refused with what to do first."""
    select = entity_id(hass, entry, "select.auto_heal")
    data = {"entity_id": select, "option": "clear_and_restart"}
    with pytest.raises(ServiceValidationError, match="restart"):
        await hass.services.async_call("select", "select_option", data, blocking=True)
    choose(hass, entry, "redis")
    await hass.services.async_call("select", "select_option", data, blocking=True)
    assert entry.options[CONF_AUTO_HEAL] == "clear_and_restart"


async def test_the_restart_button_of_version_0_1_0_is_switched_on(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """There it was off by itself; what the user switched off stays off."""
    registry = er.async_get(hass)
    button = entity_id(hass, entry, "button.restart_workers")
    for by, after in (
        (er.RegistryEntryDisabler.INTEGRATION, None),
        (er.RegistryEntryDisabler.USER, er.RegistryEntryDisabler.USER),
    ):
        registry.async_update_entity(button, disabled_by=by)
        await hass.config_entries.async_reload(entry.entry_id)
        assert registry.entities[button].disabled_by is after
