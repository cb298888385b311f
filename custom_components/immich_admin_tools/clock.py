"""The clocks: one to judge by, one to show and to store. Nothing else reads the time."""

from time import monotonic, time


def now_ms() -> int:
    """Return the wall time in ms since the epoch: for display, storage and allowed hours.

    It jumps when the machine's clock is put right, so no duration is measured with it.
    """
    return int(time() * 1000)


def monotonic_ms() -> int:
    """Return ms on a clock that never jumps: for ages, deadlines and every judgement.

    It begins anywhere and anew with each process, so it is never stored or shown.
    """
    return int(monotonic() * 1000)


def monotonic_of(wall: int) -> int:
    """Return a stored wall time on the monotonic clock; one that is to come is now.

    For what a store brings back at the start; both clocks run on from there.
    """
    return monotonic_ms() - max(0, now_ms() - wall)
