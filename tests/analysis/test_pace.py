"""Rate and time left as they are shown: known, unknown, frozen."""

import pytest

from custom_components.immich_admin_tools.analysis.models import NoEta, QueueState
from custom_components.immich_admin_tools.analysis.pace import Pace, PaceView, Work

from .builders import NOW, SECOND


def _state(work: int, *, is_paused: bool, moving: bool) -> QueueState:
    """Return what a queue is doing."""
    if is_paused:
        return QueueState.PAUSED
    if not moving:
        return QueueState.STALLED
    return QueueState.RUNNING if work else QueueState.IDLE


class Played:
    """A pace that is polled every 5 s."""

    def __init__(self) -> None:
        """Begin."""
        self.pace = Pace()
        self.second = 0
        self.views: list[PaceView] = []

    def play(
        self,
        seconds: int,
        *,
        waiting: int = 1_000,
        active: int = 2,
        jobs: int = 10,
        is_paused: bool = False,
        moving: bool = True,
        average: float | None = None,
        every: int = 1,
        state: QueueState | None = None,
    ) -> PaceView:
        """Poll for some seconds with `jobs` processed at each poll, or each n-th."""
        for _ in range(seconds // 5):
            self.second += 5
            work = Work(
                NOW + self.second * SECOND,
                waiting,
                active,
                is_paused,
                state or _state(waiting + active, is_paused=is_paused, moving=moving),
                average,
            )
            done = jobs if self.second // 5 % every == 0 else 0
            self.views.append(self.pace.update(work, done))
        return self.views[-1]


def test_rate_soon_and_eta_after_a_minute() -> None:
    """A rate is shown after 15 s, a time after 60 s of measuring."""
    played = Played()
    assert played.play(5) == PaceView(None, None, None, NoEta.MEASURING)
    assert played.play(10).rate_per_minute is None
    view = played.play(5)
    assert view.rate_per_minute == 120
    assert view.rate_range is not None
    assert view.rate_range[0] < 120 < view.rate_range[1]
    assert view.no_eta is NoEta.MEASURING
    view = played.play(45)
    assert view.no_eta is None
    assert view.eta is not None
    left = view.eta.finish - (NOW + played.second * SECOND)
    assert left == pytest.approx(501 * SECOND, abs=5 * SECOND)


def test_paused_is_unknown_and_frozen() -> None:
    """A pause takes nothing from what was measured before it."""
    played = Played()
    before = played.play(600)
    paused = played.play(3_000, jobs=0, is_paused=True)
    assert paused == PaceView(None, None, None, NoEta.PAUSED)
    played.play(5, jobs=0)
    after = played.play(5)
    assert after.rate_per_minute == before.rate_per_minute
    assert after.eta is not None
    assert after.eta.remaining == 510 // 10 * 10 or after.eta.remaining == 500


def test_jobs_that_end_in_a_pause_make_no_rate() -> None:
    """What is still active when a queue is paused ends in the pause."""
    played = Played()
    played.play(600)
    played.play(60, jobs=500, is_paused=True)
    played.play(5, jobs=0)
    assert played.play(5).rate_per_minute == pytest.approx(120, rel=0.05)


def test_nothing_to_do() -> None:
    """A queue that is known to be idle does nothing: at once, not in the mean."""
    played = Played()
    played.play(600)
    view = played.play(5, waiting=0, active=0, jobs=0)
    assert view == PaceView(0.0, None, None, NoEta.NOTHING_TO_DO)


def test_not_moving() -> None:
    """Stalled or without a worker: no jobs a minute, and no time to tell."""
    played = Played()
    played.play(600)
    view = played.play(5, jobs=0, moving=False)
    assert (view.rate_per_minute, view.no_eta) == (0.0, NoEta.NOT_MOVING)
    again = played.play(90)
    assert again.rate_per_minute == pytest.approx(120, rel=0.2)


def test_a_pace_that_collapses_tells_no_time() -> None:
    """With the only worker hung, tomorrow is no time: it is unknown, once."""
    played = Played()
    before = played.play(1_200, waiting=4_000)
    assert before.eta is not None
    begin = len(played.views)
    played.play(280, jobs=0, waiting=4_000)
    during = played.views[begin:]
    told = {view.eta.finish for view in during if view.eta is not None}
    assert len(told) <= 2
    assert max(told) - before.eta.finish < 300 * SECOND
    assert during[-1].eta is None
    assert during[-1].no_eta is NoEta.MEASURING
    known = [view.eta is not None for view in during]
    assert known == sorted(known, reverse=True)
    assert played.play(120, waiting=4_000).eta is not None


def test_short_work_is_not_told() -> None:
    """A few jobs that come and go all the time tell no times."""
    played = Played()
    played.play(600)
    played.play(60, waiting=0, active=0, jobs=0)
    begin = len(played.views)
    for _ in range(60):
        played.play(5, waiting=3, jobs=1)
        played.play(5, waiting=0, active=0, jobs=5)
    assert {view.eta for view in played.views[begin:]} == {None}


def test_trickle() -> None:
    """Single jobs without a backlog: the throughput of five minutes."""
    played = Played()
    running = QueueState.RUNNING
    view = played.play(1_200, waiting=0, active=0, jobs=1, every=6, state=running)
    assert view.rate_per_minute == pytest.approx(2, rel=0.1)
    assert view.no_eta is NoEta.NOTHING_TO_DO


def test_rest_is_not_slowness() -> None:
    """After hours of rest the old pace is a first guess; another one soon shows."""
    played = Played()
    played.play(600)
    played.play(7_200, waiting=0, active=0, jobs=0)
    played.play(5, jobs=0)
    view = played.play(5)
    assert view.rate_per_minute == pytest.approx(120, rel=0.05)
    assert view.eta is not None
    assert played.play(120, jobs=40).rate_per_minute == pytest.approx(480, rel=0.1)


def test_long_jobs_have_a_first_guess() -> None:
    """With two slots and jobs of usually ten minutes nobody waits for three of them."""
    played = Played()
    view = played.play(10, waiting=4, jobs=0, average=600.0)
    assert view.eta is not None
    assert view.eta.remaining == 1_800
    assert view.rate_per_minute is None
    assert Played().play(10, waiting=4, jobs=0, average=1.0).no_eta is NoEta.MEASURING
    assert Played().play(10, waiting=4, jobs=0, active=0, average=600.0).eta is None


def test_rate_is_quiet() -> None:
    """Within 5 % the rate that is shown stays."""
    played = Played()
    for number in range(360):
        played.play(5, jobs=10 + number % 3)
    shown = {view.rate_per_minute for view in played.views[24:]}
    assert len(shown) == 1


def test_one_poll_twice() -> None:
    """No time between two polls is no division by zero."""
    pace = Pace()
    work = Work(NOW, 10, 1, False, QueueState.RUNNING, None)
    pace.update(work, 0)
    assert pace.update(work, 5).no_eta is NoEta.MEASURING
