"""What a user types as address and key, in the one form that the rest works with."""

from ipaddress import IPv6Address
import re
from urllib.parse import SplitResult, urlsplit

from .errors import InvalidAddressError, InvalidApiKeyError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[^\s\x00-\x20\x7f\"#%/:<>?@\[\\\]^`{|}]+")
_HOST_AND_PORT = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s/:@?#]+):(?!443\b)\d+(?=/|$)")
"""Without a port it is not known whether `https://` is meant; 443 means that."""
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""Come along when a key or address is copied from a web page."""


def normalise_url(raw: str) -> str:
    """Return Immich's address without `/api`, query and trailing slashes.

    A host with a port and no scheme, such as `127.0.0.1:2283`, gets `http://`.
    Two spellings of one address give the same result. A path is kept, for a server
    behind a proxy. Raises InvalidAddressError; the address may hold a password that
    was typed into it, so no message repeats it.
    """
    address = _strip(raw)
    if _HOST_AND_PORT.match(address):
        address = f"http://{address}"
    if "://" not in address:
        raise InvalidAddressError("The address must start with http:// or https://")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise InvalidAddressError("The address or its port is malformed") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidAddressError("The address must start with http:// or https://")
    if "@" in parts.netloc:
        raise InvalidAddressError("The address must not hold a user or password")
    if port == 0:
        raise InvalidAddressError("The port must be between 1 and 65535")
    host = _host(parts)
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    return f"{parts.scheme}://{host}{_base_path(parts.path)}"


def normalise_key(raw: str) -> str:
    """Return the API key without the blanks around it.

    Raises InvalidApiKeyError for what can't be a key; a header takes printable
    ASCII only, and a library's own complaint about it would repeat the key.
    """
    key = _strip(raw)
    if not key or not all("!" <= character <= "~" for character in key):
        raise InvalidApiKeyError("The API key is empty or holds odd characters")
    return key


def _strip(raw: str) -> str:
    """Remove blanks, visible or not, from both ends."""
    previous = None
    while raw != previous:
        previous, raw = raw, raw.strip().strip(_INVISIBLE)
    return raw


def _host(parts: SplitResult) -> str:
    """Return the host, in brackets if it is an IPv6 address."""
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        try:
            return f"[{IPv6Address(host)}]"
        except ValueError as error:
            raise InvalidAddressError("The IPv6 address is malformed") from error
    if not _HOST.fullmatch(host):
        raise InvalidAddressError("The address has no valid host name")
    return host


def _base_path(path: str) -> str:
    """Return the path that `/api` is added to, without a trailing slash."""
    if re.search(r"[\s\\]", path):
        raise InvalidAddressError("The path must not hold blanks or backslashes")
    return path.rstrip("/").removesuffix("/api").rstrip("/")
