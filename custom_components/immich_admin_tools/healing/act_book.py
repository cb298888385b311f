"""The acts that are under way or still watched, as a book. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..bullmq.models import JsonValue
from .acts import act_to_dict, acts_from_list, stored_enum
from .models import Act, Initiator
from .safety import Stored

type Run = tuple[str, str, int | None]
"""Queue, id and processedOn."""

REMEMBERED = 3_600_000
"""ms for which acts are remembered: the limits count those of the last hour."""


@dataclass(frozen=True, slots=True)
class Recent:
    """An act of the last hour, whatever came of it."""

    run: Run
    at: int
    by: Initiator


@dataclass(frozen=True, slots=True)
class ActBook:
    """What is known of acts. Never changes: each step returns a new one."""

    pending: Mapping[str, Act] = field(default_factory=dict)
    """Written down; whether they were done and recorded is not certain."""
    watched: Mapping[str, Act] = field(default_factory=dict)
    """Done and recorded; what becomes of their workers is still looked at."""
    lost: frozenset[str] = frozenset()
    """Those of the watched whose worker was seen to hang on."""
    recent: tuple[Recent, ...] = ()

    def begun(self, acts: Iterable[Act], now: int) -> ActBook:
        """Add acts that are about to be done."""
        new = {act.act_id: act for act in acts}
        kept = (it for it in self.recent if now - it.at < REMEMBERED)
        added = (Recent(act.run, act.at, act.by) for act in new.values())
        return replace(self, pending={**self.pending, **new}, recent=(*kept, *added))

    def recorded(
        self, done: Collection[str], watched: Collection[str], lost: Collection[str]
    ) -> ActBook:
        """Take acts out that are recorded; go on watching some of them."""
        return replace(
            self,
            pending={key: it for key, it in self.pending.items() if key not in done},
            watched={
                **self.watched,
                **{key: it for key, it in self.pending.items() if key in watched},
            },
            lost=self.lost | set(lost),
        )

    def seen_lost(self, act_ids: Collection[str]) -> ActBook:
        """Note that the workers of some acts hang on."""
        return replace(self, lost=self.lost | set(act_ids))

    def let_go(self, act_ids: Collection[str]) -> ActBook:
        """Stop watching some acts."""
        return replace(
            self,
            watched={k: it for k, it in self.watched.items() if k not in act_ids},
            lost=self.lost - set(act_ids),
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "pending": [act_to_dict(act) for act in self.pending.values()],
            "watched": [act_to_dict(act) for act in self.watched.values()],
            "lost": [*sorted(self.lost)],
            "recent": [
                {
                    "queue": it.run[0],
                    "job_id": it.run[1],
                    "processed_on": it.run[2],
                    "at": it.at,
                    "by": it.by.value,
                }
                for it in self.recent
            ],
        }

    @classmethod
    def from_dict(cls, stored: Stored) -> ActBook:
        """Go on from `to_dict`; what can't be understood is left out."""
        watched = {act.act_id: act for act in acts_from_list(stored.get("watched"))}
        lost = stored.get("lost")
        known = lost if isinstance(lost, list) else []
        return cls(
            pending={act.act_id: act for act in acts_from_list(stored.get("pending"))},
            watched=watched,
            lost=frozenset(act_id for act_id in watched if act_id in known),
            recent=tuple(_recent(stored.get("recent"))),
        )


def _recent(stored: JsonValue) -> Iterator[Recent]:
    """Read the acts of the last hour."""
    for item in stored if isinstance(stored, list) else []:
        match item:
            case {"queue": str(queue), "job_id": str(job_id), "at": int(at), **rest}:
                processed_on = rest.get("processed_on")
                yield Recent(
                    (
                        queue,
                        job_id,
                        processed_on if type(processed_on) is int else None,
                    ),
                    at,
                    stored_enum(Initiator, rest.get("by")) or Initiator.USER,
                )
