"""Sensors that write no more than is worth a row of the recorder."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import callback

from .clock import monotonic_ms
from .entity import ChangesOnly

SETTLE = timedelta(seconds=15)
"""Counts and rates of a busy queue are written at most this often."""

SETTLE_SLOW = timedelta(seconds=60)
"""A count that only grows, and an age, which does so by itself: once a minute."""

type Value = str | int | float | datetime | None
type Attributes = Mapping[str, object] | None

_MOVING_ATTRIBUTES = frozenset({"low", "high", "unknown_because", "estimate"})

_MILLISECOND = timedelta(milliseconds=1)


class SettlingSensor(ChangesOnly, SensorEntity):
    """A sensor that writes no more than is worth a row of the recorder.

    A row is written for each state that is written and differs, be it in an
    unrecorded attribute alone. So those that move with every poll wait for the value,
    or for a minute; the names of stuck photos do not.
    Where `_settles`, so does the value until the last write is `_settle` ago; a change
    to or from zero, unknown or unavailable is written at once: that is when a queue
    starts, ends or breaks.
    """

    _settles: bool
    _settle: timedelta = SETTLE
    _written_at: int | None = None
    """Monotonic ms."""
    _was_available = True
    _found: Mapping[str, object] = {}
    """The attributes that were written last."""
    _unrecorded_attributes = frozenset({"jobs"}) | _MOVING_ATTRIBUTES

    def _read(self) -> tuple[Value, Attributes]:
        """Return the value and the attributes of the last poll."""
        raise NotImplementedError

    @override
    def _shows(self) -> tuple[object, ...]:
        """Return what was taken over: what is new since then has to wait."""
        return (self._was_available, self.native_value, self._found)

    @callback
    def _take(self) -> bool:
        """Take over what was read; return whether it is to be written."""
        available = self.available
        value, attributes = self._read() if available else (None, None)
        found = attributes or {}
        now = monotonic_ms()
        if self._written_at is not None:
            if (available, value, found) == self._shows():
                return False
            wait = (
                self._wait(value, found) if available is self._was_available else None
            )
            if wait is not None and now - self._written_at < wait / _MILLISECOND:
                return False
        self._was_available = available
        self._written_at = now
        self._attr_native_value = value
        self._attr_extra_state_attributes = self._found = dict(found)
        return True

    def _wait(self, value: Value, found: Mapping[str, object]) -> timedelta | None:
        """Return how long after the last write this may be written; None: at once."""
        old = self.native_value
        if bool(old) != bool(value) or (old is None) != (value is None):
            return None
        if old != value:
            return self._settle if self._settles else None
        at_once = (found.keys() | self._found.keys()) - _MOVING_ATTRIBUTES
        if any(found.get(key) != self._found.get(key) for key in at_once):
            return None
        return SETTLE_SLOW

    @override
    async def async_added_to_hass(self) -> None:
        """Take the first value before the first write."""
        await super().async_added_to_hass()
        self._take()

    @callback
    @override
    def _async_show(self) -> None:
        """Write what the poll brought, unless it is too soon."""
        if self._take():
            self.async_write_ha_state()
