"""How a job is shown in attributes and in the answers of actions."""

from collections.abc import Iterable

from ..analysis.clocks import iso
from ..analysis.models import JobView
from ..bullmq.models import JsonValue
from ..healing.models import HealedJob, HealReport, Outcome
from .assets import AssetCache
from .strikes import StrikeCounts

MAX_JOBS = 20
"""Jobs that an attribute lists at most: states are not made for lists."""


class JobSummaries:
    """Puts together what is known of jobs, from Redis, from Immich and from before."""

    def __init__(
        self, assets: AssetCache, strikes: StrikeCounts, web_page: str
    ) -> None:
        """`web_page` is the address of Immich in the user's browser."""
        self._assets = assets
        self._strikes = strikes
        self._web_page = web_page

    def summary(self, job: JobView) -> dict[str, JsonValue]:
        """Return an active job as an action's answer; the age in seconds."""
        return {
            **self._summary(job),
            "age": job.age,
            "stuck": job.due,
            "missed_renewal": job.renewal_missed,
        }

    def attributes(self, jobs: Iterable[JobView]) -> list[dict[str, JsonValue]]:
        """Return the first jobs for an attribute: nothing that changes by itself."""
        return [
            {**self._summary(job), "since": iso(job.since)}
            for job, _ in zip(jobs, range(MAX_JOBS), strict=False)
        ]

    def _summary(self, job: JobView) -> dict[str, JsonValue]:
        asset_id = job.asset_ids[0] if job.asset_ids else None
        return {
            "job_id": job.job_id,
            "name": job.name,
            "queue": job.queue,
            "kind": job.kind,
            "times_stuck": self._strikes.count(job),
            **self.asset(asset_id),
        }

    def asset(self, asset_id: str | None) -> dict[str, JsonValue]:
        """Return what is known of an asset, and where it is in Immich."""
        asset = None if asset_id is None else self._assets.get(asset_id)
        return {
            "asset_id": asset_id,
            "asset_path": asset.path if asset else None,
            "file_name": asset.file_name if asset else None,
            "file_size": asset.size if asset else None,
            "file_type": asset.type if asset else None,
            "url": self.url(asset_id),
        }

    def url(self, asset_id: str | None) -> str | None:
        """Return the page of an asset in Immich."""
        return f"{self._web_page}/photos/{asset_id}" if asset_id else None

    def report(self, report: HealReport) -> dict[str, JsonValue]:
        """Return what came of an order as the answer of an action."""
        return {
            "jobs": [self._healed(job) for job in report.healed],
            "skipped": [
                {"job_id": job.job_id, "reason": job.reason.value}
                for job in report.skipped
            ],
            "count": sum(job.outcome is not Outcome.FAILED for job in report.healed),
        }

    def _healed(self, job: HealedJob) -> dict[str, JsonValue]:
        act = job.act
        return {
            "job_id": act.job_id,
            "name": act.name,
            **self.asset(act.asset_id),
            "age": act.age,
            "kind": act.kind,
            "mode": act.mode.value,
            "reason": act.reason.value,
            "outcome": job.outcome.value,
            "doubt": job.doubt,
        }


def rounded(value: float | None) -> float | None:
    """Return a measured number as people read it in an answer: 0.98, not 0.98362."""
    return None if value is None else round(value, 2)
