"""What is known of a GPU host, and what is to be done with it. All times in ms.

Points in time are ms since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from ..analysis.stored import stored_int
from ..bullmq.models import JsonValue


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
LEAVING = frozenset({HostState.DRAINING, HostState.SHUTTING_DOWN})
COMING = frozenset({HostState.WAKING, HostState.BOOTING})


class Wish(StrEnum):
    """What the user wants, by switch, button or action."""

    ON = "on"
    OFF = "off"


class Reach(StrEnum):
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


class Effect(StrEnum):
    """What the controller is to do."""

    SIGNAL = "signal"
    """Send the magic packet, then run the user's on action."""
    SIGNAL_AGAIN = "signal_again"
    """Send the magic packet once more."""
    RUN_OFF = "run_off"
    """Run the user's off action."""


class News(StrEnum):
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
    """What the user set for one host."""

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
class Seen:
    """All that a step looks at beside the state itself."""

    now: int
    reach: Reach
    automatic: bool = False
    """Whether the policy may act by itself."""
    may_wake: bool = True
    """Whether the hours and the gate allow it."""
    backlog: int = 0
    """Jobs that wait for this host and are not held back by the user."""
    waited: int = 0
    """How long the next of them has waited."""
    busy: bool | None = None
    """Whether a job is active or a lock alive; None: nobody can tell now."""
    drained: bool = False
    """Whether all its queues are certainly paused, and nothing is active or locked."""
    wish: Wish | None = None
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class Power:
    """The state of a host; it outlives restarts of Home Assistant."""

    state: HostState = HostState.OFF
    since: int = 0
    """0: nothing is known yet."""
    tries: int = 0
    """Signals to wake up that were given in this row."""
    failures: int = 0
    """Rows that failed one after the other."""
    signalled_at: int = 0
    wake_not_before: int = 0
    off_not_before: int = 0
    on_since: int = 0
    wish: Wish | None = None
    """The user's last word, for as long as it stands against the policy."""
    wake_next: bool = False
    """Whether it is to be woken as soon as it is off."""

    @property
    def is_on(self) -> bool:
        """Return what the power switch shows: on, or on its way."""
        return self.state in ON | COMING

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> Power:
        """Go on from `to_dict`; what can't be understood is as at first."""
        state, wish = stored.get("state"), stored.get("wish")
        if not isinstance(state, str) or state not in HostState:
            return cls()
        return cls(
            state=HostState(state),
            since=stored_int(stored, "since") or 0,
            tries=stored_int(stored, "tries") or 0,
            failures=stored_int(stored, "failures") or 0,
            signalled_at=stored_int(stored, "signalled_at") or 0,
            wake_not_before=stored_int(stored, "wake_not_before") or 0,
            off_not_before=stored_int(stored, "off_not_before") or 0,
            on_since=stored_int(stored, "on_since") or 0,
            wish=Wish(wish) if isinstance(wish, str) and wish in Wish else None,
            wake_next=stored.get("wake_next") is True,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a step."""

    power: Power
    effects: tuple[Effect, ...] = ()
    news: tuple[News, ...] = ()
