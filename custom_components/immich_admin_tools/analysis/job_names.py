"""The names of jobs by id, remembered in little space.

Events name a job only when it is added, its duration is known when it ends, and
a million may wait in between. Ids are given out in order and jobs are added in
bulk under one name, so runs of ids suffice.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

_MOST_RUNS = 512


@dataclass(slots=True)
class JobNames:
    """Names of a queue's jobs; old ones are forgotten, others never wrong."""

    _first: list[int] = field(default_factory=list)
    _last: list[int] = field(default_factory=list)
    _name: list[str] = field(default_factory=list)

    def add(self, job_id: str, name: str) -> None:
        """Remember a job that was added. Ids that are no numbers are left out."""
        if not job_id.isdecimal():
            return
        number = int(job_id)
        if self._last and number <= self._last[-1]:
            if self.find(job_id) != name:
                # Ids began again: what was known is of other jobs.
                self.clear()
            else:
                return
        if self._last and self._name[-1] == name and self._last[-1] + 1 == number:
            self._last[-1] = number
            return
        self._first.append(number)
        self._last.append(number)
        self._name.append(name)
        if len(self._first) > _MOST_RUNS:
            half = _MOST_RUNS // 2
            del self._first[:half], self._last[:half], self._name[:half]

    def find(self, job_id: str) -> str | None:
        """Return the name of a job; None when it is not known."""
        if not job_id.isdecimal():
            return None
        number = int(job_id)
        at = bisect_right(self._first, number) - 1
        if at < 0 or number > self._last[at]:
            return None
        return self._name[at]

    def clear(self) -> None:
        """Forget all."""
        self._first.clear()
        self._last.clear()
        self._name.clear()
