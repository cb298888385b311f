"""What is not known changes nothing; what the user said stands."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.gpu_host.machine import UnloadedHost
from custom_components.immich_admin_tools.gpu_host.models import (
    Hold,
    HostState,
    Notification,
    PowerRequest,
    Trouble,
)

from .fake_installation import POWER, QUEUES
from .test_controller import at_work, automatic
from .test_machine import PEER

HOUR = 3600
TROUBLES = {Notification.WAKE_FAILED, Notification.OFF_FAILED, Notification.NOT_DRAINED}


async def test_off_survives_a_failed_poll_and_a_small_backlog() -> None:
    """The box stays off until its backlog is seen empty."""
    installation = await at_work(200)
    await installation.host.ask(PowerRequest.OFF)
    await installation.until("off", 100)
    installation.api_answers = False
    await installation.run(30)
    installation.api_answers = True
    await installation.run(60)
    installation.waiting = {"smartSearch": 3, "ocr": 0}
    await installation.run(60)
    installation.waiting["ocr"] = 500
    await installation.run(120)
    assert (installation.state, installation.host.power.hold) == ("off", Hold.OFF)
    installation.waiting = dict.fromkeys(QUEUES, 0)
    await installation.run(10)
    installation.waiting["ocr"] = 500
    await installation.until("working", 100)


@pytest.mark.parametrize("state", ["booting", "draining", "shutting_down"])
async def test_home_assistant_was_away_for_long(state: str) -> None:
    """The first look decides: no action on a box that is on, and no false alarm."""
    installation = await automatic(has_on_action=True, packet=None)
    installation.waiting["smartSearch"] = 12
    if state == "booting":
        installation.box.boots_in = None
    await installation.until(state, 200)
    done = (installation.box.on_actions, installation.box.off_actions)
    installation.now += 3 * HOUR * 1000
    installation.wall_ahead -= HOUR * 1000
    installation.box.die()
    installation.box.on = True
    installation.active = dict.fromkeys(QUEUES, 0)
    installation.notifications.clear()
    installation.restart()
    await installation.run(1)
    await installation.run(20)
    assert (installation.box.on_actions, installation.box.off_actions - done[1]) in (
        (done[0], 0),
        # What was to be emptied is idle, and goes off as it was told.
        (done[0], int(state == "draining")),
    )
    assert TROUBLES.isdisjoint(installation.notifications)


async def test_automatic_off_leaves_a_power_off_alone() -> None:
    """What the user wants is not what the policy wants."""
    installation = await at_work(200)
    await installation.host.ask(PowerRequest.OFF)
    await installation.host.set_automatic(False)
    await installation.until("off", 60)
    assert installation.box.off_actions == 1
    installation = await at_work(12)
    await installation.until("draining", 200)
    await installation.host.set_automatic(False)
    await installation.until("off", 60)
    installation.box.on = True
    await installation.run(10)
    await installation.host.ask(PowerRequest.ON)
    await installation.host.set_automatic(True)
    await installation.host.set_automatic(False)
    assert installation.host.power.hold is Hold.BY_HAND


async def test_outage_of_the_service_is_not_by_hand() -> None:
    """After 16 s without its service, the box goes off when it is idle, as before."""
    installation = await at_work(60)
    installation.box.die()
    await installation.run(16)
    assert installation.state == "off"
    installation.box.on = True
    installation.waiting["smartSearch"] = 30
    await installation.until("working", 20)
    assert installation.host.power.hold is Hold.NONE
    await installation.until("off", 300)
    assert installation.box.off_actions == 1


async def test_on_by_hand_stands_for_a_day() -> None:
    """A box that somebody plays on is not switched off after ten photos."""
    installation = await at_work(12)
    await installation.until("off", 200)
    installation.box.on = True
    installation.waiting["ocr"] = 10
    await installation.run(600)
    assert (installation.state, installation.box.off_actions) == ("ready", 1)
    await installation.host.ask(PowerRequest.OFF)
    await installation.until("off", 100)


@pytest.mark.parametrize("keep_on", [True, None])
async def test_kept_on_by_an_entity(keep_on: bool | None) -> None:
    """While it says so, or says nothing, the policy does not switch it off."""
    installation = await at_work(12)
    installation.keep_on = keep_on
    await installation.run(300)
    assert (installation.state, installation.box.off_actions) == ("ready", 0)
    installation.keep_on = False
    await installation.until("off", 60)


async def test_gate_that_says_nothing() -> None:
    """Nothing new is begun while nobody knows."""
    installation = await automatic()
    installation.may_wake = None
    installation.waiting["ocr"] = 99
    await installation.run(120)
    assert installation.box.packets == 0
    installation.may_wake = True
    await installation.until("working", 60)


async def test_waiting_age_outlives_restarts() -> None:
    """Photos that wait wake the box although Home Assistant restarts now and then."""
    installation = await automatic(
        power=replace(POWER, wake_age=120_000, wake_backlog=0)
    )
    installation.waiting["ocr"] = 1
    for _ in range(4):
        await installation.run(20)
        installation.wall_ahead += 3
        installation.restart()
    await installation.until("working", 100)


async def test_another_immich_works_with_the_box() -> None:
    """Idle here is not idle: the box stays on until both have nothing to do."""
    installation = await at_work(12)
    installation.other_hosts = [replace(PEER, busy=True)]
    await installation.run(200)
    assert (installation.state, installation.box.off_actions) == ("working", 0)
    installation.other_hosts = [UnloadedHost("b")]
    await installation.run(200)
    assert installation.box.off_actions == 0
    installation.other_hosts = [PEER]
    await installation.until("draining", 100)
    await installation.run(60)
    assert installation.box.off_actions == 0, "its queues are not paused there"
    installation.other_hosts = [replace(PEER, drained=True)]
    await installation.until("off", 60)
    assert installation.box.off_at_work == 0


async def test_another_immich_empties_the_box() -> None:
    """This one's queues rest as well, and go on only when the box is seen on."""
    installation = await at_work(500)
    installation.other_hosts = [replace(PEER, state=HostState.DRAINING)]
    await installation.run(20)
    assert installation.paused() == set(QUEUES)
    assert installation.host.peer.drained
    burnt = installation.burnt
    installation.box.die()
    installation.other_hosts = [replace(PEER, state=HostState.OFF, slept=True)]
    await installation.run(30)
    assert (installation.burnt, installation.paused()) == (burnt, set(QUEUES))
    assert Notification.LOST not in installation.notifications


async def test_not_known_for_too_long_is_said() -> None:
    """Nothing stays paused for ever because another entry is not loaded."""
    installation = await at_work(200)
    installation.other_hosts = [UnloadedHost("b")]
    await installation.host.ask(PowerRequest.OFF)
    await installation.run(1250)
    assert installation.trouble is Trouble.OTHERS_UNKNOWN
    assert installation.paused() == set()
    assert installation.box.off_actions == 0
