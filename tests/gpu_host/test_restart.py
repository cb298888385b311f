"""The machine learning is restarted, and no photo is lost over it."""

import pytest

from custom_components.immich_admin_tools.gpu_host.errors import (
    NoRestartActionError,
    ServiceRestartError,
)
from custom_components.immich_admin_tools.gpu_host.restart import ServiceRestart

from .fake_installation import QUEUES, FakeHostServices, FakeInstallation


async def working(**values: object) -> tuple[FakeInstallation, ServiceRestart]:
    """Return a box at work, and its restart."""
    installation = FakeInstallation()
    installation.change("box", has_restart_action=True, **values)
    installation.box.on = True
    installation.restart()
    installation.waiting["ocr"] = 500
    await installation.run(10)

    async def sleep(seconds: float) -> None:
        await installation.run(round(seconds))

    services = FakeHostServices(installation, "box")
    return installation, ServiceRestart(
        installation.host, services, lambda: installation.now, sleep
    )


@pytest.mark.parametrize("hangs", [False, True])
async def test_restart(hangs: bool) -> None:
    """Its queues rest, it comes back, they go on; a job that hung is all there is to lose."""
    installation, restart = await working()
    installation.box.hangs = hangs
    await installation.run(3)
    seconds = await restart.run()
    assert 15 < seconds < 60
    assert installation.paused() == set()
    assert installation.burnt <= hangs
    assert installation.state == "working"
    await installation.run(10)
    assert installation.paused() == set()


async def test_does_not_come_back() -> None:
    """The queues stay paused, by the usual rule, until it answers."""
    installation, restart = await working()
    installation.box.boots_in = None
    with pytest.raises(ServiceRestartError, match="in time"):
        await restart.run()
    await installation.run(20)
    assert installation.paused() == set(QUEUES)
    assert installation.burnt == 0
    installation.box.on = True
    await installation.run(20)
    assert installation.paused() == set()


async def test_action_fails() -> None:
    """Nothing was done, and the queues go on."""
    installation, restart = await working(ml_url="refused")
    with pytest.raises(ServiceRestartError, match="no such action"):
        await restart.run()
    assert installation.paused() == set()


async def test_immich_down() -> None:
    """It is not restarted while its queues can't be paused."""
    installation, restart = await working()
    installation.immich.down = True
    with pytest.raises(ServiceRestartError, match="paused"):
        await restart.run()
    assert installation.box.on_actions == 0


async def test_refused() -> None:
    """Without an action, or twice at once."""
    installation, restart = await working()
    installation.host.restarting = True
    with pytest.raises(ServiceRestartError, match="already"):
        await restart.run()
    installation.change("box", has_restart_action=False)
    installation.restart()
    restart = ServiceRestart(
        installation.host,
        FakeHostServices(installation, "box"),
        lambda: installation.now,
    )
    with pytest.raises(NoRestartActionError):
        await restart.run()


async def test_killed_in_the_middle() -> None:
    """After a crash the queues go on as soon as the machine learning answers."""
    installation, _ = await working()
    installation.host.restarting = True
    await installation.host.step()
    assert installation.paused() == set(QUEUES)
    installation.restart()
    await installation.run(10)
    assert installation.paused() == set()
