"""Memory stays flat over a day of events."""

from itertools import count
import pickle

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.stuck import Thresholds
from custom_components.immich_admin_tools.bullmq.models import (
    JobEvent,
    QueueReading,
    StreamState,
)

from .builders import NOW, beat, event, queue, reading

POLL = 15_000
POLLS_A_DAY = 24 * 240
QUEUES = ("ocr", "library", "smartSearch")
KIBIBYTE = 1024


def busy(name: str, number: int, poll: int, now: int) -> QueueReading:
    """Return a poll with a job of five states, some of which end badly."""
    job_id = str(number)
    events: list[JobEvent] = [
        event(
            f"{now - 5}-0", "added", job_id, name=("Ocr", "OcrQueueAll")[poll % 7 == 0]
        ),
        event(f"{now - 5}-1", "waiting", job_id),
        event(f"{now - 4}-0", "active", job_id, prev="waiting"),
    ]
    if poll % 50:
        events.append(event(f"{now - 1}-0", "completed", job_id, prev="active"))
    return queue(
        name,
        wait=poll % 900,
        heartbeat=beat(now),
        job_counter=number,
        stream=StreamState(10_000, number * 4, f"{now - 1}-0"),
        events=tuple(events),
    )


def test_memory_is_flat_over_a_day() -> None:
    """What is kept after a day is what was kept after half of it."""
    analyst = Analyst()
    numbers = count(1)

    def play(polls: range) -> None:
        for poll in polls:
            now = NOW + poll * POLL
            queues = [busy(name, next(numbers), poll, now) for name in QUEUES]
            analyst.update_from_redis(reading(now, *queues), Thresholds())

    play(range(POLLS_A_DAY // 2))
    early = len(pickle.dumps(analyst))
    play(range(POLLS_A_DAY // 2, POLLS_A_DAY))
    late = len(pickle.dumps(analyst))
    assert late < min(1.1 * early, 50 * KIBIBYTE * len(QUEUES))
