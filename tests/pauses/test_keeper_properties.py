"""Whatever happens in whatever order, also crashes: no pause is forgotten or undone."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from custom_components.immich_admin_tools.healing.errors import (
    EndedError,
    NotStoredError,
)
from custom_components.immich_admin_tools.immich.errors import ImmichError
from custom_components.immich_admin_tools.pauses.keeper import LeaseKeeper
from custom_components.immich_admin_tools.pauses.leases import (
    USER,
    LeaseKind,
    LeaseReason,
    Phase,
)
from tests.support.fake_immich import CrashError, FakeImmich, FakeSection

METADATA = "metadataExtraction"
NAMES = ("smartSearch", "ocr", METADATA)
QUEUES = st.sampled_from(NAMES)
HOUR = 3_600_000
REASONS = st.sampled_from(
    [
        LeaseReason(LeaseKind.GPU_OFFLINE, "attic"),
        LeaseReason(LeaseKind.GPU_OFFLINE, "cellar"),
        LeaseReason(LeaseKind.RESTART),
    ]
)


class Leases(RuleBasedStateMachine):
    """A user, reasons, time, crashes, a disk and an Immich that come and go.

    No pause of the user's is undone, none of ours stays when its reason has ended, and
    nothing goes on because something is not known.

    The model knows what each of them wants; a step that a crash or an error broke
    off is done again by whoever wanted it, as a person or a controller would.
    """

    @initialize()
    def start(self) -> None:
        """Begin with nothing paused."""
        self.immich = FakeImmich(dict.fromkeys(NAMES, False))
        self.section = FakeSection(immich=self.immich)
        self.now = 1_000
        self.jumped = 10**12
        self.just_started = False
        self.by_hand: set[str] = set()
        self.leases: dict[tuple[str, LeaseReason], int | None] = {}
        self.blocked: set[tuple[str, LeaseReason]] = set()
        self._new_keeper()

    def _new_keeper(self) -> None:
        self.keeper = LeaseKeeper(
            self.immich,
            self.section,
            lambda: self.now + self.jumped,
            now=lambda: self.now,
            started=self._started,
        )

    async def _started(self) -> bool:
        return self.just_started

    def _run(self, step: Coroutine[Any, Any, object]) -> None:
        asyncio.run(step)

    def _insist(self, make: Any) -> bool:
        """Do a step, again after a crash; return whether Immich did it."""
        while True:
            try:
                self._run(make())
            except CrashError:
                self._new_keeper()
                self._run(self.keeper.update({}, "run"))
            except ImmichError, NotStoredError:
                return False
            else:
                return True

    @precondition(lambda self: not self.section.full)
    @rule(steps=st.integers(0, 6))
    def crash_soon(self, steps: int) -> None:
        """Home Assistant will be killed in the middle of something."""
        self.immich.crash_in = steps

    @precondition(lambda self: not self.section.full)
    @rule()
    def restart(self) -> None:
        """Home Assistant starts anew."""
        self._new_keeper()

    @precondition(lambda self: not self.section.full)
    @rule(queue=QUEUES, reason=REASONS)
    def reload(self, queue: str, reason: LeaseReason) -> None:
        """The entry is loaded anew; what is left of before still wants something."""
        before = self.keeper
        before.close()
        self._new_keeper()
        self._run(before.update(dict.fromkeys(NAMES, False), "run"))
        for step in (before.take(reason, [queue]), before.end(reason)):
            try:
                self._run(step)
            except EndedError:
                continue
            raise AssertionError("did something after its end")

    @rule(hours=st.integers(-9, 9))
    def clock_is_changed(self, hours: int) -> None:
        """The wall clock is put right, or wrong, while Home Assistant runs."""
        self.jumped += hours * HOUR
        self._poll()

    @precondition(lambda self: not self.immich.down)
    @rule()
    def immich_restarts(self) -> None:
        """Immich starts anew, and resumes the metadata whoever paused it."""
        self._settle()
        self.immich.queues[METADATA] = False
        if not any(queue == METADATA for queue, _ in self.leases):
            self.by_hand.discard(METADATA)
        self.just_started = True
        self._settle()
        self.just_started = False

    @precondition(lambda self: self.immich.crash_in is None)
    @rule(full=st.booleans())
    def disk_is_full_or_not(self, full: bool) -> None:
        """Nothing can be written for a while."""
        self.section.full = full
        self._poll()

    @rule(down=st.booleans())
    def immich_goes_or_comes(self, down: bool) -> None:
        """Immich stops answering, or answers again."""
        self.immich.down = down

    @rule(queue=QUEUES, reason=REASONS)
    def take(self, queue: str, reason: LeaseReason) -> None:
        """A reason comes up."""
        if self._insist(lambda: self.keeper.take(reason, [queue])) and (
            (queue, reason) not in self.blocked
        ):
            self.leases[queue, reason] = None

    @rule(reason=REASONS)
    def end(self, reason: LeaseReason) -> None:
        """A reason goes away."""
        self._insist(lambda: self.keeper.end(reason))
        self.leases = {it: end for it, end in self.leases.items() if it[1] != reason}
        self.blocked = {it for it in self.blocked if it[1] != reason}

    @rule(queue=QUEUES, seconds=st.integers(1, 100))
    def user_pauses_for(self, queue: str, seconds: int) -> None:
        """The user pauses for a while."""
        until = self.now + seconds
        wall = until + self.jumped
        done = self._insist(lambda: self.keeper.user_pauses(queue, wall))
        if done:
            self.leases[queue, USER] = until
        elif self.section.full:
            return
        elif not self.immich.down:
            raise AssertionError("refused by an Immich that answers")

    @rule(queue=QUEUES)
    def user_pauses(self, queue: str) -> None:
        """The user pauses for good."""
        if self._insist(lambda: self.keeper.user_pauses(queue)):
            self.by_hand.add(queue)
            self.leases.pop((queue, USER), None)

    @rule(queue=QUEUES)
    def user_resumes(self, queue: str) -> None:
        """The user lets a queue go on, by us."""
        by_hand = queue in self.by_hand
        done = self._insist(lambda: self.keeper.user_resumes(queue))
        # The user's word ends our pauses although Immich is away.
        self._resumed(queue)
        if by_hand and not done:
            self.by_hand.add(queue)

    @precondition(lambda self: not self.immich.down)
    @rule(queue=QUEUES)
    def user_resumes_elsewhere(self, queue: str) -> None:
        """The user lets a queue go on in Immich's own pages; a poll sees it."""
        self._settle()
        if self.immich.queues[queue]:
            self.immich.queues[queue] = False
            self._resumed(queue)
            self._settle()

    @precondition(lambda self: not self.immich.down)
    @rule(queue=QUEUES)
    def user_pauses_elsewhere(self, queue: str) -> None:
        """The user pauses a running queue in Immich's own pages."""
        self._settle()
        if not self.immich.queues[queue]:
            self.immich.queues[queue] = True
            self.by_hand.add(queue)

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        """Later, a poll."""
        self.now += seconds
        self._poll()

    def _resumed(self, queue: str) -> None:
        self.by_hand.discard(queue)
        mine = {it for it in self.leases if it[0] == queue}
        self.blocked |= {it for it in mine if it[1] != USER}
        for it in mine:
            del self.leases[it]

    def _poll(self) -> None:
        for it, until in list(self.leases.items()):
            if until is not None and until <= self.now:
                del self.leases[it]
        self._insist(lambda: self.keeper.update(dict(self.immich.queues), "run"))

    def _settle(self) -> None:
        """Let what is under way come to its end, without a crash."""
        self.immich.crash_in = None
        self._poll()

    @invariant()
    def queues_are_as_they_are_wanted(self) -> None:
        """With Immich there and a poll done, each queue is what someone wants."""
        if not hasattr(self, "immich") or self.immich.down:
            return
        crash_in = self.immich.crash_in
        self._settle()
        self.immich.crash_in = crash_in
        wanted = self.by_hand | {queue for queue, _ in self.leases}
        assert {name for name, paused in self.immich.queues.items() if paused} == wanted
        assert self.keeper.book.blocked == self.blocked
        assert all(it.phase is Phase.HELD for it in self.keeper.book.pauses.values())
        for queue in self.by_hand:
            owner = self.keeper.owner(queue)
            assert owner is None or owner.reason is None


TestLeases = Leases.TestCase
TestLeases.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, print_blob=True
)
