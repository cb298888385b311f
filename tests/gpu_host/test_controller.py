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

from .fake_installation import POWER, QUEUES, FakeBox, FakeInstallation


async def automatic(**values: object) -> FakeInstallation:
    """Return an installation whose policy acts, with a box that is off."""
    installation = FakeInstallation()
    installation.change("box", **values)
    installation.restart()
    installation.poll()
    await installation.host.set_automatic(True)
    # It is known to be off only after some probes.
    await installation.run(15)
    return installation


async def at_work(jobs: int = 40, **values: object) -> FakeInstallation:
    """Return an installation whose box works."""
    installation = await automatic(**values)
    installation.waiting["smartSearch"] = jobs
    await installation.until("working")
    return installation


async def test_cold_start() -> None:
    """A backlog that was there before wakes the box; all of it is done."""
    installation = await automatic()
    assert installation.paused() == set(QUEUES)
    installation.waiting["smartSearch"] = 30
    await installation.until("off", 1)
    await installation.until("working", 60)
    assert installation.paused() == set()
    await installation.until("off", 200)
    assert (installation.done, installation.burnt, installation.box.off_at_work) == (
        30,
        0,
        0,
    )
    assert installation.box.off_actions == 1
    assert installation.notifications == [
        Notification.WAKE,
        Notification.READY,
        Notification.SLEEP,
    ]


async def test_too_little_to_wake_up_for() -> None:
    """Below the threshold the work waits; outside of the hours too."""
    installation = await automatic()
    installation.waiting["ocr"] = 9
    await installation.run(60)
    installation.may_wake = False
    installation.waiting["ocr"] = 99
    await installation.run(60)
    assert (installation.state, installation.box.packets) == ("off", 0)
    installation.may_wake = True
    await installation.until("working")


async def test_waited_long_enough() -> None:
    """A single photo that has waited long enough wakes the box."""
    installation = await automatic(
        power=replace(POWER, wake_age=120_000, wake_backlog=0)
    )
    installation.waiting["ocr"] = 1
    await installation.run(100)
    assert installation.state == "off"
    await installation.until("working", 60)


async def test_dies_at_work() -> None:
    """The box loses power: nothing burns after the pause, and it goes on later."""
    installation = await at_work(1500)
    await installation.run(10)
    installation.box.die()
    await installation.run(2)
    burnt = installation.burnt
    assert installation.paused() == set(QUEUES)
    await installation.until("working", 200)
    await installation.run(10)
    assert installation.burnt == burnt
    assert Notification.LOST in installation.notifications


async def test_flapping_ping() -> None:
    """A ping that flaps pauses and resumes, and wakes nobody."""
    installation = await at_work(50_000)
    packets = installation.box.packets
    for _ in range(15):
        installation.box.on = not installation.box.on
        await installation.run(3)
    installation.box.on = True
    await installation.run(20)
    assert installation.state == "working"
    assert installation.paused() == set()
    assert installation.box.packets == packets
    assert Notification.LOST not in installation.notifications


async def test_never_wakes_up() -> None:
    """It is told some times, then less and less often; the queues stay paused."""
    installation = await automatic()
    installation.box.boots_in = None
    installation.waiting["smartSearch"] = 99
    await installation.until("wake_failed", 300)
    assert installation.notifications == [Notification.WAKE, Notification.WAKE_FAILED]
    assert (installation.burnt, installation.paused()) == (0, set(QUEUES))
    packets = installation.box.packets
    await installation.run(50)
    assert installation.box.packets == packets
    installation.box.boots_in = 20
    await installation.until("working", 200)
    assert installation.burnt == 0


async def test_unreachable_broadcast() -> None:
    """A packet that can't be sent is a try that failed."""
    installation = await automatic()
    installation.packets_fail = True
    installation.waiting["smartSearch"] = 99
    await installation.until("wake_failed", 300)


@pytest.mark.parametrize(
    "state",
    ["off", "waking", "booting", "ready", "working", "draining", "shutting_down"],
)
async def test_restart_in_each_state(state: str) -> None:
    """Home Assistant is killed in any state: nothing burns, nothing is done twice."""
    installation = await automatic(has_on_action=True, packet=None)
    installation.waiting["smartSearch"] = 30
    # A state that no second begins in is reached in the middle of a step.
    while installation.state != state:
        await installation.run(1)
        if state == "waking" and installation.state == "booting":
            break
    installation.restart()
    await installation.run(3)
    assert installation.box.on_actions == (0 if state == "off" else 1) or state == "off"
    await installation.until(
        "off" if installation.done or state != "off" else "working", 300
    )
    if installation.done < 30:
        await installation.until("working", 60)
        await installation.until("off", 300)
    assert (installation.done, installation.burnt) == (30, 0)
    assert (installation.box.on_actions, installation.box.off_actions) == (1, 1)
    assert installation.box.off_at_work == 0
    assert installation.paused() == set(QUEUES)


async def test_killed_between_decision_and_signal() -> None:
    """Whether the signal went out is not known: it counts as given, and is repeated later."""
    installation = await automatic(has_on_action=True, packet=None)
    installation.waiting["smartSearch"] = 30
    installation.poll()
    await installation.host.step()
    assert installation.state == "waking"
    installation.restart()
    await installation.run(30)
    assert (installation.state, installation.box.on_actions) == ("booting", 0)
    await installation.until("working", 120)
    assert installation.box.on_actions == 1


async def test_user_pauses_meanwhile() -> None:
    """A queue that the user paused stays paused, and is no reason to wake up."""
    installation = await at_work(60)
    await installation.leases.user_pauses("smartSearch")
    await installation.until("off", 200)
    assert installation.waiting["smartSearch"] > 0
    await installation.run(100)
    assert installation.state == "off"
    installation.waiting["ocr"] = 20
    await installation.until("working")
    assert installation.paused() == {"smartSearch"}
    await installation.leases.user_resumes("smartSearch")
    await installation.until("off", 300)
    assert (sum(installation.waiting.values()), installation.burnt) == (0, 0)


async def test_user_resumes_in_spite_of_us() -> None:
    """Whoever lets a queue go on while the box is off gets what was asked for."""
    installation = FakeInstallation()
    await installation.run(5)
    await installation.leases.user_resumes("ocr")
    await installation.run(60)
    assert installation.paused() == {"smartSearch"}
    installation.box.on = True
    await installation.run(20)
    installation.box.die()
    await installation.run(20)
    assert installation.paused() == set(QUEUES)


async def test_two_boxes_for_one_queue() -> None:
    """What one box serves goes on when the other dies; without both it rests."""
    installation = FakeInstallation(
        boxes={"a": FakeBox(on=True), "b": FakeBox(on=True)}
    )
    await installation.run(5)
    installation.waiting["ocr"] = 500
    installation.boxes["a"].die()
    await installation.run(30)
    assert (installation.paused(), installation.burnt) == (set(), 0)
    assert installation.hosts["a"].power.state == "off"
    installation.boxes["b"].die()
    await installation.run(1)
    lost = installation.burnt
    await installation.run(30)
    assert installation.paused() == set(QUEUES)
    installation.boxes["a"].on = True
    await installation.run(10)
    assert installation.paused() == set()
    assert installation.burnt <= lost + 600


async def test_off_by_hand_waits_for_the_last_job() -> None:
    """Off means: begin nothing new, finish what is begun, then the off action."""
    installation = await at_work(200)
    await installation.host.ask(PowerRequest.OFF)
    await installation.settle()
    assert installation.state == "draining"
    await installation.until("off", 60)
    assert installation.waiting["smartSearch"] > 100
    assert (
        installation.burnt,
        installation.box.off_at_work,
        installation.box.off_actions,
    ) == (0, 0, 1)
    await installation.run(300)
    assert installation.state == "off", "the user wanted it off"


@pytest.mark.parametrize("holds", ["job", "lock"])
async def test_never_off_with_a_lock_alive(holds: str) -> None:
    """A job that hangs, or a worker that hangs on, keeps the box on, and it is said."""
    installation = await at_work(200)
    if holds == "job":
        installation.box.hangs = True
    else:
        installation.locks = 1
    await installation.run(3)
    await installation.host.ask(PowerRequest.OFF)
    await installation.run(1000)
    assert (installation.state, installation.box.off_actions) == ("draining", 0)
    await installation.run(300)
    assert installation.state == "working"
    assert Notification.NOT_DRAINED in installation.notifications
    assert installation.paused() == set()


async def test_does_not_go_off() -> None:
    """A box that still answers after its off action is told of, and works on."""
    installation = await at_work(12)
    installation.box.goes_off_in = None
    await installation.until("shutting_down", 200)
    await installation.run(310)
    assert installation.state == "ready"
    assert Notification.OFF_FAILED in installation.notifications
    assert installation.paused() == set()


async def test_off_action_fails() -> None:
    """An off action that can't be run ends the attempt at once."""
    installation = await at_work(12, ml_url="refused")
    await installation.until("draining", 200)
    await installation.until("ready", 30)
    assert Notification.OFF_FAILED in installation.notifications


async def test_new_work_while_draining() -> None:
    """Work that comes before the off action is done first."""
    installation = await at_work(12)
    await installation.until("draining", 200)
    installation.waiting["ocr"] = 3
    await installation.until("working", 20)
    await installation.until("off", 200)
    assert (installation.done, installation.burnt) == (15, 0)


async def test_wanted_again_while_it_goes_off() -> None:
    """It can't be held up any more: it is woken as soon as it is off."""
    installation = await at_work(12)
    await installation.until("shutting_down", 200)
    await installation.host.ask(PowerRequest.ON)
    await installation.until("ready", 120)
    assert news_after(installation, Notification.SLEEP) == [
        Notification.WAKE,
        Notification.READY,
    ]


def news_after(
    installation: FakeInstallation, notification: Notification
) -> list[Notification]:
    """Return what was told after something."""
    return installation.notifications[
        installation.notifications.index(notification) + 1 :
    ]


async def test_resumed_while_draining() -> None:
    """Whoever lets a queue go on while the box is emptied wants it to stay."""
    installation = await at_work(200)
    installation.box.hangs = True
    await installation.run(2)
    await installation.host.ask(PowerRequest.OFF)
    await installation.run(5)
    await installation.leases.user_resumes("smartSearch")
    await installation.run(5)
    assert installation.state == "working"
    assert installation.paused() == set()


async def test_blind() -> None:
    """While nobody can see the queues, the box is neither woken nor switched off."""
    installation = await at_work(12, power=replace(POWER, idle_time=60_000))
    await installation.until("ready", 60)
    installation.api_answers = False
    await installation.run(300)
    assert (installation.state, installation.box.off_actions) == ("ready", 0)
    installation.api_answers = True
    await installation.until("off", 200)


async def test_immich_down() -> None:
    """A pause that fails is made up for as soon as Immich answers."""
    installation = await at_work(200)
    installation.immich.down = True
    installation.box.boots_in = None
    installation.box.die()
    installation.waiting = dict.fromkeys(QUEUES, 0)
    await installation.run(20)
    assert installation.paused() == set()
    installation.immich.down = False
    await installation.run(10)
    assert installation.paused() == set(QUEUES)


async def test_disk_full() -> None:
    """Nothing is woken or switched off that could not be written down before."""
    installation = await automatic()
    installation.sections["box"].full = True
    installation.waiting["smartSearch"] = 30
    await installation.run(30)
    assert (installation.state, installation.box.packets) == ("off", 0)
    with pytest.raises(NotStoredError):
        await installation.host.ask(PowerRequest.ON)
    installation.sections["box"].full = False
    await installation.until("working", 60)


async def test_what_cannot_be_done_is_refused() -> None:
    """Without the means there is no automatic, and the reason has a name."""
    installation = FakeInstallation()
    installation.change(power=replace(POWER, can_switch_off=False))
    installation.restart()
    with pytest.raises(NoOffActionError):
        await installation.host.set_automatic(True)
    installation.box.on = True
    await installation.run(5)
    with pytest.raises(NoOffActionError):
        await installation.host.ask(PowerRequest.OFF)
    assert installation.state == "ready"
    installation.box.die()
    await installation.run(15)
    installation.change(power=replace(POWER, can_wake=False))
    installation.restart()
    for refused in (
        installation.host.set_automatic(True),
        installation.host.ask(PowerRequest.ON),
    ):
        with pytest.raises(NoWakeMethodError):
            await refused


async def test_workers_while_it_is_on() -> None:
    """More workers while the box is on; afterwards as before, but for foreign changes."""
    installation = await at_work(60, concurrency={"smartSearch": 8})
    await installation.run(3)
    assert installation.concurrency == {"smartSearch": 8}
    await installation.until("off", 300)
    assert installation.concurrency == {"smartSearch": 2}
    installation.waiting["smartSearch"] = 60
    await installation.until("working")
    await installation.run(3)
    installation.concurrency["smartSearch"] = 5
    installation.restart()
    await installation.until("off", 300)
    assert installation.concurrency == {"smartSearch": 5}


async def test_suspicion() -> None:
    """Jobs that end too fast make the host be asked, and their queue be paused."""
    installation = await at_work(500)
    assert await installation.host.suspect("smartSearch") is Answer.YES
    assert installation.paused() == set()
    installation.box.die()
    assert await installation.host.suspect("smartSearch") is Answer.NO
    assert installation.paused() == set(QUEUES)


async def test_only_a_queue_that_is_paused_is_told_to_be(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once; and not where the user lets it go on anyway, however often it is asked."""
    installation = await at_work(500)

    def told(queue: str) -> int:
        return sum(
            f"skipped jobs of {queue}: pausing" in record.getMessage()
            for record in caplog.records
        )

    installation.box.die()
    await installation.host.suspect("smartSearch")
    await installation.host.suspect("smartSearch")
    assert told("smartSearch") == 1
    await installation.leases.user_resumes("smartSearch")
    for _ in range(5):
        assert await installation.host.suspect("smartSearch") is Answer.NO
    assert "smartSearch" not in installation.paused()
    assert told("smartSearch") == 1


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
    installation = await at_work(500)
    left = list(looks)

    class Answers:
        async def __call__(self) -> Probe:
            return left.pop(0)

        thoroughly = __call__

    monkeypatch.setattr(installation.host, "_probe", Answers())
    assert await installation.host.suspect("smartSearch") is expected
    assert left == []
    assert ("smartSearch" in installation.paused()) is pauses


async def test_a_host_that_is_slow_to_answer_is_not_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked for a second, and then not known."""
    monkeypatch.setattr(controller, "LOOK_WITHIN", 0.01)
    installation = await at_work(500)

    class Never:
        async def __call__(self) -> Probe:
            await asyncio.sleep(60)
            return Probe.GONE

        thoroughly = __call__

    monkeypatch.setattr(installation.host, "_probe", Never())
    assert await installation.host.suspect("smartSearch") is Answer.UNKNOWN
    assert installation.paused() == set()


async def test_what_was_stored_of_skipped_jobs_is_handed_over() -> None:
    """Once, and not before it is stored elsewhere."""
    installation = await at_work(500)
    installation.host._book.record = replace(installation.host.record, burnt={"ocr": 7})
    taken: list[dict[str, int]] = []

    async def take(burnt: Mapping[str, int]) -> bool:
        taken.append(dict(burnt))
        return len(taken) > 1

    for _ in range(3):
        await installation.host.hand_over_skipped(take)
    assert taken == [{"ocr": 7}, {"ocr": 7}]


async def test_only_watched() -> None:
    """With a name and an address alone, queues rest while the box is off."""
    installation = FakeInstallation()
    installation.change(
        packet=None, power=replace(POWER, can_wake=False, can_switch_off=False)
    )
    installation.restart()
    await installation.run(5)
    assert installation.paused() == set(QUEUES)
    installation.waiting["ocr"] = 40
    installation.box.on = True
    await installation.run(100)
    assert (installation.state, installation.done, installation.burnt) == (
        "ready",
        40,
        0,
    )
    installation.box.die()
    await installation.run(5)
    assert installation.paused() == set(QUEUES)


async def test_without_pausing() -> None:
    """Who does not want pauses gets none."""
    installation = FakeInstallation()
    installation.change(pause_offline=False)
    installation.restart()
    await installation.run(30)
    assert installation.immich.calls == []


async def test_is_not_woken_before_its_off_action_is_over() -> None:
    """What is still to come of it would cut the box off at its work."""
    installation = await at_work()
    await installation.host.ask(PowerRequest.OFF)
    installation.off_action_runs = True
    await installation.until("shutting_down", 200)
    await installation.host.ask(PowerRequest.ON)
    packets = installation.box.packets
    await installation.run(60)
    assert (installation.state, installation.box.packets) == ("shutting_down", packets)
    installation.off_action_runs = False
    await installation.until("working", 60)
    assert installation.burnt == 0


async def test_a_step_that_outlives_its_entry_is_no_error() -> None:
    """Home Assistant would log it with its traceback; the next set-up goes on."""
    installation = await automatic()
    assert installation.paused() == set(QUEUES)
    installation.leases.close()
    installation.box.on = True
    await installation.run(10)
    assert installation.state == "ready"
    assert installation.paused() == set(QUEUES)
    installation.restart()
    await installation.run(10)
    assert installation.paused() == set()
