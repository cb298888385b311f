"""The magic packet, on the wire."""

import socket

import pytest

from custom_components.immich_admin_tools.gpu_host.errors import (
    InvalidMacError,
    NotSentError,
)
from custom_components.immich_admin_tools.gpu_host.wake import (
    MagicPacket,
    normalise_mac,
)

MAC = "3c:52:82:1a:2b:3c"


def test_packet() -> None:
    """Six times ff, then sixteen times the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        MagicPacket(MAC, "127.0.0.1", listener.getsockname()[1]).send()
        assert listener.recv(2000) == b"\xff" * 6 + bytes.fromhex("3c52821a2b3c") * 16


@pytest.mark.parametrize(
    ("address", "port"),
    [("no-such-host.invalid", 9), ("127.0.0.1", 70_000), ("999.1.1.1", 9)],
)
def test_cannot_be_sent(address: str, port: int) -> None:
    """What the network refuses has one name."""
    with pytest.raises(NotSentError, match=address):
        MagicPacket(MAC, address, port).send()


@pytest.mark.parametrize(
    "raw",
    [MAC, "3C-52-82-1A-2B-3C", "3c52.821a.2b3c", "3C52821A2B3C", f" {MAC} "],
)
def test_spellings(raw: str) -> None:
    """All usual spellings are one address."""
    assert normalise_mac(raw) == MAC


@pytest.mark.parametrize(
    "raw", ["", "3c:52:82:1a:2b", f"{MAC}:ff", "3g:52:82:1a:2b:3c", "0" * 12, "f" * 12]
)
def test_no_addresses(raw: str) -> None:
    """What is no address of a machine is refused."""
    with pytest.raises(InvalidMacError):
        normalise_mac(raw)
