"""How a pause is shown: who keeps a queue paused, why, and until when."""

from ..analysis.clocks import iso
from ..analysis.models import QueueState, QueueView
from .keeper import LeaseKeeper
from .leases import LeaseKind, Phase

BY_USER = "user"
BY_US = "immich_admin_tools"
BY_HAND = "by_hand"


def pause_attributes(view: QueueView, leases: LeaseKeeper) -> dict[str, str | None]:
    """Return the owner of a pause; times ISO with zone, all None while it works.

    `reason` is `by_hand` or a kind of lease. A pause without `paused_until` by the
    user lasts until the user ends it; one by us ends with its reason.
    """
    if not view.is_paused:
        return _attributes(None, None, None, None)
    pause = leases.book.pauses.get(view.name)
    if pause is not None and pause.phase is Phase.ENDING:
        # It goes on as soon as Immich can be told.
        return _attributes(BY_US, None, None, None)
    owner = leases.owner(view.name)
    if owner is None or owner.reason is None:
        since = view.state_since if view.state is QueueState.PAUSED else None
        return _attributes(BY_USER, BY_HAND, since, None)
    by = BY_USER if owner.reason.kind is LeaseKind.USER else BY_US
    return _attributes(by, owner.reason.kind, owner.since, owner.until)


def _attributes(
    by: str | None, reason: str | None, since: int | None, until: int | None
) -> dict[str, str | None]:
    """Return the attributes by name."""
    return {
        "paused_by": by,
        "reason": reason,
        "paused_since": iso(since),
        "paused_until": iso(until),
    }
