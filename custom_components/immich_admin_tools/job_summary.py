"""How a job is shown in attributes and in the responses of actions."""

from collections.abc import Iterable

from homeassistant.util.json import JsonObjectType

from .analysis.models import JobView
from .healing.models import HealedJob, HealReport

MAX_JOBS = 20
"""Jobs that an attribute lists at most: states are not made for lists."""


def job_summary(job: JobView) -> dict[str, str | int | None]:
    """Return a job as plain data; the age in seconds."""
    return {
        "job_id": job.job_id,
        "name": job.name,
        "asset_id": job.asset_ids[0] if job.asset_ids else None,
        "age": job.age,
        "kind": job.kind,
    }


def job_summaries(jobs: Iterable[JobView]) -> list[dict[str, str | int | None]]:
    """Return the first jobs as plain data."""
    return [job_summary(job) for job, _ in zip(jobs, range(MAX_JOBS), strict=False)]


def heal_summary(report: HealReport) -> JsonObjectType:
    """Return what came of an order as the answer of an action."""
    return {
        "jobs": [_healed_summary(job) for job in report.healed],
        "skipped": [
            {"job_id": job.job_id, "reason": job.reason.value} for job in report.skipped
        ],
        "count": len(report.healed),
    }


def _healed_summary(job: HealedJob) -> JsonObjectType:
    """Return one job that was acted on."""
    return {
        "job_id": job.act.job_id,
        "name": job.act.name,
        "asset_id": job.act.asset_id,
        "age": job.act.age,
        "kind": job.act.kind,
        "mode": job.act.mode.value,
        "outcome": job.outcome.value,
        "doubt": job.doubt,
    }
