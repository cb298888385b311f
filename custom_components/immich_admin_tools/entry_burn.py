"""Skipped photos of one Immich: found in the events, asked about, told, made up for."""

from collections import defaultdict
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback

from .analysis.burn import BurnWatch
from .analysis.models import Source
from .burnt_issue import async_raise_burnt
from .clock import now_ms
from .const import LOGGER
from .gpu_host.fast_jobs import fast_limit
from .gpu_host.settings import Rerun
from .healing.events import Event, EventType
from .immich.errors import ImmichError
from .immich.models import MachineLearning
from .immich.queues import MACHINE_LEARNING
from .redis_source import RedisSource

if TYPE_CHECKING:
    from .coordinator import AdminToolsConfigEntry

SEEN_IN_EVENTS = "seen_in_events"
"""Reason of the events that are told here; the guard of a GPU host tells its own."""


class EntryBurn:
    """Watches the queues that use machine learning with every poll of Redis."""

    def __init__(
        self, hass: HomeAssistant, entry: AdminToolsConfigEntry, redis: RedisSource
    ) -> None:
        """Begin with nothing known."""
        self._hass = hass
        self._entry = entry
        self._redis = redis
        self._watches: defaultdict[str, BurnWatch] = defaultdict(BurnWatch)
        self._processed: dict[str, int] = {}
        self._run_id = ""
        self._burnt: dict[str, int] = {}
        """Jobs of a burn that goes on, per queue, which were not told yet."""
        self._told: defaultdict[str, int] = defaultdict(int)
        """Those of it that a guard has told of."""
        self._asking = False

    @callback
    def async_keep(self) -> None:
        """Watch for as long as the entry is loaded."""
        runtime = self._entry.runtime_data
        self._entry.async_on_unload(runtime.queues.async_add_listener(self._updated))
        self._entry.async_on_unload(runtime.activity.async_listen(self._happened))
        self._updated()

    @callback
    def _updated(self) -> None:
        """Look at the events of a poll."""
        queues, reading = self._entry.runtime_data.queues, self._redis.reading
        if (
            reading is None
            or not queues.last_update_success
            or queues.data.source is not Source.REDIS
        ):
            return
        if reading.run_id != self._run_id:
            self._run_id = reading.run_id
            for watch in self._watches.values():
                watch.forget_ids()
        for name in MACHINE_LEARNING & reading.queues.keys():
            count = queues.data.queues[name].processed or 0
            self._watches[name].update(
                reading.queues[name].events,
                count - self._processed.get(name, count),
                fast_limit(queues.analyst.usual_duration(name)),
            )
            self._processed[name] = count
        suspected = {n for n, watch in self._watches.items() if watch.suspected}
        over = self._burnt.keys() - suspected
        if (suspected or over) and not self._asking:
            self._asking = True
            self._entry.async_create_background_task(
                self._hass, self._judge(suspected, over), "look at skipped photos"
            )

    async def _judge(self, suspected: set[str], over: set[str]) -> None:
        """Ask whether jobs were burnt; tell of burns when they begin and end."""
        try:
            for queue in over:
                await self._tell(queue)
                del self._burnt[queue]
                self._told.pop(queue, None)
            if not suspected:
                return
            gone = await self._machine_learning_is_gone()
            for queue in suspected:
                jobs = self._watches[queue].take()
                if not gone:
                    self._told.pop(queue, None)
                    continue
                begins = queue not in self._burnt
                self._burnt[queue] = self._burnt.get(queue, 0) + jobs
                if begins and not self._is_guarded(queue):
                    await self._tell(queue)
        finally:
            self._asking = False

    async def _machine_learning_is_gone(self) -> bool:
        """Ask through Immich; when nobody can be asked, nothing is claimed."""
        try:
            answer = await self._entry.runtime_data.client.probe_machine_learning()
        except ImmichError as err:
            LOGGER.debug("Whether photos are skipped can't be asked: %s", err)
            return False
        return answer is not MachineLearning.ANSWERS

    def _is_guarded(self, queue: str) -> bool:
        """Return whether the guard of a GPU host counts a queue as well."""
        return any(
            host.guarded and queue in host.settings.queues
            for host in self._entry.runtime_data.gpu_hosts.hosts.values()
        )

    async def _tell(self, queue: str) -> None:
        """Tell of what was not told yet."""
        jobs = self._burnt[queue] - self._told.pop(queue, 0)
        self._burnt[queue] = 0
        if jobs <= 0:
            return
        LOGGER.warning(
            "The machine learning does not answer: Immich skipped %s jobs of %s",
            jobs,
            queue,
        )
        await self._entry.runtime_data.activity.async_tell(
            Event(
                EventType.JOBS_BURNT,
                now_ms(),
                queue=queue,
                jobs=jobs,
                reason=SEEN_IN_EVENTS,
            )
        )

    @callback
    def _happened(self, event: Event) -> None:
        """Raise the issue, whoever told."""
        if event.type is not EventType.JOBS_BURNT or event.queue is None:
            return
        jobs = event.jobs or 0
        if event.reason != SEEN_IN_EVENTS:
            self._told[event.queue] += jobs
        reruns = {
            host.settings.rerun_missing
            for host in self._entry.runtime_data.gpu_hosts.hosts.values()
            if event.queue in host.settings.queues
        }
        if not reruns or Rerun.ASK in reruns:
            async_raise_burnt(self._hass, self._entry, event.queue, jobs)
