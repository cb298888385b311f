"""The state machine, state by state."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.gpu_host.clocks import Clocks
from custom_components.immich_admin_tools.gpu_host.models import (
    COMING,
    LEAVING,
    LONGEST_BACK_OFF,
    ON,
    Command,
    Connectivity,
    Hold,
    HostState,
    Notification,
    Observation,
    Others,
    Power,
    PowerRequest,
    PowerSettings,
    Report,
    Transition,
    Trouble,
)
from custom_components.immich_admin_tools.gpu_host.policy import (
    DRAIN_WITHIN,
    KNOWN_FOR,
    LONG_OFF,
    OFF_AGAIN_AFTER,
    OFF_WITHIN,
    READY_AFTER,
    SIGNAL_EVERY,
    back_off,
    restored,
    step,
)

MINUTE = 60_000
T0 = 1_000_000_000

SETTINGS = PowerSettings(
    can_wake=True,
    can_switch_off=True,
    wake_backlog=100,
    wake_age=60 * MINUTE,
    boot_timeout=5 * MINUTE,
    wake_retries=2,
    retry_delay=MINUTE,
    idle_time=15 * MINUTE,
    minimum_on=20 * MINUTE,
    cool_down=10 * MINUTE,
)
OFFLINE = Observation(now=T0, reach=Connectivity.OFFLINE, automatic=True, busy=False)
ONLINE = replace(OFFLINE, reach=Connectivity.ONLINE)
BACKLOG = replace(OFFLINE, backlog=100)


LIMITS = {
    HostState.WAKING: SETTINGS.boot_timeout,
    HostState.BOOTING: SETTINGS.boot_timeout + SETTINGS.retry_delay,
    HostState.DRAINING: DRAIN_WITHIN,
    HostState.SHUTTING_DOWN: OFF_WITHIN,
}
UNSEEN = replace(ONLINE, reach=Connectivity.UNKNOWN)


def power(state: HostState, **more: object) -> Power:
    """Return a power that has been in a state for a second."""
    limit = LIMITS.get(state)
    values: dict[str, object] = {
        "since": T0 - 1000,
        "deadline": None if limit is None else T0 - 1000 + limit,
        **more,
    }
    return replace(Power(state=state), **values)  # type: ignore[arg-type]  # a test's own


OFF = power(HostState.OFF)
BOOTING = power(HostState.BOOTING, tries=1, signalled_at=T0 - 1000)
READY = power(HostState.READY, idle_since=T0 - 15 * MINUTE, deadline=T0)
WORKING = power(HostState.WORKING)
DRAINING = power(HostState.DRAINING)
SHUTTING = power(HostState.SHUTTING_DOWN)


@pytest.mark.parametrize(
    ("before", "seen", "state", "effects", "notification"),
    [
        # Off
        (OFF, OFFLINE, "off", (), ()),
        (OFF, BACKLOG, "waking", (Command.SIGNAL,), (Notification.WAKE,)),
        (OFF, replace(BACKLOG, backlog=99), "off", (), ()),
        (OFF, replace(BACKLOG, backlog=1, waited=60 * MINUTE), "waking", (Command.SIGNAL,), (Notification.WAKE,)),
        (OFF, replace(BACKLOG, backlog=0, waited=60 * MINUTE), "off", (), ()),
        (OFF, replace(BACKLOG, automatic=False), "off", (), ()),
        (OFF, replace(BACKLOG, may_wake=False), "off", (), ()),
        (OFF, replace(BACKLOG, reach=Connectivity.UNKNOWN), "off", (), ()),
        (replace(OFF, deadline=T0 + 1), BACKLOG, "off", (), ()),
        (OFF, replace(BACKLOG, may_wake=None), "off", (), ()),
        (OFF, replace(BACKLOG, others=Others(held_off=True)), "off", (), ()),
        (OFF, replace(BACKLOG, others=Others(coming=True)), "booting", (), ()),
        (OFF, replace(OFFLINE, reach=Connectivity.UNKNOWN, request=PowerRequest.ON), "off", (), ()),
        (replace(OFF, wake_next=True), OFFLINE, "waking", (Command.SIGNAL,), (Notification.WAKE,)),
        (replace(OFF, wake_next=True), ONLINE, "ready", (), (Notification.READY,)),
        (replace(OFF, hold=Hold.OFF), BACKLOG, "off", (), ()),
        (OFF, replace(OFFLINE, automatic=False, request=PowerRequest.ON), "waking", (Command.SIGNAL,), (Notification.WAKE,)),
        (replace(OFF, deadline=T0 + 1), replace(OFFLINE, request=PowerRequest.ON), "waking", (Command.SIGNAL,), (Notification.WAKE,)),
        (OFF, ONLINE, "ready", (), (Notification.READY,)),
        (OFF, replace(ONLINE, backlog=1), "working", (), (Notification.READY,)),
        # On its way
        (power(HostState.WAKING, tries=1), OFFLINE, "waking", (), ()),
        (power(HostState.WAKING, tries=1), replace(OFFLINE, report=Report.SIGNALLED), "booting", (), ()),
        (power(HostState.WAKING, tries=1), replace(OFFLINE, report=Report.NOT_SIGNALLED), "booting", (), ()),
        (power(HostState.WAKING, deadline=T0, tries=1), OFFLINE, "booting", (), ()),
        (power(HostState.WAKING, tries=1), ONLINE, "ready", (), (Notification.READY,)),
        (BOOTING, OFFLINE, "booting", (), ()),
        (replace(BOOTING, signalled_at=T0 - SIGNAL_EVERY), OFFLINE, "booting", (Command.SIGNAL_AGAIN,), ()),
        (BOOTING, ONLINE, "ready", (), (Notification.READY,)),
        (replace(BOOTING, hold=Hold.OFF), ONLINE, "draining", (), (Notification.READY,)),
        (replace(BOOTING, deadline=T0 + 1), OFFLINE, "booting", (), ()),
        (replace(BOOTING, deadline=T0), OFFLINE, "waking", (Command.SIGNAL,), ()),
        (replace(BOOTING, deadline=T0, tries=3), OFFLINE, "wake_failed", (), (Notification.WAKE_FAILED,)),
        (replace(BOOTING, deadline=T0, hold=Hold.OFF), OFFLINE, "off", (), ()),
        (replace(BOOTING, deadline=T0, tries=3), UNSEEN, "booting", (), ()),
        (replace(BOOTING, deadline=T0), UNSEEN, "booting", (), ()),
        # Failed
        (power(HostState.WAKE_FAILED, deadline=T0 + 1), BACKLOG, "wake_failed", (), ()),
        (power(HostState.WAKE_FAILED, deadline=T0), BACKLOG, "waking", (Command.SIGNAL,), (Notification.WAKE,)),
        (power(HostState.WAKE_FAILED, deadline=T0 + 1), OFFLINE, "wake_failed", (), ()),
        (power(HostState.WAKE_FAILED, deadline=T0), OFFLINE, "off", (), ()),
        (power(HostState.WAKE_FAILED, deadline=T0), replace(OFFLINE, backlog=None), "wake_failed", (), ()),
        (power(HostState.WAKE_FAILED), replace(BACKLOG, request=PowerRequest.OFF), "off", (), ()),
        (power(HostState.WAKE_FAILED), replace(ONLINE, busy=True), "working", (), (Notification.READY,)),
        # On
        (READY, replace(ONLINE, busy=True), "working", (), ()),
        (READY, ONLINE, "draining", (), ()),
        (replace(READY, idle_since=T0 - 15 * MINUTE + 1), ONLINE, "ready", (), ()),
        (replace(READY, idle_since=None), ONLINE, "ready", (), ()),
        (replace(READY, deadline=T0 + 1), ONLINE, "ready", (), ()),
        (READY, replace(ONLINE, keep_on=True), "ready", (), ()),
        (READY, replace(ONLINE, keep_on=None), "ready", (), ()),
        (READY, replace(ONLINE, backlog=None), "ready", (), ()),
        (READY, replace(ONLINE, others=Others(busy=None, backlog=None, unknown=True)), "ready", (), ()),
        (READY, replace(ONLINE, others=Others(busy=True)), "working", (), ()),
        (READY, replace(ONLINE, others=Others(kept_on=True)), "ready", (), ()),
        (READY, replace(ONLINE, others=Others(resting=True)), "ready", (), ()),
        (READY, replace(ONLINE, automatic=False), "ready", (), ()),
        (READY, replace(ONLINE, reach=Connectivity.UNKNOWN), "ready", (), ()),
        (READY, replace(ONLINE, busy=None), "ready", (), ()),
        (replace(READY, hold=Hold.ON), ONLINE, "ready", (), ()),
        (replace(READY, hold=Hold.BY_HAND), ONLINE, "ready", (), ()),
        (READY, replace(ONLINE, automatic=False, request=PowerRequest.OFF), "draining", (), ()),
        (READY, OFFLINE, "off", (), (Notification.LOST,)),
        (READY, replace(OFFLINE, others=Others(slept=True)), "off", (), (Notification.SLEEP,)),
        (WORKING, replace(ONLINE, busy=True), "working", (), ()),
        (WORKING, ONLINE, "working", (), ()),
        (replace(WORKING, idle_since=T0 - READY_AFTER), ONLINE, "ready", (), ()),
        (replace(WORKING, idle_since=T0 - READY_AFTER), replace(ONLINE, busy=None), "working", (), ()),
        (WORKING, replace(ONLINE, request=PowerRequest.OFF), "draining", (), ()),
        # Leaving
        (DRAINING, replace(ONLINE, busy=True), "draining", (), ()),
        (DRAINING, replace(ONLINE, drained=True), "shutting_down", (Command.RUN_OFF,), ()),
        (DRAINING, replace(UNSEEN, drained=True), "draining", (), ()),
        (DRAINING, replace(ONLINE, drained=True, others=Others(drained=False)), "draining", (), ()),
        (DRAINING, replace(ONLINE, drained=True, others=Others(switching_off=True)), "draining", (), ()),
        (DRAINING, replace(ONLINE, drained=True, keep_on=True), "ready", (), ()),
        (DRAINING, replace(ONLINE, drained=True, others=Others(backlog=1)), "working", (), ()),
        (DRAINING, replace(ONLINE, backlog=1), "working", (), ()),
        (replace(DRAINING, hold=Hold.OFF), replace(ONLINE, backlog=1), "draining", (), ()),
        (DRAINING, replace(ONLINE, automatic=False, drained=True), "shutting_down", (Command.RUN_OFF,), ()),
        (DRAINING, replace(ONLINE, request=PowerRequest.ON, drained=True), "ready", (), ()),
        (replace(DRAINING, deadline=T0), replace(ONLINE, busy=True), "working", (), (Notification.NOT_DRAINED,)),
        (replace(DRAINING, deadline=T0), replace(ONLINE, busy=None), "draining", (), ()),
        (replace(DRAINING, deadline=T0), replace(UNSEEN, busy=True), "draining", (), ()),
        (DRAINING, OFFLINE, "off", (), (Notification.LOST,)),
        (SHUTTING, ONLINE, "shutting_down", (), ()),
        (SHUTTING, OFFLINE, "off", (), (Notification.SLEEP,)),
        (SHUTTING, replace(ONLINE, report=Report.OFF_RUN), "shutting_down", (), ()),
        (SHUTTING, replace(ONLINE, report=Report.OFF_NOT_RUN), "ready", (), (Notification.OFF_FAILED,)),
        (replace(SHUTTING, deadline=T0), ONLINE, "ready", (), (Notification.OFF_FAILED,)),
        (replace(SHUTTING, deadline=T0), UNSEEN, "shutting_down", (), ()),
        (replace(SHUTTING, wake_next=True), OFFLINE, "waking", (Command.SIGNAL,), (Notification.SLEEP, Notification.WAKE)),
    ],
)  # fmt: skip
def test_steps(
    before: Power,
    seen: Observation,
    state: str,
    effects: tuple[Command, ...],
    notification: tuple[Notification, ...],
) -> None:
    """One step from a state leads to the next, with what is to be done and told."""
    after = step(before, SETTINGS, seen)
    assert (after.power.state, after.effects, after.notifications) == (
        state,
        effects,
        notification,
    )
    assert after.power.since == (T0 if state != before.state else after.power.since)


def test_cool_down() -> None:
    """After it went off, the policy leaves it off for a while; the user may not care."""
    off = step(SHUTTING, SETTINGS, OFFLINE).power
    assert off.deadline == T0 + SETTINGS.cool_down
    later = replace(BACKLOG, now=T0 + SETTINGS.cool_down)
    assert step(off, SETTINGS, BACKLOG).effects == ()
    assert step(off, SETTINGS, later).effects == (Command.SIGNAL,)
    assert step(off, SETTINGS, replace(BACKLOG, request=PowerRequest.ON)).effects == (
        Command.SIGNAL,
    )


def test_back_off_grows() -> None:
    """A box that does not wake up is tried less and less often, but for ever."""
    waits = [back_off(SETTINGS, failures) for failures in range(12)]
    assert waits == sorted(waits)
    assert waits[0] >= SETTINGS.boot_timeout
    assert waits[-1] == LONGEST_BACK_OFF
    failed = step(replace(BOOTING, deadline=T0, tries=3, failures=1), SETTINGS, OFFLINE)
    assert failed.power.deadline == T0 + back_off(SETTINGS, 1)
    assert failed.power.failures == 2
    assert step(failed.power, SETTINGS, ONLINE).power.failures == 0


@pytest.mark.parametrize("backlog", [None, 1, 99, 100])
def test_off_by_user_lasts_until_no_work_is_seen(backlog: int | None) -> None:
    """Neither a look that failed nor a small backlog ends what the user said."""
    off = step(replace(SHUTTING, hold=Hold.OFF), SETTINGS, BACKLOG).power
    waiting = replace(BACKLOG, now=T0 + 100 * MINUTE)
    off = step(off, SETTINGS, replace(waiting, backlog=backlog)).power
    assert off.hold is Hold.OFF
    off = step(off, SETTINGS, waiting).power
    assert off.state is HostState.OFF
    others = Others(backlog=3)
    off = step(off, SETTINGS, replace(waiting, backlog=0, others=others)).power
    assert off.hold is Hold.OFF
    off = step(off, SETTINGS, replace(waiting, backlog=0)).power
    assert step(off, SETTINGS, waiting).effects == (Command.SIGNAL,)


def test_on_by_user_lasts_until_it_has_worked() -> None:
    """What the user switched on goes off on its own only after work and idle time."""
    on = step(OFF, SETTINGS, replace(OFFLINE, request=PowerRequest.ON)).power
    on = step(on, SETTINGS, ONLINE).power
    late = replace(ONLINE, now=T0 + 300 * MINUTE)
    on = step(on, SETTINGS, late).power
    assert step(on, SETTINGS, later(late, 60)).power.state is HostState.READY
    on = step(on, SETTINGS, replace(later(late, 60), busy=True)).power
    on = step(on, SETTINGS, later(late, 61)).power
    on = step(on, SETTINGS, later(late, 62)).power
    assert (on.state, on.hold) == (HostState.READY, Hold.NONE)
    assert step(on, SETTINGS, later(late, 76)).power.state is HostState.DRAINING


def later(seen: Observation, minutes: int) -> Observation:
    """Return the same view some minutes later."""
    return replace(seen, now=seen.now + minutes * MINUTE)


SLEPT = power(HostState.OFF, slept=True)
LONG_GONE = power(HostState.OFF, since=T0 - LONG_OFF)
LOST = power(HostState.OFF, since=T0 - 16_000)


@pytest.mark.parametrize(
    ("before", "seen", "hold"),
    [
        (SLEPT, ONLINE, Hold.BY_HAND),
        (LONG_GONE, ONLINE, Hold.BY_HAND),
        # Its service was just restarted: what was before goes on.
        (LOST, ONLINE, Hold.NONE),
        (replace(LOST, hold=Hold.ON), ONLINE, Hold.ON),
        (replace(LOST, hold=Hold.BY_HAND), ONLINE, Hold.BY_HAND),
        (Power(), ONLINE, Hold.NONE),
        (BOOTING, ONLINE, Hold.NONE),
        # Another Immich with the same box woke it.
        (SLEPT, replace(ONLINE, others=Others(coming=True)), Hold.NONE),
        (SLEPT, replace(ONLINE, others=Others(woken=True)), Hold.NONE),
        (replace(SLEPT, hold=Hold.OFF), replace(ONLINE, others=Others(woken=True)), Hold.NONE),
    ],
)  # fmt: skip
def test_whose_doing_it_is_that_it_is_on(
    before: Power, seen: Observation, hold: Hold
) -> None:
    """By hand it was only after it was really off, and when nobody of us woke it."""
    assert step(before, SETTINGS, seen).power.hold is hold


def test_by_hand_stands_until_it_goes_off() -> None:
    """A box switched on for a game is not switched off after some photos."""
    on = step(SLEPT, SETTINGS, ONLINE).power
    on = step(on, SETTINGS, replace(later(ONLINE, 1), busy=True)).power
    for minute in range(2, 300):
        on = step(on, SETTINGS, later(ONLINE, minute)).power
    assert (on.state, on.hold) == (HostState.READY, Hold.BY_HAND)
    gone = step(on, SETTINGS, later(OFFLINE, 300)).power
    assert gone.hold is Hold.BY_HAND, "it may only be its service"
    assert step(gone, SETTINGS, later(OFFLINE, 311)).power.hold is Hold.NONE


def test_user_switches_off_what_was_on_by_hand() -> None:
    """The user's word is newer than the hand at the box."""
    on = step(SLEPT, SETTINGS, ONLINE).power
    off = step(on, SETTINGS, replace(ONLINE, request=PowerRequest.OFF)).power
    assert (off.state, off.hold) == (HostState.DRAINING, Hold.OFF)


def test_blind_idle_time() -> None:
    """Time in which nobody could see the queues is no idle time."""
    blind = step(READY, SETTINGS, replace(ONLINE, busy=None)).power
    assert step(blind, SETTINGS, ONLINE).power.state is HostState.READY


def test_since_changes_with_the_state_alone() -> None:
    """Neither blindness nor a pause between two jobs begins a state anew."""
    on = step(OFF, SETTINGS, replace(ONLINE, busy=True)).power
    for second in range(1, 300):
        busy = (None, True, False)[second % 3]
        on = step(
            on, SETTINGS, replace(ONLINE, now=T0 + second * 1000, busy=busy)
        ).power
        assert (on.state, on.since) == (HostState.WORKING, T0)


def test_failed_off_is_not_repeated_at_once() -> None:
    """A box that stays on is not told to go off again and again."""
    on = step(replace(SHUTTING, deadline=T0), SETTINGS, ONLINE).power
    assert on.trouble is Trouble.OFF_FAILED
    idle = replace(SETTINGS, idle_time=0, minimum_on=0)
    soon = replace(ONLINE, now=T0 + OFF_AGAIN_AFTER - 1)
    on = step(on, idle, soon).power
    assert on.state is HostState.READY
    late = replace(ONLINE, now=T0 + OFF_AGAIN_AFTER)
    assert step(on, idle, late).power.state is HostState.DRAINING


@pytest.mark.parametrize("asked", PowerRequest)
@pytest.mark.parametrize("trouble", Trouble)
def test_trouble_ends_with_the_users_word(
    trouble: Trouble, asked: PowerRequest
) -> None:
    """What the user is asked to look after is over when the user has decided."""
    state = (
        HostState.WAKE_FAILED if trouble is Trouble.WAKE_FAILED else HostState.WORKING
    )
    found = step(
        power(state, trouble=trouble), SETTINGS, replace(ONLINE, request=asked)
    )
    assert found.power.trouble is None


def test_trouble_ends_when_it_is_over() -> None:
    """A box that answers, or that went off, needs no looking after."""
    failed = power(HostState.WAKE_FAILED, trouble=Trouble.WAKE_FAILED, deadline=T0)
    assert step(failed, SETTINGS, ONLINE).power.trouble is None
    assert step(failed, SETTINGS, OFFLINE).power.trouble is None
    again = step(failed, SETTINGS, BACKLOG).power
    assert (again.state, again.trouble) == (HostState.WAKING, Trouble.WAKE_FAILED)
    on = power(HostState.READY, trouble=Trouble.OFF_FAILED)
    assert step(on, SETTINGS, OFFLINE).power.trouble is None


def test_another_immich_that_is_not_loaded_is_said() -> None:
    """It stays on, and the reason is not a job that does not end."""
    others = Others(busy=None, backlog=None, drained=False, kept_on=None, unknown=True)
    asked = replace(DRAINING, hold=Hold.OFF, deadline=T0)
    stays = step(asked, SETTINGS, replace(ONLINE, drained=True, others=others)).power
    assert stays.trouble is Trouble.OTHERS_UNKNOWN
    assert stays.state is HostState.READY


@pytest.mark.parametrize("state", [HostState.OFF, HostState.WAKE_FAILED])
def test_without_a_way_to_wake(state: HostState) -> None:
    """Nothing pretends to wake a host that can't be woken."""
    settings = replace(SETTINGS, can_wake=False)
    for seen in (BACKLOG, replace(OFFLINE, request=PowerRequest.ON)):
        assert step(power(state), settings, seen) == Transition(power(state))


def test_without_a_way_off() -> None:
    """A host without off action is never emptied."""
    settings = replace(SETTINGS, can_switch_off=False)
    assert step(READY, settings, ONLINE) == Transition(READY)
    assert step(
        READY, settings, replace(ONLINE, request=PowerRequest.OFF)
    ) == Transition(READY)
    drained = step(DRAINING, settings, replace(ONLINE, drained=True))
    assert drained.power.state is HostState.READY
    assert drained.effects == ()
    asked = replace(BOOTING, hold=Hold.OFF)
    assert step(asked, settings, ONLINE).power.hold is Hold.NONE


@pytest.mark.parametrize("state", sorted(COMING | LEAVING))
def test_no_deadline_passes_unseen(state: HostState) -> None:
    """Long after its time, the first look decides, and what follows gets its time."""
    again = restored(power(state, tries=3, deadline=T0 - 60 * MINUTE), T0)
    for minute in range(60):
        seen = replace(later(UNSEEN, minute), busy=False, drained=False)
        done = step(again, SETTINGS, seen)
        assert (done.notifications, done.effects) == ((), ())
        assert done.power.state is again.state
        again = done.power
    soon = replace(OFFLINE, now=T0 + 59 * MINUTE + KNOWN_FOR - 1, backlog=1)
    if state in LEAVING:
        soon = replace(soon, reach=Connectivity.ONLINE, backlog=0, automatic=False)
    assert step(again, SETTINGS, soon).notifications == ()
    if state in COMING:
        assert step(again, SETTINGS, later(ONLINE, 60)).power.state in ON


def test_off_action_of_long_ago() -> None:
    """Who answers hours after the off action was switched on again: no off failed."""
    long_ago = power(HostState.SHUTTING_DOWN, since=T0 - OFF_WITHIN - 1)
    again = restored(long_ago, T0)
    on = step(again, SETTINGS, ONLINE)
    assert (on.power.state, on.power.hold) == (HostState.READY, Hold.BY_HAND)
    assert on.notifications == (Notification.READY,)


def test_restored_while_waking() -> None:
    """After a restart no second signal is given before the first one had its time."""
    much_later = T0 + 10 * MINUTE
    again = restored(power(HostState.WAKING, tries=1), much_later)
    assert again.state is HostState.BOOTING
    assert step(again, SETTINGS, replace(OFFLINE, now=much_later)).effects == ()
    assert restored(DRAINING, much_later) is DRAINING


class Times:
    """Clocks of a test."""

    def __init__(self, now: int = T0, wall: int = 1_795_163_400_000) -> None:
        """Begin anywhere."""
        self.at, self.wall_at = now, wall
        self.clocks = Clocks(lambda: self.at, lambda: self.wall_at)


@pytest.mark.parametrize("state", HostState)
@pytest.mark.parametrize("hold", Hold)
def test_stored(state: HostState, hold: Hold) -> None:
    """A state survives being written down, also in a process with another clock."""
    before, after = Times(), Times(now=5_000)
    known = power(
        state,
        tries=2,
        failures=1,
        hold=hold,
        wake_next=True,
        slept=True,
        deadline=T0 + 3000,
        trouble=Trouble.OFF_FAILED,
    )
    again = Power.from_dict(known.to_dict(before.clocks), after.clocks)
    assert again == replace(known, since=4_000, deadline=8_000)


def test_stored_nonsense() -> None:
    """Nonsense becomes the first state, and a clock far off no endless deadline."""
    times = Times()
    assert Power.from_dict({"state": "dancing"}, times.clocks) == Power()
    odd: dict[str, JsonValue] = {
        "state": "off",
        "wish": 7,
        "since": "x",
        "deadline": 1 << 60,
    }
    found = Power.from_dict(odd, times.clocks)
    assert replace(found, deadline=None) == Power()
    assert (found.deadline or 0) <= T0 + 24 * 60 * MINUTE


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (
            {"state": "off", "since": -60_000, "wake_not_before": 1000, "wish": "off"},
            Power(HostState.OFF, T0 - 60_000, T0 + 1000, hold=Hold.OFF),
        ),
        (
            {"state": "ready", "since": -60_000, "off_not_before": 1000, "wish": "on"},
            Power(HostState.READY, T0 - 60_000, T0 + 1000, hold=Hold.ON),
        ),
        ({"state": "off"}, Power()),
        (
            {"state": "booting", "since": -1000, "tries": 2, "signalled_at": -500},
            Power(HostState.BOOTING, T0 - 1000, tries=2, signalled_at=T0 - 500),
        ),
        (
            {"state": "wake_failed", "since": -1000, "wake_not_before": 5, "failures": 1},
            Power(HostState.WAKE_FAILED, T0 - 1000, T0 + 5, failures=1, trouble=Trouble.WAKE_FAILED),
        ),
    ],
)  # fmt: skip
def test_stored_by_0_1_0(stored: dict[str, JsonValue], expected: Power) -> None:
    """What version 0.1.0 wrote goes on; times are given from now."""
    times = Times()
    wall = {"since", "signalled_at", "wake_not_before", "off_not_before", "on_since"}
    written: dict[str, JsonValue] = dict.fromkeys(wall, 0)
    written |= {"tries": 0, "failures": 0, "wish": None, "wake_next": False}
    for key, value in stored.items():
        assert not isinstance(value, float)
        written[key] = times.wall_at + int(value) if key in wall else value  # type: ignore[arg-type]  # a number of this table
    assert Power.from_dict(written, times.clocks) == expected
