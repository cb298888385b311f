"""What is known of a GPU host, and what is to be done with it.

All times are ms on the monotonic clock; only `to_dict` and `from_dict` know wall times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..bullmq.models import JsonValue
from ..serialization import OMIT, from_json, stored_enum, stored_int, to_json
from .clocks import Clocks

LONGEST_BACK_OFF = 6 * 3_600_000
"""ms between two rows of tries to wake the host, at most (a choice)."""


class HostState(StrEnum):
    """How far the host is."""

    OFF = "off"
    WAKING = "waking"
    """The signal to wake up is being given."""
    BOOTING = "booting"
    """The signal was given; the machine learning does not answer yet."""
    READY = "ready"
    """It answers, and there is nothing to do."""
    WORKING = "working"
    DRAINING = "draining"
    """No new job is begun; what is being worked on is finished."""
    SHUTTING_DOWN = "shutting_down"
    """The off action was run; it still answers."""
    WAKE_FAILED = "wake_failed"


ON = frozenset({HostState.READY, HostState.WORKING})
GONE = frozenset({HostState.OFF, HostState.WAKE_FAILED})
LEAVING = frozenset({HostState.DRAINING, HostState.SHUTTING_DOWN})
COMING = frozenset({HostState.WAKING, HostState.BOOTING})


class PowerRequest(StrEnum):
    """What the user asks for, by switch, button or action."""

    ON = "on"
    OFF = "off"


class Hold(StrEnum):
    """What stands against the policy. `policy.hold_after` says when it ends."""

    NONE = "none"
    ON = "on"
    """The user asked for it: until it has worked and is idle again."""
    OFF = "off"
    """The user asked for it: until the backlog is known to be empty."""
    BY_HAND = "by_hand"
    """Switched on at the box itself, maybe for something else: until it goes off."""


KEEPING_ON = frozenset({Hold.ON, Hold.BY_HAND})


class Trouble(StrEnum):
    """What the user should look after."""

    WAKE_FAILED = "wake_failed"
    NOT_DRAINED = "not_drained"
    """Jobs did not end in time."""
    OTHERS_UNKNOWN = "others_unknown"
    """Whether another Immich still needs the box could not be found out in time."""
    OFF_FAILED = "off_failed"
    """It still answers after its off action."""


class Connectivity(StrEnum):
    """Whether the machine learning answers, after short gaps are left out."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


class Report(StrEnum):
    """What came of an effect."""

    SIGNALLED = "signalled"
    NOT_SIGNALLED = "not_signalled"
    OFF_RUN = "off_run"
    OFF_NOT_RUN = "off_not_run"


class Command(StrEnum):
    """What the controller is to do."""

    SIGNAL = "signal"
    """Send the magic packet, then run the user's on action."""
    SIGNAL_AGAIN = "signal_again"
    """Send the magic packet once more."""
    RUN_OFF = "run_off"
    """Run the user's off action."""


class Notification(StrEnum):
    """What is worth telling."""

    WAKE = "wake"
    READY = "ready"
    WAKE_FAILED = "wake_failed"
    SLEEP = "sleep"
    """It went off as it was told to."""
    LOST = "lost"
    """It went off and nobody told it to."""
    NOT_DRAINED = "not_drained"
    """Jobs did not end in time: it stays on."""
    OFF_FAILED = "off_failed"
    """It still answers after its off action."""


@dataclass(frozen=True, slots=True)
class PowerSettings:
    """What the user set for one host. Durations in ms."""

    can_wake: bool
    can_switch_off: bool
    wake_backlog: int
    """Jobs that must wait before it is woken; 0: their number is no reason."""
    wake_age: int
    """How long a job may wait before it is woken; 0: waiting is no reason."""
    boot_timeout: int
    wake_retries: int
    retry_delay: int
    idle_time: int
    minimum_on: int
    cool_down: int


@dataclass(frozen=True, slots=True)
class Others:
    """What the other entries with the same machine say, taken together."""

    busy: bool | None = False
    """None: one of them can't tell."""
    backlog: int | None = 0
    drained: bool = True
    resting: bool = False
    """Whether one of them is emptying the box or switching it off."""
    switching_off: bool = False
    """Whether the off action is another one's to run, or was just run by it."""
    coming: bool = False
    """Whether one of them is waking the box."""
    woken: bool = False
    """Whether one of them has the box on, and not as somebody pressed its button."""
    slept: bool = False
    """Whether it is off as one of them switched it off."""
    kept_on: bool | None = False
    """Whether one of them has a reason to keep it on."""
    held_off: bool = False
    """Whether the user switched it off there."""
    unknown: bool = False
    """Whether one of them can't be asked at all, as its entry is not loaded."""


ALONE = Others()


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a step looks at beside the state itself. None: not known now."""

    now: int
    """Monotonic ms."""
    reach: Connectivity
    automatic: bool = False
    """Whether the policy may act on its own."""
    may_wake: bool | None = True
    """Whether the hours and the gate allow it."""
    keep_on: bool | None = False
    """Whether the user's entity wants the box to stay on."""
    backlog: int | None = 0
    """Jobs that wait for this host and are not held back by the user."""
    waited: int = 0
    """How long the next of them has waited."""
    busy: bool | None = None
    """Whether a job is active or a lock alive."""
    drained: bool = False
    """Whether all its queues are certainly paused, and nothing is active or locked."""
    request: PowerRequest | None = None
    report: Report | None = None
    others: Others = ALONE

    @property
    def any_busy(self) -> bool | None:
        """Return whether anybody works with the box."""
        if self.busy or self.others.busy:
            return True
        return None if None in (self.busy, self.others.busy) else False

    @property
    def all_backlog(self) -> int | None:
        """Return how many jobs wait for the box; a part of them is at least some."""
        known = (self.backlog or 0) + (self.others.backlog or 0)
        if known == 0 and None in (self.backlog, self.others.backlog):
            return None
        return known


@dataclass(frozen=True, slots=True)
class Power:
    """The state of a host; it outlives restarts of Home Assistant."""

    state: HostState = HostState.OFF
    since: int | None = None
    """None: nothing is known yet."""
    deadline: int | None = None
    """The one time limit of a state. Off and wake_failed: the policy doesn't wake it
    before. Ready and working: the policy doesn't switch it off before. All others: the
    state doesn't last longer, as long as things are known."""
    tries: int = 0
    """Signals to wake up that were given in this row."""
    failures: int = 0
    """Rows that failed one after the other."""
    signalled_at: int | None = None
    idle_since: int | None = field(default=None, metadata=OMIT)
    """Since when it is known that there is nothing to do; None while there is, or might."""
    hold: Hold = field(default=Hold.NONE, metadata=OMIT)
    slept: bool = False
    """Whether it is off because somebody told it to go off."""
    wake_next: bool = False
    """Whether it is to be woken as soon as it is known to be off."""
    trouble: Trouble | None = None

    @property
    def is_on(self) -> bool:
        """Return what the power switch shows: on, or on its way."""
        return self.state in ON | COMING or (self.state in GONE and self.wake_next)

    def to_dict(self, clocks: Clocks) -> dict[str, JsonValue]:
        """Return it as JSON, with wall times."""

        def wall(at: int | None) -> int | None:
            return None if at is None else clocks.wall_of(at)

        stored = replace(
            self,
            since=wall(self.since),
            deadline=wall(self.deadline),
            signalled_at=wall(self.signalled_at),
        )
        request = None if self.hold is Hold.NONE else self.hold.value
        return {**to_json(stored), "wish": request}

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue], clocks: Clocks) -> Power:
        """Go on from `to_dict`, also from that of 0.1.0.

        What can't be understood is as at first. The idle time begins anew, as nobody
        has looked meanwhile.
        """
        read = from_json(cls, stored)
        if read is None or stored_enum(HostState, stored.get("state")) is None:
            return cls()

        def past(wall: int | None) -> int | None:
            # 0.1.0 wrote 0 for what was not known.
            return clocks.monotonic_of(wall) if wall else None

        failed_in_0_1_0 = (
            "trouble" not in stored and read.state is HostState.WAKE_FAILED
        )
        return replace(
            read,
            since=past(read.since),
            deadline=_deadline(read.state, stored, clocks),
            signalled_at=past(read.signalled_at),
            hold=stored_enum(Hold, stored.get("wish")) or Hold.NONE,
            trouble=Trouble.WAKE_FAILED if failed_in_0_1_0 else read.trouble,
        )


def _deadline(
    state: HostState, stored: Mapping[str, JsonValue], clocks: Clocks
) -> int | None:
    """Return the stored deadline; 0.1.0 had one for each of two kinds of states."""
    key = "deadline"
    if key not in stored and state in GONE:
        key = "wake_not_before"
    elif key not in stored and state in ON:
        key = "off_not_before"
    wall = stored_int(stored, key)
    # Durations of the user's end at a day; a clock that was set back must not add years.
    return clocks.deadline_of(wall, 4 * LONGEST_BACK_OFF) if wall else None


@dataclass(frozen=True, slots=True)
class Transition:
    """What came of a step."""

    power: Power
    effects: tuple[Command, ...] = ()
    notifications: tuple[Notification, ...] = ()
