"""Numbers that are told again only when they have moved enough to matter."""

from dataclasses import dataclass
from math import floor, log10

_WORTH_TELLING = 0.05


def significant(value: float, digits: int = 3) -> float:
    """Round to some significant digits."""
    if value == 0:
        return 0.0
    return round(value, digits - 1 - floor(log10(abs(value))))


@dataclass(slots=True)
class SteadyNumber:
    """A number with 5 % of hysteresis; zero and None are told at once."""

    told: float | None = None

    def tell(self, value: float | None) -> float | None:
        """Return what is to be shown."""
        if (
            value is None
            or not value
            or not self.told
            or abs(value - self.told) > _WORTH_TELLING * self.told
        ):
            self.told = None if value is None else significant(value)
        return self.told
