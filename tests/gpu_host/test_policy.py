"""The state machine, state by state."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.gpu_host.models import (
    Effect,
    HostState,
    News,
    Power,
    PowerSettings,
    Reach,
    Report,
    Seen,
    Step,
    Wish,
)
from custom_components.immich_admin_tools.gpu_host.policy import (
    DRAIN_WITHIN,
    LONGEST_BACK_OFF,
    OFF_AGAIN_AFTER,
    OFF_WITHIN,
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
OFFLINE = Seen(now=T0, reach=Reach.OFFLINE, automatic=True, busy=False)
ONLINE = replace(OFFLINE, reach=Reach.ONLINE)
BACKLOG = replace(OFFLINE, backlog=100)


def power(state: HostState, **more: object) -> Power:
    """Return a power that has been in a state for a second."""
    values: dict[str, object] = {"since": T0 - 1000, **more}
    return replace(Power(state=state), **values)  # type: ignore[arg-type]  # a test's own


OFF = power(HostState.OFF)
BOOTING = power(HostState.BOOTING, tries=1, signalled_at=T0 - 1000)
READY = power(HostState.READY, since=T0 - 15 * MINUTE, on_since=T0 - 20 * MINUTE)
DRAINING = power(HostState.DRAINING)
SHUTTING = power(HostState.SHUTTING_DOWN)


@pytest.mark.parametrize(
    ("before", "seen", "state", "effects", "news"),
    [
        # Off
        (OFF, OFFLINE, "off", (), ()),
        (OFF, BACKLOG, "waking", (Effect.SIGNAL,), (News.WAKE,)),
        (OFF, replace(BACKLOG, backlog=99), "off", (), ()),
        (OFF, replace(BACKLOG, backlog=1, waited=60 * MINUTE), "waking", (Effect.SIGNAL,), (News.WAKE,)),
        (OFF, replace(BACKLOG, backlog=0, waited=60 * MINUTE), "off", (), ()),
        (OFF, replace(BACKLOG, automatic=False), "off", (), ()),
        (OFF, replace(BACKLOG, may_wake=False), "off", (), ()),
        (OFF, replace(BACKLOG, reach=Reach.UNKNOWN), "off", (), ()),
        (replace(OFF, wake_not_before=T0 + 1), BACKLOG, "off", (), ()),
        (replace(OFF, wish=Wish.OFF), BACKLOG, "off", (), ()),
        (OFF, replace(OFFLINE, automatic=False, wish=Wish.ON), "waking", (Effect.SIGNAL,), (News.WAKE,)),
        (replace(OFF, wake_not_before=T0 + 1), replace(OFFLINE, wish=Wish.ON), "waking", (Effect.SIGNAL,), (News.WAKE,)),
        (OFF, ONLINE, "ready", (), (News.READY,)),
        (OFF, replace(ONLINE, backlog=1), "working", (), (News.READY,)),
        # On its way
        (power(HostState.WAKING, tries=1), OFFLINE, "waking", (), ()),
        (power(HostState.WAKING, tries=1), replace(OFFLINE, report=Report.SIGNALLED), "booting", (), ()),
        (power(HostState.WAKING, tries=1), replace(OFFLINE, report=Report.NOT_SIGNALLED), "booting", (), ()),
        (power(HostState.WAKING, since=T0 - 5 * MINUTE, tries=1), OFFLINE, "booting", (), ()),
        (power(HostState.WAKING, tries=1), ONLINE, "ready", (), (News.READY,)),
        (BOOTING, OFFLINE, "booting", (), ()),
        (replace(BOOTING, signalled_at=T0 - SIGNAL_EVERY), OFFLINE, "booting", (Effect.SIGNAL_AGAIN,), ()),
        (BOOTING, ONLINE, "ready", (), (News.READY,)),
        (replace(BOOTING, wish=Wish.OFF), ONLINE, "draining", (), (News.READY,)),
        (replace(BOOTING, since=T0 - 5 * MINUTE), OFFLINE, "booting", (), ()),
        (replace(BOOTING, since=T0 - 6 * MINUTE), OFFLINE, "waking", (Effect.SIGNAL,), ()),
        (replace(BOOTING, since=T0 - 5 * MINUTE, tries=3), OFFLINE, "wake_failed", (), (News.WAKE_FAILED,)),
        (replace(BOOTING, since=T0 - 5 * MINUTE, wish=Wish.OFF), OFFLINE, "off", (), ()),
        # Failed
        (power(HostState.WAKE_FAILED, wake_not_before=T0 + 1), BACKLOG, "wake_failed", (), ()),
        (power(HostState.WAKE_FAILED, wake_not_before=T0), BACKLOG, "waking", (Effect.SIGNAL,), (News.WAKE,)),
        (power(HostState.WAKE_FAILED, wake_not_before=T0 + 1), OFFLINE, "wake_failed", (), ()),
        (power(HostState.WAKE_FAILED, wake_not_before=T0), OFFLINE, "off", (), ()),
        (power(HostState.WAKE_FAILED), replace(BACKLOG, wish=Wish.OFF), "off", (), ()),
        (power(HostState.WAKE_FAILED), replace(ONLINE, busy=True), "working", (), (News.READY,)),
        # On
        (READY, replace(ONLINE, busy=True), "working", (), ()),
        (READY, ONLINE, "draining", (), ()),
        (replace(READY, since=T0 - 15 * MINUTE + 1), ONLINE, "ready", (), ()),
        (replace(READY, on_since=T0 - 20 * MINUTE + 1), ONLINE, "ready", (), ()),
        (replace(READY, off_not_before=T0 + 1), ONLINE, "ready", (), ()),
        (READY, replace(ONLINE, automatic=False), "ready", (), ()),
        (READY, replace(ONLINE, reach=Reach.UNKNOWN), "ready", (), ()),
        (READY, replace(ONLINE, busy=None), "ready", (), ()),
        (replace(READY, wish=Wish.ON), ONLINE, "ready", (), ()),
        (READY, replace(ONLINE, automatic=False, wish=Wish.OFF), "draining", (), ()),
        (READY, OFFLINE, "off", (), (News.LOST,)),
        (power(HostState.WORKING), replace(ONLINE, busy=True), "working", (), ()),
        (power(HostState.WORKING), ONLINE, "ready", (), ()),
        (power(HostState.WORKING), replace(ONLINE, wish=Wish.OFF), "draining", (), ()),
        # Leaving
        (DRAINING, replace(ONLINE, busy=True), "draining", (), ()),
        (DRAINING, replace(ONLINE, drained=True), "shutting_down", (Effect.RUN_OFF,), ()),
        (DRAINING, replace(ONLINE, backlog=1), "working", (), ()),
        (replace(DRAINING, wish=Wish.OFF), replace(ONLINE, backlog=1), "draining", (), ()),
        (DRAINING, replace(ONLINE, automatic=False, drained=True), "ready", (), ()),
        (DRAINING, replace(ONLINE, wish=Wish.ON, drained=True), "ready", (), ()),
        (replace(DRAINING, since=T0 - DRAIN_WITHIN), replace(ONLINE, busy=True), "working", (), (News.NOT_DRAINED,)),
        (DRAINING, OFFLINE, "off", (), (News.LOST,)),
        (SHUTTING, ONLINE, "shutting_down", (), ()),
        (SHUTTING, OFFLINE, "off", (), (News.SLEEP,)),
        (SHUTTING, replace(ONLINE, report=Report.OFF_RUN), "shutting_down", (), ()),
        (SHUTTING, replace(ONLINE, report=Report.OFF_NOT_RUN), "ready", (), (News.OFF_FAILED,)),
        (replace(SHUTTING, since=T0 - OFF_WITHIN), ONLINE, "ready", (), (News.OFF_FAILED,)),
        (replace(SHUTTING, wake_next=True), OFFLINE, "waking", (Effect.SIGNAL,), (News.SLEEP, News.WAKE)),
    ],
)  # fmt: skip
def test_steps(
    before: Power,
    seen: Seen,
    state: str,
    effects: tuple[Effect, ...],
    news: tuple[News, ...],
) -> None:
    """One step from a state leads to the next, with what is to be done and told."""
    after = step(before, SETTINGS, seen)
    assert (after.power.state, after.effects, after.news) == (state, effects, news)
    assert after.power.since == (T0 if state != before.state else after.power.since)


def test_cool_down() -> None:
    """After it went off, the policy leaves it off for a while; the user may not care."""
    off = step(SHUTTING, SETTINGS, OFFLINE).power
    assert off.wake_not_before == T0 + SETTINGS.cool_down
    later = replace(BACKLOG, now=T0 + SETTINGS.cool_down)
    assert step(off, SETTINGS, BACKLOG).effects == ()
    assert step(off, SETTINGS, later).effects == (Effect.SIGNAL,)
    assert step(off, SETTINGS, replace(BACKLOG, wish=Wish.ON)).effects == (
        Effect.SIGNAL,
    )


def test_back_off_grows() -> None:
    """A box that does not wake up is tried less and less often, but for ever."""
    waits = [back_off(SETTINGS, failures) for failures in range(12)]
    assert waits == sorted(waits)
    assert waits[0] >= SETTINGS.boot_timeout
    assert waits[-1] == LONGEST_BACK_OFF
    failed = step(
        replace(BOOTING, since=T0 - 5 * MINUTE, tries=3, failures=1), SETTINGS, OFFLINE
    )
    assert failed.power.wake_not_before == T0 + back_off(SETTINGS, 1)
    assert failed.power.failures == 2
    assert step(failed.power, SETTINGS, ONLINE).power.failures == 0


def test_off_by_hand_lasts_until_the_work_is_gone() -> None:
    """The policy does not wake what the user switched off, until there was no work."""
    off = step(replace(SHUTTING, wish=Wish.OFF), SETTINGS, OFFLINE).power
    waiting = replace(BACKLOG, now=T0 + 100 * MINUTE)
    off = step(off, SETTINGS, waiting).power
    assert off.state is HostState.OFF
    off = step(off, SETTINGS, replace(waiting, backlog=0)).power
    assert step(off, SETTINGS, waiting).effects == (Effect.SIGNAL,)


def test_on_by_hand_lasts_until_it_has_worked() -> None:
    """What the user switched on goes off by itself only after work and idle time."""
    on = step(OFF, SETTINGS, replace(OFFLINE, wish=Wish.ON)).power
    on = step(on, SETTINGS, ONLINE).power
    late = replace(ONLINE, now=T0 + 300 * MINUTE)
    assert step(on, SETTINGS, late).power.state is HostState.READY
    on = step(on, SETTINGS, replace(late, busy=True)).power
    on = step(on, SETTINGS, late).power
    assert on.wish is None
    later = replace(late, now=late.now + SETTINGS.idle_time)
    assert step(on, SETTINGS, later).power.state is HostState.DRAINING


def test_switched_on_elsewhere() -> None:
    """Who pressed the box's own button may want it for something else."""
    late = replace(ONLINE, now=T0 + 300 * MINUTE)
    by_hand = step(OFF, SETTINGS, ONLINE).power
    assert step(by_hand, SETTINGS, late).power.state is HostState.READY
    found_on = step(Power(), SETTINGS, ONLINE).power
    assert step(found_on, SETTINGS, late).power.state is HostState.DRAINING


def test_blind_idle_time() -> None:
    """Time in which nobody could see the queues is no idle time."""
    blind = step(READY, SETTINGS, replace(ONLINE, busy=None)).power
    assert step(blind, SETTINGS, ONLINE).power.state is HostState.READY


def test_failed_off_is_not_repeated_at_once() -> None:
    """A box that stays on is not told to go off again and again."""
    on = step(replace(SHUTTING, since=T0 - OFF_WITHIN), SETTINGS, ONLINE).power
    soon = replace(ONLINE, now=T0 + OFF_AGAIN_AFTER - 1)
    idle = replace(SETTINGS, idle_time=0, minimum_on=0)
    assert step(on, idle, soon).power.state is HostState.READY
    late = replace(ONLINE, now=T0 + OFF_AGAIN_AFTER)
    assert step(on, idle, late).power.state is HostState.DRAINING


@pytest.mark.parametrize("state", [HostState.OFF, HostState.WAKE_FAILED])
def test_without_a_way_to_wake(state: HostState) -> None:
    """Nothing pretends to wake a host that can't be woken."""
    settings = replace(SETTINGS, can_wake=False)
    for seen in (BACKLOG, replace(OFFLINE, wish=Wish.ON)):
        assert step(power(state), settings, seen) == Step(
            replace(power(state), state=step(power(state), settings, seen).power.state)
        )


def test_without_a_way_off() -> None:
    """A host without off action is never emptied."""
    settings = replace(SETTINGS, can_switch_off=False)
    assert step(READY, settings, ONLINE) == Step(READY)
    assert step(READY, settings, replace(ONLINE, wish=Wish.OFF)) == Step(READY)
    drained = step(DRAINING, settings, replace(ONLINE, drained=True))
    assert drained.power.state is HostState.READY
    assert drained.effects == ()


def test_restored_while_waking() -> None:
    """After a restart no second signal is given before the first one had its time."""
    later = T0 + 10 * MINUTE
    again = restored(power(HostState.WAKING, tries=1), later)
    assert again.state is HostState.BOOTING
    assert step(again, SETTINGS, replace(OFFLINE, now=later)).effects == ()
    assert restored(DRAINING, later) is DRAINING


def test_stored() -> None:
    """A state survives being written down; nonsense becomes the first state."""
    for state in HostState:
        known = power(state, tries=2, failures=1, wish=Wish.OFF, wake_next=True)
        assert Power.from_dict(known.to_dict()) == known
    assert Power.from_dict({"state": "dancing"}) == Power()
    assert Power.from_dict({"state": "off", "wish": 7, "since": "x"}) == Power()


def test_clock_that_went_back() -> None:
    """A clock that was set back by a year does not keep it in a state for a year."""
    year = 365 * 24 * 60 * MINUTE
    future = replace(BOOTING, since=T0 + year, signalled_at=T0 + year)
    now = step(future, SETTINGS, OFFLINE).power
    late = replace(OFFLINE, now=T0 + 6 * MINUTE)
    assert step(now, SETTINGS, late).power.state is HostState.WAKING
