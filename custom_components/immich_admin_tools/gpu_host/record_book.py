"""Writes down what is known of a host, before it is acted on."""

import logging

from ..healing.errors import NotStoredError
from ..healing.safety import Section
from .clocks import Clocks
from .policy import restored
from .record import HostRecord

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
            _LOGGER.warning("%s can't be stored: %s", self._name, error)
            self.record = record
            return False
        return True

    async def close(self) -> None:
        """Write also what was not worth a write before."""
        if self.record != self._stored:
            try:
                await self._write(self.record)
            except NotStoredError as error:
                _LOGGER.debug("%s can't be stored: %s", self._name, error)

    async def _write(self, record: HostRecord) -> None:
        await self._section.save(record.to_dict(self._clocks))
        self._stored = record
