"""The jobs of each of the last minutes."""

from dataclasses import replace

from custom_components.immich_admin_tools.analysis.models import ServerView, Source
from custom_components.immich_admin_tools.dashboard.sparks import MINUTE, Sparks
from tests.support.views import queue_view, server_view

STEP = 5_000


def seen(now: int, processed: int | None, **more: object) -> ServerView:
    """Return a view at a monotonic time."""
    return replace(server_view(queue_view("ocr", processed=processed)), now=now)


def watched(sparks: Sparks, begin: int, end: int, each: int, start: int = 0) -> int:
    """Poll every five seconds, with so many jobs each; return the count at the end."""
    count = start
    for now in range(begin, end + 1, STEP):
        sparks.update(seen(now, count), STEP)
        count += each
    return count - each


def test_whole_minutes() -> None:
    """The one that runs is not among them, nor one that was not watched whole."""
    sparks = Sparks()
    watched(sparks, 30_000, 4 * MINUTE + 10_000, 3)
    values = sparks.shown()["ocr"]
    assert len(values) == 60
    assert values[-5:] == [None, None, 36, 36, 36]


def test_nobody_looked() -> None:
    """Minutes in between are unknown, and so is what was done in them."""
    sparks = Sparks()
    count = watched(sparks, 0, 2 * MINUTE, 1)
    watched(sparks, 6 * MINUTE, 8 * MINUTE, 1, start=count + 5_000)
    assert sparks.shown()["ocr"][-8:] == [12, 12, None, None, None, None, 12, 12]


def test_rare_polls_are_spread() -> None:
    """Where polls are meant to be rare."""
    sparks = Sparks()
    for index in range(3):
        sparks.update(seen(index * 5 * MINUTE, index * 50), 5 * MINUTE)
    assert sparks.shown()["ocr"][-10:] == [10] * 10


def test_the_clock_of_a_day_ago() -> None:
    """A long sleep costs no more than an hour of minutes."""
    sparks = Sparks()
    sparks.update(seen(0, 0), STEP)
    sparks.update(seen(10_000 * MINUTE, 7), STEP)
    assert sparks.shown()["ocr"] == [None] * 60


def test_without_redis() -> None:
    """What the rate is believed to be; nothing where that is not known."""

    def api(now: int, rate: float | None) -> ServerView:
        view = queue_view("ocr", processed=None, source=Source.API)
        return replace(server_view(replace(view, rate_per_minute=rate)), now=now)

    sparks = Sparks()
    for now in range(0, 2 * MINUTE, STEP):
        sparks.update(api(now, 40.0 if now <= MINUTE else None), STEP)
    sparks.update(api(2 * MINUTE, None), STEP)
    assert sparks.shown()["ocr"][-2:] == [40, None]


def test_a_count_that_begins() -> None:
    """From the API to Redis: the first count is no work of one poll."""
    sparks = Sparks()
    view = queue_view("ocr", processed=None, source=Source.API)
    sparks.update(replace(server_view(view), now=0), STEP)
    watched(sparks, STEP, 2 * MINUTE, 0, start=90_000)
    assert sparks.shown()["ocr"][-2:] == [0, 0]


def test_a_queue_that_goes() -> None:
    """It is shown no more."""
    sparks = Sparks()
    watched(sparks, 0, MINUTE, 1)
    sparks.update(replace(server_view(queue_view("library")), now=MINUTE + STEP), STEP)
    assert list(sparks.shown()) == ["library"]


def test_redis_comes_back() -> None:
    """What it counts at once was done before."""
    sparks = Sparks()
    count = watched(sparks, 0, 2 * MINUTE, 1)
    lost = queue_view("ocr", processed=count, source=Source.API)
    for now in range(2 * MINUTE + STEP, 4 * MINUTE, STEP):
        sparks.update(replace(server_view(lost), now=now), STEP)
    watched(sparks, 4 * MINUTE, 6 * MINUTE, 1, start=count + 900)
    assert sparks.shown()["ocr"][-6:] == [12, 12, None, None, 12, 12]
