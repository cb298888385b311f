"""The usual ways to tell a time left, and ours behind the same face."""

from collections.abc import Callable
from math import exp
from typing import Protocol

from custom_components.immich_admin_tools.analysis.models import Eta, NoEta, QueueState
from custom_components.immich_admin_tools.analysis.pace import Pace, Work

from .eta_workloads import Look


class Estimator(Protocol):
    """Looks at each poll and tells the seconds left, or None."""

    def look(self, look: Look, seconds: float) -> float | None:
        """Take in one look, `seconds` after the one before."""
        ...


class Ours:
    """What the integration shows, hysteresis and rounding included."""

    def __init__(self) -> None:
        """Begin."""
        self._pace = Pace()
        self.eta: Eta | None = None
        self.changes = 0
        """How often another time was told, unknown included."""
        self.rest_changes = 0
        """How often another time left was told."""
        self._told_at_all = False

    def look(self, look: Look, seconds: float) -> float | None:
        """Take in one look."""
        now = round(look.time * 1000)
        state = QueueState.PAUSED if look.is_paused else QueueState.RUNNING
        work = Work(now, look.waiting, look.active, look.is_paused, state, None)
        view = self._pace.update(work, look.processed)
        if self._told_at_all:
            self.changes += _finish(view.eta) != _finish(self.eta)
            self.rest_changes += _rest(view.eta) != _rest(self.eta)
        self._told_at_all = self._told_at_all or view.eta is not None
        self.eta = view.eta
        if view.eta is None:
            assert view.no_eta in (
                NoEta.PAUSED,
                NoEta.MEASURING,
                NoEta.NOT_MOVING,
                NoEta.NEARLY_DONE,
            )
            return None
        return (view.eta.finish - now) / 1000


def _finish(eta: Eta | None) -> int | None:
    return None if eta is None else eta.finish


def _rest(eta: Eta | None) -> int | None:
    return None if eta is None else eta.remaining


class CumulativeMean:
    """All that was done over all the time."""

    def __init__(self) -> None:
        """Begin."""
        self._jobs = self._seconds = 0.0

    def look(self, look: Look, seconds: float) -> float | None:
        """Take in one look."""
        self._jobs += look.processed
        self._seconds += seconds
        if not self._jobs:
            return None
        return (look.waiting + look.active) * self._seconds / self._jobs


class Ewma:
    """An exponentially weighted mean, without a bias at the start."""

    def __init__(self, constant: float) -> None:
        """Weigh by exp(-age / constant)."""
        self._constant = constant
        self._rate = self._weight = 0.0

    def look(self, look: Look, seconds: float) -> float | None:
        """Take in one look."""
        if seconds > 0:
            keep = exp(-seconds / self._constant)
            self._rate = keep * self._rate + (1 - keep) * look.processed / seconds
            self._weight = keep * self._weight + 1 - keep
        if not self._rate:
            return None
        return (look.waiting + look.active) * self._weight / self._rate


class PerSample:
    """As tqdm does it: 0.3 for each sample, however long it took."""

    def __init__(self, smoothing: float = 0.3) -> None:
        """Weigh each new sample by `smoothing`."""
        self._smoothing = smoothing
        self._jobs = self._seconds = 0.0

    def look(self, look: Look, seconds: float) -> float | None:
        """Take in one look."""
        keep = 1 - self._smoothing
        self._jobs = keep * self._jobs + self._smoothing * look.processed
        self._seconds = keep * self._seconds + self._smoothing * seconds
        if not self._jobs:
            return None
        return (look.waiting + look.active) * self._seconds / self._jobs


ESTIMATORS: dict[str, Callable[[], Estimator]] = {
    "ours": Ours,
    "cumulative mean": CumulativeMean,
    "EWMA 180 s": lambda: Ewma(180),
    "EWMA 60 s": lambda: Ewma(60),
    "tqdm-like 0.3": PerSample,
}
