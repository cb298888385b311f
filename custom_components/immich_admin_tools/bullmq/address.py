"""Addresses of a Redis server, as a user types or pastes them."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit, urlunsplit

from .errors import InvalidAddressError

DEFAULT_PORT = 6379
DEFAULT_SENTINEL_PORT = 26379

_TCP = frozenset({"redis", "rediss"})
_SENTINEL = frozenset({"redis+sentinel", "rediss+sentinel"})
_UNIX = "unix"
_SCHEMES = "redis://, rediss://, unix:// or redis+sentinel://"

# Query options that a pasted `unix://` URL may carry; all others would be dropped
# without a word, so they are refused instead.
_OPTIONS = frozenset({"db", "username", "password"})


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where a Redis server is, and the credentials that stood in the same URL.

    `url` is the address without user info: safe to show, to log and to store.
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    scheme: str = "redis"
    hosts: tuple[tuple[str, int], ...] = ()
    """Host and port; several with Sentinel, none with a unix socket."""
    path: str | None = None
    """Path of the unix socket."""
    service: str | None = None
    """Name of the master that Sentinel watches."""
    database: int = 0

    @property
    def is_tls(self) -> bool:
        """Return whether the connection is encrypted."""
        return self.scheme.startswith("rediss")

    @property
    def is_sentinel(self) -> bool:
        """Return whether Sentinel tells which server is the master."""
        return self.service is not None

    @property
    def label(self) -> str:
        """Return a short text for messages to the user, without any secret."""
        if self.path is not None:
            return self.path
        hosts = ", ".join(_host_and_port(host, port) for host, port in self.hosts)
        return f"{hosts} ({self.service})" if self.service else hosts


def split_user_info(url: str) -> RedisAddress:
    """Take an address apart, moving user info out of it.

    Accepts `redis://host[:port][/db]`, `rediss://…` (TLS),
    `unix:///path/to.sock[?db=0]` and
    `redis+sentinel://host[:port][,host2[:port]]/service[/db]` (`rediss+sentinel://`
    when the servers and their sentinels speak TLS). Raises InvalidAddressError,
    whose message never repeats what was typed: it may hold a password.
    """
    text = url.strip()
    if "://" not in text:
        raise InvalidAddressError(f"The address must begin with {_SCHEMES}")
    if any(character.isspace() for character in text):
        raise InvalidAddressError("The address must not contain blanks")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise InvalidAddressError("The address has unbalanced brackets") from None
    if parts.fragment or text.endswith("#"):
        raise InvalidAddressError(
            "The address contains a '#'. Put user name and password in their own fields"
        )
    scheme = parts.scheme
    if scheme not in _TCP | _SENTINEL | {_UNIX}:
        raise InvalidAddressError(f"The address must begin with {_SCHEMES}")

    user_info, _, location = parts.netloc.rpartition("@")
    username, _, password = (unquote(part) for part in user_info.partition(":"))
    options = _options(parts)
    address = (
        _unix(location, parts, options)
        if scheme == _UNIX
        else _network(scheme, location, parts, options)
    )
    return RedisAddress(
        url=_url(address),
        username=username or options.get("username") or None,
        password=password or options.get("password") or None,
        scheme=scheme,
        hosts=address.hosts,
        path=address.path,
        service=address.service,
        database=address.database,
    )


def _options(parts: SplitResult) -> dict[str, str]:
    options = parse_qs(parts.query, keep_blank_values=True)
    if not options.keys() <= _OPTIONS:
        raise InvalidAddressError("The address has options other than 'db' after the ?")
    if any(len(values) > 1 for values in options.values()):
        raise InvalidAddressError("The address has an option twice after the ?")
    return {name: values[0] for name, values in options.items()}


def _unix(location: str, parts: SplitResult, options: dict[str, str]) -> RedisAddress:
    if location or len(parts.path) < 2:
        raise InvalidAddressError(
            "The address of a socket needs three slashes: unix:///path/to/redis.sock"
        )
    return RedisAddress(
        url="",
        scheme=_UNIX,
        path=unquote(parts.path),
        database=_database(options.get("db", "")),
    )


def _network(
    scheme: str, location: str, parts: SplitResult, options: dict[str, str]
) -> RedisAddress:
    segments = [unquote(segment) for segment in parts.path.strip("/").split("/")]
    sentinel = scheme in _SENTINEL
    service = segments.pop(0) if sentinel else None
    if sentinel and not service:
        raise InvalidAddressError(
            "The address of Sentinel needs the name of the service: "
            "redis+sentinel://host:26379/service"
        )
    database = segments[0] if segments else ""
    if len(segments) > 1:
        raise InvalidAddressError("The address has too many parts after the host")
    if database and "db" in options:
        raise InvalidAddressError("The address names the database twice")
    hosts = location.split(",") if sentinel else [location]
    default = DEFAULT_SENTINEL_PORT if sentinel else DEFAULT_PORT
    return RedisAddress(
        url="",
        scheme=scheme,
        hosts=tuple(_split_host(host, default) for host in hosts),
        service=service,
        database=_database(database or options.get("db", "")),
    )


def _split_host(text: str, default_port: int) -> tuple[str, int]:
    """Return host and port of `host`, `host:1234`, `[::1]` or `[::1]:1234`."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidAddressError("The port must be a number up to 65535") from None
    if not host or parts.path:
        raise InvalidAddressError("The address has no host")
    if port == 0:
        raise InvalidAddressError("The port must be a number from 1 to 65535")
    return unquote(host), port or default_port


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal()):
        raise InvalidAddressError("The database must be a number such as /0")
    return int(text)


def _host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _url(address: RedisAddress) -> str:
    """Return the one way to write an address, so that equal ones compare equal."""
    database = str(address.database) if address.database else ""
    if address.path is not None:
        # Not by urlunsplit: some releases of Python drop the slashes of no host.
        query = f"?db={database}" if database else ""
        return f"{address.scheme}://{quote(address.path)}{query}"
    hosts = ",".join(_host_and_port(host, port) for host, port in address.hosts)
    segments = [quote(address.service, safe="")] if address.service else []
    if database:
        segments.append(database)
    return urlunsplit((address.scheme, hosts, "/".join(segments), "", ""))
