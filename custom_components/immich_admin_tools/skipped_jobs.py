"""The ledger of skipped photos of one Immich: kept, told, made up for once."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from .analysis.models import QueueView, Source
from .analysis.skipped import Answer, answer_of
from .analysis.skipped_ledger import SkippedJobs, ledger_from, ledger_to
from .clock import monotonic_ms, now_ms
from .const import DOMAIN, LOGGER
from .coordinator import QueueCoordinator, ServerCoordinator
from .devices import queue_name
from .gpu_host.guard import DrainGuard
from .gpu_host.manager import GpuHost, GpuHostManager
from .gpu_host.settings import Rerun
from .healing.errors import NotStoredError
from .history.events import Event, EventType
from .history.manager import HistoryManager
from .immich.errors import ImmichError, JobAlreadyRunningError, RequestRefusedError
from .pauses.keeper import LeaseKeeper
from .skipped_watch import SkippedJobWatch
from .storage import EntryStores
from .texts import plain_placeholders

JOBS_BURNT = "jobs_burnt"


def issue_id(entry_id: str, queue: str) -> str:
    """Return the id of the issue of a queue."""
    return f"{JOBS_BURNT}_{entry_id}_{queue}"


@callback
def async_known_skipped(hass: HomeAssistant, entry: ConfigEntry) -> Mapping[str, int]:
    """Return the jobs that issues tell of, by queue: 0.1.0 kept them nowhere else."""
    found: dict[str, int] = {}
    for (domain, known), issue in ir.async_get(hass).issues.items():
        if domain == DOMAIN and known.startswith(issue_id(entry.entry_id, "")):
            queue, jobs = (
                (issue.data or {}).get("queue"),
                (issue.data or {}).get("jobs"),
            )
            if isinstance(queue, str) and isinstance(jobs, int):
                found[queue] = jobs
    return found


@callback
def async_show_skipped(
    hass: HomeAssistant, entry: ConfigEntry, queue: str, jobs: int
) -> None:
    """Tell how many photos were skipped; none: take the issue back."""
    if jobs == 0:
        ir.async_delete_issue(hass, DOMAIN, issue_id(entry.entry_id, queue))
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry.entry_id, queue),
        data={"entry_id": entry.entry_id, "queue": queue, "jobs": jobs},
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=JOBS_BURNT,
        translation_placeholders=plain_placeholders(
            {
                "title": entry.title,
                "queue": queue_name(hass, entry, queue),
                "jobs": jobs,
            }
        ),
    )


@callback
def async_remove_skipped(hass: HomeAssistant, entry_id: str) -> None:
    """Take the issues of an entry back, as the entry goes."""
    prefix = issue_id(entry_id, "")
    for domain, known in list(ir.async_get(hass).issues):
        if domain == DOMAIN and known.startswith(prefix):
            ir.async_delete_issue(hass, DOMAIN, known)


SECTION = "skipped_jobs"
"""Section of the safety store."""
SEEN_IN_EVENTS = "seen_in_events"
"""Reason of the events about queues that no GPU host works for."""
RETRY = 60_000
"""ms between two requests to run what is missing."""
ASK_WITHIN = 5.0
"""Seconds for the machine learning to answer Immich."""
TELL_AFTER = 3.0
"""Seconds from the first skipped photo until it is told, with those that follow."""
TELL_AGAIN = 60.0
"""Seconds from one telling to the next."""


class Obstacle(StrEnum):
    """What is in the way of running what is missing; keys of translations."""

    MACHINE_LEARNING_GONE = "machine_learning_gone"
    QUEUE_BUSY = "queue_busy"


class EntrySkippedJobs:
    """Keeps the skipped jobs of each queue until Immich looks for them again."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        stores: EntryStores,
        positions: Mapping[str, str],
        leases: LeaseKeeper,
        guard: DrainGuard | None,
        server: ServerCoordinator,
        queues: QueueCoordinator,
        history: HistoryManager,
        gpu_hosts: GpuHostManager,
    ) -> None:
        """Go on from what is stored; `positions`: up to where events were counted."""
        self._hass = hass
        self._entry = entry
        self._client = server.client
        self._server = server
        self._queues = queues
        self._history = history
        self._hosts = gpu_hosts.hosts
        self._section = stores.safety.section(SECTION)
        self._ledger = ledger_from(self._section.data)
        self._seen: set[str] = set()
        """Queues that Immich has named since the start."""
        self._not_before: dict[str, int] = {}
        self._under_way: set[str] = set()
        self._timers: dict[str, CALLBACK_TYPE] = {}
        self._told_at: dict[str, int] = {}
        self._lock = asyncio.Lock()
        self._watch: SkippedJobWatch | None = None
        if queues.redis is None:
            return
        self._watch = SkippedJobWatch(
            hass,
            entry,
            redis=queues.redis,
            queues=queues,
            leases=leases,
            guard=guard,
            hosts=self._hosts,
            client=server.client,
            ledger=self,
        )
        self._watch.go_on_from(positions)
        self._watch.go_on_from(
            {
                queue: own.position
                for queue, own in self._ledger.items()
                if own.position is not None
            }
        )

    def of(self, queue: str) -> SkippedJobs:
        """Return what is known of a queue."""
        return self._ledger.get(queue, SkippedJobs())

    def to_dict(self) -> Mapping[str, object]:
        """Return the ledger, for the diagnostics."""
        return ledger_to(self._ledger)

    @callback
    def async_keep(self) -> None:
        """Watch, tell and make up for as long as the entry is loaded."""
        for queue, jobs in async_known_skipped(self._hass, self._entry).items():
            if self.of(queue).jobs < jobs:
                self._ledger[queue] = replace(self.of(queue), jobs=jobs)
        for queue, own in self._ledger.items():
            self._show(queue)
            if own.untold:
                self._plan_to_tell(queue)
        if self._watch is not None:
            self._watch.async_keep()
        self._entry.async_on_unload(self._queues.async_add_listener(self._updated))
        self._entry.async_on_unload(self._stop)
        for host in self._hosts.values():
            self._spawn(host.controller.hand_over_skipped(self._take_over), "skipped")

    def hosts_of(self, queue: str) -> list[GpuHost]:
        """Return the GPU hosts that work for a queue."""
        return [host for host in self._hosts.values() if queue in host.settings.queues]

    async def count(
        self, queue: str, jobs: int, *, at_least: bool, position: str | None
    ) -> None:
        """Count jobs that were certainly skipped, up to an entry of the stream."""
        if not jobs and not self.of(queue).jobs:
            # They were made up for meanwhile.
            return
        LOGGER.info("Immich skipped %s jobs of %s", jobs, queue)
        own = self.of(queue).counted(jobs, at_least=at_least, position=position)
        await self._put(queue, own)
        self._plan_to_tell(queue)

    async def end(self, queue: str) -> None:
        """Forget the skipped jobs of a queue: made up for, or not wanted any more."""
        if self.of(queue).jobs:
            await self._put(queue, self.of(queue).made_up())

    async def run_automatically(self, queue: str) -> None:
        """Have them made up for once the queue is idle and machine learning answers."""
        await self._put(queue, replace(self.of(queue), automatic=True))
        self._updated()

    async def obstacle(self, queue: str) -> Obstacle | None:
        """Return what is in the way of running what is missing now."""
        view = self._queues.data.queues.get(queue)
        if await self._ask(queue) in (Answer.NO, Answer.UNKNOWN):
            return Obstacle.MACHINE_LEARNING_GONE
        if not self._queues.last_update_success or view is None or not _idle(view):
            return Obstacle.QUEUE_BUSY
        return None

    async def make_up(self, queue: str, *, surely: bool = False) -> Obstacle | None:
        """Let Immich run what is missing; return what is in the way.

        It is made up for when Immich accepted that, and the machine learning answered
        before and after. `surely`: not where nobody can be asked. Raises ImmichError.
        """
        refusals = {Answer.NO, Answer.UNKNOWN} | ({None} if surely else set())
        if await self._ask(queue) in refusals:
            return Obstacle.MACHINE_LEARNING_GONE
        before = self.of(queue).jobs
        self._not_before[queue] = monotonic_ms() + RETRY
        try:
            await self._client.start(queue, force=False)
        except JobAlreadyRunningError:
            return Obstacle.QUEUE_BUSY
        if await self._ask(queue) in refusals or self.of(queue).jobs != before:
            return Obstacle.MACHINE_LEARNING_GONE
        await self.end(queue)
        return None

    @callback
    def note_started(self, queue: str) -> None:
        """Note that the user had a queue started; where events are read, they tell."""
        queues = self._queues
        view = queues.data.queues.get(queue)
        if queues.data.source is Source.API and view and not view.is_paused:
            self.note_run(queue)

    @callback
    def note_run(self, queue: str) -> None:
        """Note that Immich looked for what is missing, whoever wanted that."""
        if self.of(queue).jobs:
            self._spawn(self._look_after_run(queue), f"run of {queue}")

    async def _look_after_run(self, queue: str) -> None:
        """End it, if the outage was over."""
        before = self.of(queue).jobs
        if await self._ask(queue) is Answer.YES and self.of(queue).jobs == before:
            await self.end(queue)

    async def _ask(self, queue: str) -> Answer | None:
        """Ask Immich for its machine learning; None when nobody can be asked."""
        try:
            found = await self._client.probe_machine_learning(ASK_WITHIN)
        except RequestRefusedError:
            # Smart search is switched off: the hosts themselves know.
            known = {host.controller.contact.safe for host in self.hosts_of(queue)}
            if not known:
                return None
            if True in known:
                return Answer.YES
            return Answer.NO if known == {False} else Answer.UNKNOWN
        except ImmichError as err:
            LOGGER.debug("The machine learning can't be asked for: %s", err)
            return Answer.UNKNOWN
        return answer_of(found)

    def _is_automatic(self, queue: str) -> bool:
        reruns = {host.settings.rerun_missing for host in self.hosts_of(queue)}
        return self.of(queue).automatic or Rerun.AUTO in reruns

    @callback
    def _updated(self) -> None:
        """Look after a poll whether something can be made up for."""
        now, known = monotonic_ms(), {*self._server.data.queues}
        self._seen |= known
        for queue, own in list(self._ledger.items()):
            # Not one that was never there: Immich may just be starting.
            if own.jobs and queue in self._seen - known:
                self._spawn(self.end(queue), f"end of {queue}")
            if (
                own.jobs
                and self._queues.last_update_success
                and queue not in self._under_way
                and now >= self._not_before.get(queue, now)
                and (view := self._queues.data.queues.get(queue)) is not None
                and _idle(view)
                and self._is_automatic(queue)
            ):
                self._under_way.add(queue)
                self._spawn(self._try_to_make_up(queue), f"make up for {queue}")

    async def _try_to_make_up(self, queue: str) -> None:
        """Make up, or try again in a minute."""
        self._not_before[queue] = monotonic_ms() + RETRY
        jobs = self.of(queue).jobs
        try:
            obstacle = await self.make_up(queue, surely=True)
        except ImmichError as err:
            LOGGER.debug("%s can't be made up for now: %s", queue, err)
            return
        finally:
            self._under_way.discard(queue)
        if obstacle is None:
            LOGGER.info("Immich processes the skipped photos of %s: %s", queue, jobs)

    async def _take_over(self, burnt: Mapping[str, int]) -> bool:
        """Take over what 0.1.0 stored with a host; it was told already."""
        for queue, jobs in burnt.items():
            if self.of(queue).jobs < jobs:
                self._ledger[queue] = replace(self.of(queue), jobs=jobs, at_least=True)
        return await self._store()

    async def _put(self, queue: str, own: SkippedJobs) -> None:
        self._ledger[queue] = own
        self._show(queue)
        await self._store()

    async def _store(self) -> bool:
        """Write it down, even if that fails; return whether it could be."""
        try:
            async with self._lock:
                await self._section.save(ledger_to(self._ledger))
        except NotStoredError as err:
            LOGGER.warning("Skipped photos cannot be stored: %s", err)
            return False
        return True

    @callback
    def _show(self, queue: str) -> None:
        """Raise the issue, or take it back."""
        own = self.of(queue)
        reruns = {host.settings.rerun_missing for host in self.hosts_of(queue)}
        asks = (not reruns or Rerun.ASK in reruns) and not own.automatic
        async_show_skipped(self._hass, self._entry, queue, own.jobs if asks else 0)

    @callback
    def _plan_to_tell(self, queue: str) -> None:
        """Tell soon, and not too often while it goes on."""
        if queue in self._timers:
            return
        told_at = self._told_at.get(queue)
        since = TELL_AGAIN if told_at is None else (monotonic_ms() - told_at) / 1000
        delay = max(TELL_AFTER, TELL_AGAIN - since)

        @callback
        def tell(_now: datetime) -> None:
            """Tell, as it is time."""
            self._timers.pop(queue, None)
            self._spawn(self._tell(queue), f"skipped jobs of {queue}")

        self._timers[queue] = async_call_later(self._hass, delay, tell)

    async def _tell(self, queue: str) -> None:
        """Tell of what was not told yet."""
        own = self.of(queue)
        if not own.untold:
            return
        self._told_at[queue] = monotonic_ms()
        LOGGER.warning(
            "The machine learning does not respond: Immich skipped %s%s jobs of %s",
            "at least " if own.at_least else "",
            own.untold,
            queue,
        )
        hosts = [host.settings.host_id for host in self.hosts_of(queue)]
        event = Event(
            EventType.JOBS_BURNT,
            now_ms(),
            queue=queue,
            jobs=own.untold,
            at_least=own.at_least or None,
            host=hosts[0] if hosts else None,
            reason=None if hosts else SEEN_IN_EVENTS,
        )
        await self._history.async_record(event)
        await self._put(queue, self.of(queue).told(own.untold))

    @callback
    def _stop(self) -> None:
        """End the timers; what is untold is told after the next start."""
        for cancel in self._timers.values():
            cancel()
        self._timers.clear()

    def _spawn(self, job: Coroutine[None, None, None], name: str) -> None:
        self._entry.async_create_background_task(self._hass, job, name)


def _idle(view: QueueView) -> bool:
    """Return whether a queue runs and has nothing to do."""
    return not (view.is_paused or view.active or view.waiting)
