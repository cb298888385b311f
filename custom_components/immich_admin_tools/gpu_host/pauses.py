"""Which queues are paused on behalf of a host. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .models import LEAVING, HostState


@dataclass(frozen=True, slots=True)
class HostStand:
    """How a host stands, as far as pauses depend on it."""

    queues: tuple[str, ...]
    state: HostState
    safe: bool | None
    """Whether it answers; None before that is known."""
    pause_offline: bool
    restarting: bool = False
    """Whether its machine learning is being restarted."""
    resting: bool = False
    """Whether another Immich is emptying the same machine or switching it off."""

    @property
    def serves(self) -> bool:
        """Return whether jobs that are begun now are done by it."""
        return self.safe is True and not self.rests

    @property
    def rests(self) -> bool:
        """Return whether no job may be begun on purpose."""
        return self.restarting or self.resting or self.state in LEAVING


def queues_to_pause(
    host: str, hosts: Mapping[str, HostStand]
) -> Collection[str] | None:
    """Return the queues that must not begin jobs because of a host.

    None: that is not known yet, and everything stays as it is. While a host is
    emptied, all its queues rest: nobody can tell which host a job went to. A host that
    does not answer is no reason where another one serves the queue.
    """
    own = hosts[host]
    if own.rests:
        return own.queues
    if not own.pause_offline or own.safe:
        return ()
    if own.safe is None:
        return None
    served = {
        queue
        for name, other in hosts.items()
        if name != host and other.serves
        for queue in other.queues
    }
    return tuple(queue for queue in own.queues if queue not in served)
