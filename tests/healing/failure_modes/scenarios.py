"""What is done to each Immich, and what was seen of it."""

from dataclasses import dataclass, field

from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    QueueState,
    StuckKind,
)
from custom_components.immich_admin_tools.bullmq.errors import UnknownLayoutError
from custom_components.immich_admin_tools.healing.models import (
    Decision,
    HealMode,
    HealReport,
    Initiator,
    Reason,
)
from tests.support.learned import learn
from tests.support.simulator import QueueTruth

from .installation import FOR_EVER, Installation, Version, installation

NEVER = 100_000
"""Seconds: no job of these scenarios is stuck for its age alone."""

LIFE_OF_LOCK = 30.0


@dataclass(slots=True)
class Seen:
    """What came of a scenario."""

    reports: dict[str, HealReport] = field(default_factory=dict)
    kinds: dict[str, StuckKind | None] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    events: dict[str, list[str]] = field(default_factory=dict)
    truth: dict[str, QueueTruth] = field(default_factory=dict)
    wishes: list[Decision] = field(default_factory=list)
    lost_slots: dict[str, int] = field(default_factory=dict)
    other: dict[str, object] = field(default_factory=dict)

    async def finish(self, site: Installation) -> Seen:
        """Take over what the site knows at the end."""
        self.truth = dict((await site.immich.truth()).queues)
        self.events = {queue: site.told_types(queue) for queue in site.queues}
        self.wishes = site.wishes
        return self


async def killed_for_good(version: Version) -> Seen:
    """The worker is killed; nobody starts another until we have healed."""
    queues = ("migration", "sidecar", "library", "notifications")
    seen = Seen()
    async with installation(version, queues, dict.fromkeys(queues, NEVER)) as site:
        immich = site.immich
        await immich.add_jobs("migration", 1)
        await immich.add_jobs("library", 1)
        await immich.add_jobs("notifications", 1, dedup="once")
        (ghost,) = await immich.add_jobs("sidecar", 1)
        for queue in queues:
            await immich.until_truth(queue, running=1)
        await site.keep_looking(3)
        await immich.kill_worker()
        # Its process is gone: nobody writes the job's data anew.
        await site.client.delete(site.keys("sidecar").job(ghost))

        seen.seconds["orphaned"] = await site.look_until(
            lambda: site.job("migration").kind is StuckKind.ORPHANED,
            LIFE_OF_LOCK + 10,
            "the lock runs out",
        )
        seen.other["due_before_lost"] = site.job("migration").due
        seen.seconds["lost"] = seen.seconds["orphaned"] + await site.look_until(
            lambda: all(site.queue(it).worker is False for it in queues),
            100,
            "the worker is lost",
        )
        await site.look()
        seen.kinds = {queue: site.job(queue).kind for queue in queues}
        seen.other["states"] = {site.queue(queue).state for queue in queues}
        seen.other["due"] = all(site.job(queue).due for queue in queues)

        for queue in queues:
            for default in (None, HealMode.REMOVE):
                seen.reports[f"{queue}_{default}"] = await site.order(queue, default)
        seen.reports["ghost_requeue"] = await site.order(
            "sidecar", HealMode.REQUEUE, ghost
        )
        for queue, mode in (
            ("migration", HealMode.REQUEUE),
            ("library", HealMode.FAIL),
            ("notifications", HealMode.REMOVE),
            ("sidecar", HealMode.REMOVE),
        ):
            job_id = site.job(queue).job_id
            seen.reports[queue] = await site.order(queue, mode, job_id)
        seen.other["dedup_key"] = await site.client.exists(
            site.keys("notifications").key("de:once")
        )
        await immich.speed(10)
        await immich.add_jobs("notifications", 1, dedup="once")
        await immich.start_worker()
        await immich.until_truth("migration", finished=1)
        await immich.until_truth("notifications", finished=1)
        await site.look_until(
            lambda: all(site.queue(it).worker for it in queues), 40, "it is back"
        )
        seen.other["failed"] = site.queue("library").failed
        return await seen.finish(site)


async def killed_and_restarted(version: Version) -> Seen:
    """BullMQ heals the first stall by itself and gives up at the second."""
    queues = ("migration", "sidecar")
    seen = Seen()
    async with installation(version, queues, dict.fromkeys(queues, NEVER)) as site:
        immich = site.immich
        await immich.add_jobs("migration", 1)
        await immich.until_truth("migration", running=1)
        await site.keep_looking(2)
        await immich.kill_worker(restart=True)
        seen.seconds["orphaned"] = await site.look_until(
            lambda: site.job("migration").kind is StuckKind.ORPHANED, 40, "orphaned"
        )
        seen.reports["too_early"] = await site.order("migration", HealMode.REQUEUE)
        seen.seconds["healed"] = await site.look_until(
            lambda: bool(
                site.queue("migration").jobs
                and site.job("migration").stalled_count == 1
                and site.job("migration").lock_token
            ),
            120,
            "BullMQ puts it back",
        )
        seen.truth["after_first"] = (await immich.truth()).queues["migration"]
        await immich.kill_worker(restart=True)
        await site.look_until(
            lambda: site.queue("migration").failed == 1, 150, "BullMQ gives up"
        )
        await immich.speed(10)
        ids = await site.recovery.failed_ids("migration")
        retried = await site.recovery.retry_failed("migration", ids)
        seen.other["retried"] = retried.done
        await immich.until_truth("migration", finished=1)
        await site.look_until(
            lambda: site.queue("migration").failed == 0, 10, "it is done"
        )
        first = seen.truth
        await seen.finish(site)
        seen.truth |= first
        return seen


async def hanging(version: Version) -> Seen:
    """A promise that never resolves, one that is only slow, one that waits its turn."""
    queues = ("ocr", "migration", "facialRecognition", "thumbnailGeneration")
    thresholds = {
        "ocr": 2,
        "migration": 6,
        "facialRecognition": 1,
        "thumbnailGeneration": NEVER,
    }
    seen = Seen()
    async with installation(version, queues, thresholds) as site:
        immich = site.immich
        await immich.speed(1, "ocr")
        await immich.speed(9_000, "migration")
        await immich.hang("ocr")
        await immich.add_jobs("thumbnailGeneration", 1)
        await immich.until_truth("thumbnailGeneration", running=1)
        await immich.add_jobs("facialRecognition", 1, name="FacialRecognitionQueueAll")
        await immich.add_jobs("migration", 1)
        await immich.add_jobs("ocr", 3)
        await immich.until_truth("ocr", hung_now=1)
        await site.look_until(
            lambda: bool(site.queue("ocr").stuck), 10, "over its threshold"
        )
        job = site.job("ocr")
        seen.kinds["ocr_first"] = job.kind
        assert job.since is not None
        assert site.view is not None
        seen.seconds["shown_after_due"] = (site.view.time - job.since) / 1000 - 2
        learn(site.analyst, "ocr", job.name or "")
        await site.look_until(
            lambda: site.job("ocr").kind is StuckKind.HUNG, 10, "surely hung"
        )
        await site.look_until(
            lambda: bool(site.queue("migration").stuck), 12, "long running"
        )
        seen.kinds["migration"] = site.job("migration").kind
        await site.look_until(
            lambda: not site.queue("migration").jobs, 15, "it was only slow"
        )
        seen.kinds["facialRecognition"] = site.job("facialRecognition").kind
        for queue, mode in (
            ("facialRecognition", HealMode.REMOVE),
            ("ocr", HealMode.REQUEUE),
        ):
            seen.reports[f"{queue}_{mode}"] = await site.order(queue, mode)
        seen.reports["ocr"] = await site.order("ocr", HealMode.REMOVE)
        await site.look()
        seen.lost_slots["after"] = site.verification.lost_slots("ocr")
        seen.truth["blocked"] = (await immich.truth()).queues["ocr"]
        await site.look_until(
            lambda: site.queue("ocr").state is QueueState.STALLED, 100, "it stands"
        )
        await immich.unhang("ocr")
        await immich.until_truth("ocr", finished=3)
        seen.seconds["slot_free"] = await site.look_until(
            lambda: not site.verification.lost_slots(), 45, "its slot is free"
        )
        blocked = seen.truth
        await seen.finish(site)
        seen.truth |= blocked
        return seen


async def blocked_and_flushed(version: Version) -> Seen:
    """The worker's event loop stands still; later Redis is emptied under it."""
    queues = ("migration", "ocr", "sidecar")
    thresholds = {"migration": NEVER, "ocr": 20, "sidecar": 20}
    seen = Seen()
    async with installation(version, queues, thresholds) as site:
        immich = site.immich
        await immich.speed(50_000, "migration")
        await immich.add_jobs("migration", 1)
        await immich.until_truth("migration", running=1)
        await site.keep_looking(2)
        await immich.block_worker(48)
        await site.look_until(
            lambda: site.job("migration").kind is StuckKind.ORPHANED, 45, "no lock"
        )
        seen.reports["blocked"] = await site.order("migration", HealMode.REMOVE)
        await immich.speed(10)
        # The refused finish, and the run that counts.
        await site.look_until(
            lambda: (
                not site.queue("migration").jobs and not site.queue("migration").waiting
            ),
            150,
            "it was run again",
        )
        seen.truth["blocked"] = (await immich.truth()).queues["migration"]

        await immich.speed(FOR_EVER)
        await immich.add_jobs("ocr", 1)
        await immich.until_truth("ocr", running=1)
        await site.look_until(
            lambda: bool(site.queue("ocr").stuck), 30, "over its threshold"
        )
        old = site.job("ocr")
        await site.client.flushall()
        await immich.add_jobs("sidecar", 1)
        await immich.until_truth("sidecar", running=1)
        await site.keep_looking(3)
        seen.other["stuck_after_flush"] = [
            job.job_id for queue in queues for job in site.queue(queue).stuck
        ]
        seen.other["new_id"] = site.job("sidecar").job_id
        seen.other["old_decision"] = await _carry_out_late(site, old)
        blocked = seen.truth
        await seen.finish(site)
        seen.truth |= blocked
        return seen


async def _carry_out_late(site: Installation, job: JobView) -> str:
    """Act on a job of before the flush; return what stood in the way."""
    decision = Decision(job, HealMode.REMOVE, Reason.ASKED)
    try:
        report = await site.healer.heal([decision], Initiator.USER)
    except UnknownLayoutError:
        # The version is written by the API's queues, which were not started anew.
        return "layout"
    return report.skipped[0].reason.value
