"""Names of the Redis keys that BullMQ uses for one queue."""

from dataclasses import dataclass
from enum import StrEnum
import re

DEFAULT_PREFIX = "immich_bull"


@dataclass(frozen=True, slots=True)
class QueueKeys:
    """Key names of one queue, as `{prefix}:{queue}:{part}`."""

    prefix: str
    queue: str

    def key(self, part: str) -> str:
        """Return the name of one of the queue's keys."""
        return f"{self.prefix}:{self.queue}:{part}"

    @property
    def base(self) -> str:
        """Return what every key of the queue starts with, colon included."""
        return f"{self.prefix}:{self.queue}:"

    @property
    def wait(self) -> str:
        """List of waiting ids: added at the head, taken from the tail."""
        return self.key("wait")

    @property
    def paused(self) -> str:
        """List that stands in for `wait` while paused (BullMQ 5 only)."""
        return self.key("paused")

    @property
    def active(self) -> str:
        """List of ids being worked on."""
        return self.key("active")

    @property
    def prioritized(self) -> str:
        """Sorted set of waiting ids with a priority."""
        return self.key("prioritized")

    @property
    def delayed(self) -> str:
        """Sorted set of ids that are not due yet."""
        return self.key("delayed")

    @property
    def failed(self) -> str:
        """Sorted set of failed ids, score = finish time in ms."""
        return self.key("failed")

    @property
    def meta(self) -> str:
        """Hash with `paused` and `version`."""
        return self.key("meta")

    @property
    def job_counter(self) -> str:
        """Counter of the ids given out so far."""
        return self.key("id")

    @property
    def priority_counter(self) -> str:
        """Counter that orders ids of one priority."""
        return self.key("pc")

    @property
    def marker(self) -> str:
        """Sorted set that wakes the workers."""
        return self.key("marker")

    @property
    def stalled(self) -> str:
        """Set of ids that BullMQ suspects to be stalled."""
        return self.key("stalled")

    @property
    def heartbeat(self) -> str:
        """String that a living worker rewrites every 30 or 60 s."""
        return self.key("stalled-check")

    @property
    def events(self) -> str:
        """Stream of events, trimmed to about 10,000 entries."""
        return self.key("events")

    def job(self, job_id: str) -> str:
        """Hash of one job."""
        return self.key(job_id)

    def lock(self, job_id: str) -> str:
        """Lock of one job: the token of the worker that holds it."""
        return self.key(f"{job_id}:lock")


_VERSION = re.compile(r"^bullmq:(\d+)\.\d+")


class Layout(StrEnum):
    """Layouts that this project knows.

    BullMQ 5 renames `wait` to `paused` while a queue is paused, BullMQ 6 leaves
    the jobs in `wait`. Nothing is ever written to a queue whose layout is UNKNOWN.
    """

    V5 = "v5"
    V6 = "v6"
    UNKNOWN = "unknown"


def layout_of(version: str | None) -> Layout:
    """Return the layout for a `meta.version` such as `bullmq:5.80.5`.

    The field is written by Queue objects only, so it can be missing: UNKNOWN.
    """
    match = _VERSION.match(version or "")
    if match is None:
        return Layout.UNKNOWN
    return {"5": Layout.V5, "6": Layout.V6}.get(match[1], Layout.UNKNOWN)
