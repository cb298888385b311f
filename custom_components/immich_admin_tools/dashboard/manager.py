"""The dashboard of one Immich: one snapshot per change, whoever looks at it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from ..analysis.ignored import RunId
from ..analysis.models import JobView, QueueView
from ..clock import monotonic_ms, now_ms
from ..const import DOMAIN, LOGGER
from ..coordinator import QueueCoordinator, ServerCoordinator
from ..devices import queue_identifier, queue_name
from ..gpu_host.manager import GpuHost, GpuHostManager
from ..gpu_host.models import GONE, Connectivity, Hold, Notification
from ..healing.journal import Journal
from ..healing.manager import HealingManager, blocked_workers
from ..healing.policy import AutoHealMode
from ..healing.safety import Section
from ..history.detector import run_of
from ..history.events import Event
from ..history.manager import HistoryManager
from ..pauses.attributes import pause_of
from ..pauses.keeper import LeaseKeeper
from ..recorded import async_enabled, async_on_times, async_online_sensor, has_recorder
from ..restart.manager import RestartManager
from ..settings import (
    CONF_ALLOWED_FROM,
    CONF_ALLOWED_TO,
    CONF_MAC,
    auto_heal_of,
    next_allowed,
    poll_interval_of,
    restart_settings_of,
    stuck_threshold_of,
)
from ..skipped_jobs import EntrySkippedJobs
from .delta import Json, delta_of, without_secrets
from .figures import AwakeTimes, median_boot, median_restart, went_off_unasked
from .runs import Runs
from .snapshot import (
    ActFacts,
    AssetFacts,
    HostFacts,
    Named,
    QueueFacts,
    actions_of,
    event_item,
    host_item,
    is_told,
    key_of,
    outcome_item,
    queue_item,
    server_part,
    shown_stuck,
    stuck_item,
)
from .sparks import Sparks

type Subscriber = Callable[[Json, Json], None]
"""Takes what is new: as those see it who may act, and as all others do."""

MOST_LOOKED_AT = 200
"""Newest events among which the acts of the last minutes are found."""

IGNORED = "ignored_runs"
"""Section of the safety store."""

DAY = 24 * 3_600_000
GRID = 600_000
"""ms by which the day that is looked back moves on: not with every poll."""

RECALL_AGAIN = 15.0
"""Seconds until the recorder is asked once more for a host that it knows nothing of: just after
a start it has not written it down yet."""

CACHED_FOR = 60_000
"""ms for which an answer of the recorder is good enough."""
MOST_CACHED = 20

SAME_TIME = 2_000
"""ms by which a time that is worked out anew may differ and still be the same."""


class DashboardManager:
    """Puts snapshots together while somebody looks, and counts always."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        ignored: Section,
        leases: LeaseKeeper,
        server: ServerCoordinator,
        queues: QueueCoordinator,
        history: HistoryManager,
        journal: Journal | None,
        restart: RestartManager,
        healing: HealingManager | None,
        gpu_hosts: GpuHostManager,
        skipped_jobs: EntrySkippedJobs,
        runs: Runs,
        server_device_id: str,
    ) -> None:
        """Go on with `runs`, which outlive a restart of Home Assistant.

        `ignored`: where it is stored which runs are to be left alone.
        """
        self._hass = hass
        self._entry = entry
        self._ignored = ignored
        self._leases = leases
        self._server = server
        self._queues = queues
        self._history = history
        self._journal = journal
        self._restart = restart
        self._healing = healing
        self._hosts = gpu_hosts.hosts
        self._skipped = skipped_jobs
        self._runs = runs
        self._server_device_id = server_device_id
        self._sparks = Sparks()
        self._unreachable_since: int | None = None
        self._subscribers: list[Subscriber] = []
        self._stops: list[CALLBACK_TYPE] = []
        """End what is listened to while somebody looks."""
        self._planned: asyncio.Handle | None = None
        self._recalling: asyncio.Task[None] | None = None
        self._recall_again: CALLBACK_TYPE | None = None
        self._snapshot: Json | None = None
        """As it was sent last."""
        self._names: dict[str, Named] = {}
        self._entities: Json | None = None
        self._steady: dict[str, int] = {}
        self._told_at = -1
        self._usual_boot: dict[str, int | None] = {}
        self._usual_restart: int | None = None
        self._lost_hosts: set[str] = set()
        self._last_cleared: Json | None = None
        self._awake: dict[str, AwakeTimes] = {}
        self._ignoring = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._answers: dict[tuple[object, ...], tuple[int, Json]] = {}
        self._problems = 0
        self._problems_at = -1
        self._problems_told = 0
        self._problem_listeners: list[CALLBACK_TYPE] = []

    @callback
    def async_keep(self) -> None:
        """Count with every poll, for as long as the entry is loaded."""
        self._entry.async_on_unload(self._queues.async_add_listener(self._polled))
        self._entry.async_on_unload(self._server.async_add_listener(self._changed))
        # Not only while somebody looks: who stops to listen while all are told stays known to
        # Home Assistant for good, and what is looked at ends with just such a change.
        self._entry.async_on_unload(
            async_dispatcher_connect(
                self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
            )
        )
        self._entry.async_on_unload(self._end)
        self._polled()

    @callback
    def _end(self) -> None:
        """Forget all who look: they are told by the state of the entry."""
        self._subscribers.clear()
        self._problem_listeners.clear()
        self._rest()

    @callback
    def _rest(self) -> None:
        """Do nothing any more but count."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        if self._planned is not None:
            self._planned.cancel()
        if self._recall_again is not None:
            self._recall_again()
        self._planned = self._snapshot = self._recall_again = None
        self._awake.clear()

    @callback
    def _polled(self) -> None:
        """Count what a poll brought."""
        if self._queues.last_update_success:
            view = self._queues.data
            self._sparks.update(view, poll_interval_of(self._entry) * 1000)
            self._runs.update(view)
        self._changed()
        # Who asks for the number takes nothing away from those who were told another one.
        if self._problem_listeners and self.problem_assets != self._problems_told:
            self._problems_told = self._problems
            for listener in tuple(self._problem_listeners):
                listener()

    @callback
    def _changed(self) -> None:
        """Look soon, after all others who listen to the same."""
        answers = self._server.answers and self._queues.last_update_success
        if answers:
            self._unreachable_since = None
        elif self._unreachable_since is None:
            self._unreachable_since = now_ms()
        if self._subscribers and self._planned is None:
            self._planned = self._hass.loop.call_soon(self._push)

    @callback
    def _entry_changed(self, _: ConfigEntryChange, changed: ConfigEntry) -> None:
        """Look, as an option or the title may be another one."""
        if changed is self._entry:
            self._changed()

    @property
    def problem_assets(self) -> int:
        """Return how many photos got stuck more than once."""
        strikes = self._history.strikes
        if strikes.changes != self._problems_at:
            self._problems_at = strikes.changes
            self._problems = len(strikes.problem_assets())
        return self._problems

    @callback
    def async_listen_problems(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener when there is another number of problem assets."""
        self._problem_listeners.append(listener)
        return lambda: _remove(self._problem_listeners, listener)

    @callback
    def async_subscribe(
        self, subscriber: Subscriber, *, may_act: bool
    ) -> tuple[Json, CALLBACK_TYPE]:
        """Return what is known now, and how to end being told of what is new."""
        if not self._subscribers:
            try:
                self._listen()
                self._snapshot = self._build()
            except Exception:
                self._rest()
                raise
        elif self._snapshot is None:
            self._snapshot = self._build()
        else:
            # All go on from the same.
            self._push()
        self._subscribers.append(subscriber)

        @callback
        def stop() -> None:
            """End it; the last one turns off the light."""
            _remove(self._subscribers, subscriber)
            if not self._subscribers:
                self._rest()

        assert self._snapshot is not None
        snapshot = self._snapshot if may_act else without_secrets(self._snapshot)
        return snapshot, stop

    async def async_ignore(self, queue: str, job_id: str, seconds: int | None) -> None:
        """Leave a stuck job alone for a while, or for as long as it runs.

        It is called stuck no more, so nobody is told of it and nothing acts on it.
        Raises ServiceValidationError when it is not stuck, NotStoredError when it would
        be forgotten.
        """
        view = self._queues.data.queues.get(queue)
        job = next(
            (job for job in (view.jobs if view else ()) if job.job_id == job_id), None
        )
        if job is None or not (job.due or job.ignored):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="unknown_job" if job is None else "job_not_stuck",
                translation_placeholders={"job_id": job_id, "queue": queue},
            )
        run = RunId(job.job_id, job.processed_on, job.added_at)
        lasts = None if seconds is None else seconds * 1000
        # One after the other: what is stored is made of all that was ignored before.
        async with self._ignoring:
            ignored = self._queues.analyst.ignored
            wanted = ignored.copy()
            now, wall = monotonic_ms(), now_ms()
            wanted.add(queue, run, lasts, now, wall, job.kind)
            await self._ignored.save(wanted.to_dict())
            ignored.add(queue, run, lasts, now, wall, job.kind)
        await self._queues.async_refresh()

    @callback
    def _listen(self) -> None:
        """Hear of all that a snapshot is made of."""
        hass = self._hass
        self._forget_names()

        @callback
        def registry_changed(_: object) -> None:
            """Look, as the user may have renamed something."""
            self._forget_names()
            self._changed()

        @callback
        def happened(_: Event) -> None:
            """Look, as something was told."""
            self._changed()

        self._stops += [
            hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, registry_changed),
            hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, registry_changed),
            self._history.async_listen(happened),
            self._restart.async_listen(self._changed),
        ]
        self._recall()
        if self._journal is not None:
            self._stops.append(self._journal.listen(self._changed))
        for host in self._hosts.values():
            host.listeners.append(self._changed)
            self._stops.append(
                lambda host=host: _remove(host.listeners, self._changed)  # type: ignore[misc]
            )

    @callback
    def _push(self) -> None:
        """Tell all who look what is new."""
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None
        before = self._snapshot
        try:
            self._snapshot = after = self._build()
        except Exception:  # noqa: BLE001
            # A dashboard must not take anything else down with it.
            LOGGER.exception("The dashboard of %s can't be updated", self._entry.title)
            return
        if before is None or not (delta := delta_of(before, after)):
            return
        reduced = without_secrets(delta)
        for subscriber in tuple(self._subscribers):
            subscriber(delta, reduced)

    def _build(self) -> Json:
        """Put a snapshot together."""
        entry, view = self._entry, self._queues.data
        has_redis = self._queues.redis is not None
        self._look_into_history()
        connected = self._healing is not None and self._healing.reachable
        may_act = (
            connected and self._healing is not None and not self._healing.rights.missing
        )
        restart_configured = bool(restart_settings_of(entry).methods)
        return {
            "entry_id": entry.entry_id,
            "title": entry.title,
            "device_id": self._server_device_id,
            "may_act": True,
            **server_part(
                view,
                has_redis=has_redis,
                run=self._runs.of() if connected else None,
                order=self._server.data.queues,
                lost_slots=blocked_workers(self._healing),
            ),
            "unreachable_since": self._unreachable_since,
            "poll_interval": poll_interval_of(entry),
            "import_mode": False,
            "queues": {
                name: queue_item(queue, self._queue_facts(queue), may_act=may_act)
                for name, queue in view.queues.items()
            },
            "sparks": self._sparks.shown(),
            "stuck": self._stuck(may_act=may_act),
            "outcomes": self._outcomes(),
            "gpu_hosts": {
                host_id: host_item(self._host_facts(host))
                for host_id, host in self._hosts.items()
            },
            "restart": {
                "configured": restart_configured,
                "running": self._restart.running,
                "usual_seconds": self._usual_restart,
            },
            "last_cleared": self._last_cleared,
            "auto_heal": self._auto_heal(),
            "entities": self._entity_ids(),
        }

    def _look_into_history(self) -> None:
        """Work out anew what takes going through it, when there is something new."""
        history = self._history.history
        if history.changes == self._told_at:
            return
        self._told_at = history.changes
        self._usual_restart = median_restart(history)
        self._usual_boot = {
            host_id: median_boot(history, host_id) for host_id in self._hosts
        }
        self._lost_hosts = {
            host_id
            for host_id in self._hosts
            if went_off_unasked(history, host_id, Notification.LOST.value)
        }
        last = history.last_heal
        self._last_cleared = (
            None
            if last is None
            else {"at": last.at, "file_name": last.file_name, "queue": last.queue}
        )

    def _queue_facts(self, view: QueueView) -> QueueFacts:
        name = view.name
        return QueueFacts(
            named=self._queue_named(name),
            lost_slots=blocked_workers(self._healing, name),
            concurrency=self._server.data.concurrency_of(name),
            threshold=stuck_threshold_of(self._entry, name),
            usual_duration=self._queues.analyst.long_duration(name),
            run=None if view.rate_is_estimate else self._runs.of(name),
            pause=pause_of(view, self._leases),
        )

    def _stuck(self, *, may_act: bool) -> Json:
        """Return the stuck jobs that are named."""
        view = self._queues.data
        if not (jobs := shown_stuck(view)):
            return {}
        facts = ActFacts(may_act, self._restart.available)
        under_way = set() if self._journal is None else self._journal.under_way
        return {
            key_of(job): stuck_item(
                job,
                self._asset_facts(job),
                times_stuck=self._history.strikes.count(job),
                actions=actions_of(job, view.queues[job.queue], facts),
                under_way=run_of(job) in under_way,
            )
            for job in jobs
        }

    def _asset_facts(self, job: JobView) -> AssetFacts:
        return self.asset_facts(job.asset_ids[0] if job.asset_ids else None)

    def asset_facts(self, asset_id: str | None) -> AssetFacts:
        """Return what is known of an asset."""
        if asset_id is None:
            return AssetFacts()
        asset = self._history.assets.get(asset_id)
        return AssetFacts(
            asset,
            self._history.jobs.url(asset_id),
            None if asset is None else self._history.thumbnail(asset_id),
        )

    def _outcomes(self) -> Json:
        """Return what came of the acts of the last minutes."""
        found: Json = {}
        now = now_ms()
        for number, event in enumerate(self._history.history):
            # Acts stand where they were told, which may be a while after they were done.
            if number >= MOST_LOOKED_AT:
                break
            if is_told(event, now):
                assert event.act_id is not None
                found[event.act_id] = outcome_item(
                    event, self._event_asset_facts(event)
                )
        return found

    def _event_asset_facts(self, event: Event) -> AssetFacts:
        """Return what is known of an event's asset; it may be long ago."""
        facts = self.asset_facts(event.asset_id)
        if facts.thumbnail is None and event.asset_id and event.asset_path is not None:
            thumbnail = self._history.thumbnail(event.asset_id)
            return AssetFacts(facts.asset, facts.url, thumbnail)
        return facts

    def _auto_heal(self) -> str:
        chosen = auto_heal_of(self._entry)
        if self._healing is None and chosen is not AutoHealMode.OFF:
            return AutoHealMode.ALERT_ONLY.value
        return chosen.value

    def _host_facts(self, host: GpuHost) -> HostFacts:
        controller, settings = host.controller, host.settings
        data = self._host_data(host)
        view = self._queues.data
        known = self._queues.last_update_success and all(
            queue in view.queues for queue in settings.queues
        )
        return HostFacts(
            settings=settings,
            named=self._host_named(host),
            power=controller.power,
            shown=host.shown,
            reach=controller.contact.reach,
            automatic=controller.record.automatic,
            work=controller.work,
            active=sum(view.queues[queue].active for queue in settings.queues)
            if known
            else None,
            reason=host.reason,
            went_off_unasked=controller.power.state in GONE
            and not controller.power.slept
            and host.host_id in self._lost_hosts,
            wake_at_latest=self._wake_at_latest(host),
            allowed_from=data.get(CONF_ALLOWED_FROM),
            allowed_to=data.get(CONF_ALLOWED_TO),
            allowed_at=self._allowed_at(host),
            expected_run=host.expected_run,
            usual_boot=self._usual_boot.get(host.host_id),
            mac=data.get(CONF_MAC),
            skipped={
                queue: jobs
                for queue in settings.queues
                if (jobs := self._skipped.of(queue).jobs)
            },
            awake=self._awake_of(host),
        )

    def _host_data(self, host: GpuHost) -> Mapping[str, Any]:
        """Return what the user entered; nothing for a host that goes with the next reload."""
        subentry = self._entry.subentries.get(host.host_id)
        return {} if subentry is None else subentry.data

    def _awake_of(self, host: GpuHost) -> list[list[int | None]] | None:
        """Return when a host was on in the last day; None: nobody recorded it."""
        times = self._awake.get(host.host_id)
        if times is None:
            return None
        now = now_ms()
        reach = host.controller.contact.reach
        if reach is not Connectivity.UNKNOWN:
            times.see(reach is Connectivity.ONLINE, now)
        return times.since((now - DAY) // GRID * GRID)

    @callback
    def _recall(self, _: datetime | None = None) -> None:
        """Ask the recorder when the hosts were on; one question at a time, whoever looks."""
        self._recall_again = None
        asks = self._recalling is not None and not self._recalling.done()
        if self._hosts and has_recorder(self._hass) and not asks:
            self._recalling = self._entry.async_create_background_task(
                self._hass, self._recall_awake(), "when GPU hosts were on"
            )

    async def _recall_awake(self) -> None:
        """Ask the recorder; later once more while it doesn't know of each host."""
        await self._ask_recorder()
        self._changed()
        if self._stops and not self._hosts.keys() <= self._awake.keys():
            again = HassJob(self._recall, cancel_on_shutdown=True)
            self._recall_again = async_call_later(self._hass, RECALL_AGAIN, again)

    async def _ask_recorder(self) -> None:
        """Ask for the hosts that it didn't know of before."""
        start = dt_util.utcnow() - timedelta(days=1)
        for host_id in self._hosts.keys() - self._awake.keys():
            entity_id = async_online_sensor(self._hass, host_id)
            try:
                found = await async_on_times(self._hass, entity_id, start)
            except SQLAlchemyError as err:
                LOGGER.debug("The recorder can't be asked for %s: %s", host_id, err)
                continue
            if found is not None and self._stops:
                self._awake[host_id] = AwakeTimes(found.times)

    async def async_cached(
        self, key: tuple[object, ...], ask: Callable[[], Awaitable[Json]]
    ) -> Json:
        """Return what was asked for less than a minute ago, or ask: one at a time."""
        async with self._asking:
            known = self._answers.get(key)
            if known is not None and monotonic_ms() - known[0] < CACHED_FOR:
                return known[1]
            if len(self._answers) >= MOST_CACHED:
                self._answers.clear()
            answer = await ask()
            self._answers[key] = (monotonic_ms(), answer)
            return answer

    def event_item(self, key: str, event: Event) -> Json:
        """Return one event of the history."""
        facts = self._event_asset_facts(event)
        label: str | None = None
        if event.host is not None and event.host in self._hosts:
            label = self._host_named(self._hosts[event.host]).label
        elif event.queue is not None:
            label = self.queue_label(event.queue)
        return event_item(key, event, label, facts)

    def queue_label(self, queue: str) -> str:
        """Return what a queue is called."""
        return queue_name(self._hass, self._entry, queue)

    def _wake_at_latest(self, host: GpuHost) -> int | None:
        """Return when the oldest waiting job is due; None where nobody would wake it then."""
        controller = host.controller
        if not controller.record.automatic or controller.power.hold is Hold.OFF:
            return None
        work, wake_age = controller.work, host.settings.power.wake_age
        if work is None or not work.startable or not wake_age:
            return None
        return self._same(
            f"wake {host.host_id}", now_ms() + max(0, wake_age - work.waited)
        )

    def _allowed_at(self, host: GpuHost) -> int | None:
        """Return when the policy may wake it next."""
        power = host.controller.power
        if power.state not in GONE:
            return None
        data = self._host_data(host)
        opens = next_allowed(data, dt_util.now())
        times = [] if opens is None else [_milliseconds(opens)]
        deadline = host.shown(power.deadline)
        if deadline is not None and deadline > now_ms():
            times.append(deadline)
        return max(times, default=None)

    def _same(self, key: str, at: int) -> int:
        """Return a time that does not tremble."""
        known = self._steady.get(key)
        if known is None or abs(known - at) > SAME_TIME:
            self._steady[key] = known = at
        return known

    @callback
    def _forget_names(self) -> None:
        self._names.clear()
        self._entities = None

    def _queue_named(self, queue: str) -> Named:
        """Return what a queue is called; the user may have renamed it."""
        if (known := self._names.get(queue)) is not None:
            return known
        device = dr.async_get(self._hass).async_get_child_device_by_identifier(
            queue_identifier(self._entry, queue), self._entry.entry_id
        )
        self._names[queue] = named = Named(
            (device and (device.name_by_user or device.name)) or queue,
            None if device is None else device.id,
            self._entity_id(SENSOR_DOMAIN, f"{self._entry.unique_id}_{queue}_state"),
        )
        return named

    def _host_named(self, host: GpuHost) -> Named:
        host_id = host.host_id
        if (known := self._names.get(f"host {host_id}")) is not None:
            return known
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, host_id), self._entry.entry_id
        )
        self._names[f"host {host_id}"] = named = Named(
            (device and (device.name_by_user or device.name)) or host.settings.name,
            None if device is None else device.id,
            self._entity_id(SENSOR_DOMAIN, f"{host_id}_state"),
        )
        return named

    def _entity_ids(self) -> Json:
        """Return the entities of the server that a card may want."""
        if self._entities is None:
            auto_heal = self._entity_id(
                SELECT_DOMAIN, f"{self._entry.unique_id}_auto_heal"
            )
            self._entities = {} if auto_heal is None else {"auto_heal": auto_heal}
        return self._entities

    def _entity_id(self, domain: str, unique_id: str) -> str | None:
        """Return an entity by its unique id; None when it is missing or switched off."""
        return async_enabled(self._hass, domain, unique_id)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _remove[T](items: list[T], item: T) -> None:
    """Take one away, if it is there: the entry may have ended before."""
    if item in items:
        items.remove(item)
