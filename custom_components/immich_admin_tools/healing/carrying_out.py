"""Carries decisions out behind fences, one job after the other."""

from collections.abc import Iterable
from dataclasses import dataclass, field
import logging

from ..bullmq.errors import (
    BullMQError,
    MissingRightsError,
    UnknownLayoutError,
    WritesRefusedError,
)
from ..bullmq.recovery import ActiveFence, QueueRecovery, Result
from .models import Act, Doubt, HealedJob, HealMode, Outcome, SkippedJob, SkipReason

_LOGGER = logging.getLogger(__name__)

FAIL_REASON = "Stuck; given up by Immich Admin Tools"
"""Stands with the failed job, and tells it from those that BullMQ gave up."""

_LEFT_ALONE = {
    Result.NOT_ACTIVE: SkipReason.RACED,
    Result.LOCK_CHANGED: SkipReason.RACED,
    Result.RUN_CHANGED: SkipReason.RACED,
    Result.HASH_MISSING: SkipReason.ONLY_REMOVE,
    Result.UNSUPPORTED: SkipReason.UNSUPPORTED,
}


@dataclass(slots=True)
class CarriedOut:
    """What the fences let through."""

    done: list[Act] = field(default_factory=list)
    skipped: list[tuple[Act, SkippedJob]] = field(default_factory=list)
    failed: list[HealedJob] = field(default_factory=list)
    """Not tried or refused: certainly unchanged."""
    unknown: list[Act] = field(default_factory=list)
    """Sent, and no reply came."""
    error: BullMQError | None = None
    """The first one."""

    @property
    def changed_nothing(self) -> bool:
        """Return whether it is certain that Redis is as it was."""
        return not self.done and not self.unknown


async def carry_out(recovery: QueueRecovery, acts: Iterable[Act]) -> CarriedOut:
    """Do it to each job that is still what it was when it was judged.

    A refusal holds for the whole queue (unknown layout) or for the mode (missing
    rights); the rest goes on. Once Redis is lost, or takes no changes, nothing more
    is tried.
    """
    result = CarriedOut()
    over = False
    refused: set[str | HealMode] = set()
    for act in acts:
        if over or act.queue in refused or act.mode in refused:
            result.failed.append(HealedJob(act, Outcome.FAILED))
            continue
        try:
            answer = await _carry_out_one(recovery, act)
        except (MissingRightsError, UnknownLayoutError) as err:
            refused.add(act.queue if isinstance(err, UnknownLayoutError) else act.mode)
            result.failed.append(HealedJob(act, Outcome.FAILED))
            result.error = result.error or err
        except WritesRefusedError as err:
            over = True
            result.failed.append(HealedJob(act, Outcome.FAILED))
            result.error = result.error or err
        except BullMQError as err:
            over = True
            result.unknown.append(act)
            result.error = result.error or err
        else:
            reason = _LEFT_ALONE.get(answer)
            if reason is None:
                result.done.append(act)
            else:
                skipped = SkippedJob(act.queue, act.job_id, reason)
                result.skipped.append((act, skipped))
    if result.error is not None and not result.changed_nothing:
        # Else it is raised, and told by whoever asked.
        _LOGGER.warning("Not all stuck jobs could be acted on: %s", result.error)
    return result


async def _carry_out_one(recovery: QueueRecovery, act: Act) -> Result:
    """Do it, if the job is still what it was when it was judged."""
    fence = ActiveFence(act.job_id, act.processed_on, act.lock_token)
    match act.mode:
        case HealMode.REMOVE:
            return await recovery.remove(act.queue, fence)
        case HealMode.REQUEUE:
            return await recovery.requeue(act.queue, fence)
        case HealMode.FAIL:
            return await recovery.fail(act.queue, fence, FAIL_REASON)


def lost_jobs(acts: Iterable[Act]) -> list[HealedJob]:
    """Return acts of which it is not known whether they were done."""
    return [HealedJob(act, Outcome.UNCONFIRMED, Doubt.REDIS_LOST) for act in acts]
