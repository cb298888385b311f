"""Whether there is anything of BullMQ under a prefix."""

from .errors import NoQueuesError
from .models import QueueReading, RedisReading


def check_queues(reading: RedisReading, prefix: str) -> None:
    """Raise NoQueuesError when a reading found no key of any queue."""
    if not any(_exists(queue) for queue in reading.queues.values()):
        raise NoQueuesError(prefix)


def _exists(queue: QueueReading) -> bool:
    return bool(
        queue.version is not None
        or queue.is_paused
        or queue.job_counter is not None
        or queue.stream
        or queue.heartbeat
        or queue.waiting + queue.active + queue.delayed + queue.failed
        or queue.wrong_types
    )
