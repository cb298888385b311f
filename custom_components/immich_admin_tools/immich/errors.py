"""What can go wrong with Immich's API, one type per case that a user can act on.

Messages never hold the API key or a reply's body beyond Immich's own `message`.
"""


class ImmichError(Exception):
    """Base of all errors of this package."""


class CannotConnectError(ImmichError):
    """Nobody answers at the address."""


class CertificateError(CannotConnectError):
    """The TLS certificate of the server is not trusted."""


class NoReplyError(CannotConnectError):
    """The server took the request and did not answer in time.

    `/queues` and `/jobs` do that while Immich has lost its Redis.
    """


class ConnectionLostError(CannotConnectError):
    """The connection broke off before the reply was complete."""


class TlsNotSpokenError(CannotConnectError):
    """Something answers the TLS handshake of https in plain text."""


class InvalidAddressError(ImmichError):
    """The address is not an http(s) address."""


class NotImmichError(ImmichError):
    """Something answers, but not Immich's API."""


class WrongSchemeError(NotImmichError):
    """http was used where the server wants https."""


class OnlyPlainHttpError(WrongSchemeError):
    """https was used where Immich answers by http only.

    To follow it means to send the API key unencrypted: that is for the user to decide.
    """


class RedirectedError(NotImmichError):
    """The server wants to be asked elsewhere; redirects are never followed."""

    def __init__(self, location: str) -> None:
        """Keep where the server points, without its query."""
        super().__init__(f"Redirected to {location}")
        self.location = location

    def drops_tls(self, url: str) -> bool:
        """Return whether it leads from https to http."""
        return url.startswith("https:") and self.location.startswith("http:")


class InvalidApiKeyError(ImmichError):
    """Immich does not know the API key (401)."""


class NotAdminError(ImmichError):
    """The key belongs to a user who is not an administrator (403 "Forbidden")."""


class MissingPermissionError(ImmichError):
    """The key lacks permissions (403 "Missing required permission: queue.read")."""

    def __init__(self, permissions: tuple[str, ...]) -> None:
        """Keep the permissions by Immich's own names."""
        super().__init__(f"Missing permissions: {', '.join(permissions)}")
        self.permissions = permissions


class UnsupportedVersionError(ImmichError):
    """Older than 2.4, or so new that a path that is needed is gone."""

    def __init__(self, version: str) -> None:
        super().__init__(f"Immich {version} is not supported")
        self.version = version


class MaintenanceModeError(ImmichError):
    """Immich is in maintenance mode: all but a few paths answer 404."""


class ServerError(ImmichError):
    """Immich failed inside (5xx), such as without its database."""


class UnexpectedReplyError(ImmichError):
    """Immich's reply is damaged JSON, or not of the expected shape."""


class RequestRefusedError(ImmichError):
    """Immich refuses the request (400), with Immich's own reason."""


class UnknownQueueError(RequestRefusedError):
    """Immich has no queue of this name."""


class UnknownAssetError(RequestRefusedError):
    """The asset, or its thumbnail, does not exist or belongs to another user."""


class JobAlreadyRunningError(RequestRefusedError):
    """A queue can only be started while nothing in it is active."""


class NotStartableError(RequestRefusedError):
    """The queue has no job that starts it, such as `backgroundTask`."""


class FixedConcurrencyError(RequestRefusedError):
    """Immich runs one job of this queue at a time and has no setting for it."""


class ConfigFileError(RequestRefusedError):
    """The system config can't be changed: the server reads it from a file."""


class ConfigConflictError(ImmichError):
    """Someone else wrote the system config at the same time: the change is gone."""


class MaintenanceTokenError(ImmichError):
    """Immich does not accept the cookie that ends maintenance mode."""
