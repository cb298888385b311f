"""What of one host outlives a restart of Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import logging

from ..analysis.stored import stored_int, stored_mapping
from ..bullmq.models import JsonValue
from ..healing.errors import NotStoredError
from ..healing.safety import Section, Stored
from .clocks import Clocks
from .models import Power
from .policy import restored


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
    """Of 0.1.0: what was there before belongs to the queue, not to the host."""
    waiting_since: Mapping[str, int] = field(default_factory=dict)
    """Since when jobs were seen waiting, by queue (monotonic ms)."""
    burnt: Mapping[str, int] = field(default_factory=dict)
    """Where 0.1.0 kept the jobs that were skipped; now they are in the entry's ledger."""

    def with_power(self, power: Power) -> HostRecord:
        """Return it with another state."""
        return replace(self, power=power)

    def differs(self, other: HostRecord) -> bool:
        """Return whether it is worth a write: times that only run on are not."""
        return self._essence() != other._essence()

    def _essence(self) -> HostRecord:
        # Deadlines and the idle time may begin anew after a crash, and packets be sent
        # again; what they lead to changes the state as well.
        power = replace(
            self.power, since=None, deadline=None, signalled_at=None, idle_since=None
        )
        return replace(self, power=power, rates={})

    def to_dict(self, clocks: Clocks) -> dict[str, JsonValue]:
        """Return it as JSON, with wall times."""
        return {
            "power": self.power.to_dict(clocks),
            "automatic": self.automatic,
            "last_wake": self.last_wake,
            "rates": dict(self.rates),
            "overrides": {
                queue: {"before": it.before, "during": it.during}
                for queue, it in self.overrides.items()
            },
            "burnt": dict(self.burnt),
            "waiting_since": {
                queue: clocks.wall_of(since)
                for queue, since in self.waiting_since.items()
            },
        }

    @classmethod
    def from_dict(cls, stored: Stored, clocks: Clocks) -> HostRecord:
        """Go on from `to_dict`; what can't be understood is left out."""
        return cls(
            power=Power.from_dict(stored_mapping(stored, "power"), clocks),
            automatic=stored.get("automatic") is True,
            last_wake=stored_int(stored, "last_wake"),
            rates=_numbers(stored, "rates"),
            overrides=overrides_of(stored),
            burnt=_numbers(stored, "burnt"),
            waiting_since={
                queue: clocks.monotonic_of(wall)
                for queue, wall in _numbers(stored, "waiting_since").items()
            },
        )


def _numbers(stored: Stored, key: str) -> dict[str, int]:
    values = stored_mapping(stored, key)
    return {
        name: number
        for name in values
        if (number := stored_int(values, name)) is not None and number > 0
    }


def overrides_of(stored: Stored) -> dict[str, Override]:
    """Read the numbers of workers that were changed."""
    known: dict[str, Override] = {}
    for queue, value in stored_mapping(stored, "overrides").items():
        if isinstance(value, dict):
            before, during = stored_int(value, "before"), stored_int(value, "during")
            if before and during:
                known[queue] = Override(before, during)
    return known


_LOGGER = logging.getLogger(__name__)


class RecordBook:
    """The record of one host, and its section of the private store."""

    def __init__(self, section: Section, name: str, clocks: Clocks) -> None:
        """Go on from what is stored."""
        self._section = section
        self._name = name
        self._clocks = clocks
        self._stored = HostRecord.from_dict(section.data, clocks)
        power = restored(self._stored.power, clocks.now())
        self.record = self._stored.with_power(power)

    async def save(self, record: HostRecord) -> None:
        """Take a record over, on the disk first if it matters. Raises NotStoredError."""
        if record.differs(self._stored):
            await self._write(record)
        self.record = record

    async def try_to_save(self, record: HostRecord) -> bool:
        """Take a record over even if it can't be written; return whether it could."""
        try:
            await self.save(record)
        except NotStoredError as error:
            _LOGGER.warning("State of %s cannot be stored: %s", self._name, error)
            self.record = record
            return False
        return True

    async def close(self) -> None:
        """Write also what was not worth a write before."""
        if self.record != self._stored:
            try:
                await self._write(self.record)
            except NotStoredError as error:
                _LOGGER.debug("State of %s cannot be stored: %s", self._name, error)

    async def _write(self, record: HostRecord) -> None:
        await self._section.save(record.to_dict(self._clocks))
        self._stored = record
