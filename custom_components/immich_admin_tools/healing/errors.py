"""What can go wrong while healing, beyond what Immich and Redis report themselves."""


class HealingError(Exception):
    """Base of all errors of this package."""


class NotStoredError(HealingError):
    """What must outlive a crash could not be written down, so nothing was done."""
