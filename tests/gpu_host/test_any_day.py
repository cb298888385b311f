"""Whatever happens in a day: nothing goes off at work, nothing burns once it rests."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.immich_admin_tools.gpu_host.machine import Absent, Fellow
from custom_components.immich_admin_tools.gpu_host.models import PowerRequest

from .fake_world import POLL, POWER, PROBE, QUEUES, World
from .test_machine import PEER

HOUR = 3_600_000

SECONDS = st.integers(1, 40)


async def _nothing(world: World) -> None:
    """Let time pass."""


async def _work(world: World) -> None:
    world.waiting["smartSearch"] += 15


async def _die(world: World) -> None:
    world.box.die()


async def _come_up(world: World) -> None:
    world.box.on = True


async def _wish_on(world: World) -> None:
    await world.host.ask(PowerRequest.ON)


async def _wish_off(world: World) -> None:
    await world.host.ask(PowerRequest.OFF)


async def _manual(world: World) -> None:
    await world.host.set_automatic(not world.host.record.automatic)


async def _restart(world: World) -> None:
    world.restart()


async def _boot_fails(world: World) -> None:
    world.box.boots_in = None if world.box.boots_in else 20


async def _stays_on(world: World) -> None:
    world.box.goes_off_in = None if world.box.goes_off_in else 5


async def _hang(world: World) -> None:
    world.box.hangs = not world.box.hangs


async def _blind(world: World) -> None:
    world.api_answers = not world.api_answers


async def _clock_jumps_on(world: World) -> None:
    world.wall_ahead += 5 * HOUR


async def _clock_jumps_back(world: World) -> None:
    world.wall_ahead -= 7 * HOUR


async def _look_failed(world: World) -> None:
    """Fail one look; the next one is fine."""
    world._view = None
    await world.host.step()


async def _gate_says_nothing(world: World) -> None:
    world.may_wake = None if world.may_wake else True


async def _keep_on(world: World) -> None:
    world.keep_on = {False: True, True: None, None: False}[world.keep_on]


async def _other_immich(world: World) -> None:
    """Let the other Immich with this box begin work, end it, or go away."""
    at_rest = replace(PEER, drained=True)
    busy = replace(PEER, busy=True, backlog=3)
    stages: list[tuple[Fellow, ...]] = [(), (at_rest,), (busy,), (Absent("b"),)]
    world.fellows = stages[(stages.index(tuple(world.fellows)) + 1) % len(stages)]


async def _user_pauses(world: World) -> None:
    """Pause a queue by hand, for good."""
    if not world.immich.down:
        await world.leases.user_pauses("ocr")
        world.users.add("ocr")


async def _user_resumes(world: World) -> None:
    """Let a queue go on by hand."""
    if not world.immich.down:
        await world.leases.user_resumes("ocr")
        world.users.discard("ocr")


async def _api_down(world: World) -> None:
    world.immich.down = not world.immich.down
    world.api_answers = not world.immich.down


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


async def _live(world: World, day: list[tuple[Callable[..., object], int]]) -> None:
    """Live through a day, and look every second."""
    gone_for = 0
    for event, seconds in day:
        await event(world)  # type: ignore[misc]  # they are all coroutines
        for _ in range(seconds):
            rested = world.paused() == set(QUEUES) and not any(world.active.values())
            burnt = world.burnt
            await world.run(1)
            if rested and world.paused() == set(QUEUES):
                assert world.burnt == burnt, "burnt while it rests"
            assert world.box.off_at_work == 0
            assert world.users <= world.paused() or world.immich.down, "undone"
            gone = world.host.contact.safe is False
            answers = world.api_answers and not world.immich.down
            gone_for = gone_for + 1 if gone and answers else 0
            if gone_for > POLL + PROBE:
                held = world.host.leases.holding | world.host.leases.overruled
                assert held | world.users == set(QUEUES)


async def _day(day: list[tuple[Callable[..., object], int]]) -> None:
    """Live through a day, then let all be well: everything is as it should be."""
    world = World()
    world.change("box", power=replace(POWER, cool_down=0))
    world.restart()
    await world.host.set_automatic(True)
    await _live(world, day)
    # All is well again.
    world.api_answers, world.immich.down = True, False
    world.box.boots_in, world.box.goes_off_in, world.box.hangs = 20, 5, False
    world.may_wake, world.keep_on, world.fellows = True, False, ()
    await world.run(1300)
    assert world.state in ("off", "ready", "working", "wake_failed")
    # A box that answers: nothing of ours is left.
    world.box.on = True
    world.waiting["ocr"] += 20
    for _ in range(40):
        await world.run(1)
        if world.paused() == world.users and world.state in ("ready", "working"):
            break
    assert world.paused() == world.users, "ours is gone, the user's is left"
    assert world.box.off_at_work == 0


@given(days)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_day(day: list[tuple[Callable[..., object], int]]) -> None:
    """No day leaves a pause of ours behind, and none switches a working box off."""
    asyncio.run(_day(day))
