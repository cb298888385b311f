"""Queues whose end is known, to measure what a time left is worth.

Each workload is played once, job by job, over a number of slots; so at every poll
the true rest is known, whatever an estimator says of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import exp, log, sqrt
from random import Random

POLL = 5.0
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Look:
    """One poll of the queue."""

    time: float
    waiting: int
    active: int
    processed: int
    """Since the look before."""
    is_paused: bool
    rest: float
    """True seconds until the last job is done."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A backlog and the slots that work it off."""

    name: str
    jobs: int
    slots: int
    seconds: float
    """Mean duration of a job at pace 1."""
    scatter: float
    """Standard deviation of the durations over their mean."""
    pace: Callable[[float], float] = lambda _: 1.0
    """Speed at a moment; 0 while paused or between two bursts."""
    paused: tuple[float, float] | None = None
    judged_from: float = 120.0
    """Seconds from which the estimates count."""

    def looks(self, seed: int) -> list[Look]:
        """Play it."""
        ends = self._ends(Random(f"{self.name} {seed}"))
        last = ends[-1]
        looks: list[Look] = []
        done, time = 0, 0.0
        while time < last:
            before = done
            while done < len(ends) and ends[done] <= time:
                done += 1
            left = self.jobs - done
            active = min(self.slots, left)
            is_paused = self.paused is not None and (
                self.paused[0] <= time < self.paused[1]
            )
            looks.append(
                Look(time, left - active, active, done - before, is_paused, last - time)
            )
            time += POLL
        return looks

    def _ends(self, random: Random) -> list[float]:
        """Return when each job ends, in order."""
        spread = sqrt(log(1 + self.scatter**2))
        middle = log(self.seconds) - spread**2 / 2
        free = [0.0] * self.slots
        heapify(free)
        ends: list[float] = []
        for _ in range(self.jobs):
            work = exp(random.gauss(middle, spread))
            end = self._work_off(free[0], work)
            heapreplace(free, end)
            ends.append(end)
        return sorted(ends)

    def _work_off(self, time: float, work: float) -> float:
        """Return when some work that begins at `time` is done."""
        step = 0.25
        pace = self._pace_at(time)
        while pace * step < work:
            work -= pace * step
            time += step
            pace = self._pace_at(time)
        return time + work / pace

    def _pace_at(self, time: float) -> float:
        if self.paused is not None and self.paused[0] <= time < self.paused[1]:
            return 0.0
        return self.pace(time)


def step(at: float, factor: float) -> Callable[[float], float]:
    """Return a pace that changes once."""
    return lambda time: factor if time >= at else 1.0


def bursts(on: float, off: float, high: float, low: float) -> Callable[[float], float]:
    """Return a pace that swings."""
    return lambda time: high if time % (on + off) < on else low


WORKLOADS = (
    Workload("steady", 8_000, 4, 2.0, 0.6),
    Workload("steady, slow jobs", 300, 2, 40.0, 0.6),
    Workload("videos", 60, 1, 300.0, 0.8, judged_from=1800.0),
    Workload("half the pace", 6_000, 4, 2.0, 0.6, step(1200, 0.5), judged_from=1500.0),
    Workload("triple the pace", 9_000, 4, 2.0, 0.6, step(1200, 3), judged_from=1500.0),
    Workload("bursts of 1 min", 5_000, 4, 2.0, 0.6, bursts(60, 60, 1.8, 0.2)),
    Workload("bursts of 3 min", 5_000, 4, 2.0, 0.6, bursts(180, 120, 1.4, 0.4)),
    Workload(
        "pause of 10 min", 5_000, 4, 2.0, 0.6, paused=(900, 1500), judged_from=1510.0
    ),
)
"""Steps are judged from 5 minutes after them on."""

STEP_AT = 1200.0

STEPS = tuple(
    Workload(
        f"pace x {factor:g}",
        round(2_400 + 7_200 * factor),
        4,
        2.0,
        0.6,
        step(STEP_AT, factor),
        judged_from=STEP_AT,
    )
    for factor in (0.5, 0.7, 1.5, 3)
)
