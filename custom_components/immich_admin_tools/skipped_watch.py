"""Both watchers of skipped jobs, by polls and by events, and who judges what they see."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import partial
from typing import Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .analysis.models import Source
from .analysis.skipped import Answer, SkippedJobDetector, answer_of
from .analysis.throughput import entry_id
from .bullmq.event_listener import EventListener
from .bullmq.models import JobEvent
from .clock import monotonic_ms, now_ms
from .const import LOGGER
from .coordinator import QueueCoordinator, RedisSource
from .gpu_host.guard import DrainGuard, Patience
from .gpu_host.manager import GpuHost
from .healing.errors import EndedError, HealingError
from .immich.client import ImmichClient
from .immich.errors import ImmichError
from .immich.queues import MACHINE_LEARNING
from .pauses.keeper import LeaseKeeper
from .pauses.leases import LeaseKind, LeaseReason
from .settings import SUBENTRY_GPU_HOST, host_settings_of

DOUBT = "doubt "
"""Begins the holder of pauses for as long as nobody knows whether photos of a queue are skipped."""
DOUBT_FOR = 60_000
"""ms that such a pause lasts at most."""
ASK_AGAIN = 0.05
"""Seconds until a host is asked again, that answered while jobs ended fast."""
ASK_THOROUGHLY = 500
"""ms until it is asked again through Immich, which costs a search."""
ASK_IMMICH_AGAIN = 2.0
"""Seconds until Immich is asked again where no GPU host is set up."""
SECOND_LOOK = 1.0
"""Seconds until Immich is asked once more for what it did not find."""
STILL_GONE = 0.25
LONGEST_DOUBT = 10.0
"""Seconds."""


class SkippedJobLedger(Protocol):
    """Where skipped jobs are counted."""

    def hosts_of(self, queue: str) -> list[GpuHost]:
        """Return the GPU hosts that work for a queue."""

    async def count(
        self, queue: str, jobs: int, *, at_least: bool, position: str | None
    ) -> None:
        """Count jobs that were certainly skipped, up to an entry of the stream."""

    def note_run(self, queue: str) -> None:
        """Note that Immich looked for what is missing."""


def create_guard(entry: ConfigEntry, redis: RedisSource) -> DrainGuard | None:
    """Return what watches the queues of the GPU hosts that pause them; none without."""
    hosts = [
        host_settings_of(sub)
        for sub in entry.subentries.values()
        if sub.subentry_type == SUBENTRY_GPU_HOST
    ]
    queues = {queue for host in hosts if host.pause_offline for queue in host.queues}
    if not queues:
        return None
    events = EventListener(redis.client, redis.settings.prefix)
    return DrainGuard(events, queues, monotonic_ms)


class SkippedJobWatch:
    """Sees jobs that end too fast, and asks whether the machine learning answers."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        redis: RedisSource,
        queues: QueueCoordinator,
        leases: LeaseKeeper,
        guard: DrainGuard | None,
        hosts: Mapping[str, GpuHost],
        client: ImmichClient,
        ledger: SkippedJobLedger,
    ) -> None:
        """Begin with nothing known; `guard`: None without a host to be paused for."""
        self._hass = hass
        self._entry = entry
        self._redis = redis
        self._queues = queues
        self._leases = leases
        self._guard = guard
        self._hosts = hosts
        self._client = client
        self._ledger = ledger
        self._detectors: defaultdict[str, SkippedJobDetector] = defaultdict(
            SkippedJobDetector
        )
        self._processed: dict[str, int] = {}
        self._run_id = ""
        self._judging: set[str] = set()
        self._not_before: dict[str, int] = {}
        self._thoroughly_at: dict[str, int] = {}
        self._patience: defaultdict[str, Patience] = defaultdict(
            lambda: Patience(monotonic_ms)
        )

    def go_on_from(self, positions: Mapping[str, str]) -> None:
        """Leave out what was taken in before."""
        for queue, position in positions.items():
            self._detectors[queue].go_on_from(position)

    @callback
    def async_keep(self) -> None:
        """Watch for as long as the entry is loaded."""
        self._entry.async_on_unload(self._queues.async_add_listener(self._polled))
        self._polled()
        if self._guard is not None:
            self._entry.async_create_background_task(
                self._hass, self._guard.run(self), "guard of the GPU hosts"
            )

    def position(self, queue: str) -> str | None:
        """Return the last entry that was taken in."""
        return self._detectors[queue].position

    def lost(self, queue: str, *, anew: bool) -> None:
        """Note that the guard missed events."""
        if anew:
            self._detectors[queue].start_anew()
        self._detectors[queue].note_lost()

    def observe(self, queue: str, events: Collection[JobEvent]) -> None:
        """Take events in, whoever read them."""
        detector = self._detectors[queue]
        usual = self._queues.analyst.usual_duration(queue)
        detector.observe(events, usual)
        if detector.suspected:
            self._judge_soon(queue)
        elif detector.queued_all:
            self._ledger.note_run(queue)
        detector.queued_all = False

    @callback
    def _polled(self) -> None:
        """Look at the events of a poll."""
        queues, reading = self._queues, self._redis.reading
        if (
            reading is None
            or not queues.last_update_success
            or queues.data.source is not Source.REDIS
        ):
            return
        if reading.run_id != self._run_id:
            if self._run_id:
                for detector in self._detectors.values():
                    detector.forget_ids()
            self._run_id = reading.run_id
        watched = MACHINE_LEARNING.union(
            *(host.settings.queues for host in self._hosts.values())
        )
        for queue in watched & reading.queues.keys():
            own = reading.queues[queue]
            count = queues.data.queues[queue].processed or 0
            processed = count - self._processed.get(queue, count)
            self._processed[queue] = count
            detector = self._detectors[queue]
            known = detector.position
            if own.stream is None:
                continue
            if known is None:
                # The first poll has no events: it begins here.
                detector.go_on_from(own.stream.last_generated_id)
                continue
            ahead = entry_id(known) >= entry_id(own.stream.last_generated_id)
            self.observe(queue, own.events)
            lost = processed - sum(event.event == "completed" for event in own.events)
            if lost > 0 and not ahead:
                # Nobody else has seen them either.
                detector.note_lost(lost)
                if detector.suspected:
                    self._judge_soon(queue)

    @callback
    def _judge_soon(self, queue: str) -> None:
        """Have it found out whether jobs were skipped."""
        if queue not in self._judging:
            self._judging.add(queue)
            self._entry.async_create_background_task(
                self._hass, self._judge(queue), f"look at skipped jobs of {queue}"
            )

    async def _judge(self, queue: str) -> None:
        """Find it out, and what has come up meanwhile."""
        try:
            await self._find_out(queue)
        finally:
            self._judging.discard(queue)
        if self._detectors[queue].suspected:
            self._judge_soon(queue)

    async def _find_out(self, queue: str) -> None:
        """Ask until it is known of all that is suspected.

        A pause that was not needed is soon undone, a photo that was skipped is not: so
        the queue is paused first. Only what confirms that jobs were skipped counts them.
        """
        detector = self._detectors[queue]
        doubts = 0
        gone = False
        paused: list[str] = []
        try:
            wait = self._not_before.get(queue, 0) - monotonic_ms()
            if wait > 0:
                await asyncio.sleep(wait / 1000)
            while detector.suspected:
                hosts = [
                    host
                    for host in self._ledger.hosts_of(queue)
                    if host.settings.pause_offline
                ]
                answer = await self._patience[queue].ask(
                    partial(self._ask, queue, hosts),
                    partial(self._pause_in_doubt, queue, hosts, paused),
                )
                match answer:
                    case Answer.YES:
                        if detector.answered():
                            await self._ledger.count(
                                queue, 0, at_least=True, position=None
                            )
                    case Answer.NO:
                        jobs, at_least = detector.take()
                        await self._ledger.count(
                            queue, jobs, at_least=at_least, position=detector.position
                        )
                        if not gone:
                            gone = True
                            self._show_soon()
                        # What ends until the pause has taken hold.
                        await asyncio.sleep(STILL_GONE if hosts else SECOND_LOOK)
                    case Answer.UNKNOWN:
                        doubts += 1
                        await asyncio.sleep(min(doubts * 0.5, LONGEST_DOUBT))
            again = ASK_AGAIN if self._ledger.hosts_of(queue) else ASK_IMMICH_AGAIN
            self._not_before[queue] = monotonic_ms() + round(again * 1000)
        except asyncio.CancelledError:
            # Nobody knows yet: whoever goes on from what is stored hands it on.
            paused.clear()
            raise
        finally:
            if paused:
                await self._end_doubt(queue, paused)

    async def _ask(self, queue: str, hosts: list[GpuHost]) -> Answer:
        """Ask the hosts of a queue, or Immich where there is none to be paused for."""
        if not hosts:
            answer = await self._ask_immich()
            if answer is Answer.NO:
                await asyncio.sleep(SECOND_LOOK)
                answer = await self._ask_immich()
            return answer
        thorough = monotonic_ms() >= self._thoroughly_at.get(queue, 0)
        if thorough:
            self._thoroughly_at[queue] = monotonic_ms() + ASK_THOROUGHLY
        answers = set(
            await asyncio.gather(
                *(host.async_suspect(queue, thorough=thorough) for host in hosts)
            )
        )
        if Answer.YES in answers:
            return Answer.YES
        return Answer.NO if answers == {Answer.NO} else Answer.UNKNOWN

    async def _ask_immich(self) -> Answer:
        """Ask through Immich; one that takes long may be loading its model."""
        try:
            found = await self._client.probe_machine_learning()
        except ImmichError as err:
            LOGGER.debug("Whether photos are skipped can't be asked: %s", err)
            return Answer.UNKNOWN
        return answer_of(found)

    async def _pause_in_doubt(
        self, queue: str, hosts: list[GpuHost], paused: list[str]
    ) -> None:
        """Pause what the hosts work on until it is known, once and for a while at most.

        `paused`: takes in what has a lease. That a queue is not paused by the user is
        known from its events. Without a host to wait for there is nothing to pause for.
        """
        if paused or not hosts:
            return
        overruled = {
            name for host in hosts for name in host.controller.leases.overruled
        }
        others = {name for host in hosts for name in host.settings.queues}
        queues = [
            name
            for name in [queue, *sorted(others - {queue})]
            if name not in overruled
            and self._detectors[name].running is not False
            and (name == queue or self._detectors[name].working)
        ]
        running = [queue for queue in queues if self._detectors[queue].running]
        if not queues:
            return
        paused += queues
        try:
            taken = await self._leases.take(
                _doubt(queue), queues, now_ms() + DOUBT_FOR, running=running
            )
            for paused_queue in await self._paused_before(taken.begun):
                await self._leases.note_by_hand(paused_queue)
        except (ImmichError, HealingError) as err:
            LOGGER.warning("Queues cannot be paused (%s): %s", ", ".join(queues), err)

    async def _paused_before(self, queues: Collection[str]) -> list[str]:
        """Return those of the queues paused just now that somebody else paused as well.

        That one was not paused was told by its events, and those may be late.
        """
        guard = self._guard
        if not queues or guard is None or not await guard.seen_all(queues):
            return []
        return [queue for queue in queues if self._detectors[queue].pauses > 1]

    async def _end_doubt(self, queue: str, paused: list[str]) -> None:
        """Let go on what was paused in doubt, unless it is paused for its host now."""
        try:
            await self._leases.end(_doubt(queue), paused)
        except EndedError:
            # Whoever goes on from what is stored ends it.
            return
        for paused_queue in paused:
            for host in self._ledger.hosts_of(paused_queue):
                host.controller.leases.note_let_go([paused_queue])

    @callback
    def _show_soon(self) -> None:
        """Show the pause without waiting for the next poll."""
        self._entry.async_create_background_task(
            self._hass,
            self._queues.async_request_refresh(),
            "refresh",
        )


def _doubt(queue: str) -> LeaseReason:
    """Return why queues are paused while nobody knows about one of them."""
    return LeaseReason(LeaseKind.GPU_OFFLINE, DOUBT + queue)


async def async_hand_on_doubts(
    leases: LeaseKeeper, hosts: Mapping[str, GpuHost]
) -> None:
    """Let the GPU hosts look after the queues that were still in doubt at the last end.

    Their time is over, or soon will be, while nobody has asked a host yet.
    """
    for queue, pause in list(leases.book.pauses.items()):
        heirs = [
            LeaseReason(LeaseKind.GPU_OFFLINE, host_id)
            for host_id, host in hosts.items()
            if host.settings.pause_offline and queue in host.settings.queues
        ]
        for lease in pause.leases:
            if lease.reason.holder.startswith(DOUBT):
                await leases.pass_on(queue, lease.reason, heirs)
