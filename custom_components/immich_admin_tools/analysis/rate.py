"""How fast a queue goes now.

An exponentially weighted mean without a bias at the start, over what came since the
pace last changed. A mean that forgets within 3 minutes needs 7 to get over a
change, and scatters in between; so the memory is long, and changes are looked for.
Swings that come again and again are no changes: they are averaged.
Time while a queue is paused is left out: the rate is frozen, not decayed.
"""

from dataclasses import dataclass, field
from itertools import accumulate
from math import exp, sqrt

TIME_CONSTANT = 1800.0
"""Seconds after which an observation weighs 1/e."""

_JOBS_CONSTANT = 60
"""Slow queues remember about this many jobs, however long they take."""

_BLOCK = 30.0
"""Seconds that observations are summed up over ..."""

_SLOW_BLOCK = 300.0
"""... and where no job ends in that time."""

_LEAST_SIDE = 60.0
"""Seconds that a new pace must last to be one."""

_MOST_BLOCKS = 120

_SURE = 4.0
"""Standard deviations that a change of pace must be clear of chance."""

_WORTH_IT = 0.05
"""Part by which the pace must change to start anew."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Jobs per second, and how well that is known."""

    per_second: float
    deviation: float
    """Standard deviation of `per_second`: how well the pace is known."""
    scatter: float
    """Variance of the jobs done in one second: how even the pace is."""
    elapsed: float
    """Seconds that it was measured over."""
    jobs: float
    """Jobs that it was measured over."""


type _Block = tuple[float, float]
"""Seconds, jobs."""


@dataclass(slots=True)
class RateEstimator:
    """The pace of one queue."""

    _blocks: list[_Block] = field(default_factory=list)
    _open: _Block = (0.0, 0.0)
    _from: int = 0
    """First block since the pace last changed."""

    def add(self, seconds: float, jobs: float) -> None:
        """Take in what was processed in some seconds of being allowed to work."""
        if seconds <= 0:
            return
        self._open = (self._open[0] + seconds, self._open[1] + jobs)
        if self._open[0] >= (_BLOCK if self._open[1] else _SLOW_BLOCK):
            self._blocks.append(self._open)
            self._open = (0.0, 0.0)
            if len(self._blocks) > _MOST_BLOCKS:
                del self._blocks[0]
        if self._open[0] == 0.0 or self._open[1] == 0.0:
            self._from = last_change([*self._blocks, self._open])

    @property
    def rate(self) -> Rate | None:
        """Return the pace; None before anything was measured, or long after."""
        blocks = [*self._blocks[self._from :], self._open]
        elapsed = sum(seconds for seconds, _ in blocks)
        jobs = sum(jobs for _, jobs in blocks)
        if elapsed <= 0:
            return None
        constant = TIME_CONSTANT
        if jobs > 0:
            constant = max(constant, _JOBS_CONSTANT * elapsed / jobs)
        age = weight_sum = weighted_jobs = weighted_squares = 0.0
        for seconds, done in reversed(blocks):
            weight = exp(-(age + seconds / 2) / constant)
            weight_sum += weight * seconds
            weighted_jobs += weight * done
            weighted_squares += weight * weight * seconds
            age += seconds
        if weight_sum <= 0:
            # The last poll is so long ago that nothing earlier weighs anything.
            return None
        per_second = weighted_jobs / weight_sum
        scatter = _variance(blocks[:-1], per_second)
        deviation = sqrt(scatter * weighted_squares) / weight_sum
        return Rate(per_second, deviation, scatter, elapsed, jobs)


def _variance(blocks: list[_Block], per_second: float) -> float:
    """Return the variance of the jobs of one second, as the blocks scatter.

    Never below a quarter of that of chance arrivals: few blocks may agree by luck.
    """
    if len(blocks) < 3:
        return per_second
    scatter = sum((jobs - per_second * s) ** 2 / s for s, jobs in blocks)
    return max(per_second / 4, scatter / (len(blocks) - 1))


def last_change(blocks: list[_Block]) -> int:
    """Return from which block on the pace is that of now; 0 = it never changed."""
    begin = 0
    while (found := _biggest_change(blocks[begin:])) > 0:
        begin += found
    return begin


def _biggest_change(blocks: list[_Block]) -> int:
    """Return where the pace changed most clearly; 0 = nowhere.

    Both sides need a minute. Each side's own scatter is what a change is measured
    against, so swings that come again and again are none.
    """
    used = [block for block in blocks if block[0] > 0]
    seconds = [0.0, *accumulate(s for s, _ in used)]
    jobs = [0.0, *accumulate(j for _, j in used)]
    squares = [0.0, *accumulate(j * j / s for s, j in used)]
    total = len(used)
    best, best_at = _SURE, 0
    for at in range(1, total):
        before, after = seconds[at], seconds[-1] - seconds[at]
        if min(before, after) < _LEAST_SIDE:
            continue
        jobs0, jobs1 = jobs[at], jobs[-1] - jobs[at]
        rate0, rate1 = jobs0 / before, jobs1 / after
        if abs(rate1 - rate0) <= _WORTH_IT * max(rate0, rate1):
            continue
        scatter = squares[-1] - jobs0 * rate0 - jobs1 * rate1
        chance = jobs[-1] / seconds[-1] / 2
        variance = max(scatter / max(total - 2, 1), chance)
        score = abs(rate1 - rate0) / sqrt(variance * (1 / before + 1 / after))
        if score > best:
            best, best_at = score, at
    return best_at
