"""Days in the life of a GPU box, with everything that goes wrong in them."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from custom_components.immich_admin_tools.analysis.skipped import Answer
from custom_components.immich_admin_tools.gpu_host import controller
from custom_components.immich_admin_tools.gpu_host.errors import (
    NoOffActionError,
    NoWakeMethodError,
)
from custom_components.immich_admin_tools.gpu_host.models import (
    Notification,
    PowerRequest,
)
from custom_components.immich_admin_tools.gpu_host.probe import Probe
from custom_components.immich_admin_tools.healing.errors import NotStoredError

from .fake_world import POWER, QUEUES, FakeBox, World


async def automatic(**values: object) -> World:
    """Return a world whose policy acts, with a box that is off."""
    world = World()
    world.change("box", **values)
    world.restart()
    world.poll()
    await world.host.set_automatic(True)
    # It is known to be off only after some probes.
    await world.run(15)
    return world


async def at_work(jobs: int = 40, **values: object) -> World:
    """Return a world whose box works."""
    world = await automatic(**values)
    world.waiting["smartSearch"] = jobs
    await world.until("working")
    return world


async def test_cold_start() -> None:
    """A backlog that was there before wakes the box; all of it is done."""
    world = await automatic()
    assert world.paused() == set(QUEUES)
    world.waiting["smartSearch"] = 30
    await world.until("off", 1)
    await world.until("working", 60)
    assert world.paused() == set()
    await world.until("off", 200)
    assert (world.done, world.burnt, world.box.off_at_work) == (30, 0, 0)
    assert world.box.off_actions == 1
    assert world.news == [Notification.WAKE, Notification.READY, Notification.SLEEP]


async def test_too_little_to_wake_up_for() -> None:
    """Below the threshold the work waits; outside of the hours too."""
    world = await automatic()
    world.waiting["ocr"] = 9
    await world.run(60)
    world.may_wake = False
    world.waiting["ocr"] = 99
    await world.run(60)
    assert (world.state, world.box.packets) == ("off", 0)
    world.may_wake = True
    await world.until("working")


async def test_waited_long_enough() -> None:
    """A single photo that has waited long enough wakes the box."""
    world = await automatic(power=replace(POWER, wake_age=120_000, wake_backlog=0))
    world.waiting["ocr"] = 1
    await world.run(100)
    assert world.state == "off"
    await world.until("working", 60)


async def test_dies_at_work() -> None:
    """The box loses power: nothing burns after the pause, and it goes on later."""
    world = await at_work(1500)
    await world.run(10)
    world.box.die()
    await world.run(2)
    burnt = world.burnt
    assert world.paused() == set(QUEUES)
    await world.until("working", 200)
    await world.run(10)
    assert world.burnt == burnt
    assert Notification.LOST in world.news


async def test_flapping_ping() -> None:
    """A ping that flaps pauses and resumes, and wakes nobody."""
    world = await at_work(50_000)
    packets = world.box.packets
    for _ in range(15):
        world.box.on = not world.box.on
        await world.run(3)
    world.box.on = True
    await world.run(20)
    assert world.state == "working"
    assert world.paused() == set()
    assert world.box.packets == packets
    assert Notification.LOST not in world.news


async def test_never_wakes_up() -> None:
    """It is told some times, then less and less often; the queues stay paused."""
    world = await automatic()
    world.box.boots_in = None
    world.waiting["smartSearch"] = 99
    await world.until("wake_failed", 300)
    assert world.news == [Notification.WAKE, Notification.WAKE_FAILED]
    assert (world.burnt, world.paused()) == (0, set(QUEUES))
    packets = world.box.packets
    await world.run(50)
    assert world.box.packets == packets
    world.box.boots_in = 20
    await world.until("working", 200)
    assert world.burnt == 0


async def test_unreachable_broadcast() -> None:
    """A packet that can't be sent is a try that failed."""
    world = await automatic()
    world.packets_fail = True
    world.waiting["smartSearch"] = 99
    await world.until("wake_failed", 300)


@pytest.mark.parametrize(
    "state",
    ["off", "waking", "booting", "ready", "working", "draining", "shutting_down"],
)
async def test_restart_in_each_state(state: str) -> None:
    """Home Assistant is killed in any state: nothing burns, nothing is done twice."""
    world = await automatic(has_on_action=True, packet=None)
    world.waiting["smartSearch"] = 30
    # A state that no second begins in is reached in the middle of a step.
    while world.state != state:
        await world.run(1)
        if state == "waking" and world.state == "booting":
            break
    world.restart()
    await world.run(3)
    assert world.box.on_actions == (0 if state == "off" else 1) or state == "off"
    await world.until("off" if world.done or state != "off" else "working", 300)
    if world.done < 30:
        await world.until("working", 60)
        await world.until("off", 300)
    assert (world.done, world.burnt) == (30, 0)
    assert (world.box.on_actions, world.box.off_actions) == (1, 1)
    assert world.box.off_at_work == 0
    assert world.paused() == set(QUEUES)


async def test_killed_between_decision_and_signal() -> None:
    """Whether the signal went out is not known: it counts as given, and is repeated later."""
    world = await automatic(has_on_action=True, packet=None)
    world.waiting["smartSearch"] = 30
    world.poll()
    await world.host.step()
    assert world.state == "waking"
    world.restart()
    await world.run(30)
    assert (world.state, world.box.on_actions) == ("booting", 0)
    await world.until("working", 120)
    assert world.box.on_actions == 1


async def test_user_pauses_meanwhile() -> None:
    """A queue that the user paused stays paused, and is no reason to wake up."""
    world = await at_work(60)
    await world.leases.user_pauses("smartSearch")
    await world.until("off", 200)
    assert world.waiting["smartSearch"] > 0
    await world.run(100)
    assert world.state == "off"
    world.waiting["ocr"] = 20
    await world.until("working")
    assert world.paused() == {"smartSearch"}
    await world.leases.user_resumes("smartSearch")
    await world.until("off", 300)
    assert (sum(world.waiting.values()), world.burnt) == (0, 0)


async def test_user_resumes_in_spite_of_us() -> None:
    """Whoever lets a queue go on while the box is off gets what was asked for."""
    world = World()
    await world.run(5)
    await world.leases.user_resumes("ocr")
    await world.run(60)
    assert world.paused() == {"smartSearch"}
    world.box.on = True
    await world.run(20)
    world.box.die()
    await world.run(20)
    assert world.paused() == set(QUEUES)


async def test_two_boxes_for_one_queue() -> None:
    """What one box serves goes on when the other dies; without both it rests."""
    world = World(boxes={"a": FakeBox(on=True), "b": FakeBox(on=True)})
    await world.run(5)
    world.waiting["ocr"] = 500
    world.boxes["a"].die()
    await world.run(30)
    assert (world.paused(), world.burnt) == (set(), 0)
    assert world.hosts["a"].power.state == "off"
    world.boxes["b"].die()
    await world.run(1)
    lost = world.burnt
    await world.run(30)
    assert world.paused() == set(QUEUES)
    world.boxes["a"].on = True
    await world.run(10)
    assert world.paused() == set()
    assert world.burnt <= lost + 600


async def test_off_by_hand_waits_for_the_last_job() -> None:
    """Off means: begin nothing new, finish what is begun, then the off action."""
    world = await at_work(200)
    await world.host.ask(PowerRequest.OFF)
    await world.settle()
    assert world.state == "draining"
    await world.until("off", 60)
    assert world.waiting["smartSearch"] > 100
    assert (world.burnt, world.box.off_at_work, world.box.off_actions) == (0, 0, 1)
    await world.run(300)
    assert world.state == "off", "the user wanted it off"


@pytest.mark.parametrize("holds", ["job", "lock"])
async def test_never_off_with_a_lock_alive(holds: str) -> None:
    """A job that hangs, or a worker that hangs on, keeps the box on, and it is said."""
    world = await at_work(200)
    if holds == "job":
        world.box.hangs = True
    else:
        world.locks = 1
    await world.run(3)
    await world.host.ask(PowerRequest.OFF)
    await world.run(1000)
    assert (world.state, world.box.off_actions) == ("draining", 0)
    await world.run(300)
    assert world.state == "working"
    assert Notification.NOT_DRAINED in world.news
    assert world.paused() == set()


async def test_does_not_go_off() -> None:
    """A box that still answers after its off action is told of, and works on."""
    world = await at_work(12)
    world.box.goes_off_in = None
    await world.until("shutting_down", 200)
    await world.run(310)
    assert world.state == "ready"
    assert Notification.OFF_FAILED in world.news
    assert world.paused() == set()


async def test_off_action_fails() -> None:
    """An off action that can't be run ends the attempt at once."""
    world = await at_work(12, ml_url="refused")
    await world.until("draining", 200)
    await world.until("ready", 30)
    assert Notification.OFF_FAILED in world.news


async def test_new_work_while_draining() -> None:
    """Work that comes before the off action is done first."""
    world = await at_work(12)
    await world.until("draining", 200)
    world.waiting["ocr"] = 3
    await world.until("working", 20)
    await world.until("off", 200)
    assert (world.done, world.burnt) == (15, 0)


async def test_wanted_again_while_it_goes_off() -> None:
    """It can't be held up any more: it is woken as soon as it is off."""
    world = await at_work(12)
    await world.until("shutting_down", 200)
    await world.host.ask(PowerRequest.ON)
    await world.until("ready", 120)
    assert news_after(world, Notification.SLEEP) == [
        Notification.WAKE,
        Notification.READY,
    ]


def news_after(world: World, news: Notification) -> list[Notification]:
    """Return what was told after something."""
    return world.news[world.news.index(news) + 1 :]


async def test_resumed_while_draining() -> None:
    """Whoever lets a queue go on while the box is emptied wants it to stay."""
    world = await at_work(200)
    world.box.hangs = True
    await world.run(2)
    await world.host.ask(PowerRequest.OFF)
    await world.run(5)
    await world.leases.user_resumes("smartSearch")
    await world.run(5)
    assert world.state == "working"
    assert world.paused() == set()


async def test_blind() -> None:
    """While nobody can see the queues, the box is neither woken nor switched off."""
    world = await at_work(12, power=replace(POWER, idle_time=60_000))
    await world.until("ready", 60)
    world.api_answers = False
    await world.run(300)
    assert (world.state, world.box.off_actions) == ("ready", 0)
    world.api_answers = True
    await world.until("off", 200)


async def test_immich_down() -> None:
    """A pause that fails is made up for as soon as Immich answers."""
    world = await at_work(200)
    world.immich.down = True
    world.box.boots_in = None
    world.box.die()
    world.waiting = dict.fromkeys(QUEUES, 0)
    await world.run(20)
    assert world.paused() == set()
    world.immich.down = False
    await world.run(10)
    assert world.paused() == set(QUEUES)


async def test_disk_full() -> None:
    """Nothing is woken or switched off that could not be written down before."""
    world = await automatic()
    world.sections["box"].full = True
    world.waiting["smartSearch"] = 30
    await world.run(30)
    assert (world.state, world.box.packets) == ("off", 0)
    with pytest.raises(NotStoredError):
        await world.host.ask(PowerRequest.ON)
    world.sections["box"].full = False
    await world.until("working", 60)


async def test_what_cannot_be_done_is_refused() -> None:
    """Without the means there is no automatic, and the reason has a name."""
    world = World()
    world.change(power=replace(POWER, can_switch_off=False))
    world.restart()
    with pytest.raises(NoOffActionError):
        await world.host.set_automatic(True)
    world.box.on = True
    await world.run(5)
    with pytest.raises(NoOffActionError):
        await world.host.ask(PowerRequest.OFF)
    assert world.state == "ready"
    world.box.die()
    await world.run(15)
    world.change(power=replace(POWER, can_wake=False))
    world.restart()
    for refused in (world.host.set_automatic(True), world.host.ask(PowerRequest.ON)):
        with pytest.raises(NoWakeMethodError):
            await refused


async def test_workers_while_it_is_on() -> None:
    """More workers while the box is on; afterwards as before, but for foreign changes."""
    world = await at_work(60, concurrency={"smartSearch": 8})
    await world.run(3)
    assert world.concurrency == {"smartSearch": 8}
    await world.until("off", 300)
    assert world.concurrency == {"smartSearch": 2}
    world.waiting["smartSearch"] = 60
    await world.until("working")
    await world.run(3)
    world.concurrency["smartSearch"] = 5
    world.restart()
    await world.until("off", 300)
    assert world.concurrency == {"smartSearch": 5}


async def test_suspicion() -> None:
    """Jobs that end too fast make the host be asked, and their queue be paused."""
    world = await at_work(500)
    assert await world.host.suspect("smartSearch") is Answer.YES
    assert world.paused() == set()
    world.box.die()
    assert await world.host.suspect("smartSearch") is Answer.NO
    assert world.paused() == set(QUEUES)


@pytest.mark.parametrize(
    ("looks", "expected", "pauses"),
    [
        ([Probe.ANSWERS], Answer.YES, False),
        ([Probe.GONE, Probe.GONE], Answer.NO, True),
        ([Probe.FAILS, Probe.FAILS], Answer.NO, True),
        # A connection that was closed while nobody asked.
        ([Probe.GONE, Probe.ANSWERS], Answer.YES, False),
        ([Probe.GONE, Probe.SLOW], Answer.UNKNOWN, False),
        # A model that is being loaded.
        ([Probe.SLOW], Answer.UNKNOWN, False),
        ([Probe.OTHER], Answer.UNKNOWN, False),
    ],
)
async def test_a_suspicion_is_looked_into(
    looks: list[Probe],
    expected: Answer,
    pauses: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a host that is gone twice is believed to be; all else is not known."""
    world = await at_work(500)
    left = list(looks)

    class Answers:
        async def __call__(self) -> Probe:
            return left.pop(0)

        thoroughly = __call__

    monkeypatch.setattr(world.host, "_probe", Answers())
    assert await world.host.suspect("smartSearch") is expected
    assert left == []
    assert ("smartSearch" in world.paused()) is pauses


async def test_a_host_that_is_slow_to_answer_is_not_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked for a second, and then not known."""
    monkeypatch.setattr(controller, "LOOK_WITHIN", 0.01)
    world = await at_work(500)

    class Never:
        async def __call__(self) -> Probe:
            await asyncio.sleep(60)
            return Probe.GONE

        thoroughly = __call__

    monkeypatch.setattr(world.host, "_probe", Never())
    assert await world.host.suspect("smartSearch") is Answer.UNKNOWN
    assert world.paused() == set()


async def test_what_was_stored_of_skipped_jobs_is_handed_over() -> None:
    """Once, and not before it is stored elsewhere."""
    world = await at_work(500)
    world.host._book.record = replace(world.host.record, burnt={"ocr": 7})
    taken: list[dict[str, int]] = []

    async def take(burnt: Mapping[str, int]) -> bool:
        taken.append(dict(burnt))
        return len(taken) > 1

    for _ in range(3):
        await world.host.hand_over_burnt(take)
    assert taken == [{"ocr": 7}, {"ocr": 7}]


async def test_only_watched() -> None:
    """With a name and an address alone, queues rest while the box is off."""
    world = World()
    world.change(
        packet=None, power=replace(POWER, can_wake=False, can_switch_off=False)
    )
    world.restart()
    await world.run(5)
    assert world.paused() == set(QUEUES)
    world.waiting["ocr"] = 40
    world.box.on = True
    await world.run(100)
    assert (world.state, world.done, world.burnt) == ("ready", 40, 0)
    world.box.die()
    await world.run(5)
    assert world.paused() == set(QUEUES)


async def test_without_pausing() -> None:
    """Who does not want pauses gets none."""
    world = World()
    world.change(pause_offline=False)
    world.restart()
    await world.run(30)
    assert world.immich.calls == []


async def test_is_not_woken_before_its_off_action_is_over() -> None:
    """What is still to come of it would cut the box off at its work."""
    world = await at_work()
    await world.host.ask(PowerRequest.OFF)
    world.off_action_runs = True
    await world.until("shutting_down", 200)
    await world.host.ask(PowerRequest.ON)
    packets = world.box.packets
    await world.run(60)
    assert (world.state, world.box.packets) == ("shutting_down", packets)
    world.off_action_runs = False
    await world.until("working", 60)
    assert world.burnt == 0


async def test_a_step_that_outlives_its_entry_is_no_error() -> None:
    """Home Assistant would log it with its traceback; the next set-up goes on."""
    world = await automatic()
    assert world.paused() == set(QUEUES)
    world.leases.close()
    world.box.on = True
    await world.run(10)
    assert world.state == "ready"
    assert world.paused() == set(QUEUES)
    world.restart()
    await world.run(10)
    assert world.paused() == set()
