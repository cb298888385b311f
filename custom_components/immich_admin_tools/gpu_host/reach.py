"""Whether the machine learning answers, from one probe to the next. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from .models import Reach

OFFLINE_AFTER = 10_000
"""ms without an answer until the host counts as off: a ping may flap."""
ANSWERS_NEEDED = 2
"""Answers in a row until the host counts as on again."""
SLOW_NEEDED = 2
"""Probes in a row without an answer in time until a pause is called for."""


class Probe(StrEnum):
    """What one probe found."""

    ANSWERS = "answers"
    GONE = "gone"
    """Refused, no such address, or the proxy in front says that nobody is there."""
    SLOW = "slow"
    """Connected, and no answer in time: it may only be busy."""
    FAILS = "fails"
    """It answers a ping, and fails at its work."""
    OTHER = "other"
    """Something answers that is not Immich's machine learning."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What the last probes say."""

    reach: Reach = Reach.UNKNOWN
    safe: bool | None = None
    """Whether jobs may be begun; None before that is known.

    One refusal suffices to stop them, before Immich skips photos.
    """
    last: Probe | None = None
    answers: int = 0
    """Answers in a row."""
    misses: int = 0
    """Probes in a row without an answer."""
    missed_since: int = 0

    def after(self, probe: Probe, now: int) -> Contact:
        """Return what is known after one more probe; `now` in ms since the epoch."""
        if probe is Probe.ANSWERS:
            answers = self.answers + 1
            sure = answers >= ANSWERS_NEEDED
            return Contact(
                reach=Reach.ONLINE
                if sure or self.reach is Reach.UNKNOWN
                else self.reach,
                safe=sure or self.safe is not False,
                last=probe,
                answers=answers,
            )
        misses = self.misses + 1
        since = self.missed_since if self.misses else now
        certain = probe is not Probe.SLOW or misses >= SLOW_NEEDED
        gone = self.reach is Reach.UNKNOWN or now - since >= OFFLINE_AFTER
        return Contact(
            reach=Reach.OFFLINE if certain and gone else self.reach,
            safe=False if certain else self.safe,
            last=probe,
            misses=misses,
            missed_since=since,
        )
