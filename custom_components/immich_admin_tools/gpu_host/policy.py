"""When the host is woken and when it goes off. Pure.

State and what is seen go in, state and what is to be done come out.

- It is never switched off unless its queues are certainly paused and no job is
  active or locked, for every Immich that uses the box.
- What is not known changes nothing: no state ends, no hold is dropped, nothing is
  switched because a look failed.
- Each state has one deadline. Those of waking up and going off count only while it is
  known whether the host answers.
- The user's word wins over the policy, see `hold_after`.
"""

from dataclasses import replace

from .models import (
    COMING,
    GONE,
    KEEPING_ON,
    LEAVING,
    LONGEST_BACK_OFF,
    ON,
    Command,
    Connectivity,
    Hold,
    HostState,
    Notification,
    Observation,
    Power,
    PowerRequest,
    PowerSettings,
    Report,
    Transition,
    Trouble,
)

SIGNAL_EVERY = 5_000
"""Magic packets get lost: one is sent this often until the host answers."""
DRAIN_WITHIN = 1_200_000
"""Immich gives up on a machine learning that hangs after 300 s per job."""
OFF_WITHIN = 300_000
"""Time from the off action until the host must have stopped to answer."""
OFF_AGAIN_AFTER = 600_000
"""Time that the policy waits after it could not switch the host off."""
LONG_OFF = 600_000
"""Off for this long it was off, and not just a service or a driver that restarted."""
KNOWN_FOR = 60_000
"""No deadline passes sooner after things are known again."""
READY_AFTER = 30_000
"""Between two jobs it is not idle: it is shown as ready after this time."""


def restored(power: Power, now: int) -> Power:
    """Return the state to go on with after a restart of Home Assistant.

    Whether a signal that was begun arrived is not known: it counts as given, as an
    action that toggles something must not be run twice. An off action that was run long
    ago is over: who answers now was switched on again.
    """
    since = now if power.since is None else power.since
    if power.state is HostState.WAKING:
        booting = HostState.BOOTING
        return replace(power, state=booting, deadline=None, signalled_at=now)
    if power.state is HostState.SHUTTING_DOWN and now - since > OFF_WITHIN:
        return replace(power, state=HostState.OFF, deadline=None, slept=True)
    if power.state in COMING | LEAVING and not _known_for(power, now):
        # Time in which nobody could look does not count.
        return replace(power, deadline=now + KNOWN_FOR)
    return power


def step(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Return what comes next; to be called again whenever something changed."""
    before = _with_deadline(power, settings, seen)
    done = (
        _next(before, settings, seen)
        if seen.request is None
        else _asked(before, settings, seen)
    )
    hold = hold_after(before, done.power, seen)
    return replace(done, power=replace(done.power, hold=hold))


def hold_after(before: Power, after: Power, seen: Observation) -> Hold:
    """Return what of a hold is left after a step: this is the one place where it ends."""
    off = after.state in GONE and seen.reach is Connectivity.OFFLINE
    gone = off and (
        after.slept
        or after.state is HostState.WAKE_FAILED
        or _age(after.since, seen.now) >= LONG_OFF
    )
    match after.hold:
        case Hold.ON:
            over = before.state is HostState.WORKING and after.state is HostState.READY
            over = over or (gone and not after.wake_next)
        case Hold.BY_HAND:
            over = gone
        case Hold.OFF:
            # Not known is not empty.
            over = after.state is HostState.OFF and seen.all_backlog == 0
        case Hold.NONE:
            over = True
    return Hold.NONE if over else after.hold


def wanted(settings: PowerSettings, seen: Observation) -> bool:
    """Return whether the work that waits is reason enough to wake the host."""
    if not seen.backlog:
        return False
    return 0 < settings.wake_backlog <= seen.backlog or (
        0 < settings.wake_age <= seen.waited
    )


def back_off(settings: PowerSettings, failures: int) -> int:
    """Return how long the policy waits after so many rows that failed."""
    first = max(settings.retry_delay, settings.boot_timeout, 60_000)
    return min(first << min(failures, 20), LONGEST_BACK_OFF)


def goes_off_at(power: Power, settings: PowerSettings) -> int | None:
    """Return when an idle host would be switched off."""
    if power.state is not HostState.READY or power.idle_since is None:
        return None
    return max(power.idle_since + settings.idle_time, power.deadline or 0)


def _age(since: int | None, now: int) -> int:
    return 0 if since is None else now - since


def _over(power: Power, now: int) -> bool:
    """Return whether the deadline of a state has passed; without one it has."""
    return power.deadline is None or now >= power.deadline


def _known_for(power: Power, now: int) -> bool:
    """Return whether its deadline leaves time to find out how things stand."""
    return power.deadline is None or power.deadline >= now + KNOWN_FOR


def _limit(power: Power, settings: PowerSettings) -> int:
    """Return how long a state lasts that leads to another one."""
    match power.state:
        case HostState.BOOTING if power.tries <= settings.wake_retries:
            return settings.boot_timeout + settings.retry_delay
        case HostState.WAKING | HostState.BOOTING:
            return settings.boot_timeout
        case HostState.DRAINING:
            return DRAIN_WITHIN
        case _:
            return OFF_WITHIN


def _with_deadline(power: Power, settings: PowerSettings, seen: Observation) -> Power:
    """Put a deadline off while it is not known how things stand."""
    if power.state not in COMING | LEAVING:
        return power
    if power.deadline is None:
        return replace(power, deadline=seen.now + _limit(power, settings))
    unknown = seen.reach is Connectivity.UNKNOWN or (
        power.state is HostState.DRAINING and seen.busy is None
    )
    if unknown and not _known_for(power, seen.now):
        return replace(power, deadline=seen.now + KNOWN_FOR)
    return power


def _next(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Follow what is seen."""
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


def _asked(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Do what the user wants, where it can be done."""
    if seen.request is PowerRequest.ON:
        return _asked_on(power, settings, seen)
    if power.state in ON and not settings.can_switch_off:
        return Transition(power)
    power = replace(power, hold=Hold.OFF, trouble=None)
    match power.state:
        case HostState.OFF | HostState.WAKE_FAILED:
            return Transition(_to(replace(power, wake_next=False), HostState.OFF, seen))
        case HostState.READY | HostState.WORKING:
            return Transition(_to_drain(power, settings, seen))
        case HostState.SHUTTING_DOWN:
            return Transition(replace(power, wake_next=False))
    return Transition(power)


def _asked_on(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Switch the host on, or let it stay on."""
    off = power.state in GONE
    if off and seen.reach is not Connectivity.ONLINE and not settings.can_wake:
        return Transition(power)
    by_hand = power.hold is Hold.BY_HAND and power.state in ON
    trouble = power.trouble
    power = replace(power, hold=Hold.BY_HAND if by_hand else Hold.ON, trouble=None)
    match power.state:
        case HostState.OFF | HostState.WAKE_FAILED:
            match seen.reach:
                case Connectivity.ONLINE:
                    return _arrived(power, settings, seen)
                case Connectivity.OFFLINE:
                    return _wake(replace(power, failures=0), settings, seen)
            # An on action that toggles would switch off a host that is on.
            # Until it is known, what went wrong still stands.
            power = replace(power, wake_next=True, failures=0, trouble=trouble)
            return Transition(power)
        case HostState.DRAINING:
            return Transition(_back_on(power, settings, seen))
        case HostState.SHUTTING_DOWN:
            return Transition(replace(power, wake_next=settings.can_wake))
    return Transition(power)


def _off(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Wake the host when there is reason to, or see that somebody else did."""
    if seen.reach is Connectivity.ONLINE:
        power = replace(power, hold=_hold_of_arrival(power, seen))
        return _kept_off(_arrived(power, settings, seen), settings, seen)
    if seen.reach is Connectivity.UNKNOWN:
        return Transition(power)
    if power.since is None:
        power = replace(power, since=seen.now)
    if power.wake_next and settings.can_wake:
        return _wake(power, settings, seen)
    if (
        wanted(settings, seen)
        and seen.automatic
        and seen.may_wake is True
        and settings.can_wake
        and power.hold is not Hold.OFF
        and not seen.others.held_off
        and _over(power, seen.now)
    ):
        return _wake(power, settings, seen)
    if seen.all_backlog == 0 and _over(power, seen.now):
        return Transition(_to(power, HostState.OFF, seen))
    return Transition(power)


def _hold_of_arrival(power: Power, seen: Observation) -> Hold:
    """Return whose doing it is that a host answers which nobody here woke."""
    if seen.others.coming or seen.others.woken:
        # Another entry with the same box did, and whoever asked there came later.
        return Hold.NONE if power.hold is Hold.OFF else power.hold
    if power.since is None or power.hold is Hold.ON:
        return power.hold
    if power.slept or seen.now - power.since >= LONG_OFF:
        return Hold.BY_HAND
    # A service that restarted: all is as it was.
    return power.hold


def _wake(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Give the first signal of a row."""
    power = replace(power, tries=1, wake_next=False)
    if seen.others.coming:
        # One signal is enough: a power button pressed twice is off again.
        power = replace(power, signalled_at=seen.now)
        return Transition(_under_way(power, HostState.BOOTING, settings, seen))
    power = _under_way(power, HostState.WAKING, settings, seen)
    return Transition(power, (Command.SIGNAL,), (Notification.WAKE,))


def _coming(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Wait for the host, and give the signal again."""
    if seen.reach is Connectivity.ONLINE:
        return _kept_off(_arrived(power, settings, seen), settings, seen)
    over = seen.reach is Connectivity.OFFLINE and _over(power, seen.now)
    if power.state is HostState.WAKING:
        if seen.report is not None or over:
            power = replace(power, signalled_at=seen.now)
            power = _under_way(power, HostState.BOOTING, settings, seen)
        return Transition(power)
    if not over:
        due = _age(power.signalled_at, seen.now) >= SIGNAL_EVERY
        if due and seen.reach is Connectivity.OFFLINE and power.hold is not Hold.OFF:
            return Transition(
                replace(power, signalled_at=seen.now), (Command.SIGNAL_AGAIN,)
            )
        return Transition(power)
    if power.hold is Hold.OFF:
        return Transition(_rests(power, HostState.OFF, seen, 0))
    if seen.others.coming:
        return Transition(replace(power, deadline=seen.now + KNOWN_FOR))
    if power.tries > settings.wake_retries:
        failed = replace(
            power, failures=power.failures + 1, trouble=Trouble.WAKE_FAILED, slept=False
        )
        pause = back_off(settings, power.failures)
        failed = _rests(failed, HostState.WAKE_FAILED, seen, pause)
        return Transition(failed, notifications=(Notification.WAKE_FAILED,))
    power = replace(power, tries=power.tries + 1)
    return Transition(
        _under_way(power, HostState.WAKING, settings, seen), (Command.SIGNAL,)
    )


def _kept_off(
    done: Transition, settings: PowerSettings, seen: Observation
) -> Transition:
    """Switch a host off again that came although the user wants it off."""
    if done.power.hold is not Hold.OFF:
        return done
    if not settings.can_switch_off:
        return replace(done, power=replace(done.power, hold=Hold.NONE))
    return replace(done, power=_to_drain(done.power, settings, seen))


def _arrived(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Note that the host answers."""
    power = replace(
        power,
        tries=0,
        failures=0,
        slept=False,
        wake_next=False,
        trouble=None,
        idle_since=None,
    )
    state = HostState.WORKING if _has_work(seen) else HostState.READY
    power = _to(power, state, seen)
    power = replace(power, deadline=seen.now + settings.minimum_on)
    return Transition(power, notifications=(Notification.READY,))


def _has_work(seen: Observation) -> bool | None:
    """Return whether anybody has work for the box; None: not known."""
    if seen.any_busy or seen.all_backlog:
        return True
    return None if None in (seen.any_busy, seen.all_backlog) else False


def _on(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Follow the work, and see when there has been none for long enough."""
    if seen.reach is Connectivity.OFFLINE:
        return _went_off(power, settings, seen, told=False)
    match _has_work(seen):
        case None:
            # Time in which nobody could look is no idle time.
            return Transition(replace(power, idle_since=None))
        case True:
            power = replace(power, idle_since=None)
            return Transition(_to(power, HostState.WORKING, seen))
    if power.idle_since is None:
        power = replace(power, idle_since=seen.now)
    idle = _age(power.idle_since, seen.now)
    if power.state is HostState.WORKING:
        if idle < min(READY_AFTER, settings.idle_time):
            return Transition(power)
        # What the user asked for ends here, before the policy is asked.
        return Transition(_to(power, HostState.READY, seen))
    if (
        idle >= settings.idle_time
        and seen.automatic
        and seen.reach is Connectivity.ONLINE
        and settings.can_switch_off
        and power.hold not in KEEPING_ON
        and not _kept_on(seen)
        and not seen.others.resting
        and _over(power, seen.now)
    ):
        return Transition(_to_drain(power, settings, seen))
    return Transition(power)


def _kept_on(seen: Observation) -> bool:
    """Return whether somebody wants the box on, or might."""
    return seen.keep_on is not False or seen.others.kept_on is not False


def _draining(power: Power, settings: PowerSettings, seen: Observation) -> Transition:
    """Wait for the last jobs; then, and only then, run the off action."""
    if seen.reach is Connectivity.OFFLINE:
        return _went_off(power, settings, seen, told=power.hold is Hold.OFF)
    by_policy = power.hold is not Hold.OFF
    if by_policy and (seen.all_backlog or _kept_on(seen)):
        return Transition(_back_on(power, settings, seen))
    if seen.reach is Connectivity.UNKNOWN:
        return Transition(power)
    if not settings.can_switch_off:
        return _stays_on(power, seen, Trouble.NOT_DRAINED)
    if seen.drained and seen.busy is False and seen.others.drained:
        if seen.others.switching_off:
            return Transition(power)
        power = _under_way(power, HostState.SHUTTING_DOWN, settings, seen)
        return Transition(power, (Command.RUN_OFF,))
    if _over(power, seen.now):
        alone = seen.any_busy or not (seen.others.unknown or seen.others.busy is None)
        trouble = Trouble.NOT_DRAINED if alone else Trouble.OTHERS_UNKNOWN
        return _stays_on(power, seen, trouble)
    return Transition(power)


def _shutting_down(
    power: Power, settings: PowerSettings, seen: Observation
) -> Transition:
    """Confirm that the host went off."""
    if seen.reach is Connectivity.OFFLINE:
        return _went_off(power, settings, seen, told=True)
    late = seen.reach is Connectivity.ONLINE and _over(power, seen.now)
    if seen.report is Report.OFF_NOT_RUN or late:
        return _stays_on(power, seen, Trouble.OFF_FAILED)
    return Transition(power)


def _went_off(
    power: Power, settings: PowerSettings, seen: Observation, *, told: bool
) -> Transition:
    """Note that the host answers no more."""
    told = told or seen.others.resting or seen.others.slept
    notification = Notification.SLEEP if told else Notification.LOST
    power = replace(power, slept=told, trouble=None, idle_since=None)
    power = _rests(power, HostState.OFF, seen, settings.cool_down)
    if not power.wake_next:
        return Transition(power, notifications=(notification,))
    woken = _wake(power, settings, seen)
    return replace(woken, notifications=(notification, *woken.notifications))


def _stays_on(power: Power, seen: Observation, trouble: Trouble) -> Transition:
    """Let the host work on, as it could not be switched off."""
    notification = (
        Notification.OFF_FAILED
        if trouble is Trouble.OFF_FAILED
        else Notification.NOT_DRAINED
    )
    on = HostState.WORKING if _has_work(seen) else HostState.READY
    power = replace(
        power, hold=Hold.NONE, wake_next=False, trouble=trouble, idle_since=None
    )
    power = _rests(power, on, seen, OFF_AGAIN_AFTER)
    return Transition(power, notifications=(notification,))


def _back_on(power: Power, settings: PowerSettings, seen: Observation) -> Power:
    """Let a host that was to go off work on."""
    on = HostState.WORKING if _has_work(seen) else HostState.READY
    return _rests(replace(power, idle_since=None), on, seen, 0)


def _to_drain(power: Power, settings: PowerSettings, seen: Observation) -> Power:
    return _under_way(power, HostState.DRAINING, settings, seen)


def _under_way(
    power: Power, state: HostState, settings: PowerSettings, seen: Observation
) -> Power:
    """Begin a state that leads to another one, in time."""
    power = _to(power, state, seen)
    return replace(power, deadline=seen.now + _limit(power, settings))


def _rests(power: Power, state: HostState, seen: Observation, pause: int) -> Power:
    """Begin a state that may last; the policy acts again after a pause."""
    return replace(_to(power, state, seen), deadline=seen.now + pause)


def _to(power: Power, state: HostState, seen: Observation) -> Power:
    """Change the state; one that stays keeps its time."""
    if state is power.state:
        return power
    trouble = power.trouble
    if trouble is Trouble.WAKE_FAILED and state not in COMING | {HostState.WAKE_FAILED}:
        trouble = None
    return replace(power, state=state, since=seen.now, trouble=trouble)
