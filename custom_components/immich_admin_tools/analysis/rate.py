"""How fast a queue goes now.

An exponentially weighted mean without a bias at the start, over what came since the
pace last changed. Waiting for a mean of 180 s to forget an old pace takes
7 minutes; so a change of pace is looked for, and what was before is dropped.
Time while the queue is paused is left out: the rate is frozen, not decayed.
"""

from dataclasses import dataclass, field
from math import exp, sqrt

TIME_CONSTANT = 300.0
"""Seconds after which an observation weighs 1/e. Longer than the 180 s that are best
without a search for changes, as the search takes care of those."""

_JOBS_CONSTANT = 20
"""Slow queues remember about this many jobs, however long they take."""

_BLOCK = 30.0
"""Seconds that observations are summed up over."""

_MOST_BLOCKS = 40

_GUESS_SECONDS = 60.0
_GUESS_JOBS = 3
"""What an old pace weighs, as if measured over that many seconds or jobs."""

_SURE = 4.0
"""Standard deviations that a change of pace must be clear of chance."""

_WORTH_IT = 0.15
"""Part by which the pace must change to start anew."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Jobs per second, and how well that is known."""

    per_second: float
    deviation: float
    """Standard deviation of `per_second`."""
    elapsed: float
    """Seconds that it was measured over."""
    jobs: float
    """Jobs that it was measured over."""


@dataclass(slots=True)
class _Block:
    seconds: float = 0.0
    jobs: float = 0.0


@dataclass(slots=True)
class RateEstimator:
    """The pace of one queue."""

    _blocks: list[_Block] = field(default_factory=list)
    _open: _Block = field(default_factory=_Block)

    def add(self, seconds: float, jobs: float) -> None:
        """Take in what was processed in some seconds of being allowed to work."""
        if seconds <= 0:
            return
        self._open.seconds += seconds
        self._open.jobs += jobs
        if self._open.seconds >= _BLOCK:
            self._blocks.append(self._open)
            self._open = _Block()
            self._drop_before_change()
            if len(self._blocks) > _MOST_BLOCKS:
                self._merge_oldest()

    def rest(self) -> None:
        """Keep the pace as no more than a first guess, as after a rest."""
        rate = self.rate
        self._blocks.clear()
        self._open = _Block()
        if rate is None or rate.per_second <= 0:
            return
        seconds = min(rate.elapsed, max(_GUESS_SECONDS, _GUESS_JOBS / rate.per_second))
        self._blocks.append(_Block(seconds, seconds * rate.per_second))

    @property
    def rate(self) -> Rate | None:
        """Return the pace; None before anything was measured."""
        blocks = [*self._blocks, self._open]
        seconds = sum(b.seconds for b in blocks)
        jobs = sum(b.jobs for b in blocks)
        if seconds <= 0:
            return None
        constant = TIME_CONSTANT
        if jobs > 0:
            constant = max(constant, _JOBS_CONSTANT * seconds / jobs)
        age = weight_sum = weighted_jobs = weighted_squares = 0.0
        for block in reversed(blocks):
            weight = exp(-(age + block.seconds / 2) / constant)
            weight_sum += weight * block.seconds
            weighted_jobs += weight * block.jobs
            weighted_squares += weight * weight * block.seconds
            age += block.seconds
        per_second = weighted_jobs / weight_sum
        variance = self._variance(per_second) * weighted_squares / weight_sum**2
        return Rate(per_second, sqrt(variance), seconds, jobs)

    def _variance(self, per_second: float) -> float:
        """Return the variance of the jobs of one second, as the blocks scatter.

        Never below a quarter of that of chance arrivals: few blocks may agree
        by luck.
        """
        blocks = self._blocks
        least = max(per_second, 0.0) / 4
        if len(blocks) < 3:
            return max(least, per_second)
        scatter = sum(
            (b.jobs - per_second * b.seconds) ** 2 / b.seconds for b in blocks
        ) / (len(blocks) - 1)
        return max(least, scatter)

    def _drop_before_change(self) -> None:
        """Look for the moment at which the pace changed, and forget what was before."""
        blocks = self._blocks
        total = len(blocks)
        best, best_at = _SURE, 0
        for at in range(1, total - 1):
            score = _change(blocks[:at], blocks[at:])
            if score > best:
                best, best_at = score, at
        if best_at:
            del blocks[:best_at]

    def _merge_oldest(self) -> None:
        """Keep the memory bounded without losing slow queues' few jobs."""
        first, second = self._blocks[:2]
        self._blocks[:2] = [
            _Block(first.seconds + second.seconds, first.jobs + second.jobs)
        ]


def _change(before: list[_Block], after: list[_Block]) -> float:
    """Return by how many standard deviations two stretches differ in pace."""
    seconds0 = sum(b.seconds for b in before)
    seconds1 = sum(b.seconds for b in after)
    rate0 = sum(b.jobs for b in before) / seconds0
    rate1 = sum(b.jobs for b in after) / seconds1
    difference = abs(rate1 - rate0)
    mean = (rate0 * seconds0 + rate1 * seconds1) / (seconds0 + seconds1)
    if difference <= _WORTH_IT * max(rate0, rate1):
        return 0.0
    scatter = sum((b.jobs - rate0 * b.seconds) ** 2 / b.seconds for b in before)
    scatter += sum((b.jobs - rate1 * b.seconds) ** 2 / b.seconds for b in after)
    freedom = len(before) + len(after) - 2
    variance = max(scatter / freedom if freedom > 0 else 0.0, mean / 2)
    return difference / sqrt(variance * (1 / seconds0 + 1 / seconds1))
