"""What holds whatever happens: nothing is lost, nothing hangs, nothing goes off at work."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from custom_components.immich_admin_tools.gpu_host.models import (
    COMING,
    LEAVING,
    ON,
    Effect,
    HostState,
    Power,
    PowerSettings,
    Reach,
    Report,
    Seen,
    Wish,
)
from custom_components.immich_admin_tools.gpu_host.policy import (
    DRAIN_WITHIN,
    LONGEST_BACK_OFF,
    OFF_WITHIN,
    restored,
    step,
)

durations = st.integers(0, 3_600_000)
power_settings = st.builds(
    PowerSettings,
    can_wake=st.booleans(),
    can_switch_off=st.booleans(),
    wake_backlog=st.integers(0, 5),
    wake_age=durations,
    boot_timeout=st.integers(1000, 3_600_000),
    wake_retries=st.integers(0, 3),
    retry_delay=durations,
    idle_time=durations,
    minimum_on=durations,
    cool_down=durations,
)


@st.composite
def seen_things(draw: st.DrawFn) -> Seen:
    """Return anything that can be seen; `now` is the time since the last step."""
    busy = draw(st.sampled_from([None, False, True]))
    return Seen(
        now=draw(st.integers(0, 7_200_000)),
        reach=draw(st.sampled_from(Reach)),
        automatic=draw(st.booleans()),
        may_wake=draw(st.booleans()),
        backlog=draw(st.integers(0, 5)),
        waited=draw(durations),
        busy=busy,
        drained=busy is False and draw(st.booleans()),
        wish=draw(st.sampled_from([None, None, None, *Wish])),
        report=draw(st.sampled_from([None, *Report])),
    )


sequences = st.lists(seen_things(), max_size=40)


def after(chosen: PowerSettings, sequence: list[Seen]) -> tuple[Power, int]:
    """Return where a sequence leads, and when."""
    power, now = Power(), 1_000_000
    for seen in sequence:
        now += seen.now
        power = step(power, chosen, replace(seen, now=now)).power
    return power, now


@given(power_settings, sequences)
def test_never_off_at_work(chosen: PowerSettings, sequence: list[Seen]) -> None:
    """The off action comes only when all is paused, finished and unlocked."""
    power, now = Power(), 1_000_000
    for seen in sequence:
        now += seen.now
        done = step(power, chosen, replace(seen, now=now))
        if Effect.RUN_OFF in done.effects:
            assert power.state is HostState.DRAINING
            assert seen.drained
            assert seen.busy is False
            assert seen.reach is not Reach.OFFLINE
            assert chosen.can_switch_off
        if Effect.SIGNAL in done.effects:
            assert chosen.can_wake
            assert done.power.state is HostState.WAKING
        power = done.power


@given(power_settings, sequences)
def test_the_policy_asks_first(chosen: PowerSettings, sequence: list[Seen]) -> None:
    """Without the policy and without the user nothing is woken or emptied."""
    power, now = Power(), 1_000_000
    for seen in sequence:
        now += seen.now
        quiet = replace(seen, now=now, automatic=False, wish=None)
        done = step(power, chosen, quiet)
        assert done.effects == ()
        assert done.power.state in ON | {HostState.OFF}
        power = done.power


@given(power_settings, sequences, st.sampled_from([Reach.ONLINE, Reach.OFFLINE]))
def test_never_stuck(chosen: PowerSettings, sequence: list[Seen], reach: Reach) -> None:
    """Left alone it comes to rest: on when it answers, off or failed when it doesn't."""
    power, now = after(chosen, sequence)
    tries = chosen.wake_retries + 1
    limit = (
        now
        + (2 * chosen.boot_timeout + chosen.retry_delay) * tries
        + DRAIN_WITHIN
        + OFF_WITHIN
    )
    seen = Seen(now=now, reach=reach, busy=False)
    while now <= limit + 60_000 * tries:
        now += 60_000
        power = step(power, chosen, replace(seen, now=now)).power
    assert power.state not in LEAVING | COMING
    assert (power.state in ON) is (reach is Reach.ONLINE)


@given(power_settings, sequences)
def test_work_wakes_it_in_the_end(chosen: PowerSettings, sequence: list[Seen]) -> None:
    """Whatever happened before, work that waits long enough wakes the host again."""
    power, now = after(chosen, sequence)
    chosen = replace(chosen, can_wake=True, wake_backlog=1)
    idle = Seen(now=now, reach=Reach.OFFLINE, automatic=True, busy=False)
    late = DRAIN_WITHIN + OFF_WITHIN + 9 * 3_600_000 + chosen.cool_down
    for part in range(1, 400):
        power = step(power, chosen, replace(idle, now=now + late * part // 400)).power
    now += late + LONGEST_BACK_OFF + chosen.cool_down
    waits = replace(idle, now=now, backlog=1)
    assert step(power, chosen, waits).effects == (Effect.SIGNAL,)


@given(power_settings, sequences)
def test_no_wake_storm(chosen: PowerSettings, sequence: list[Seen]) -> None:
    """Restarts of Home Assistant at any time add no signal."""
    power, now = after(chosen, sequence)
    again = restored(Power.from_dict(power.to_dict()), now)
    dark = Seen(now=now, reach=Reach.UNKNOWN, automatic=True, backlog=5)
    assert step(again, chosen, dark).effects in ((), (Effect.SIGNAL_AGAIN,)) or (
        power.state is HostState.BOOTING
    )
    if power.state in (HostState.WAKING, HostState.OFF, HostState.WAKE_FAILED):
        assert step(again, chosen, dark).effects == ()


@given(power_settings, sequences)
@settings(max_examples=50, deadline=None)
def test_few_signals(chosen: PowerSettings, sequence: list[Seen]) -> None:
    """A host that never answers gets fewer and fewer rows of signals."""
    chosen = replace(chosen, can_wake=True, wake_backlog=1, boot_timeout=60_000)
    power, now = after(chosen, sequence)
    seen = Seen(now=now, reach=Reach.OFFLINE, automatic=True, backlog=5, busy=False)
    signals = 0
    day = 24 * 60
    for minute in range(day):
        at = now + minute * 60_000
        report = Report.SIGNALLED if power.state is HostState.WAKING else None
        done = step(power, chosen, replace(seen, now=at, report=report))
        signals += done.effects.count(Effect.SIGNAL)
        power = done.power
    assert signals <= (chosen.wake_retries + 1) * 14
