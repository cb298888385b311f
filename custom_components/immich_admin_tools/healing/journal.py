"""The acts that are under way or still watched, written down before each is done."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
import logging

from ..bullmq.models import JsonValue
from ..serialization import OMIT, if_unreadable, items_from_json, to_json
from .errors import NotStoredError
from .models import HealAction, Initiator
from .safety import Section, Stored

type RunKey = tuple[str, str, int | None]
"""Queue, id and processedOn."""

REMEMBERED = 3_600_000
"""ms for which acts are remembered: the limits count those of the last hour."""


@dataclass(frozen=True, slots=True)
class Recent:
    """An act of the last hour, whatever came of it."""

    queue: str
    job_id: str
    processed_on: int | None
    at: int
    """ms since the epoch: what is stored."""
    by: Initiator = field(metadata=if_unreadable(Initiator.USER))
    counts: bool = True
    """Whether it may have changed something: only that counts for the hourly limit."""
    since: int = field(default=0, compare=False, metadata=OMIT)
    """The same moment on the monotonic clock, which all judging is done by."""

    @property
    def run(self) -> RunKey:
        """Return which run of which job it was about."""
        return (self.queue, self.job_id, self.processed_on)


@dataclass(frozen=True, slots=True)
class JournalEntries:
    """What is known of acts. Never changes: each step returns a new one."""

    pending: Mapping[str, HealAction] = field(default_factory=dict)
    """Written down; whether they were done and recorded is not certain."""
    watched: Mapping[str, HealAction] = field(default_factory=dict)
    """Done and recorded; what becomes of their workers is still looked at."""
    lost: frozenset[str] = frozenset()
    """Those of the watched whose worker was seen to hang on."""
    recent: tuple[Recent, ...] = ()

    def begun(self, acts: Iterable[HealAction], now: int) -> JournalEntries:
        """Add acts that are about to be done; `now` is monotonic."""
        new = {act.act_id: act for act in acts}
        kept = (act for act in self.recent if now - act.since < REMEMBERED)
        added = (Recent(*act.run, act.at, act.by, since=now) for act in new.values())
        return replace(self, pending={**self.pending, **new}, recent=(*kept, *added))

    def recorded(
        self, done: Collection[str], watched: Collection[str], lost: Collection[str]
    ) -> JournalEntries:
        """Take acts out that are recorded; go on watching some of them."""
        return replace(
            self,
            pending={key: it for key, it in self.pending.items() if key not in done},
            watched={
                **self.watched,
                **{key: it for key, it in self.pending.items() if key in watched},
            },
            lost=self.lost | set(lost),
        )

    def came_to_nothing(
        self, raced: Iterable[HealAction], refused: Iterable[HealAction]
    ) -> JournalEntries:
        """Take acts out that changed nothing: none counts for the hourly limit.

        A job that raced is left alone for a while all the same; what was refused (by
        missing rights, or a Redis that went away) may be tried again.
        """
        raced, refused = list(raced), list(refused)
        gone = {act.act_id for act in (*raced, *refused)}
        idle_runs = Counter(act.run for act in raced)
        free_runs = Counter(act.run for act in refused)
        recent: list[Recent] = []
        # The same run may have been acted on before: only the newest entries are meant.
        for act in reversed(self.recent):
            if free_runs[act.run]:
                free_runs[act.run] -= 1
                continue
            if idle_runs[act.run]:
                idle_runs[act.run] -= 1
                act = replace(act, counts=False)
            recent.append(act)
        return replace(
            self,
            pending={key: it for key, it in self.pending.items() if key not in gone},
            recent=tuple(reversed(recent)),
        )

    def not_lost(self, act_ids: Collection[str]) -> JournalEntries:
        """Note that it has to be seen anew whether workers hang on."""
        return replace(self, lost=self.lost - set(act_ids))

    def seen_lost(self, act_ids: Collection[str]) -> JournalEntries:
        """Note that the workers of some acts hang on."""
        return replace(self, lost=self.lost | set(act_ids))

    def let_go(self, act_ids: Collection[str]) -> JournalEntries:
        """Stop watching some acts."""
        return replace(
            self,
            watched={k: it for k, it in self.watched.items() if k not in act_ids},
            lost=self.lost - set(act_ids),
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "pending": [to_json(act) for act in self.pending.values()],
            "watched": [to_json(act) for act in self.watched.values()],
            "lost": [*sorted(self.lost)],
            "recent": [to_json(act) for act in self.recent],
        }

    @classmethod
    def from_dict(
        cls, stored: Stored, monotonic_of: Callable[[int], int] = int
    ) -> JournalEntries:
        """Go on from `to_dict`; what can't be understood is left out.

        `monotonic_of` brings a stored time onto the clock that is judged by.
        """
        watched = _acts(stored.get("watched"))
        lost = stored.get("lost")
        known = lost if isinstance(lost, list) else []
        return cls(
            pending=_acts(stored.get("pending")),
            watched=watched,
            lost=frozenset(act_id for act_id in watched if act_id in known),
            recent=tuple(
                replace(act, since=monotonic_of(act.at))
                for act in items_from_json(Recent, stored.get("recent"))
            ),
        )


def _acts(stored: JsonValue) -> dict[str, HealAction]:
    return {act.act_id: act for act in items_from_json(HealAction, stored)}


_LOGGER = logging.getLogger(__name__)

type Change = Callable[[JournalEntries], JournalEntries]

RETRY_AFTER = 60_000
"""ms between two tries to store what was settled: a full disk stays full for a while."""


class Journal:
    """The book on the disk, changed one step at a time."""

    def __init__(
        self,
        section: Section,
        now: Callable[[], int] = lambda: 0,
        monotonic_of: Callable[[int], int] = int,
    ) -> None:
        """Go on from what is stored; `now` is monotonic."""
        self._section = section
        self._now = now
        self._book = JournalEntries.from_dict(section.data, monotonic_of)
        self._lock = asyncio.Lock()
        self._unstored = False
        self._failed_at: int | None = None
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a listener when acts begin or end; return how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _take_over(self, book: JournalEntries) -> None:
        """Go on from another book, and tell so."""
        self._book = book
        for listener in tuple(self._listeners):
            listener()

    @property
    def book(self) -> JournalEntries:
        """Return what is known."""
        return self._book

    @property
    def under_way(self) -> set[RunKey]:
        """Return the runs of jobs that are written down and not recorded yet."""
        return {act.run for act in self._book.pending.values()}

    @property
    def unstored(self) -> bool:
        """Return whether the disk lags behind."""
        return self._unstored

    async def change(self, step: Change) -> None:
        """Take a step over, once it is on the disk: for what comes before an act.

        Raises NotStoredError when it can't be written: then nothing has changed.
        """
        async with self._lock:
            book = step(self._book)
            if book == self._book:
                return
            await self._section.save(book.to_dict())
            self._take_over(book)
            self._stored()

    async def settle(self, step: Change) -> None:
        """Take a step over at once, and store it as soon as that works.

        For what comes after an act: it is true whether or not the disk is full. What
        never got stored is looked up at the next start.
        """
        async with self._lock:
            book = step(self._book)
            if book != self._book:
                self._take_over(book)
                self._unstored = True
            await self._store()

    async def retry(self) -> None:
        """Store what could not be stored, at most once a minute."""
        if self._unstored:
            async with self._lock:
                await self._store()

    async def _store(self) -> None:
        """Write what is not written yet; complain once."""
        if not self._unstored or (
            self._failed_at is not None and self._now() - self._failed_at < RETRY_AFTER
        ):
            return
        try:
            await self._section.save(self._book.to_dict())
        except NotStoredError as err:
            if self._failed_at is None:
                _LOGGER.error(
                    "Results of clearing jobs cannot be stored, retrying every minute: %s",
                    err,
                )
            self._failed_at = self._now()
        else:
            self._stored()

    def _stored(self) -> None:
        """Note that disk and memory agree."""
        if self._failed_at is not None:
            _LOGGER.info("Results of clearing jobs are stored again")
        self._unstored = False
        self._failed_at = None
