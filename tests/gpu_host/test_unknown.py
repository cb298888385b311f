"""What is not known changes nothing; what the user said stands."""

from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.gpu_host.machine import Absent
from custom_components.immich_admin_tools.gpu_host.models import (
    Hold,
    HostState,
    Notification,
    PowerRequest,
    Trouble,
)

from .fake_world import POWER, QUEUES
from .test_controller import at_work, automatic
from .test_machine import PEER

HOUR = 3600
TROUBLES = {Notification.WAKE_FAILED, Notification.OFF_FAILED, Notification.NOT_DRAINED}


async def test_off_survives_a_failed_poll_and_a_small_backlog() -> None:
    """The box stays off until its backlog is seen empty."""
    world = await at_work(200)
    await world.host.ask(PowerRequest.OFF)
    await world.until("off", 100)
    world.api_answers = False
    await world.run(30)
    world.api_answers = True
    await world.run(60)
    world.waiting = {"smartSearch": 3, "ocr": 0}
    await world.run(60)
    world.waiting["ocr"] = 500
    await world.run(120)
    assert (world.state, world.host.power.hold) == ("off", Hold.OFF)
    world.waiting = dict.fromkeys(QUEUES, 0)
    await world.run(10)
    world.waiting["ocr"] = 500
    await world.until("working", 100)


@pytest.mark.parametrize("state", ["booting", "draining", "shutting_down"])
async def test_home_assistant_was_away_for_long(state: str) -> None:
    """The first look decides: no action on a box that is on, and no false alarm."""
    world = await automatic(has_on_action=True, packet=None)
    world.waiting["smartSearch"] = 12
    if state == "booting":
        world.box.boots_in = None
    await world.until(state, 200)
    done = (world.box.on_actions, world.box.off_actions)
    world.now += 3 * HOUR * 1000
    world.wall_ahead -= HOUR * 1000
    world.box.die()
    world.box.on = True
    world.active = dict.fromkeys(QUEUES, 0)
    world.news.clear()
    world.restart()
    await world.run(1)
    await world.run(20)
    assert (world.box.on_actions, world.box.off_actions - done[1]) in (
        (done[0], 0),
        # What was to be emptied is idle, and goes off as it was told.
        (done[0], int(state == "draining")),
    )
    assert TROUBLES.isdisjoint(world.news)


async def test_automatic_off_leaves_a_power_off_alone() -> None:
    """What the user wants is not what the policy wants."""
    world = await at_work(200)
    await world.host.ask(PowerRequest.OFF)
    await world.host.set_automatic(False)
    await world.until("off", 60)
    assert world.box.off_actions == 1
    world = await at_work(12)
    await world.until("draining", 200)
    await world.host.set_automatic(False)
    await world.until("off", 60)
    world.box.on = True
    await world.run(10)
    await world.host.ask(PowerRequest.ON)
    await world.host.set_automatic(True)
    await world.host.set_automatic(False)
    assert world.host.power.hold is Hold.BY_HAND


async def test_outage_of_the_service_is_not_by_hand() -> None:
    """After 16 s without its service, the box goes off when it is idle, as before."""
    world = await at_work(60)
    world.box.die()
    await world.run(16)
    assert world.state == "off"
    world.box.on = True
    world.waiting["smartSearch"] = 30
    await world.until("working", 20)
    assert world.host.power.hold is Hold.NONE
    await world.until("off", 300)
    assert world.box.off_actions == 1


async def test_on_by_hand_stands_for_a_day() -> None:
    """A box that somebody plays on is not switched off after ten photos."""
    world = await at_work(12)
    await world.until("off", 200)
    world.box.on = True
    world.waiting["ocr"] = 10
    await world.run(600)
    assert (world.state, world.box.off_actions) == ("ready", 1)
    await world.host.ask(PowerRequest.OFF)
    await world.until("off", 100)


@pytest.mark.parametrize("keep_on", [True, None])
async def test_kept_on_by_an_entity(keep_on: bool | None) -> None:
    """While it says so, or says nothing, the policy does not switch it off."""
    world = await at_work(12)
    world.keep_on = keep_on
    await world.run(300)
    assert (world.state, world.box.off_actions) == ("ready", 0)
    world.keep_on = False
    await world.until("off", 60)


async def test_gate_that_says_nothing() -> None:
    """Nothing new is begun while nobody knows."""
    world = await automatic()
    world.may_wake = None
    world.waiting["ocr"] = 99
    await world.run(120)
    assert world.box.packets == 0
    world.may_wake = True
    await world.until("working", 60)


async def test_waiting_age_outlives_restarts() -> None:
    """Photos that wait wake the box although Home Assistant restarts now and then."""
    world = await automatic(power=replace(POWER, wake_age=120_000, wake_backlog=0))
    world.waiting["ocr"] = 1
    for _ in range(4):
        await world.run(20)
        world.wall_ahead += 3
        world.restart()
    await world.until("working", 100)


async def test_another_immich_works_with_the_box() -> None:
    """Idle here is not idle: the box stays on until both have nothing to do."""
    world = await at_work(12)
    world.fellows = [replace(PEER, busy=True)]
    await world.run(200)
    assert (world.state, world.box.off_actions) == ("working", 0)
    world.fellows = [Absent("b")]
    await world.run(200)
    assert world.box.off_actions == 0
    world.fellows = [PEER]
    await world.until("draining", 100)
    await world.run(60)
    assert world.box.off_actions == 0, "its queues are not paused there"
    world.fellows = [replace(PEER, drained=True)]
    await world.until("off", 60)
    assert world.box.off_at_work == 0


async def test_another_immich_empties_the_box() -> None:
    """This one's queues rest as well, and go on only when the box is seen on."""
    world = await at_work(500)
    world.fellows = [replace(PEER, state=HostState.DRAINING)]
    await world.run(20)
    assert world.paused() == set(QUEUES)
    assert world.host.peer.drained
    burnt = world.burnt
    world.box.die()
    world.fellows = [replace(PEER, state=HostState.OFF, slept=True)]
    await world.run(30)
    assert (world.burnt, world.paused()) == (burnt, set(QUEUES))
    assert Notification.LOST not in world.news


async def test_not_known_for_too_long_is_said() -> None:
    """Nothing stays paused for ever because another entry is not loaded."""
    world = await at_work(200)
    world.fellows = [Absent("b")]
    await world.host.ask(PowerRequest.OFF)
    await world.run(1250)
    assert world.trouble is Trouble.OTHERS_UNKNOWN
    assert world.paused() == set()
    assert world.box.off_actions == 0
