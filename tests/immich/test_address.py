"""Addresses and keys as people type and paste them."""

import pytest

from custom_components.immich_admin_tools.immich.address import (
    normalise_key,
    normalise_url,
)
from custom_components.immich_admin_tools.immich.errors import (
    InvalidAddressError,
    InvalidApiKeyError,
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("http://immich.local:2283", "http://immich.local:2283"),
        ("http://immich.local:2283/", "http://immich.local:2283"),
        ("http://immich.local:2283///", "http://immich.local:2283"),
        ("http://immich.local:2283/api", "http://immich.local:2283"),
        ("http://immich.local:2283/api/", "http://immich.local:2283"),
        ("  http://immich.local:2283/api/ \n", "http://immich.local:2283"),
        ("\u200bhttp://immich.local\ufeff ", "http://immich.local"),
        ("HTTP://Immich.Local:2283/", "http://immich.local:2283"),
        ("https://photos.example.com/?a=b", "https://photos.example.com"),
        ("https://photos.example.com/api#x", "https://photos.example.com"),
        ("https://example.com/Immich/", "https://example.com/Immich"),
        ("https://example.com/immich/api", "https://example.com/immich"),
        ("https://example.com/myapi", "https://example.com/myapi"),
        ("http://example.com:80", "http://example.com"),
        ("https://example.com:443/", "https://example.com"),
        ("https://example.com:80", "https://example.com:80"),
        ("http://192.168.1.20:2283", "http://192.168.1.20:2283"),
        ("http://[FD00::1]:2283", "http://[fd00::1]:2283"),
        ("http://[fd00:0:0::1]", "http://[fd00::1]"),
        ("http://bücher.example", "http://bücher.example"),
        ("http://immich_server:2283", "http://immich_server:2283"),
        ("127.0.0.1:2283", "http://127.0.0.1:2283"),
        ("immich.local:2283/api", "http://immich.local:2283"),
        ("[fd00::1]:2283", "http://[fd00::1]:2283"),
    ],
)
def test_spellings_of_an_address(raw: str, expected: str) -> None:
    """Each has one normal form, which is normal itself."""
    assert normalise_url(raw) == expected
    assert normalise_url(expected) == expected


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ("", "http://"),
        ("192.168.1.20", "http://"),
        ("photos.example.com:443", "http://"),
        ("user:2283@immich.local", "http://"),
        ("ftp://immich.local", "http://"),
        ("redis://immich.local", "http://"),
        ("http://", "host"),
        ("http:///api", "host"),
        ("http://:2283", "host"),
        ("http://im mich.local", "host"),
        ("http://a\\b", "host"),
        ("http://immich.local/a b", "path"),
        ("http://immich.local:port", "malformed"),
        ("http://immich.local:99999", "malformed"),
        ("http://immich.local:0", "port"),
        ("http://[fd00::1", "malformed"),
        ("http://[v1.x]", "IPv6"),
        ("http://user:hunter2@immich.local", "user"),
        ("http://hunter2@immich.local", "user"),
    ],
)
def test_what_is_no_address(raw: str, complaint: str) -> None:
    """The complaint says what is wrong, and repeats no password."""
    with pytest.raises(InvalidAddressError, match=complaint) as caught:
        normalise_url(raw)
    assert "hunter2" not in repr(caught.value)


@pytest.mark.parametrize("raw", ["abc123", " abc123", "abc123\n", "\u200babc123\xa0 "])
def test_blanks_around_a_key(raw: str) -> None:
    """They come along when a key is copied."""
    assert normalise_key(raw) == "abc123"


@pytest.mark.parametrize("raw", ["", "  ", "abc 123", "abc\n123", "schlüssel", "a\x00"])
def test_what_is_no_key(raw: str) -> None:
    """It would not fit into a header; the complaint does not repeat it."""
    with pytest.raises(InvalidApiKeyError) as caught:
        normalise_key(raw)
    assert "abc" not in repr(caught.value)
