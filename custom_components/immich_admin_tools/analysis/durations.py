"""How long jobs take: a histogram of bounded size and what is learned from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, log2

from ..bullmq.models import JsonValue
from .stored import stored_int, stored_mapping

_BUCKETS_PER_OCTAVE = 8
"""Buckets are 9 % wide, so a quantile is off by 4.5 % at most."""

_LAST_BUCKET = 40 * _BUCKETS_PER_OCTAVE
"""35 years; anything longer is a broken clock."""

_HALVE_AT = 4_000
"""Observations after which all counts are halved, so that old ones fade."""

ENOUGH = 100
"""Observations before a p99 means anything."""

SUGGESTION_FACTOR = 4
"""Times the p99. For log-normal durations this is beyond 9,999 in 10,000 jobs."""

SUGGESTION_FLOOR = 60
"""Seconds: below this a busy disk would raise alarms."""


@dataclass(slots=True)
class DurationStatistics:
    """Durations of one kind of job. Seconds outside, ms inside."""

    count: int = 0
    """Observations remembered; halved now and then."""
    _buckets: dict[int, int] = field(default_factory=dict)
    _recent: float = 0.0
    _recent_weight: float = 0.0

    def add(self, milliseconds: int) -> None:
        """Take in one duration."""
        value = max(milliseconds, 1)
        bucket = min(int(log2(value) * _BUCKETS_PER_OCTAVE), _LAST_BUCKET)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1
        # The mean of about the last hundred jobs, without a bias at the start.
        self._recent = self._recent * 0.99 + value * 0.01
        self._recent_weight = self._recent_weight * 0.99 + 0.01
        if self.count >= _HALVE_AT:
            self._halve()

    def _halve(self) -> None:
        self._buckets = {b: n // 2 for b, n in self._buckets.items() if n >= 2}
        self.count = sum(self._buckets.values())

    @property
    def average(self) -> float | None:
        """Return the mean of the recent jobs."""
        if self._recent_weight == 0:
            return None
        return self._recent / self._recent_weight / 1000

    def quantile(self, part: float) -> float | None:
        """Return the seconds within which this part (0 to 1) of the jobs ended."""
        left = part * self.count
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return float(2 ** ((bucket + 0.5) / _BUCKETS_PER_OCTAVE)) / 1000
        return None

    @property
    def median(self) -> float | None:
        """Return the p50 in seconds; None before the first job."""
        return self.quantile(0.5)

    @property
    def p99(self) -> float | None:
        """Return the p99 in seconds; None before enough jobs were seen."""
        return self.quantile(0.99) if self.count >= ENOUGH else None

    @property
    def suggested_threshold(self) -> int | None:
        """Return the seconds after which such a job may be called stuck."""
        p99 = self.p99
        if p99 is None:
            return None
        seconds = max(p99 * SUGGESTION_FACTOR, SUGGESTION_FLOOR)
        # Coarse steps, so that the suggestion does not change all the time.
        step = 30 if seconds < 600 else 300 if seconds < 7200 else 1800
        return ceil(seconds / step) * step

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "buckets": {str(bucket): n for bucket, n in self._buckets.items()},
            "average_ms": round((self.average or 0.0) * 1000),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> DurationStatistics:
        """Go on from `to_dict`; what can't be understood is left out."""
        own = cls()
        buckets = stored_mapping(stored, "buckets")
        for bucket in buckets:
            count = stored_int(buckets, bucket)
            if bucket.isdecimal() and int(bucket) <= _LAST_BUCKET and count:
                own._buckets[int(bucket)] = count
        own.count = sum(own._buckets.values())
        if own.count and (average := stored_int(stored, "average_ms")) is not None:
            weight = 1 - 0.99 ** min(own.count, _HALVE_AT)
            own._recent, own._recent_weight = average * weight, weight
        return own
