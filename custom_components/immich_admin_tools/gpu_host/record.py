"""What of one host outlives a restart of Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import logging

from ..bullmq.models import JsonValue
from ..healing.errors import NotStoredError
from ..healing.safety import Section, Stored
from ..serialization import OMIT, from_json, stored_mapping, to_json, values_from_json
from .clocks import Clocks
from .models import Power
from .policy import restored


@dataclass(frozen=True, slots=True)
class ConcurrencyOverride:
    """A number of workers that was changed for the time the host is on."""

    before: int
    during: int


@dataclass(frozen=True, slots=True)
class HostRecord:
    """All that is stored of a host."""

    power: Power = field(default_factory=Power, metadata=OMIT)
    automatic: bool = False
    last_wake: int | None = None
    """ms since the epoch."""
    rates: Mapping[str, int] = field(default_factory=dict)
    """Jobs an hour that each queue did last with this host."""
    overrides: Mapping[str, ConcurrencyOverride] = field(default_factory=dict)
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
        since = {queue: clocks.wall_of(at) for queue, at in self.waiting_since.items()}
        stored = replace(self, waiting_since=since)
        return {**to_json(stored), "power": self.power.to_dict(clocks)}

    @classmethod
    def from_dict(cls, stored: Stored, clocks: Clocks) -> HostRecord:
        """Go on from `to_dict`; what can't be understood is left out."""
        read = from_json(cls, stored) or cls()
        return replace(
            read,
            power=Power.from_dict(stored_mapping(stored, "power"), clocks),
            rates=_known(read.rates),
            overrides=overrides_of(stored),
            burnt=_known(read.burnt),
            waiting_since={
                queue: clocks.monotonic_of(wall)
                for queue, wall in _known(read.waiting_since).items()
            },
        )


def _known(numbers: Mapping[str, int]) -> dict[str, int]:
    return {queue: number for queue, number in numbers.items() if number}


def overrides_of(stored: Stored) -> dict[str, ConcurrencyOverride]:
    """Read the numbers of workers that were changed; none of them is 0."""
    read = values_from_json(ConcurrencyOverride, stored.get("overrides"))
    return {queue: it for queue, it in read.items() if it.before and it.during}


_LOGGER = logging.getLogger(__name__)


class HostRecordStore:
    """The record of one host, and its section of the private store."""

    def __init__(self, section: Section, name: str, clocks: Clocks) -> None:
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
