"""Addresses of a Redis server, as a user types or pastes them."""

from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv6Address
import re
from urllib.parse import parse_qs, quote, unquote, urlunsplit

from .errors import RedisAddressError

DEFAULT_PORT = 6379
DEFAULT_SENTINEL_PORT = 26379

_TCP = frozenset({"redis", "rediss"})
_SENTINEL = frozenset({"redis+sentinel", "rediss+sentinel"})
_UNIX = "unix"
_SCHEMES = _TCP | _SENTINEL | {_UNIX}
_SHOWN_SCHEMES = "redis://, rediss://, unix:// or redis+sentinel://"

# Not `urlsplit`, which knows of one host only and refuses a list with brackets in it.
_PARTS = re.compile(r"([^:/?#]+)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?", re.DOTALL)

_HOST = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\],@]+))(?::([0-9]{1,5}))?")

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
    match = _PARTS.fullmatch(text)
    if match is None or (scheme := match[1].lower()) not in _SCHEMES:
        raise RedisAddressError(f"The address must begin with {_SHOWN_SCHEMES}")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise RedisAddressError("The address must not contain blanks")
    if match[5] is not None:
        raise RedisAddressError(
            "The address contains a '#'. Put user name and password in their own fields"
        )
    user_info, _, location = match[2].rpartition("@")
    username, _, password = (unquote(part) for part in user_info.partition(":"))
    options = _options(match[4] or "")
    address = (
        _unix(location, match[3], options)
        if scheme == _UNIX
        else _network(scheme, location, match[3], options)
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


def _options(query: str) -> dict[str, str]:
    options = parse_qs(query, keep_blank_values=True)
    if not options.keys() <= _OPTIONS:
        raise RedisAddressError("The address has options other than 'db' after the ?")
    if any(len(values) > 1 for values in options.values()):
        raise RedisAddressError("The address has an option twice after the ?")
    return {name: values[0] for name, values in options.items()}


def _unix(location: str, path: str, options: dict[str, str]) -> RedisAddress:
    if location or len(path) < 2:
        raise RedisAddressError(
            "The address of a socket needs three slashes: unix:///path/to/redis.sock"
        )
    return RedisAddress(
        url="",
        scheme=_UNIX,
        path=unquote(path),
        database=_database(options.get("db", "")),
    )


def _network(
    scheme: str, location: str, path: str, options: dict[str, str]
) -> RedisAddress:
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    sentinel = scheme in _SENTINEL
    service = segments.pop(0) if sentinel else None
    if sentinel and not service:
        raise RedisAddressError(
            "The address of Sentinel needs the name of the service: "
            "redis+sentinel://host:26379/service"
        )
    database = segments[0] if segments else ""
    if len(segments) > 1:
        raise RedisAddressError("The address has too many parts after the host")
    if database and "db" in options:
        raise RedisAddressError("The address names the database twice")
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
    if not text or text.startswith(":"):
        raise RedisAddressError("The address has no host")
    match = _HOST.fullmatch(text)
    if match is None:
        raise RedisAddressError(
            "After the host stands a ':' and the port, a number. An IPv6 address needs "
            "brackets, and only Sentinel has several hosts"
        )
    if match[1]:
        try:
            IPv6Address(match[1])
        except AddressValueError:
            raise RedisAddressError("In the brackets is no IPv6 address") from None
    port = int(match[3] or default_port)
    if not 0 < port < 65_536:
        raise RedisAddressError("The port must be a number from 1 to 65535")
    return (match[1] or match[2]).lower(), port


def _database(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch("[0-9]{1,9}", text):
        raise RedisAddressError("The database must be a number such as /0")
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
