"""The two clocks as this package gets them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clocks:
    """One to judge by, one to store and to show; both in ms."""

    now: Callable[[], int]
    """Monotonic: it never jumps, and begins anew with each process."""
    wall: Callable[[], int]
    """Since the epoch: it jumps when the machine's clock is put right."""

    def monotonic_of(self, wall: int) -> int:
        """Return a stored wall time on the monotonic clock; one that is to come is now."""
        return self.now() - max(0, self.wall() - wall)

    def deadline_of(self, wall: int, longest: int) -> int:
        """Return a stored deadline on the monotonic clock, at most `longest` ahead."""
        return self.now() + min(max(0, wall - self.wall()), longest)

    def wall_of(self, at: int) -> int:
        """Return a monotonic time as it is stored and shown."""
        return self.wall() - (self.now() - at)
