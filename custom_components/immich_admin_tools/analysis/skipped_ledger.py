"""What is known of the skipped jobs of one queue, until they are made up for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..bullmq.models import JsonValue
from ..serialization import from_json, stored_mapping, to_json

QUEUES = "queues"


@dataclass(frozen=True, slots=True)
class SkippedJobs:
    """The skipped jobs of one queue."""

    jobs: int = 0
    at_least: bool = False
    """Whether it may be more: entries were lost, or jobs were under way."""
    untold: int = 0
    """Those of them that no event has told of yet."""
    automatic: bool = False
    """Whether the user chose to have them made up for automatically."""
    position: str | None = None
    """The last entry of the stream that was counted: none is counted twice."""

    def counted(
        self, jobs: int, *, at_least: bool, position: str | None
    ) -> SkippedJobs:
        """Return it with more jobs."""
        return replace(
            self,
            jobs=self.jobs + jobs,
            untold=self.untold + jobs,
            at_least=self.at_least or at_least,
            position=position or self.position,
        )

    def told(self, jobs: int) -> SkippedJobs:
        """Return it after an event told of some."""
        return replace(self, untold=max(0, self.untold - jobs))

    def made_up(self) -> SkippedJobs:
        """Return it after Immich looks for them again; what is untold is still told."""
        return SkippedJobs(untold=self.untold, position=self.position)


def ledger_from(stored: Mapping[str, JsonValue]) -> dict[str, SkippedJobs]:
    """Read the skipped jobs of all queues; what can't be understood is as at first."""
    queues = stored_mapping(stored, QUEUES)
    return {name: _read(stored_mapping(queues, name)) for name in queues}


def _read(stored: Mapping[str, JsonValue]) -> SkippedJobs:
    own = from_json(SkippedJobs, stored) or SkippedJobs()
    milliseconds, _, sequence = (own.position or "").partition("-")
    if milliseconds.isdecimal() and sequence.isdecimal():
        return own
    return replace(own, position=None)


def ledger_to(ledger: Mapping[str, SkippedJobs]) -> dict[str, JsonValue]:
    """Return the skipped jobs of all queues as JSON."""
    return {QUEUES: {name: to_json(jobs) for name, jobs in ledger.items()}}
