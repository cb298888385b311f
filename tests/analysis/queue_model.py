"""A queue as BullMQ keeps it, with a short event stream and the truth beside it.

Which entries each operation writes is as observed with BullMQ 5.51, 5.80 and 6.7.
"""

from copy import deepcopy
from dataclasses import dataclass, field

from custom_components.immich_admin_tools.bullmq.models import (
    JobEvent,
    QueueReading,
    StreamState,
)

from .builders import NOW, event, queue


@dataclass
class Contents:
    """What Redis holds of the queue."""

    counter: int = 0
    wait: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stream: list[JobEvent] = field(default_factory=list)
    entries_added: int = 0
    last_entry: str = "0-0"


@dataclass
class QueueModel:
    """The queue, and the reader's place in its stream."""

    stream_length: int = 40
    now: int = NOW
    run_id: str = "run-1"
    completed: int = 0
    """The truth: handlers that ended."""
    position: str | None = None
    lost: int = 0
    """Entries that the last poll could not read."""
    seen_completed: int = 0
    """Completions that the last poll read."""
    _redis: Contents = field(default_factory=Contents)
    _saved: Contents = field(default_factory=Contents)
    _read_to: int = 0
    """`entries_added` at the last poll."""

    def write(
        self, kind: str, job_id: str | None = None, prev: str | None = None
    ) -> None:
        """Write an entry; the oldest ones go."""
        self.now += 1
        entry_id = f"{self.now}-0"
        name = "Ocr" if kind == "added" else None
        stream = self._redis.stream
        stream.append(event(entry_id, kind, job_id, prev=prev, name=name))
        del stream[: -self.stream_length]
        self._redis.entries_added += 1
        self._redis.last_entry = entry_id

    def add(self, count: int = 1) -> None:
        """Add jobs."""
        for _ in range(count):
            self._redis.counter += 1
            job_id = str(self._redis.counter)
            self._redis.wait.insert(0, job_id)
            self.write("added", job_id)
            self.write("waiting", job_id)

    def add_deduplicated(self, count: int = 1) -> None:
        """Add jobs that are there already."""
        for _ in range(count):
            self._redis.counter += 1
            self.write("debounced", "1")
            self.write("deduplicated", "1")

    def add_duplicated(self, count: int = 1) -> None:
        """Add jobs under an id of their own that is there already."""
        for _ in range(count):
            self._redis.counter += 1
            self.write("duplicated", "1")

    def start(self, count: int = 1) -> None:
        """Start jobs."""
        for _ in range(min(count, len(self._redis.wait))):
            job_id = self._redis.wait.pop()
            self._redis.active.insert(0, job_id)
            self.write("active", job_id, "waiting")

    def complete(self, count: int = 1) -> None:
        """End jobs."""
        for _ in range(min(count, len(self._redis.active))):
            job_id = self._redis.active.pop()
            self.completed += 1
            self.write("completed", job_id, "active")
        if not self._redis.wait and not self._redis.active:
            self.write("drained")

    def work(self, count: int = 1) -> None:
        """Start and end jobs."""
        for _ in range(count):
            self.start()
            self.complete()

    def stall(self) -> None:
        """Put an active job back, as the stalled check does."""
        if self._redis.active:
            job_id = self._redis.active.pop()
            self._redis.wait.append(job_id)
            self.write("waiting", job_id, "active")
            self.write("stalled", job_id)

    def fail(self) -> None:
        """Let a job stall for the second time."""
        if self._redis.active:
            job_id = self._redis.active.pop()
            self._redis.failed.append(job_id)
            self.write("failed", job_id, "active")
            self.write("retries-exhausted", job_id)

    def retry(self) -> None:
        """Put a failed job back."""
        if self._redis.failed:
            job_id = self._redis.failed.pop()
            self._redis.wait.insert(0, job_id)
            self.write("waiting", job_id, "failed")

    def remove_waiting(self) -> None:
        """Remove one waiting job."""
        if self._redis.wait:
            self.write("removed", self._redis.wait.pop(0), "wait")

    def drain(self) -> None:
        """Remove all that wait, which leaves no entry."""
        self._redis.wait.clear()

    def pause_and_resume(self) -> None:
        """Write what that writes."""
        self.write("paused")
        self.write("resumed")

    def flush(self) -> None:
        """Empty Redis."""
        self.now += 1
        self._redis = Contents()

    def save(self) -> None:
        """Let Redis write its snapshot."""
        self._saved = deepcopy(self._redis)

    def restart(self, *, with_loss: bool) -> None:
        """Restart Redis, with its data as of now or of the last snapshot."""
        self.now += 1_000
        self.run_id += "+"
        if with_loss:
            self._redis = deepcopy(self._saved)

    def poll(self) -> QueueReading:
        """Read the queue as the reader does."""
        redis = self._redis
        self.now += 1
        first = self.position is None
        if first or _order(self.position or "") > _order(redis.last_entry):
            events: list[JobEvent] = []
        else:
            events = [
                e
                for e in redis.stream
                if _order(e.entry_id) > _order(self.position or "")
            ]
        self.position = redis.last_entry
        grown = redis.entries_added - self._read_to
        self.lost = 0 if first else max(0, grown - len(events))
        self.seen_completed = sum(e.event == "completed" for e in events)
        self._read_to = redis.entries_added
        return queue(
            "ocr",
            active=len(redis.active),
            wait=len(redis.wait),
            failed=len(redis.failed),
            job_counter=redis.counter or None,
            stream=StreamState(len(redis.stream), redis.entries_added, redis.last_entry)
            if redis.entries_added
            else None,
            events=tuple(events),
        )


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)
