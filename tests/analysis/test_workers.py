"""When a worker is called lost, and when it isn't."""

from collections.abc import Callable

import pytest

from custom_components.immich_admin_tools.analysis.clocks import PollTimes
from custom_components.immich_admin_tools.analysis.workers import WorkerLiveness
from custom_components.immich_admin_tools.bullmq.models import Heartbeat, QueueReading

from .builders import NOW, SECOND, event, job, queue


def key_written_at(written: int, now: int) -> Heartbeat | None:
    """Return the key as it is at `now`: gone after 30 s."""
    ttl = written + 30 * SECOND - now
    return Heartbeat(written, ttl) if 0 < ttl <= 30 * SECOND else None


def watch(
    until: int,
    last_beat: Callable[[int], int],
    *,
    every: int = 5,
    reading: Callable[[int, Heartbeat | None], QueueReading] | None = None,
    watcher: WorkerLiveness | None = None,
    begin: int = 0,
) -> tuple[WorkerLiveness, dict[int, bool | None]]:
    """Poll from `begin` to `until` (s); return what was said when, by second."""
    watcher = watcher or WorkerLiveness()
    said: dict[int, bool | None] = {}
    for second in range(begin, until, every):
        now = NOW + second * SECOND
        beat = key_written_at(NOW + last_beat(second) * SECOND, now)
        read = queue(heartbeat=beat) if reading is None else reading(now, beat)
        watcher.observe(read, PollTimes(now, now))
        said[second] = watcher.alive
    return watcher, said


@pytest.mark.parametrize("every", [5, 20])
@pytest.mark.parametrize("period", [30, 60])
@pytest.mark.parametrize("phase", [0, 13, 29])
def test_healthy_heartbeats(every: int, period: int, phase: int) -> None:
    """A key that is away half of the time is no lost worker."""
    _, said = watch(600, lambda s: (s - phase) // period * period + phase, every=every)
    assert False not in said.values()
    assert said[580] is True


@pytest.mark.parametrize("last", [0, 17, 60])
def test_lost_in_time(last: int) -> None:
    """A worker is lost once its key is away for more than 45 s, and stays so."""
    _, said = watch(200, lambda s: min(s // 30 * 30, last))
    lost = [second for second, alive in said.items() if alive is False]
    assert last + 75 < lost[0] <= last + 85
    assert lost == list(range(lost[0], 200, 5))


def test_never_seen() -> None:
    """Without any sign it is not known at first, then lost."""
    _, said = watch(100, lambda _: -1_000)
    assert said[40] is None
    assert said[50] is False


def test_back_again() -> None:
    """A new heartbeat ends it, and begins a new life."""
    watcher, said = watch(300, lambda s: 0 if s < 200 else s // 30 * 30)
    assert said[195] is False
    assert said[210] is True
    assert watcher.alive_since == NOW + 200 * SECOND


def test_locks_and_events_are_signs_too() -> None:
    """While locks are renewed or jobs are started, no key is needed."""
    locked = watch(
        200, lambda _: -1_000, reading=lambda _, __: queue(jobs=(job(lock_ttl=16_000),))
    )
    assert locked[1][195] is True
    starting = watch(
        200,
        lambda _: -1_000,
        reading=lambda now, _: queue(events=(event(f"{now}-0", "active", "1"),)),
    )
    assert starting[1][195] is True
    adding = watch(
        200,
        lambda _: -1_000,
        reading=lambda now, _: queue(events=(event(f"{now}-0", "added", "1"),)),
    )
    assert adding[1][195] is False


def test_old_key_masks_nothing_after_a_restart() -> None:
    """The key of the worker before the restart is no sign of the one after."""
    watcher, said = watch(30, lambda _: 0)
    assert said[25] is True
    watcher.note_restart(NOW + 1 * SECOND)
    assert watcher.alive is None
    assert watcher.heartbeat_at is None
    watcher, said = watch(34, lambda _: 0, watcher=watcher, begin=25)
    assert True not in said.values()
    watcher, said = watch(60, lambda _: 33, watcher=watcher, begin=35)
    assert said[35] is True
    assert watcher.heartbeat_at == NOW + 33 * SECOND


def test_locks_of_before_a_restart_are_no_sign() -> None:
    """Nor is the lock that the old worker renewed last."""
    watcher = WorkerLiveness()
    later = PollTimes(NOW + 5 * SECOND, NOW + 5 * SECOND)
    watcher.note_restart(NOW)
    watcher.observe(queue(jobs=(job(lock_ttl=20_000),)), later)
    assert watcher.alive is None
    watcher.observe(queue(jobs=(job(lock_ttl=29_000),)), later)
    assert watcher.alive is True


def test_a_restart_that_no_worker_follows() -> None:
    """It is lost when no new key comes."""
    watcher, _ = watch(20, lambda _: 0)
    watcher.note_restart(NOW + 20 * SECOND)
    _, said = watch(100, lambda _: 0, watcher=watcher, begin=20)
    assert said[60] is None
    assert said[95] is False


@pytest.mark.parametrize("every", [60, 300])
def test_rare_polls_prove_nothing_by_themselves(every: int) -> None:
    """Polls in step with the absence of the key never see it: that's no loss."""
    _, said = watch(3_000, lambda s: (s - 10) // 60 * 60 + 10, every=every)
    assert True not in said.values()
    assert False not in said.values()


@pytest.mark.parametrize("every", [30, 60, 300])
@pytest.mark.parametrize("kind", ["waiting", "unlocked"])
def test_rare_polls_and_work_that_lies(every: int, kind: str) -> None:
    """Work that a living worker would have taken proves it."""

    def reading(_: int, beat: Heartbeat | None) -> QueueReading:
        if kind == "waiting":
            return queue(wait=5, heartbeat=beat)
        return queue(jobs=(job(lock=None),), heartbeat=beat)

    _, said = watch(1_500, lambda _: -1_000, every=every, reading=reading)
    assert said[1_200] is False
    assert said[0] is None


def test_paused_work_proves_nothing() -> None:
    """In a paused queue work may lie."""
    _, said = watch(
        1_500,
        lambda _: -1_000,
        every=60,
        reading=lambda _, beat: queue(wait=5, is_paused=True, heartbeat=beat),
    )
    assert False not in said.values()


def test_a_key_that_never_expires() -> None:
    """It is a sign when its value changes, whatever time that says."""
    watcher = WorkerLiveness()
    for second in range(0, 300, 5):
        now = NOW + second * SECOND
        value = 7 if second < 100 else 8
        watcher.observe(queue(heartbeat=Heartbeat(value, 0)), PollTimes(now, now))
        if second == 95:
            assert watcher.alive is False, "never seen to change"
        if second == 120:
            assert watcher.alive is True
    assert watcher.alive is False


def test_a_redis_whose_clock_goes_back_masks_the_key() -> None:
    """It then stands for an hour, and no worker writes it: that is no lost worker."""
    watcher, said = watch(30, lambda _: 0)
    assert said[25] is True
    for second in range(30, 600, 5):
        now = NOW + second * SECOND
        masked = Heartbeat(NOW, 3_600_000)
        watcher.observe(
            queue(wait=4, is_paused=True, heartbeat=masked),
            PollTimes(now, now - 3_600_000, now - 5_000, jumped=second == 30),
        )
        assert watcher.alive is True


def test_work_that_lies_under_a_masked_key() -> None:
    """Only work that a living worker would have taken tells that it is lost."""
    watcher, _ = watch(30, lambda _: 0)
    said = {}
    for second in range(30, 600, 5):
        now = NOW + second * SECOND
        read = queue(wait=4, heartbeat=Heartbeat(NOW, 3_600_000))
        watcher.observe(read, PollTimes(now, now - 3_600_000, now - 5_000))
        said[second] = watcher.alive
    assert said[150] is True
    assert said[300] is False
