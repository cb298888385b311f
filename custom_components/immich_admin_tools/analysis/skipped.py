"""Finds jobs that were skipped: ended as done within milliseconds, without being done.

With the machine learning gone, Immich fails each job within 2 to 8 ms and BullMQ records
it as completed (450 to 740 a second). One fast job means nothing, as its photo may be
gone; several in a row are suspicious, and then the machine learning has to be asked. Only
what ended fast *and* while it did not answer was skipped.

Times are those of the stream's entries: only compared with each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from ..bullmq.models import JobEvent
from ..immich.models import MachineLearning
from .durations import DurationStatistics
from .throughput import NO_ENTRY, EntryId, entry_id

IN_A_ROW = 5
"""Jobs that must end too fast one after the other to be suspicious."""
PER_SLOW = 2
"""Fast jobs that make up for one in between that took its time, on a busy machine."""
SLOW_END = 5
"""Jobs that took their time, one after the other, which end any row."""
LOWEST_LIMIT = 10
"""ms: no GPU does a photo in this time, and skipped jobs take 2 to 8."""
UNKNOWN_LIMIT = 50
"""ms, for as long as nobody knows what is usual."""
HIGHEST_LIMIT = 1_000
"""ms: even where jobs usually take long, this is not fast."""
ENOUGH = 20
"""Own observations before they count more than what was learned elsewhere."""
UNDER_WAY = 100
"""ms: a job that ended so shortly before a row was under way as it began."""
QUEUE_ALL = "QueueAll"
"""Jobs with such a name look for what is missing, or for everything, and queue it."""
PAUSED = "paused"
RESUMED = "resumed"
"""What BullMQ writes as a queue is paused, or goes on."""
_MOST_STARTS = 1_000
_MOST_KEPT = 200


class Answer(StrEnum):
    """Whether the machine learning answers."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def answer_of(found: MachineLearning) -> Answer:
    """Return what Immich's word means; one that takes long may be loading its model."""
    match found:
        case MachineLearning.ANSWERS:
            return Answer.YES
        case MachineLearning.FAILS:
            return Answer.NO
        case MachineLearning.HANGS:
            return Answer.UNKNOWN


def fast_limit(usual: float | None) -> int:
    """Return the ms below which a job ended too fast; `usual`: its median seconds."""
    if usual is None:
        return UNKNOWN_LIMIT
    return max(LOWEST_LIMIT, min(round(usual * 1000 / 3), HIGHEST_LIMIT))


@dataclass(slots=True)
class SkippedJobDetector:
    """Follows the events of one queue, whoever read them. Takes no entry twice."""

    suspected: int = 0
    """Jobs of suspicious rows that nobody has judged yet."""
    queued_all: bool = False
    """Whether a job that queues what is missing has ended since this was last reset."""
    running: bool | None = None
    """Whether the queue goes on, as its last events have it; None: they do not tell."""
    pauses: int = 0
    """Times that the queue was paused since it last went on, also if it was already."""
    _position: EntryId | None = None
    _row: int = 0
    """Fast jobs of the row."""
    _score: int = 0
    """How much speaks for a row; it ends at 0."""
    _judged_row: bool = False
    """Whether jobs of this row were found to be skipped."""
    _unsure: bool = False
    """Whether some may have been skipped that can't be told from others."""
    _last_slow: int | None = None
    _starts: dict[str, int] = field(default_factory=dict)
    _queue_all: set[str] = field(default_factory=set)
    _fast: list[int] = field(default_factory=list)
    _usual: DurationStatistics = field(default_factory=DurationStatistics)

    @property
    def position(self) -> str | None:
        """Return the id of the last entry that was taken in."""
        if self._position is None:
            return None
        return f"{self._position[0]}-{self._position[1]}"

    @property
    def working(self) -> bool:
        """Return whether the queue certainly goes on, and a job of it is under way."""
        return self.running is True and bool(self._starts)

    def go_on_from(self, position: str) -> None:
        """Leave out all up to this entry, as they were taken in before."""
        self._position = max(self._position or NO_ENTRY, entry_id(position))

    def start_anew(self) -> None:
        """Take in all entries to come, as the earlier ones are gone."""
        self._position = None
        self.forget_ids()

    def forget_ids(self) -> None:
        """Forget what is tied to ids, as they may have begun again."""
        self._starts.clear()
        self._queue_all.clear()
        self._end_row()
        self._last_slow = None
        self.running = None
        self.pauses = 0

    def note_lost(self, jobs: int = 0) -> None:
        """Note that entries were lost, and how many jobs ended in them if known.

        In the middle of a row they were of that row.
        """
        self._unsure = True
        self.running = None
        self.pauses = 0
        if self._row >= IN_A_ROW:
            self.suspected += jobs

    def observe(self, events: Iterable[JobEvent], usual: float | None = None) -> None:
        """Take in the entries that are new here.

        `usual`: median seconds of the queue's jobs as known elsewhere.
        """
        own = self._usual.median if self._usual.count >= ENOUGH else None
        limit = fast_limit(usual if own is None else own)
        for event in events:
            entry = entry_id(event.entry_id)
            if self._position is not None and entry <= self._position:
                continue
            self._position = entry
            if event.event in (PAUSED, RESUMED):
                self.running = event.event == RESUMED
                self.pauses = 0 if self.running else self.pauses + 1
            elif event.job_id is not None:
                self._take(event, event.job_id, limit)

    def _take(self, event: JobEvent, job_id: str, limit: int) -> None:
        match event.event:
            case "added":
                if (event.name or "").endswith(QUEUE_ALL):
                    self._queue_all.add(job_id)
            case "active":
                self.running, self.pauses = True, 0
                if len(self._starts) >= _MOST_STARTS:
                    # Left by entries that were lost.
                    self._starts.clear()
                self._starts[job_id] = event.time
            case "completed":
                start = self._starts.pop(job_id, None)
                if job_id in self._queue_all:
                    self._queue_all.discard(job_id)
                    self.queued_all = True
                elif start is not None:
                    self._ended(start, event.time, limit)
            case _ if event.prev == "active" or event.event == "failed":
                self._starts.pop(job_id, None)

    def _ended(self, start: int, end: int, limit: int) -> None:
        """Take in a job that ended."""
        if end - start >= limit:
            self._usual.add(end - start)
            self._last_slow = end
            self._score = max(0, self._score - PER_SLOW)
            if self._score == 0:
                self._end_row()
            elif self._row >= IN_A_ROW:
                # It may have been skipped as well, if slowly.
                self._unsure = True
            return
        if self._row == 0 and self._last_slow is not None:
            # Those that were under way as the machine learning went took their time.
            self._unsure |= start - self._last_slow <= UNDER_WAY
        self._row += 1
        self._score = min(self._score + 1, PER_SLOW * SLOW_END)
        if len(self._fast) < _MOST_KEPT:
            self._fast.append(end - start)
        if self._row == IN_A_ROW:
            self.suspected += IN_A_ROW
        elif self._row > IN_A_ROW:
            self.suspected += 1

    def _end_row(self) -> None:
        self._row = self._score = 0
        self._judged_row = False

    def answered(self) -> bool:
        """Note that the machine learning answers: what is suspected was done.

        Returns whether some of it may have been skipped all the same, just before
        the machine learning was back.
        """
        doubt = self._judged_row and self.suspected > 0
        if not self._judged_row:
            # Of a row that was skipped in part, nobody learns what is usual.
            for took in self._fast:
                self._usual.add(took)
        self._fast.clear()
        self.suspected = 0
        self._end_row()
        self._unsure = False
        return doubt

    def take(self) -> tuple[int, bool]:
        """Return what was suspected, as it was skipped, and whether it may be more.

        The row goes on.
        """
        jobs, at_least = self.suspected, self._unsure
        self.suspected = 0
        self._judged_row = True
        self._unsure = False
        self._fast.clear()
        return jobs, at_least
