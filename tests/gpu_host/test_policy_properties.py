"""What holds whatever happens: nothing is lost, nothing hangs, nothing goes off at work."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st

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
    Observation,
    Others,
    Power,
    PowerRequest,
    PowerSettings,
    Report,
    Trouble,
)
from custom_components.immich_admin_tools.gpu_host.policy import (
    DRAIN_WITHIN,
    KNOWN_FOR,
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
def seen_things(draw: st.DrawFn) -> Observation:
    """Return anything that can be seen; `now` is the time since the last step."""
    busy = draw(st.sampled_from([None, False, True]))
    maybe = st.sampled_from([None, False, True])
    others = st.builds(
        Others,
        busy=maybe,
        backlog=st.sampled_from([None, 0, 3]),
        drained=st.booleans(),
        resting=st.booleans(),
        switching_off=st.booleans(),
        coming=st.booleans(),
        woken=st.booleans(),
        slept=st.booleans(),
        kept_on=maybe,
        held_off=st.booleans(),
        unknown=st.booleans(),
    )
    return Observation(
        now=draw(st.integers(0, 7_200_000)),
        reach=draw(st.sampled_from(Connectivity)),
        automatic=draw(st.booleans()),
        may_wake=draw(maybe),
        keep_on=draw(maybe),
        backlog=draw(st.none() | st.integers(0, 5)),
        waited=draw(durations),
        busy=busy,
        drained=busy is False and draw(st.booleans()),
        request=draw(st.sampled_from([None, None, None, *PowerRequest])),
        report=draw(st.sampled_from([None, *Report])),
        others=draw(st.just(Others()) | others),
    )


sequences = st.lists(seen_things(), max_size=40)


def after(chosen: PowerSettings, sequence: list[Observation]) -> tuple[Power, int]:
    """Return where a sequence leads, and when."""
    power, now = Power(), 1_000_000
    for seen in sequence:
        now += seen.now
        power = step(power, chosen, replace(seen, now=now)).power
    return power, now


@given(power_settings, sequences)
def test_never_off_at_work(chosen: PowerSettings, sequence: list[Observation]) -> None:
    """The off action comes only when all is paused, finished and unlocked."""
    power, now = Power(), 1_000_000
    for seen in sequence:
        now += seen.now
        done = step(power, chosen, replace(seen, now=now))
        if Command.RUN_OFF in done.effects:
            assert power.state is HostState.DRAINING
            assert seen.drained
            assert seen.busy is False
            assert seen.reach is Connectivity.ONLINE
            assert seen.others.drained
            assert not seen.others.switching_off
            by_user = power.hold is Hold.OFF
            assert by_user or (seen.keep_on is False and seen.others.kept_on is False)
            assert chosen.can_switch_off
        if Command.SIGNAL in done.effects:
            assert chosen.can_wake
            assert seen.reach is Connectivity.OFFLINE, (
                "it may be on, and the action a toggle"
            )
            assert done.power.state is HostState.WAKING
        power = done.power


@given(power_settings, sequences, st.integers(1, 5))
def test_not_knowing_changes_nothing(
    chosen: PowerSettings, sequence: list[Observation], hours: int
) -> None:
    """However long nobody can look: no state ends, no hold, and nothing is told."""
    power, now = after(chosen, sequence)
    dark = Observation(
        now=now,
        reach=Connectivity.UNKNOWN,
        automatic=True,
        may_wake=None,
        keep_on=None,
        backlog=None,
        busy=None,
        others=Others(busy=None, backlog=None, drained=False, kept_on=None),
    )
    for part in range(hours * 4):
        done = step(power, chosen, replace(dark, now=now + part * 900_000))
        assert (done.effects, done.notifications) == ((), ())
        assert (done.power.state, done.power.hold) == (power.state, power.hold)
        power = done.power


@given(power_settings, sequences)
def test_the_user_is_obeyed(chosen: PowerSettings, sequence: list[Observation]) -> None:
    """Off means off until the backlog is known to be empty, whatever is seen."""
    power, now = after(chosen, sequence)
    for seen in sequence:
        now += seen.now
        done = step(power, chosen, replace(seen, now=now))
        off = power.hold is Hold.OFF and seen.request is None
        if off and power.state is HostState.OFF and Command.SIGNAL in done.effects:
            raise AssertionError("woken although the user wants it off")
        if off and done.power.hold is Hold.NONE and done.power.state is HostState.OFF:
            assert seen.all_backlog == 0
        power = done.power


@given(power_settings, sequences)
def test_trouble_is_of_its_state(
    chosen: PowerSettings, sequence: list[Observation]
) -> None:
    """No issue outlives what it is about."""
    power, now = Power(), 1_000_000
    for seen in sequence:
        now += seen.now
        power = step(power, chosen, replace(seen, now=now)).power
        failed = power.state in COMING | {HostState.WAKE_FAILED}
        if power.trouble is Trouble.WAKE_FAILED:
            assert failed
        elif power.trouble is not None:
            assert power.state in ON | LEAVING
        if power.state is HostState.WAKE_FAILED:
            assert power.trouble is Trouble.WAKE_FAILED


@given(power_settings, sequences)
def test_the_policy_asks_first(
    chosen: PowerSettings, sequence: list[Observation]
) -> None:
    """Without the policy and without the user nothing is woken or emptied."""
    power, now = Power(), 1_000_000
    for seen in sequence:
        now += seen.now
        quiet = replace(seen, now=now, automatic=False, request=None)
        done = step(power, chosen, quiet)
        assert done.effects == ()
        assert done.power.state in ON | {HostState.OFF}
        power = done.power


@given(
    power_settings,
    sequences,
    st.sampled_from([Connectivity.ONLINE, Connectivity.OFFLINE]),
)
def test_never_stuck(
    chosen: PowerSettings, sequence: list[Observation], reach: Connectivity
) -> None:
    """Left alone it comes to rest: on when it answers, off or failed when it doesn't."""
    power, now = after(chosen, sequence)
    tries = chosen.wake_retries + 1
    limit = (
        now
        + KNOWN_FOR
        + (2 * chosen.boot_timeout + chosen.retry_delay) * tries
        + DRAIN_WITHIN
        + OFF_WITHIN
    )
    seen = Observation(now=now, reach=reach, busy=False)
    while now <= limit + 60_000 * tries:
        now += 60_000
        power = step(power, chosen, replace(seen, now=now)).power
    assert power.state not in LEAVING | COMING
    assert (power.state in ON) is (reach is Connectivity.ONLINE)


@given(power_settings, sequences)
def test_work_wakes_it_in_the_end(
    chosen: PowerSettings, sequence: list[Observation]
) -> None:
    """Whatever happened before, work that waits long enough wakes the host again."""
    power, now = after(chosen, sequence)
    chosen = replace(chosen, can_wake=True, wake_backlog=1)
    idle = Observation(now=now, reach=Connectivity.OFFLINE, automatic=True, busy=False)
    late = DRAIN_WITHIN + OFF_WITHIN + 9 * 3_600_000 + chosen.cool_down
    for part in range(1, 400):
        power = step(power, chosen, replace(idle, now=now + late * part // 400)).power
    now += late + LONGEST_BACK_OFF + chosen.cool_down
    waits = replace(idle, now=now, backlog=1)
    assert step(power, chosen, waits).effects == (Command.SIGNAL,)


@given(power_settings, sequences)
def test_no_wake_storm(chosen: PowerSettings, sequence: list[Observation]) -> None:
    """Restarts of Home Assistant at any time add no signal."""
    power, now = after(chosen, sequence)
    clocks = Clocks(lambda: now, lambda: 1_795_163_400_000)
    again = restored(Power.from_dict(power.to_dict(clocks), clocks), now)
    dark = Observation(now=now, reach=Connectivity.UNKNOWN, automatic=True, backlog=5)
    assert step(again, chosen, dark).effects == ()


@given(power_settings, sequences)
@settings(max_examples=50, deadline=None)
def test_few_signals(chosen: PowerSettings, sequence: list[Observation]) -> None:
    """A host that never answers gets fewer and fewer rows of signals."""
    chosen = replace(chosen, can_wake=True, wake_backlog=1, boot_timeout=60_000)
    power, now = after(chosen, sequence)
    seen = Observation(
        now=now, reach=Connectivity.OFFLINE, automatic=True, backlog=5, busy=False
    )
    signals = 0
    day = 24 * 60
    for minute in range(day):
        at = now + minute * 60_000
        report = Report.SIGNALLED if power.state is HostState.WAKING else None
        done = step(power, chosen, replace(seen, now=at, report=report))
        signals += done.effects.count(Command.SIGNAL)
        power = done.power
    assert signals <= (chosen.wake_retries + 1) * 14
