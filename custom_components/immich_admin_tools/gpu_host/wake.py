"""The magic packet that wakes a machine up."""

from dataclasses import dataclass
import re

from wakeonlan import send_magic_packet

from .errors import InvalidMacError, NotSentError

DEFAULT_ADDRESS = "255.255.255.255"
DEFAULT_PORT = 9

_MAC = re.compile(r"[0-9a-f]{12}")
_SEPARATORS = re.compile(r"[:.\-\s]")


@dataclass(frozen=True, slots=True)
class MagicPacket:
    """For whom, and where to."""

    mac: str
    """As `normalise_mac` returns it."""
    address: str = DEFAULT_ADDRESS
    port: int = DEFAULT_PORT

    def send(self) -> None:
        """Send it: blocks for a moment, so call it in an executor.

        Whether it arrived nobody can tell. Raises NotSentError.
        """
        try:
            send_magic_packet(self.mac, ip_address=self.address, port=self.port)
        except (OSError, OverflowError, ValueError) as error:
            raise NotSentError(f"{self.address}: {error}") from error


def normalise_mac(raw: str) -> str:
    """Return `aa:bb:cc:dd:ee:ff` for any usual spelling. Raises InvalidMacError."""
    digits = _SEPARATORS.sub("", raw).lower()
    if not _MAC.fullmatch(digits) or digits in ("0" * 12, "f" * 12):
        raise InvalidMacError(raw)
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
