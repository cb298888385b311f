"""Queues and their jobs."""

from collections.abc import Collection

from .api import ImmichApi, path_segment
from .models import ListedJob, QueueCounts
from .queues import QueueName
from .readers import job_of, legacy_queue_counts_of, queue_counts_of
from .requests import Request


class QueueApi(ImmichApi):
    """Counts, listings and commands. An unknown queue is an UnknownQueueError."""

    async def queues(self, timeout: float | None = None) -> tuple[QueueCounts, ...]:
        """Return all queues that the server has, known here or not (`queue.read`)."""
        reply = await self._requests.send(Request("GET", "/queues", timeout=timeout))
        return tuple(queue_counts_of(fields) for fields in reply.as_list())

    async def queue(self, name: str) -> QueueCounts:
        """Return one queue (`queue.read`)."""
        reply = await self._requests.send(Request("GET", _path(name)))
        return queue_counts_of(reply.as_object())

    async def jobs(
        self, name: str, statuses: Collection[str] = ()
    ) -> tuple[ListedJob, ...]:
        """Return jobs in any of the `JobStatus`es, all without one (`queueJob.read`).

        At most about 1,000 a state, of the waiting ones the newest. Prioritized
        jobs are missing. Jobs without an id are left out.
        """
        # Immich 3.1 filters only when the key stands there more than once.
        wanted = [("status", status) for status in statuses]
        reply = await self._requests.send(
            Request(
                "GET",
                f"{_path(name)}/jobs",
                params=wanted * 2 if len(wanted) == 1 else wanted,
            )
        )
        jobs: dict[str, ListedJob] = {}
        for fields in reply.as_list():
            if (job := job_of(fields)) is not None:
                jobs.setdefault(job.job_id, job)
        return tuple(jobs.values())

    async def pause(self, name: str) -> QueueCounts:
        """Pause a queue; jobs that run go on (`queue.update`)."""
        return await self._set_paused(name, True)

    async def resume(self, name: str) -> QueueCounts:
        """Let a queue go on (`queue.update`)."""
        return await self._set_paused(name, False)

    async def _set_paused(self, name: str, paused: bool) -> QueueCounts:
        """Pause or resume; the background tasks only by the older path."""
        if name == QueueName.BACKGROUND_TASK:
            return await self._command(name, "pause" if paused else "resume")
        reply = await self._requests.send(
            Request("PUT", _path(name), body={"isPaused": paused})
        )
        return queue_counts_of(reply.as_object())

    async def clear_waiting(self, name: str) -> int:
        """Remove all jobs that wait, prioritized ones too (`queueJob.delete`).

        Active, delayed and failed jobs stay. Returns how many jobs waited just
        before, without the prioritized ones, which Immich does not count.
        """
        before = (await self.queue(name)).backlog
        await self._requests.send(Request("DELETE", f"{_path(name)}/jobs", body={}))
        return before

    async def clear_failed(self, name: str) -> int:
        """Remove all failed jobs and nothing else (`job.create`); return how many.

        Not by `DELETE /queues/{name}/jobs` with `failed`, as that removes all
        waiting jobs as well.
        """
        before = left = (await self.queue(name)).failed
        while left > 0:
            # Immich removes at most 1,000 at a time.
            previous, left = left, (await self._command(name, "clear-failed")).failed
            if left >= previous:
                break
        return max(0, before - left)

    async def start(self, name: str, *, force: bool) -> QueueCounts:
        """Queue all missing work, or with `force` all work anew (`job.create`).

        Raises JobAlreadyRunningError when a job of the queue is active, and
        NotStartableError for queues without such a command. With `force` smart
        search drops what it knows before it begins.
        """
        return await self._command(name, "start", force=force)

    async def _command(
        self, name: str, command: str, *, force: bool | None = None
    ) -> QueueCounts:
        """Send a command by the older path, which alone knows some of them."""
        body: dict[str, object] = {"command": command}
        if force is not None:
            body["force"] = force
        reply = await self._requests.send(
            Request(
                "PUT",
                f"/jobs/{path_segment(name)}",
                body=body,
            )
        )
        return legacy_queue_counts_of(name, reply.as_object())


def _path(name: str) -> str:
    """Return the path of a queue."""
    return f"/queues/{path_segment(name)}"
