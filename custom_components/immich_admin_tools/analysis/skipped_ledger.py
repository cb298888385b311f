"""What is known of the skipped jobs of one queue, until they are made up for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..bullmq.models import JsonValue
from .stored import stored_int, stored_mapping, stored_str

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

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "jobs": self.jobs,
            "at_least": self.at_least,
            "untold": self.untold,
            "automatic": self.automatic,
            "position": self.position,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, JsonValue]) -> SkippedJobs:
        """Go on from `to_dict`; what can't be understood is as at first."""
        position = stored_str(stored, "position") or ""
        milliseconds, _, sequence = position.partition("-")
        sound = milliseconds.isdecimal() and sequence.isdecimal()
        return cls(
            jobs=stored_int(stored, "jobs") or 0,
            at_least=stored.get("at_least") is True,
            untold=stored_int(stored, "untold") or 0,
            automatic=stored.get("automatic") is True,
            position=position if sound else None,
        )


def ledger_from(stored: Mapping[str, JsonValue]) -> dict[str, SkippedJobs]:
    """Read the skipped jobs of all queues."""
    queues = stored_mapping(stored, QUEUES)
    return {
        name: SkippedJobs.from_dict(stored_mapping(queues, name)) for name in queues
    }


def ledger_to(ledger: Mapping[str, SkippedJobs]) -> dict[str, JsonValue]:
    """Return the skipped jobs of all queues as JSON."""
    return {QUEUES: {name: jobs.to_dict() for name, jobs in ledger.items()}}
