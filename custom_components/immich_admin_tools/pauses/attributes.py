"""How a pause is shown: who keeps a queue paused, why, and until when."""

from dataclasses import dataclass

from ..analysis.clocks import iso
from ..analysis.models import QueueState, QueueView
from .keeper import LeaseKeeper
from .leases import LeaseKind, Phase

BY_USER = "user"
BY_US = "immich_admin_tools"
BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class ShownPause:
    """A pause as it is shown. Times: ms since the epoch."""

    by: str
    reason: str | None
    """`by_hand` or a kind of lease; None: it goes on as soon as Immich can be told."""
    since: int | None = None
    until: int | None = None
    host: str | None = None
    """Of a pause for a GPU host: its id."""


def pause_of(view: QueueView, leases: LeaseKeeper) -> ShownPause | None:
    """Return who keeps a queue paused, why and until when; None while it works."""
    if not view.is_paused:
        return None
    pause = leases.book.pauses.get(view.name)
    if pause is not None and pause.phase is Phase.ENDING:
        return ShownPause(BY_US, None)
    owner = leases.owner(view.name)
    if owner is None or owner.reason is None:
        since = view.state_since if view.state is QueueState.PAUSED else None
        return ShownPause(BY_USER, BY_HAND, since)
    kind = owner.reason.kind
    return ShownPause(
        by=BY_USER if kind is LeaseKind.USER else BY_US,
        reason=kind,
        since=owner.since,
        until=owner.until,
        host=owner.reason.holder if kind is LeaseKind.GPU_OFFLINE else None,
    )


def pause_attributes(view: QueueView, leases: LeaseKeeper) -> dict[str, str | None]:
    """Return the owner of a pause; times ISO with zone, all None while it works.

    `reason` is `by_hand` or a kind of lease. A pause without `paused_until` by the
    user lasts until the user ends it; one by us ends with its reason.
    """
    pause = pause_of(view, leases)
    return {
        "paused_by": None if pause is None else pause.by,
        "reason": None if pause is None else pause.reason,
        "paused_since": None if pause is None else iso(pause.since),
        "paused_until": None if pause is None else iso(pause.until),
    }
