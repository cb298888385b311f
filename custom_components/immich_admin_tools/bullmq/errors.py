"""What can go wrong with Redis, one type per case that a user can act on."""


class BullMQError(Exception):
    """Base of all errors of this package. The message never holds a secret."""


class RedisCannotConnectError(BullMQError):
    """Nobody answers at the address, or not in time."""


class RedisCertificateError(RedisCannotConnectError):
    """The TLS certificate of the server is not trusted."""


class RedisAddressError(BullMQError):
    """The address is not one of redis://, rediss://, unix://, redis+sentinel://."""


class AuthenticationError(BullMQError):
    """User or password are wrong or missing."""


class MissingRightsError(BullMQError):
    """The ACL user may not run some commands, or may not reach the prefix."""

    def __init__(self, commands: tuple[str, ...]) -> None:
        """Keep the missing rules as an ACL names them, such as `+lrem`."""
        super().__init__(f"Missing Redis rights: {' '.join(commands)}")
        self.commands = commands


class WritesRefusedError(BullMQError):
    """The server takes no changes now: its disk or memory is full, or it is a replica.

    It says so before the first write of a script, so nothing was changed.
    """


class NoQueuesError(BullMQError):
    """No queue of BullMQ stands under this prefix."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"No queue under the prefix {prefix}")
        self.prefix = prefix


class UnknownLayoutError(BullMQError):
    """The queue's version or key types are not known: nothing may be written."""

    def __init__(self, queue: str, version: str | None) -> None:
        super().__init__(f"Unknown BullMQ layout in {queue}: {version}")
        self.queue = queue
        self.version = version


class VersionMissingError(UnknownLayoutError):
    """The queue tells no version: Immich writes it when it starts.

    So it is after Redis was emptied while Immich ran on.
    """

    def __init__(self, queue: str) -> None:
        super().__init__(queue, None)
