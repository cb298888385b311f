"""Whatever happens in a day: nothing goes off at work, nothing burns once it rests."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.immich_admin_tools.gpu_host.machine import (
    OtherHost,
    UnloadedHost,
)
from custom_components.immich_admin_tools.gpu_host.models import PowerRequest

from .fake_installation import POLL, POWER, PROBE, QUEUES, FakeInstallation
from .test_machine import PEER

HOUR = 3_600_000

SECONDS = st.integers(1, 40)


async def _nothing(installation: FakeInstallation) -> None:
    """Let time pass."""


async def _work(installation: FakeInstallation) -> None:
    installation.waiting["smartSearch"] += 15


async def _die(installation: FakeInstallation) -> None:
    installation.box.die()


async def _come_up(installation: FakeInstallation) -> None:
    installation.box.on = True


async def _wish_on(installation: FakeInstallation) -> None:
    await installation.host.ask(PowerRequest.ON)


async def _wish_off(installation: FakeInstallation) -> None:
    await installation.host.ask(PowerRequest.OFF)


async def _manual(installation: FakeInstallation) -> None:
    await installation.host.set_automatic(not installation.host.record.automatic)


async def _restart(installation: FakeInstallation) -> None:
    installation.restart()


async def _boot_fails(installation: FakeInstallation) -> None:
    installation.box.boots_in = None if installation.box.boots_in else 20


async def _stays_on(installation: FakeInstallation) -> None:
    installation.box.goes_off_in = None if installation.box.goes_off_in else 5


async def _hang(installation: FakeInstallation) -> None:
    installation.box.hangs = not installation.box.hangs


async def _blind(installation: FakeInstallation) -> None:
    installation.api_answers = not installation.api_answers


async def _clock_jumps_on(installation: FakeInstallation) -> None:
    installation.wall_ahead += 5 * HOUR


async def _clock_jumps_back(installation: FakeInstallation) -> None:
    installation.wall_ahead -= 7 * HOUR


async def _look_failed(installation: FakeInstallation) -> None:
    """Fail one look; the next one is fine."""
    installation._view = None
    await installation.host.step()


async def _gate_says_nothing(installation: FakeInstallation) -> None:
    installation.may_wake = None if installation.may_wake else True


async def _keep_on(installation: FakeInstallation) -> None:
    installation.keep_on = {False: True, True: None, None: False}[installation.keep_on]


async def _other_immich(installation: FakeInstallation) -> None:
    """Let the other Immich with this box begin work, end it, or go away."""
    at_rest = replace(PEER, drained=True)
    busy = replace(PEER, busy=True, backlog=3)
    stages: list[tuple[OtherHost, ...]] = [
        (),
        (at_rest,),
        (busy,),
        (UnloadedHost("b"),),
    ]
    installation.other_hosts = stages[
        (stages.index(tuple(installation.other_hosts)) + 1) % len(stages)
    ]


async def _user_pauses(installation: FakeInstallation) -> None:
    """Pause a queue by hand, for good."""
    if not installation.immich.down:
        await installation.leases.user_pauses("ocr")
        installation.users.add("ocr")


async def _user_resumes(installation: FakeInstallation) -> None:
    """Let a queue go on by hand."""
    if not installation.immich.down:
        await installation.leases.user_resumes("ocr")
        installation.users.discard("ocr")


async def _api_down(installation: FakeInstallation) -> None:
    installation.immich.down = not installation.immich.down
    installation.api_answers = not installation.immich.down


EVENTS = (
    _nothing,
    _work,
    _die,
    _come_up,
    _wish_on,
    _wish_off,
    _manual,
    _restart,
    _boot_fails,
    _stays_on,
    _hang,
    _blind,
    _api_down,
    _clock_jumps_on,
    _clock_jumps_back,
    _look_failed,
    _gate_says_nothing,
    _keep_on,
    _other_immich,
    _user_pauses,
    _user_resumes,
)
days = st.lists(st.tuples(st.sampled_from(EVENTS), SECONDS), max_size=25)


async def _live(
    installation: FakeInstallation, day: list[tuple[Callable[..., object], int]]
) -> None:
    """Live through a day, and look every second."""
    gone_for = 0
    for event, seconds in day:
        await event(installation)  # type: ignore[misc]  # they are all coroutines
        for _ in range(seconds):
            rested = installation.paused() == set(QUEUES) and not any(
                installation.active.values()
            )
            burnt = installation.burnt
            await installation.run(1)
            if rested and installation.paused() == set(QUEUES):
                assert installation.burnt == burnt, "burnt while it rests"
            assert installation.box.off_at_work == 0
            assert (
                installation.users <= installation.paused() or installation.immich.down
            ), "undone"
            gone = installation.host.contact.safe is False
            answers = installation.api_answers and not installation.immich.down
            gone_for = gone_for + 1 if gone and answers else 0
            if gone_for > POLL + PROBE:
                held = (
                    installation.host.leases.holding
                    | installation.host.leases.overruled
                )
                assert held | installation.users == set(QUEUES)


async def _day(day: list[tuple[Callable[..., object], int]]) -> None:
    """Live through a day, then let all be well: everything is as it should be."""
    installation = FakeInstallation()
    installation.change("box", power=replace(POWER, cool_down=0))
    installation.restart()
    await installation.host.set_automatic(True)
    await _live(installation, day)
    # All is well again.
    installation.api_answers, installation.immich.down = True, False
    installation.box.boots_in, installation.box.goes_off_in, installation.box.hangs = (
        20,
        5,
        False,
    )
    installation.may_wake, installation.keep_on, installation.other_hosts = (
        True,
        False,
        (),
    )
    await installation.run(1300)
    assert installation.state in ("off", "ready", "working", "wake_failed")
    # A box that answers: nothing of ours is left.
    installation.box.on = True
    installation.waiting["ocr"] += 20
    for _ in range(40):
        await installation.run(1)
        if installation.paused() == installation.users and installation.state in (
            "ready",
            "working",
        ):
            break
    assert installation.paused() == installation.users, (
        "ours is gone, the user's is left"
    )
    assert installation.box.off_at_work == 0


@given(days)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_day(day: list[tuple[Callable[..., object], int]]) -> None:
    """No day leaves a pause of ours behind, and none switches a working box off."""
    asyncio.run(_day(day))
