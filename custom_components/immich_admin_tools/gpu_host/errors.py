"""What can go wrong with a GPU host."""


class GpuHostError(Exception):
    """Base of all errors of this package."""


class InvalidMacError(GpuHostError):
    """Not a MAC address."""


class NotSentError(GpuHostError):
    """The magic packet could not be sent, such as to an address without a route."""


class NoWakeMethodError(GpuHostError):
    """Neither a MAC address nor an action that switches the host on is set up."""


class NoRestartActionError(GpuHostError):
    """No action that restarts the machine learning is set up."""


class ServiceRestartError(GpuHostError):
    """The machine learning could not be restarted, or did not come back."""


class ServiceRestartInterruptedError(GpuHostError):
    """The integration was reloaded while the machine learning was being restarted."""


class NoOffActionError(GpuHostError):
    """No action that switches the host off is set up."""
