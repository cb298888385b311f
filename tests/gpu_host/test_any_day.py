"""Whatever happens in a day: nothing goes off at work, nothing burns once it rests."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.immich_admin_tools.gpu_host.models import Wish

from .made_world import POLL, POWER, PROBE, QUEUES, World

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
    await world.host.ask(Wish.ON)


async def _wish_off(world: World) -> None:
    await world.host.ask(Wish.OFF)


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
            gone = world.host.contact.safe is False
            answers = world.api_answers and not world.immich.down
            gone_for = gone_for + 1 if gone and answers else 0
            if gone_for > POLL + PROBE:
                held = world.host.leases.holding | world.host.leases.overruled
                assert held == set(QUEUES)


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
    await world.run(1300)
    assert world.state in ("off", "ready", "working", "wake_failed")
    # A box that answers: nothing of ours is left.
    world.box.on = True
    world.waiting["ocr"] += 20
    for _ in range(40):
        await world.run(1)
        if world.host.power.state in ("ready", "working") and not world.paused():
            break
    assert world.paused() == set()
    assert world.box.off_at_work == 0


@given(days)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_day(day: list[tuple[Callable[..., object], int]]) -> None:
    """No day leaves a pause of ours behind, and none switches a working box off."""
    asyncio.run(_day(day))
