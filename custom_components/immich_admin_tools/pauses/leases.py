"""Who paused which queue, and when it goes on. Pure.

A pause by hand is the user's and is never undone here. Every other pause is a lease:
it has a kind, is written down before the act, and is undone when its reason ends. A
queue goes on when its last lease ends and nobody paused it by hand before or
meanwhile. When the user lets a queue go on, all its leases end, and the reasons
that stood behind them take no new one until they have gone away once.

A book never changes: each step returns a new one, so that a step that could not be
stored is simply not taken over. `since` and `until` are ms since the epoch, to be shown
and stored; what ends a lease is its `deadline`, on a clock that never jumps.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..bullmq.models import JsonValue
from ..healing.safety import Stored
from ..serialization import (
    INLINE,
    OMIT,
    if_unreadable,
    items_from_json,
    to_json,
    values_from_json,
)


class LeaseKind(StrEnum):
    """Why a queue is paused for a while."""

    USER = "user"
    """The user said until when."""
    RESTART = "restart"
    """The workers are being restarted: Immich would skip these photos."""
    GPU_OFFLINE = "gpu_offline"
    """The machine learning is off: Immich would skip these photos."""
    HEAL = "heal"
    """A stuck job is being dealt with."""


@dataclass(frozen=True, slots=True)
class LeaseReason:
    """What a lease is for; `holder` tells two of one kind apart."""

    kind: LeaseKind
    holder: str = ""


USER = LeaseReason(LeaseKind.USER)

SAME_TIME = 2_000
"""ms by which two clocks drift apart: less is no reason to write."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A pause of one queue that will end."""

    reason: LeaseReason = field(metadata=INLINE)
    since: int = field(metadata=if_unreadable(0))
    until: int | None = None
    """None: until its reason is said to be gone."""
    deadline: int | None = field(default=None, compare=False, metadata=OMIT)
    """`until` on the clock that never jumps; None before that is known."""

    def timed(self, wall: int, now: int, written: int | None) -> Lease:
        """Return it with its deadline.

        `written`: the wall time when it was stored; one that lies ahead of now says that
        the clock was put back, and then counts what was left when it was written.
        """
        if self.until is None or self.deadline is not None:
            return self
        since = wall if written is None else max(wall, written)
        return replace(self, deadline=now + max(0, self.until - since))

    def shown(self, wall: int, now: int) -> Lease:
        """Return it with its end as the wall clock tells it, after that was changed."""
        if self.deadline is None or self.until is None or self.deadline <= now:
            return self
        until = wall + self.deadline - now
        return (
            self if abs(until - self.until) < SAME_TIME else replace(self, until=until)
        )


__all__ = ["USER", "Lease", "LeaseBook", "LeaseKind", "LeaseReason", "Pause", "Phase"]


class Phase(StrEnum):
    """How far a pause of ours is."""

    WANTED = "wanted"
    """To be paused, or to be paused again to be sure."""
    HELD = "held"
    """Paused: it is known that Immich did it."""
    ENDING = "ending"
    """To be resumed."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What is known of one queue with leases."""

    phase: Phase = field(metadata=if_unreadable(Phase.WANTED))
    by_hand: bool = field(metadata=if_unreadable(False))
    """Paused by the user as well: it stays paused when the leases end."""
    leases: tuple[Lease, ...] = field(metadata=if_unreadable(()))

    @property
    def longest(self) -> Lease:
        """Return the lease that lasts longest; those without an end do."""
        return max(
            self.leases, key=lambda lease: (lease.until is None, lease.until or 0)
        )


@dataclass(frozen=True, slots=True)
class LeaseBook:
    """All pauses of one Immich that are not the user's alone."""

    pauses: Mapping[str, Pause] = field(default_factory=dict)
    blocked: frozenset[tuple[str, LeaseReason]] = frozenset()
    """Queues and reasons that the user has overruled."""

    def is_blocked(self, queue: str, reason: LeaseReason) -> bool:
        """Return whether the user let this queue go on in spite of the reason."""
        return (queue, reason) in self.blocked

    def taken(self, queue: str, lease: Lease, *, is_paused: bool) -> LeaseBook:
        """Add a lease, or replace that of the same reason.

        `is_paused`: whether the queue is paused now; it counts only for a queue
        without leases, where it was the user's act.
        """
        if self.is_blocked(queue, lease.reason):
            return self
        pause = self.pauses.get(queue)
        if pause is None:
            pause = Pause(Phase.HELD if is_paused else Phase.WANTED, is_paused, ())
        elif pause.phase is Phase.ENDING:
            pause = replace(pause, phase=Phase.WANTED)
        others = tuple(other for other in pause.leases if other.reason != lease.reason)
        for before in pause.leases:
            if before.reason == lease.reason:
                lease = replace(lease, since=before.since)
        return self._with(queue, replace(pause, leases=(*others, lease)))

    def ended(
        self, reason: LeaseReason, queues: Collection[str] | None = None
    ) -> LeaseBook:
        """End the leases of a reason that has gone away, on all queues or on some."""

        def stays(queue: str, other: LeaseReason) -> bool:
            return other != reason or (queues is not None and queue not in queues)

        left = frozenset(queue for queue in self.blocked if stays(*queue))
        book = self._keeping(lambda queue, lease: stays(queue, lease.reason))
        return replace(book, blocked=left)

    def timed(self, wall: int, now: int, written: int | None = None) -> LeaseBook:
        """Give deadlines to the leases that have none yet, as `Lease.timed`."""
        return self._each(lambda lease: lease.timed(wall, now, written))

    def shown(self, wall: int, now: int) -> LeaseBook:
        """Follow the wall clock with the ends that are shown and stored."""
        return self._each(lambda lease: lease.shown(wall, now))

    def expired(self, now: int) -> LeaseBook:
        """End the leases whose time is over, on the clock that never jumps."""
        return self._keeping(
            lambda _, lease: lease.deadline is None or lease.deadline > now
        )

    def paused_by_user(self, queue: str) -> LeaseBook:
        """Note that the user paused a queue, without a time."""
        pause = self.pauses.get(queue)
        if pause is None:
            return self
        leases = tuple(lease for lease in pause.leases if lease.reason != USER)
        if not leases:
            return self.without(queue)
        return self._with(queue, replace(pause, by_hand=True, leases=leases))

    def resumed_by_user(self, queue: str) -> LeaseBook:
        """Note that the user lets a queue go on: its leases end and are blocked.

        A pause by hand is not ours to undo: only Immich can be told to.
        """
        pause = self.pauses.get(queue)
        if pause is None:
            return self
        overruled = {
            (queue, lease.reason) for lease in pause.leases if lease.reason != USER
        }
        left = (
            self.without(queue)
            if pause.by_hand
            else self._with(queue, Pause(Phase.ENDING, by_hand=False, leases=()))
        )
        return replace(left, blocked=self.blocked | overruled)

    def adopted(self, queue: str, lease: Lease) -> LeaseBook:
        """Take over a pause that is there already as one of ours."""
        return self._with(queue, Pause(Phase.HELD, by_hand=False, leases=(lease,)))

    def passed_on(
        self, queue: str, reason: LeaseReason, heirs: Collection[LeaseReason]
    ) -> LeaseBook:
        """Let others stand behind a lease, without a time.

        Where there are none, or the user has overruled them, it stays as it is.
        """
        pause = self.pauses.get(queue)
        heirs = [heir for heir in heirs if not self.is_blocked(queue, heir)]
        if pause is None or not heirs:
            return self
        leases: dict[LeaseReason, Lease] = {}
        for lease in pause.leases:
            passed = lease.reason == reason
            for own in heirs if passed else [lease.reason]:
                new = Lease(own, lease.since) if passed else lease
                leases.setdefault(own, new)
        return self._with(queue, replace(pause, leases=tuple(leases.values())))

    def unsure(self, queues: Collection[str] | None = None) -> LeaseBook:
        """Pause once more what Immich or Redis may have forgotten."""
        pauses = {
            queue: replace(pause, phase=Phase.WANTED)
            if pause.phase is Phase.HELD and (queues is None or queue in queues)
            else pause
            for queue, pause in self.pauses.items()
        }
        return replace(self, pauses=pauses)

    def confirmed(self, queue: str) -> LeaseBook:
        """Note that Immich has done what the phase of a queue says."""
        pause = self.pauses.get(queue)
        if pause is None:
            return self
        if pause.phase is Phase.ENDING:
            return self.without(queue)
        return self._with(queue, replace(pause, phase=Phase.HELD))

    def without(self, queue: str) -> LeaseBook:
        """Forget a queue."""
        rest = {name: it for name, it in self.pauses.items() if name != queue}
        return replace(self, pauses=rest)

    @property
    def ending(self) -> tuple[str, ...]:
        """Return the queues that are to go on, and have not been seen to yet."""
        return tuple(
            queue for queue, pause in self.pauses.items() if pause.phase is Phase.ENDING
        )

    def next_end(self) -> int | None:
        """Return the next deadline."""
        return min(
            (
                lease.deadline
                for pause in self.pauses.values()
                for lease in pause.leases
                if lease.deadline is not None
            ),
            default=None,
        )

    def _with(self, queue: str, pause: Pause) -> LeaseBook:
        """Put in a pause."""
        return replace(self, pauses={**self.pauses, queue: pause})

    def _each(self, change: Callable[[Lease], Lease]) -> LeaseBook:
        """Change the times of all leases."""
        pauses = {
            queue: replace(pause, leases=tuple(change(lease) for lease in pause.leases))
            for queue, pause in self.pauses.items()
        }
        return replace(self, pauses=pauses)

    def _keeping(self, stays: Callable[[str, Lease], bool]) -> LeaseBook:
        """Keep some leases; a queue that loses its last one is to go on."""
        pauses: dict[str, Pause] = {}
        for queue, pause in self.pauses.items():
            kept = tuple(lease for lease in pause.leases if stays(queue, lease))
            if kept or not pause.leases:
                pauses[queue] = replace(pause, leases=kept)
            elif not pause.by_hand:
                pauses[queue] = replace(pause, leases=(), phase=Phase.ENDING)
        return replace(self, pauses=pauses)

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "pauses": {queue: to_json(pause) for queue, pause in self.pauses.items()},
            "blocked": [
                to_json(_Blocked(queue, reason))
                for queue, reason in sorted(
                    self.blocked, key=lambda it: (it[0], it[1].kind, it[1].holder)
                )
            ],
        }

    @classmethod
    def from_dict(cls, stored: Stored) -> LeaseBook:
        """Go on from `to_dict`; what can't be understood is left out."""
        pauses = values_from_json(Pause, stored.get("pauses"))
        blocked = items_from_json(_Blocked, stored.get("blocked"))
        return cls(
            {
                queue: pause
                for queue, read in pauses.items()
                if (pause := _go_on_from(read)) is not None
            },
            frozenset((queue.queue, queue.reason) for queue in blocked),
        )


@dataclass(frozen=True, slots=True)
class _Blocked:
    """One of the blocked, as it is stored."""

    queue: str
    reason: LeaseReason = field(metadata=INLINE)


def _go_on_from(pause: Pause) -> Pause | None:
    """Return how a stored pause goes on; one without any lease is to end."""
    if not pause.leases:
        return None if pause.by_hand else Pause(Phase.ENDING, False, ())
    # Unless it is known to be done: once more does no harm.
    held = pause.phase is Phase.HELD
    return pause if held else replace(pause, phase=Phase.WANTED)
