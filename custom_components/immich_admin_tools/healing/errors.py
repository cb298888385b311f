"""What can go wrong while healing, beyond what Immich and Redis report themselves."""


class HealingError(Exception):
    """Base of all errors of this package."""


class NotStoredError(HealingError):
    """What must outlive a crash could not be written down, so nothing was done."""


class EndedError(NotStoredError):
    """The entry was unloaded: what still ran for it neither writes nor acts any more."""


class RestartError(HealingError):
    """The workers were not restarted."""


class RestartingError(RestartError):
    """A restart is under way already."""


class NoRestartMethodError(RestartError):
    """The user has not chosen how to restart."""


class RestartLimitError(RestartError):
    """The workers were restarted too often, or just now."""

    def __init__(self, message: str, next_at: int) -> None:
        """Keep when the next restart is allowed: ms since the epoch."""
        super().__init__(message)
        self.next_at = next_at


class OthersOnRedisError(RestartError):
    """The message over Redis would restart other Immich instances as well."""

    def __init__(self, others: tuple[str, ...]) -> None:
        super().__init__(f"Other Immich instances on this Redis: {', '.join(others)}")
        self.others = others


class NobodyListensError(RestartError):
    """No process of Immich heard the message over Redis."""


class OwnActionsError(RestartError):
    """The user's own actions failed."""


class ActionsInvalidError(OwnActionsError):
    """The user's own actions can't be run as they are: nothing was begun."""


class NoWorkerBackError(RestartError):
    """The method was carried out, and no worker came back in time."""


class OldWorkersError(NoWorkerBackError):
    """The method was carried out, and the previous workers go on: they were not restarted."""


class MaintenanceTimeoutError(RestartError):
    """Immich did not enter or leave maintenance mode in time; it is tried again."""


class LockedOutError(RestartError):
    """Immich is in maintenance mode, and what would end it is lost."""


class RestartFailedError(RestartError):
    """None of the methods worked."""

    def __init__(self, failures: tuple[tuple[str, Exception], ...]) -> None:
        """Keep each method that was tried, with what went wrong."""
        super().__init__("; ".join(f"{method}: {error}" for method, error in failures))
        self.failures = failures
