"""The machine learning is restarted, and no photo is lost over it."""

import pytest

from custom_components.immich_admin_tools.gpu_host.errors import (
    NoRestartActionError,
    ServiceRestartError,
)
from custom_components.immich_admin_tools.gpu_host.restart import ServiceRestart

from .fake_world import QUEUES, FakeHostServices, World


async def working(**values: object) -> tuple[World, ServiceRestart]:
    """Return a box at work, and its restart."""
    world = World()
    world.change("box", has_restart_action=True, **values)
    world.box.on = True
    world.restart()
    world.waiting["ocr"] = 500
    await world.run(10)

    async def sleep(seconds: float) -> None:
        await world.run(round(seconds))

    house = FakeHostServices(world, "box")
    return world, ServiceRestart(world.host, house, lambda: world.now, sleep)


@pytest.mark.parametrize("hangs", [False, True])
async def test_restart(hangs: bool) -> None:
    """Its queues rest, it comes back, they go on; a job that hung is all there is to lose."""
    world, restart = await working()
    world.box.hangs = hangs
    await world.run(3)
    seconds = await restart.run()
    assert 15 < seconds < 60
    assert world.paused() == set()
    assert world.burnt <= hangs
    assert world.state == "working"
    await world.run(10)
    assert world.paused() == set()


async def test_does_not_come_back() -> None:
    """The queues stay paused, by the usual rule, until it answers."""
    world, restart = await working()
    world.box.boots_in = None
    with pytest.raises(ServiceRestartError, match="in time"):
        await restart.run()
    await world.run(20)
    assert world.paused() == set(QUEUES)
    assert world.burnt == 0
    world.box.on = True
    await world.run(20)
    assert world.paused() == set()


async def test_action_fails() -> None:
    """Nothing was done, and the queues go on."""
    world, restart = await working(ml_url="refused")
    with pytest.raises(ServiceRestartError, match="no such action"):
        await restart.run()
    assert world.paused() == set()


async def test_immich_down() -> None:
    """It is not restarted while its queues can't be paused."""
    world, restart = await working()
    world.immich.down = True
    with pytest.raises(ServiceRestartError, match="paused"):
        await restart.run()
    assert world.box.on_actions == 0


async def test_refused() -> None:
    """Without an action, or twice at once."""
    world, restart = await working()
    world.host.restarting = True
    with pytest.raises(ServiceRestartError, match="already"):
        await restart.run()
    world.change("box", has_restart_action=False)
    world.restart()
    restart = ServiceRestart(
        world.host, FakeHostServices(world, "box"), lambda: world.now
    )
    with pytest.raises(NoRestartActionError):
        await restart.run()


async def test_killed_in_the_middle() -> None:
    """After a crash the queues go on as soon as the machine learning answers."""
    world, _ = await working()
    world.host.restarting = True
    await world.host.step()
    assert world.paused() == set(QUEUES)
    world.restart()
    await world.run(10)
    assert world.paused() == set()
