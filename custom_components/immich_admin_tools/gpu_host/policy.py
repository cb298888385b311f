"""When the host is woken and when it goes off. Pure.

State and what is seen go in, state and what is to be done come out.

- It is never switched off unless its queues are certainly paused and no job is
  active or locked.
- No state but off, ready and working lasts longer than its time limit.
- The user's word wins over the policy: off until the work that waits is gone, on until
  it has worked and is idle again.
"""

from dataclasses import replace

from .models import (
    ON,
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

SIGNAL_EVERY = 5_000
"""Magic packets get lost: one is sent this often until the host answers."""
DRAIN_WITHIN = 1_200_000
"""Immich gives up on a machine learning that hangs after 300 s per job."""
OFF_WITHIN = 300_000
"""Time from the off action until the host must have stopped to answer."""
OFF_AGAIN_AFTER = 600_000
"""Time that the policy waits after it could not switch the host off."""
LONGEST_BACK_OFF = 6 * 3_600_000
"""Time between two rows of tries to wake the host, at most."""


def restored(power: Power, now: int) -> Power:
    """Return the state to go on with after a restart of Home Assistant.

    Whether a signal that was begun arrived is not known: it counts as given, as an
    action that toggles something must not be run twice.
    """
    if power.state is HostState.WAKING:
        return replace(power, state=HostState.BOOTING, since=now, signalled_at=now)
    return power


def step(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Return what comes next; to be called again whenever something changed."""
    power = _in_time(power, settings, seen.now)
    if seen.wish is not None:
        return _asked(power, settings, seen)
    match power.state:
        case HostState.OFF | HostState.WAKE_FAILED:
            return _off(power, settings, seen)
        case HostState.WAKING | HostState.BOOTING:
            return _coming(power, settings, seen)
        case HostState.READY | HostState.WORKING:
            return _on(power, settings, seen)
        case HostState.DRAINING:
            return _draining(power, settings, seen)
        case HostState.SHUTTING_DOWN:
            return _shutting_down(power, settings, seen)


def wanted(settings: PowerSettings, seen: Seen) -> bool:
    """Return whether the work that waits is reason enough to wake the host."""
    if seen.backlog == 0:
        return False
    return 0 < settings.wake_backlog <= seen.backlog or (
        0 < settings.wake_age <= seen.waited
    )


def back_off(settings: PowerSettings, failures: int) -> int:
    """Return how long the policy waits after so many rows that failed."""
    first = max(settings.retry_delay, settings.boot_timeout, 60_000)
    return min(first << min(failures, 20), LONGEST_BACK_OFF)


def _in_time(power: Power, settings: PowerSettings, now: int) -> Power:
    """Return the state as it may be at this time, whatever the clock did."""
    longest = max(LONGEST_BACK_OFF, settings.cool_down)
    return replace(
        power,
        since=min(power.since, now),
        on_since=min(power.on_since, now),
        signalled_at=min(power.signalled_at, now),
        wake_not_before=min(power.wake_not_before, now + longest),
        off_not_before=min(power.off_not_before, now + OFF_AGAIN_AFTER),
    )


def _asked(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Do what the user wants, where it can be done."""
    wanted_on = seen.wish is Wish.ON
    off = power.state in (HostState.OFF, HostState.WAKE_FAILED)
    if wanted_on and off and not settings.can_wake:
        return Step(power)
    if not wanted_on and power.state in ON and not settings.can_switch_off:
        return Step(power)
    power = replace(power, wish=seen.wish)
    if wanted_on:
        match power.state:
            case HostState.OFF | HostState.WAKE_FAILED:
                return _wake(replace(power, failures=0), seen)
            case HostState.DRAINING:
                return Step(_to(power, _state_on(seen), seen))
            case HostState.SHUTTING_DOWN:
                return Step(replace(power, wake_next=settings.can_wake))
        return Step(power)
    match power.state:
        case HostState.WAKE_FAILED:
            return Step(_to(power, HostState.OFF, seen))
        case HostState.READY | HostState.WORKING:
            return Step(_to(power, HostState.DRAINING, seen))
        case HostState.SHUTTING_DOWN:
            return Step(replace(power, wake_next=False))
    return Step(power)


def _off(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Wake the host when there is reason to, or see that somebody else did."""
    if seen.reach is Reach.ONLINE:
        # Somebody switched it on, and may want it for something else.
        by_hand = power.since > 0
        return _arrived(replace(power, wish=Wish.ON if by_hand else None), seen)
    if seen.reach is Reach.UNKNOWN:
        return Step(power)
    if power.since == 0:
        power = replace(power, since=seen.now)
    if not wanted(settings, seen):
        over = seen.backlog == 0 and seen.now >= power.wake_not_before
        state = HostState.OFF if over else power.state
        wish = None if power.wish is Wish.OFF else power.wish
        return Step(replace(_to(power, state, seen), wish=wish))
    if (
        seen.automatic
        and seen.may_wake
        and settings.can_wake
        and power.wish is not Wish.OFF
        and seen.now >= power.wake_not_before
    ):
        return _wake(power, seen)
    return Step(power)


def _wake(power: Power, seen: Seen) -> Step:
    """Give the first signal of a row."""
    power = replace(power, tries=1, wake_next=False)
    return Step(_to(power, HostState.WAKING, seen), (Effect.SIGNAL,), (News.WAKE,))


def _coming(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Wait for the host, and give the signal again."""
    if seen.reach is Reach.ONLINE:
        arrived = _arrived(power, seen)
        if power.wish is Wish.OFF and settings.can_switch_off:
            return replace(arrived, power=_to(arrived.power, HostState.DRAINING, seen))
        return arrived
    waited = seen.now - power.since
    if power.state is HostState.WAKING:
        if seen.report is not None or waited >= settings.boot_timeout:
            power = replace(power, signalled_at=seen.now)
            return Step(_to(power, HostState.BOOTING, seen))
        return Step(power)
    if waited < settings.boot_timeout:
        due = seen.now - power.signalled_at >= SIGNAL_EVERY
        if due and power.wish is not Wish.OFF:
            return Step(replace(power, signalled_at=seen.now), (Effect.SIGNAL_AGAIN,))
        return Step(power)
    if power.wish is Wish.OFF:
        return Step(_to(power, HostState.OFF, seen))
    if power.tries > settings.wake_retries:
        return _gave_up(power, settings, seen)
    if waited < settings.boot_timeout + settings.retry_delay:
        return Step(power)
    power = replace(power, tries=power.tries + 1)
    return Step(_to(power, HostState.WAKING, seen), (Effect.SIGNAL,))


def _gave_up(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Say that the host does not wake up, and leave it alone for a while."""
    power = replace(
        power,
        failures=power.failures + 1,
        wake_not_before=seen.now + back_off(settings, power.failures),
        wish=None,
    )
    return Step(_to(power, HostState.WAKE_FAILED, seen), news=(News.WAKE_FAILED,))


def _arrived(power: Power, seen: Seen) -> Step:
    """Note that the host answers."""
    power = replace(
        power,
        tries=0,
        failures=0,
        wake_not_before=0,
        off_not_before=0,
        on_since=seen.now,
        wake_next=False,
    )
    return Step(_to(power, _state_on(seen), seen), news=(News.READY,))


def _on(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Follow the work, and see when there has been none for long enough."""
    if seen.reach is Reach.OFFLINE:
        return _went_off(power, settings, seen, News.LOST)
    if seen.busy is None:
        # Without knowing it, the idle time can't go on.
        idle = power.state is HostState.READY
        return Step(replace(power, since=seen.now) if idle else power)
    state = _state_on(seen)
    if state is not power.state:
        if state is HostState.READY:
            power = replace(power, wish=None)
        return Step(_to(power, state, seen))
    if (
        power.state is HostState.READY
        and seen.automatic
        and seen.reach is Reach.ONLINE
        and settings.can_switch_off
        and power.wish is not Wish.ON
        and seen.now - power.since >= settings.idle_time
        and seen.now - power.on_since >= settings.minimum_on
        and seen.now >= power.off_not_before
    ):
        return Step(_to(power, HostState.DRAINING, seen))
    return Step(power)


def _draining(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Wait for the last jobs; then, and only then, run the off action."""
    if seen.reach is Reach.OFFLINE:
        return _went_off(power, settings, seen, News.LOST)
    by_policy = power.wish is not Wish.OFF
    if by_policy and (not seen.automatic or seen.backlog > 0):
        return Step(_to(power, _state_on(seen), seen))
    if seen.drained and settings.can_switch_off:
        power = _to(power, HostState.SHUTTING_DOWN, seen)
        return Step(power, (Effect.RUN_OFF,))
    if seen.now - power.since >= DRAIN_WITHIN or not settings.can_switch_off:
        return _stays_on(power, seen, News.NOT_DRAINED)
    return Step(power)


def _shutting_down(power: Power, settings: PowerSettings, seen: Seen) -> Step:
    """Confirm that the host went off."""
    if seen.reach is Reach.OFFLINE:
        gone = _went_off(power, settings, seen, News.SLEEP)
        if not power.wake_next:
            return gone
        woken = _wake(gone.power, seen)
        return replace(woken, news=(*gone.news, *woken.news))
    refused = seen.report is Report.OFF_NOT_RUN
    if refused or seen.now - power.since >= OFF_WITHIN:
        return _stays_on(power, seen, News.OFF_FAILED)
    return Step(power)


def _went_off(power: Power, settings: PowerSettings, seen: Seen, news: News) -> Step:
    """Note that the host answers no more."""
    wish = Wish.OFF if power.wish is Wish.OFF else None
    if power.wake_next:
        wish = Wish.ON
    power = replace(power, wish=wish, wake_not_before=seen.now + settings.cool_down)
    return Step(_to(power, HostState.OFF, seen), news=(news,))


def _stays_on(power: Power, seen: Seen, news: News) -> Step:
    """Let the host work on, as it could not be switched off."""
    power = replace(
        power,
        wish=None,
        wake_next=False,
        off_not_before=seen.now + OFF_AGAIN_AFTER,
    )
    return Step(_to(power, _state_on(seen), seen), news=(news,))


def _state_on(seen: Seen) -> HostState:
    """Return what a host that answers is doing."""
    return HostState.WORKING if seen.busy or seen.backlog else HostState.READY


def _to(power: Power, state: HostState, seen: Seen) -> Power:
    """Change the state; one that stays keeps its time."""
    if state is power.state:
        return power
    return replace(power, state=state, since=seen.now)
