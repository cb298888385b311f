"""What can go wrong with a GPU host."""


class GpuHostError(Exception):
    """Base of all errors of this package."""


class InvalidMacError(GpuHostError):
    """Not a MAC address."""


class NotSentError(GpuHostError):
    """The magic packet could not be sent, such as to an address without a route."""


class NoWakeWayError(GpuHostError):
    """Neither a MAC address nor an action that switches the host on is set up."""


class NoOffActionError(GpuHostError):
    """No action that switches the host off is set up."""
