"""What of one host outlives a restart of Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..analysis.stored import stored_int, stored_mapping
from ..bullmq.models import JsonValue
from ..healing.safety import Stored
from .models import Power


@dataclass(frozen=True, slots=True)
class Override:
    """A number of workers that was changed for the time the host is on."""

    before: int
    during: int


@dataclass(frozen=True, slots=True)
class HostRecord:
    """All that is stored of a host."""

    power: Power = field(default_factory=Power)
    automatic: bool = False
    last_wake: int | None = None
    """ms since the epoch."""
    rates: Mapping[str, int] = field(default_factory=dict)
    """Jobs an hour that each queue did last with this host."""
    overrides: Mapping[str, Override] = field(default_factory=dict)
    burnt: Mapping[str, int] = field(default_factory=dict)
    """Where 0.1.0 kept the jobs that were skipped; now they are in the entry's ledger."""

    def with_power(self, power: Power) -> HostRecord:
        """Return it with another state."""
        return replace(self, power=power)

    def differs(self, other: HostRecord) -> bool:
        """Return whether it is worth a write: times that only run on are not."""
        return self._essence() != other._essence()

    def _essence(self) -> HostRecord:
        # The idle time may be measured anew after a crash, and packets be sent again.
        return replace(
            self, power=replace(self.power, since=0, signalled_at=0), rates={}
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "power": self.power.to_dict(),
            "automatic": self.automatic,
            "last_wake": self.last_wake,
            "rates": dict(self.rates),
            "overrides": {
                queue: {"before": it.before, "during": it.during}
                for queue, it in self.overrides.items()
            },
            "burnt": dict(self.burnt),
        }

    @classmethod
    def from_dict(cls, stored: Stored) -> HostRecord:
        """Go on from `to_dict`; what can't be understood is left out."""
        return cls(
            power=Power.from_dict(stored_mapping(stored, "power")),
            automatic=stored.get("automatic") is True,
            last_wake=stored_int(stored, "last_wake"),
            rates=_numbers(stored, "rates"),
            overrides=_overrides(stored),
            burnt=_numbers(stored, "burnt"),
        )


def _numbers(stored: Stored, key: str) -> dict[str, int]:
    values = stored_mapping(stored, key)
    return {
        name: number
        for name in values
        if (number := stored_int(values, name)) is not None and number > 0
    }


def _overrides(stored: Stored) -> dict[str, Override]:
    known: dict[str, Override] = {}
    for queue, value in stored_mapping(stored, "overrides").items():
        if isinstance(value, dict):
            before, during = stored_int(value, "before"), stored_int(value, "during")
            if before and during:
                known[queue] = Override(before, during)
    return known
