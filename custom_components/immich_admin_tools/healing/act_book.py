"""The acts that are under way or still watched, as a book. Pure."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
    """ms since the epoch: what is stored."""
    by: Initiator
    counts: bool = True
    """Whether it may have changed something: only that counts for the hourly limit."""
    since: int = field(default=0, compare=False)
    """The same moment on the monotonic clock, which all judging is done by."""


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
        """Add acts that are about to be done; `now` is monotonic."""
        new = {act.act_id: act for act in acts}
        kept = (it for it in self.recent if now - it.since < REMEMBERED)
        added = (Recent(act.run, act.at, act.by, since=now) for act in new.values())
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

    def came_to_nothing(self, raced: Iterable[Act], refused: Iterable[Act]) -> ActBook:
        """Take acts out that changed nothing: none counts for the hourly limit.

        A job that raced is left alone for a while all the same; what was refused (by
        missing rights, or a Redis that went away) may be tried again.
        """
        raced, refused = list(raced), list(refused)
        gone = {act.act_id for act in (*raced, *refused)}
        idle_runs = Counter(act.run for act in raced)
        free_runs = Counter(act.run for act in refused)
        recent: list[Recent] = []
        # The same run may have been acted on before: only the newest entries are meant.
        for it in reversed(self.recent):
            if free_runs[it.run]:
                free_runs[it.run] -= 1
                continue
            if idle_runs[it.run]:
                idle_runs[it.run] -= 1
                it = replace(it, counts=False)
            recent.append(it)
        return replace(
            self,
            pending={key: it for key, it in self.pending.items() if key not in gone},
            recent=tuple(reversed(recent)),
        )

    def not_lost(self, act_ids: Collection[str]) -> ActBook:
        """Note that it has to be seen anew whether workers hang on."""
        return replace(self, lost=self.lost - set(act_ids))

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
                    "counts": it.counts,
                }
                for it in self.recent
            ],
        }

    @classmethod
    def from_dict(
        cls, stored: Stored, monotonic_of: Callable[[int], int] = int
    ) -> ActBook:
        """Go on from `to_dict`; what can't be understood is left out.

        `monotonic_of` brings a stored time onto the clock that is judged by.
        """
        watched = {act.act_id: act for act in acts_from_list(stored.get("watched"))}
        lost = stored.get("lost")
        known = lost if isinstance(lost, list) else []
        return cls(
            pending={act.act_id: act for act in acts_from_list(stored.get("pending"))},
            watched=watched,
            lost=frozenset(act_id for act_id in watched if act_id in known),
            recent=tuple(
                replace(it, since=monotonic_of(it.at))
                for it in _recent(stored.get("recent"))
            ),
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
                    rest.get("counts") is not False,
                )
