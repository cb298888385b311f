"""How a job is shown in attributes and in the responses of actions."""

from collections.abc import Iterable

from .analysis.models import JobView

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
