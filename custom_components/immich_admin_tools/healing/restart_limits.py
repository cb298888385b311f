"""How often the workers may be restarted. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import RestartLimitError

DAY = 24 * 3_600_000

DEFAULT_COOL_DOWN = 1800
"""Seconds between two restarts."""
DEFAULT_PER_DAY = 3
"""Restarts within 24 hours."""


@dataclass(frozen=True, slots=True)
class RestartLimits:
    """What the user allows. They hold for tries, also for those that failed."""

    cool_down: int = DEFAULT_COOL_DOWN
    """Seconds."""
    per_day: int = DEFAULT_PER_DAY

    def next_allowed(self, tries: Sequence[int], now: int) -> int:
        """Return when the next try is allowed, at the earliest now; times in ms."""
        recent = recent_tries(tries, now)
        allowed = now
        if recent:
            allowed = max(allowed, recent[-1] + self.cool_down * 1000)
        if len(recent) >= self.per_day:
            # With 0 a day: one day after the last one, and so for ever.
            oldest = recent[-self.per_day] if self.per_day else now
            allowed = max(allowed, oldest + DAY)
        return allowed

    def check(self, tries: Sequence[int], now: int) -> None:
        """Raise RestartLimitError when it is too early for the next try."""
        allowed = self.next_allowed(tries, now)
        if allowed > now:
            raise RestartLimitError(
                "The workers were restarted too often or too recently", allowed
            )


def recent_tries(tries: Sequence[int], now: int) -> list[int]:
    """Return the tries of the last 24 hours, in order.

    A time that lies ahead is from a clock that was wrong: it doesn't count.
    """
    return sorted(at for at in tries if now - DAY < at <= now)
