"""What a GPU host needs of what is around it: the queues, the user's actions, its fellows."""

from collections.abc import Collection, Mapping
from typing import Protocol

from ..analysis.models import ServerView
from .machine import OtherHost
from .models import Notification, Trouble
from .pauses import HostStatus


class HostServices(Protocol):
    """Everything outside of the host itself."""

    def view(self) -> ServerView | None:
        """Return the last poll; None when it failed."""

    async def look(self) -> ServerView | None:
        """Look at the queues once more; None when nobody answers."""

    def lost_slots(self, queue: str) -> int:
        """Return how many workers hang on to a job that was taken from them."""

    def may_wake(self) -> bool | None:
        """Return whether the hours and the gate allow the policy to wake the host.

        None: the gate says nothing.
        """

    def keep_on(self) -> bool | None:
        """Return whether the user's entity wants it on; None: it says nothing."""

    def other_hosts(self) -> Collection[OtherHost]:
        """Return the hosts of other entries that are the same machine."""

    def statuses(self) -> Mapping[str, HostStatus]:
        """Return how all hosts of this Immich stand, this one included."""

    async def send_packet(self) -> None:
        """Send the magic packet. Raises NotSentError."""

    async def run_on_action(self) -> None:
        """Run the user's on action. Raises HealingError."""

    async def run_off_action(self) -> None:
        """Run the user's off action. Raises HealingError."""

    def off_action_runs(self) -> bool:
        """Return whether an off action of the box is under way, whoever runs it."""

    def restart_action_runs(self) -> bool:
        """Return whether the restart action is under way, also from before a reload."""

    async def run_restart_action(self) -> None:
        """Run the user's action that restarts the service. Raises HealingError."""

    async def notify(
        self, notification: Notification, reason: str | None = None
    ) -> None:
        """Tell what happened with the host."""

    def show_trouble(self, trouble: Trouble | None) -> None:
        """Show what the user should look after, or that it is over."""

    def changed(self) -> None:
        """Show the host anew, and let the others see how it stands."""
