"""More workers while the host is on, and as it was before when it is off."""

from collections.abc import Callable, Mapping
from dataclasses import replace
import logging
from typing import Protocol

from ..immich.errors import ImmichError
from .record import Override
from .record_book import RecordBook

_LOGGER = logging.getLogger(__name__)

AGAIN = 60_000
"""ms until it is tried again."""


class ConcurrencyApi(Protocol):
    """What of Immich's API is needed."""

    async def concurrency(self) -> Mapping[str, int]:
        """Return how many jobs each queue runs at once."""

    async def set_concurrency(self, name: str, jobs: int) -> None:
        """Let a queue run so many jobs at once."""


def planned(
    wanted: Mapping[str, int],
    known: Mapping[str, Override],
    current: Mapping[str, int],
) -> tuple[Mapping[str, Override], Mapping[str, int]]:
    """Return what is to be remembered, and what is to be set, by queue. Pure.

    `wanted`: the numbers while the host is on; empty when it is not. A number that
    somebody else has changed meanwhile is left as it is.
    """
    overrides: dict[str, Override] = {}
    changes: dict[str, int] = {}
    for queue, jobs in wanted.items():
        if queue not in current:
            continue
        before = known.get(queue)
        if before is None:
            overrides[queue] = Override(current[queue], jobs)
            changes[queue] = jobs
        elif before.during != jobs and current[queue] == before.during:
            overrides[queue] = Override(before.before, jobs)
            changes[queue] = jobs
        else:
            overrides[queue] = before
    for queue, override in known.items():
        if queue not in wanted and current.get(queue) == override.during:
            changes[queue] = override.before
    return overrides, {
        queue: jobs for queue, jobs in changes.items() if current[queue] != jobs
    }


class Profile:
    """Keeps the numbers of workers of one host's queues."""

    def __init__(
        self, api: ConcurrencyApi, book: RecordBook, now: Callable[[], int]
    ) -> None:
        """Remember in the host's record what was there before."""
        self._api = api
        self._book = book
        self._now = now
        self._not_before = 0

    async def keep(self, wanted: Mapping[str, int]) -> None:
        """Set these numbers, and let go of all others; what fails is tried again."""
        known = self._book.record.overrides
        during = {queue: override.during for queue, override in known.items()}
        now = self._now()
        if during == dict(wanted) or now < self._not_before:
            return
        self._not_before = now + AGAIN
        try:
            overrides, changes = planned(wanted, known, await self._api.concurrency())
            record = replace(self._book.record, overrides={**known, **overrides})
            if not await self._book.try_to_save(record):
                return
            for queue, jobs in changes.items():
                await self._api.set_concurrency(queue, jobs)
        except ImmichError as error:
            _LOGGER.warning("The numbers of workers can't be set: %s", error)
            return
        await self._book.try_to_save(replace(record, overrides=overrides))
