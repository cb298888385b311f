"""Whether the machine learning answers, from one probe to the next. Pure.

A probe says yes, no, or nothing. What says nothing changes nothing, but that jobs are
not begun with a host that takes questions and leaves them unanswered.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from .models import Reach

OFFLINE_AFTER = 10_000
"""ms of nothing but no until the host counts as off: a ping may flap (a choice)."""
ANSWERS_NEEDED = 2
"""Answers in a row until jobs may be begun again."""
MISSES_NEEDED = 2
"""Times no in a row, however long they lasted, until the host counts as off."""
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
    UNKNOWN = "unknown"
    """Who was to be asked about it is in trouble."""


_SAYS = {
    Probe.ANSWERS: True,
    Probe.GONE: False,
    Probe.OTHER: False,
    # The box is on: an on action that toggles would switch it off.
    Probe.FAILS: None,
    Probe.SLOW: None,
    Probe.UNKNOWN: None,
}
"""Whether the host is there: yes, no, or not known."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What the last probes say."""

    reach: Reach = Reach.UNKNOWN
    """Whether the host is on, after short gaps are left out."""
    safe: bool | None = None
    """Whether jobs may be begun; None before that is known.

    One refusal suffices to stop them, before Immich skips photos. It is also what is
    shown as online.
    """
    last: Probe | None = None
    answers: int = 0
    """Answers in a row."""
    misses: int = 0
    """Probes in a row without an answer."""
    gone_since: int | None = None
    """Since when each probe said no (monotonic ms)."""

    def after(self, probe: Probe, now: int) -> Contact:
        """Return what is known after one more probe; `now` in monotonic ms."""
        if probe is Probe.UNKNOWN:
            return replace(self, last=probe)
        says = _SAYS[probe]
        if says:
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
        stops = probe is not Probe.SLOW or misses >= SLOW_NEEDED
        safe = False if stops else self.safe
        if says is None:
            # Somebody is there after all, so it is not known to be off.
            there = self.reach is Reach.OFFLINE
            reach = Reach.UNKNOWN if there else self.reach
            return Contact(
                reach, safe, probe, misses=misses, gone_since=self.gone_since
            )
        since = now if self.gone_since is None else self.gone_since
        # Who was never known to be on has no gap to be left out.
        lasted = self.reach is Reach.UNKNOWN or now - since >= OFFLINE_AFTER
        gone = misses >= MISSES_NEEDED and lasted
        reach = Reach.OFFLINE if gone else self.reach
        return Contact(reach, safe, probe, misses=misses, gone_since=since)
