"""What the history and the recorder say: how long, how often, how many. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ..healing.models import Outcome
from ..history.detector import STILL_STUCK
from ..history.events import ACT_EVENTS, Event, EventType

LATEST = 10
"""Times that a usual one is taken from."""

LONGEST_BOOT = 3_600_000
"""ms from signal to answer beyond which the two have nothing to do with each other."""

_OF_HOSTS = frozenset(
    {
        EventType.GPU_WAKE,
        EventType.GPU_READY,
        EventType.GPU_WAKE_FAILED,
        EventType.GPU_SLEEP,
    }
)


def median_boot(newest_first: Iterable[Event], host: str) -> int | None:
    """Return the seconds from signal to answer, as it was the last times."""
    boots: list[int] = []
    ready_at: int | None = None
    for event in newest_first:
        if event.host != host or event.type not in _OF_HOSTS:
            continue
        if event.type is EventType.GPU_WAKE and ready_at is not None:
            if 0 < ready_at - event.at <= LONGEST_BOOT:
                boots.append(ready_at - event.at)
            if len(boots) == LATEST:
                break
        ready_at = event.at if event.type is EventType.GPU_READY else None
    return round(median(boots) / 1000) if boots else None


def median_restart(newest_first: Iterable[Event]) -> int | None:
    """Return the seconds that a restart of the workers took the last times."""
    took = [
        event.duration
        for event in newest_first
        if event.type is EventType.WORKERS_RESTARTED and event.duration is not None
    ]
    return round(median(took[:LATEST])) if took else None


def went_off_unasked(newest_first: Iterable[Event], host: str, reason: str) -> bool:
    """Return whether the last that was heard of a host is that it was lost."""
    last = next(
        (
            event
            for event in newest_first
            if event.host == host and event.type in _OF_HOSTS
        ),
        None,
    )
    return (
        last is not None and last.type is EventType.GPU_SLEEP and last.reason == reason
    )


FIVE_MINUTES = 300_000
HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Count:
    """Jobs that were processed in a stretch of time. Times: ms since the epoch."""

    start: int
    length: int
    jobs: float


@dataclass(frozen=True, slots=True)
class Processed:
    """What is known of the jobs of a period."""

    total: int
    before: int | None
    """In the period before; None: nothing is recorded of all of it."""
    busiest: Count | None
    """An hour."""


def processed_in(
    counts: Iterable[Count], start: int, now: int, before: int
) -> Processed | None:
    """Sum up the counts of a period and of the one before; None when there is none.

    `before`: when the period before began; it is compared up to the same moment in it.
    """
    total, earlier = 0.0, 0.0
    hours: dict[int, float] = {}
    first: int | None = None
    known = False
    until = before + (now - start)
    for count in counts:
        first = count.start if first is None else min(first, count.start)
        if count.start >= start:
            known = True
            total += count.jobs
            hour = count.start - count.start % HOUR
            hours[hour] = hours.get(hour, 0.0) + count.jobs
        elif count.start >= before:
            part = min(1.0, max(0.0, (until - count.start) / count.length))
            earlier += count.jobs * part
    if not known or first is None:
        return None
    at, most = max(hours.items(), key=lambda own: own[1])
    return Processed(
        total=round(total),
        before=round(earlier) if first < before + HOUR else None,
        busiest=Count(at, HOUR, round(most)) if round(most) else None,
    )


def bars_of(counts: Iterable[Count], starts: Sequence[int]) -> list[dict[str, int]]:
    """Return the jobs of each bar that something is known of.

    `starts`: when the bars begin, the oldest first; the last one reaches up to now.
    """
    bars: dict[int, float] = {}
    for count in counts:
        index = bisect_right(starts, count.start) - 1
        if index >= 0:
            bars[index] = bars.get(index, 0.0) + count.jobs
    return [
        {"start": starts[index], "jobs": round(jobs)}
        for index, jobs in sorted(bars.items())
    ]


def on_seconds(times: Iterable[tuple[int, int | None]], start: int, now: int) -> int:
    """Return how long something was on since a time."""
    return (
        sum(
            max(0, (now if end is None else end) - max(begin, start))
            for begin, end in times
        )
        // 1000
    )


def clipped(
    times: Iterable[tuple[int, int | None]], start: int
) -> list[list[int | None]]:
    """Return times, without what was before a moment."""
    return [
        [max(begin, start), end] for begin, end in times if end is None or end > start
    ]


class AwakeTimes:
    """When a host was on: as it was recorded, and as it is seen since then."""

    def __init__(self, recorded: Iterable[tuple[int, int | None]]) -> None:
        self._times = list(recorded)

    def see(self, online: bool | None, now: int) -> None:
        """Take in how it stands; not to know changes nothing."""
        is_on = bool(self._times) and self._times[-1][1] is None
        if online and not is_on:
            self._times.append((now, None))
        elif online is False and is_on:
            self._times[-1] = (self._times[-1][0], now)

    def since(self, start: int) -> list[list[int | None]]:
        """Return them from a moment on."""
        return clipped(self._times, start)


PHOTO, VIDEO, OTHER = "photos", "videos", "other"


def kinds_of_stuck(events: Iterable[Event]) -> dict[str, int]:
    """Count the jobs that got stuck by what they were about."""
    found = dict.fromkeys((PHOTO, VIDEO, OTHER), 0)
    for event in events:
        if event.type is EventType.JOB_STUCK and event.reason != STILL_STUCK:
            found[_kind_of(event)] += 1
    return found


_PHOTOS = (
    *(".jpg", ".jpeg", ".jpe", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"),
    *(".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".insp"),
    *(".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".raf", ".orf", ".rw2"),
    *(".pef", ".srw", ".raw", ".3fr", ".fff", ".iiq", ".x3f", ".erf", ".mrw", ".k25"),
)
_VIDEOS = (
    *(".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".3gp", ".3gpp", ".mpg", ".mpe"),
    *(".mpeg", ".mts", ".m2ts", ".m2t", ".ts", ".wmv", ".flv", ".insv", ".vob", ".mxf"),
)
"""Endings of the files that Immich takes."""


def _kind_of(event: Event) -> str:
    """Return what a job was about, by the name of its file."""
    name = (event.file_name or event.asset_path or "").lower()
    if name.endswith(_PHOTOS):
        return PHOTO
    return VIDEO if name.endswith(_VIDEOS) else OTHER


def cleared_in(events: Iterable[Event]) -> dict[str, int]:
    """Count what was done about stuck jobs, and what of it was verified."""
    found = {"confirmed": 0, "total": 0, "restarts": 0}
    for event in events:
        if event.act_id is not None and event.type in ACT_EVENTS.values():
            found["total"] += event.outcome is not Outcome.FAILED
            found["confirmed"] += event.outcome is Outcome.CONFIRMED
        elif event.type in _RESTARTS:
            found["restarts"] += 1
    return found


_RESTARTS = (EventType.WORKERS_RESTARTED, EventType.RESTART_UNCONFIRMED)


def row_of_minutes(
    rows: Iterable[tuple[int, float]], start: int, length: int
) -> list[float | None]:
    """Return values at fixed steps of five minutes; None where nothing is known."""
    values: list[float | None] = [None] * length
    for at, value in rows:
        index = (at - start) // FIVE_MINUTES
        if 0 <= index < length:
            values[index] = round(value, 1)
    return values


def keyed(newest_first: Iterable[Event]) -> Iterator[tuple[str, Event]]:
    """Yield events with a key that stays the same over restarts."""
    seen: set[str] = set()
    for event in newest_first:
        key = event.act_id or "/".join(
            str(part or "")
            for part in (event.at, event.type, event.queue, event.job_id, event.host)
        )
        while key in seen:
            key += "+"
        seen.add(key)
        yield key, event


def page_of(
    newest_first: Iterable[Event],
    wanted: Callable[[Event], bool],
    before: str | None,
    limit: int,
) -> tuple[list[tuple[str, Event]], str | None]:
    """Return a page of events, and where the next one begins; None: that was all.

    `before`: what came with the page before. An event that is forgotten by now was the
    oldest, so nothing is left.
    """
    page: list[tuple[str, Event]] = []
    begun = before is None
    for key, event in keyed(newest_first):
        if not begun:
            begun = key == before
            continue
        if not wanted(event):
            continue
        if len(page) == limit:
            return page, page[-1][0]
        page.append((key, event))
    return page, None


_PAUSES = (EventType.QUEUE_PAUSED, EventType.QUEUE_RESUMED)

GROUPS: Mapping[str, Callable[[Event], bool]] = {
    "all": lambda _: True,
    "stuck": lambda event: event.type.startswith(("job_", "heal_")),
    "pauses": lambda event: event.type in _PAUSES,
    "gpu_host": lambda event: (
        event.type.startswith("gpu_") or event.type is EventType.JOBS_BURNT
    ),
}
"""What the history can be narrowed down to."""
