"""How much of the work is done since there was none."""

from dataclasses import replace

from custom_components.immich_admin_tools.analysis.models import (
    IDLE_AFTER,
    ServerView,
    Source,
)
from custom_components.immich_admin_tools.dashboard.runs import Run, Runs
from tests.support.views import NOW, queue_view, server_view


def seen(
    at: int,
    processed: int | None,
    waiting: int = 0,
    *,
    restarted: bool = False,
    other: int = 0,
    source: Source = Source.REDIS,
) -> ServerView:
    """Return a view some seconds after the first."""
    ocr = replace(
        queue_view("ocr", processed=processed, waiting=waiting, source=source),
        restarted=restarted,
    )
    view = server_view(ocr, queue_view("library", processed=other, source=source))
    return replace(view, time=NOW + at * 1000, now=at * 1000)


def after(*views: ServerView, runs: Runs | None = None) -> Runs:
    """Return what is known after these polls."""
    runs = runs or Runs()
    for view in views:
        runs.update(view)
    return runs


def reloaded(runs: Runs) -> Runs:
    """Return what a restart of Home Assistant leaves."""
    return Runs.from_dict(runs.to_dict())


def test_a_run() -> None:
    """It begins with the first work that is seen, and counts also what ended by then."""
    runs = after(seen(0, 100), seen(5, 102, 50), seen(10, 110, 42))
    assert runs.of("ocr") == Run(NOW + 5_000, 10)
    assert runs.of() == Run(NOW + 5_000, 10)
    assert runs.of("library") is None


def test_it_ends_with_a_rest() -> None:
    """A short gap is none."""
    rest = IDLE_AFTER // 1000
    runs = after(seen(0, 0), seen(5, 0, 5), seen(10, 5), seen(20, 5, 3), seen(25, 8))
    assert runs.of("ocr") == Run(NOW + 5_000, 8)
    after(seen(26 + rest, 8), runs=runs)
    assert runs.of("ocr") is None
    after(seen(100, 8, 4), runs=runs)
    assert runs.of("ocr") == Run(NOW + 100_000, 0)


def test_all_together() -> None:
    """The sum of the queues, since any of them had work."""
    runs = after(seen(0, 0), seen(5, 0, 5), seen(10, 5, 5, other=7))
    assert runs.of() == Run(NOW + 5_000, 12)


def test_work_that_was_there_before_anybody_looked() -> None:
    """Nobody knows since when; the next run is known."""
    runs = after(seen(0, 100, 50), seen(5, 110, 40))
    assert runs.of("ocr") is None
    assert runs.of() is None
    after(seen(10, 150), seen(15, 150), seen(50, 150), seen(55, 150, 5), runs=runs)
    assert runs.of("ocr") == Run(NOW + 55_000, 0)


def test_over_a_restart() -> None:
    """It goes on where its work can't have ended meanwhile."""
    runs = reloaded(after(seen(0, 0), seen(5, 0, 500), seen(10, 20, 480)))
    assert runs.of("ocr") is None
    after(seen(600, 300, 200), runs=runs)
    assert runs.of("ocr") == Run(NOW + 5_000, 300)
    after(seen(605, 310, 190), runs=runs)
    assert runs.of("ocr") == Run(NOW + 5_000, 310)
    assert runs.of() == Run(NOW + 5_000, 310)


def test_after_an_unknown_time() -> None:
    """More ended than there was: it may have been idle in between."""
    runs = reloaded(after(seen(0, 0), seen(5, 0, 500), seen(10, 20, 480)))
    after(seen(6_000, 2_000, 100), seen(6_005, 2_001, 99), runs=runs)
    assert runs.of("ocr") is None
    assert runs.of() is None


def test_after_a_moment() -> None:
    """In a reload nothing comes to an end unseen."""
    runs = reloaded(after(seen(0, 0), seen(5, 0, 5), seen(10, 5, 5)))
    after(seen(20, 15, 3), runs=runs)
    assert runs.of("ocr") == Run(NOW + 5_000, 15)


def test_a_wall_clock_that_was_put_back() -> None:
    """It makes no gap short."""
    runs = reloaded(after(seen(100, 0), seen(105, 0, 5), seen(110, 5, 5)))
    after(seen(50, 15, 3), runs=runs)
    assert runs.of("ocr") is None


def test_redis_was_emptied() -> None:
    """What waited is lost, not done."""
    runs = after(seen(0, 0), seen(5, 0, 500), seen(10, 20, restarted=True))
    assert runs.of("ocr") is None


def test_redis_is_lost() -> None:
    """Nothing is counted meanwhile; afterwards what its events tell."""
    runs = after(
        seen(0, 0),
        seen(5, 0, 500),
        seen(10, 0, 300, source=Source.API),
        seen(15, 250, 250),
    )
    assert runs.of("ocr") == Run(NOW + 5_000, 250)


def test_redis_is_lost_for_long() -> None:
    """More ended meanwhile than there was: it may have been idle in between."""
    runs = after(
        seen(0, 0),
        seen(5, 0, 500),
        seen(10, 0, 300, source=Source.API),
        seen(900, 700, 250),
    )
    assert runs.of("ocr") is None
    after(seen(905, 950), seen(910, 950, 7), runs=runs)
    assert runs.of("ocr") == Run(NOW + 910_000, 0)


def test_what_can_not_be_read() -> None:
    """It is left out."""
    runs = Runs.from_dict({"ocr": {"since": "x"}, "library": 3, "": None})
    after(seen(0, 0, 5), runs=runs)
    assert runs.of("ocr") is None
    assert runs.to_dict() == {}
