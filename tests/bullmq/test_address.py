"""Addresses as users type and paste them."""

from hypothesis import given, strategies as st
import pytest

from custom_components.immich_admin_tools.bullmq.address import split_user_info
from custom_components.immich_admin_tools.bullmq.errors import RedisAddressError


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("redis://nas", "redis://nas:6379"),
        ("  redis://nas:6380  ", "redis://nas:6380"),
        ("redis://nas:6379/", "redis://nas:6379"),
        ("redis://nas:6379/0", "redis://nas:6379"),
        ("redis://nas:6379/3", "redis://nas:6379/3"),
        ("redis://nas?db=3", "redis://nas:6379/3"),
        ("REDIS://NAS", "redis://nas:6379"),
        ("redis://[::1]:7000/1", "redis://[::1]:7000/1"),
        ("redis://[fe80::1]", "redis://[fe80::1]:6379"),
        ("rediss://nas", "rediss://nas:6379"),
        ("redis://me:secret@nas/2", "redis://nas:6379/2"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
        ("unix:///run/my%20redis.sock", "unix:///run/my%20redis.sock"),
        ("unix://me:secret@/run/redis.sock", "unix:///run/redis.sock"),
        ("redis+sentinel://a/immich", "redis+sentinel://a:26379/immich"),
        (
            "redis+sentinel://me:secret@a:1,b,[::1]:3/immich/4",
            "redis+sentinel://a:1,b:26379,[::1]:3/immich/4",
        ),
        ("rediss+sentinel://a/my%2Fname", "rediss+sentinel://a:26379/my%2Fname"),
    ],
)
def test_address_is_written_in_one_way(typed: str, url: str) -> None:
    """Without user info; taken apart again it is the same."""
    address = split_user_info(typed)
    assert address.url == url
    again = split_user_info(url)
    assert again.url == url
    assert (again.hosts, again.path) == (address.hosts, address.path)
    assert (again.service, again.database) == (address.service, address.database)


@pytest.mark.parametrize(
    ("typed", "username", "password"),
    [
        ("redis://nas", None, None),
        ("redis://:secret@nas", None, "secret"),
        ("redis://me@nas", "me", None),
        ("redis://me:secret@nas", "me", "secret"),
        ("redis://me:p%40ss%2Fw%3Ard@nas", "me", "p@ss/w:rd"),
        ("redis://me:p@ss@nas", "me", "p@ss"),
        ("unix:///s.sock?password=secret&username=me", "me", "secret"),
        ("redis+sentinel://me:secret@a,b/immich", "me", "secret"),
    ],
)
def test_user_info_is_moved_out(
    typed: str, username: str | None, password: str | None
) -> None:
    """Into fields of its own; it is in no text about the address."""
    address = split_user_info(typed)
    assert (address.username, address.password) == (username, password)
    if password:
        for text in (address.url, address.label, repr(address)):
            assert password not in text


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("", "must begin with redis://"),
        ("nas:6379", "must begin with redis://"),
        ("http://nas", "must begin with redis://"),
        ("redis:/nas", "must begin with redis://"),
        ("valkey://nas", "must begin with redis://"),
        ("redis://", "no host"),
        ("redis://:6379", "no host"),
        ("redis://nas:port", "port"),
        ("redis://nas:", "port"),
        ("redis://nas:0", "port"),
        ("redis://nas:70000", "port"),
        ("redis://nas/immich", "database"),
        ("redis://nas/-1", "database"),
        ("redis://nas/" + "1" * 5_000, "database"),
        ("redis://nas:" + "1" * 5_000, "port"),
        ("redis://nas/1/2", "too many parts"),
        ("redis://nas/1?db=1", "twice"),
        ("redis://nas?db=1&db=2", "twice"),
        ("redis://nas?ssl_cert_reqs=none", "options"),
        ("redis://me:pa#ss@nas", "#"),
        ("redis://nas#", "#"),
        ("redis://na s", "blanks"),
        ("redis://na\x00s", "blanks"),
        ("redis://[::1", "brackets"),
        ("redis://::1", "no host"),
        ("redis://fe80::1", "brackets"),
        ("redis://[nas]", "IPv6"),
        ("redis://a,b", "only Sentinel has several hosts"),
        ("unix://run/redis.sock", "three slashes"),
        ("unix:///", "three slashes"),
        ("unix://", "three slashes"),
        ("redis+sentinel://a", "name of the service"),
        ("redis+sentinel://a/", "name of the service"),
        ("redis+sentinel://a,/immich", "no host"),
        ("redis+sentinel://a/immich/x", "database"),
    ],
)
def test_wrong_address_is_refused_with_a_hint(typed: str, hint: str) -> None:
    """One that a user understands."""
    with pytest.raises(RedisAddressError, match=hint):
        split_user_info(typed)


@given(
    st.text(max_size=40),
    st.sampled_from(["", "redis://", "unix://", "redis+sentinel://"]),
)
def test_anything_typed_is_an_address_or_refused(text: str, scheme: str) -> None:
    """Never another error, and never the typed text in the message."""
    try:
        address = split_user_info(f"{scheme}Topsecret:{text}")
    except RedisAddressError as error:
        assert "Topsecret" not in str(error)  # noqa: PT017
    else:
        assert split_user_info(address.url).url == address.url


def test_labels() -> None:
    """What a message calls the server."""
    assert split_user_info("redis://nas/2").label == "nas:6379"
    assert split_user_info("redis://[::1]").label == "[::1]:6379"
    assert split_user_info("unix:///run/r.sock").label == "/run/r.sock"
    sentinel = split_user_info("redis+sentinel://a,b:1/immich")
    assert sentinel.label == "a:26379, b:1 (immich)"


@pytest.mark.parametrize(
    ("url", "is_tls"),
    [
        ("redis://nas", False),
        ("rediss://nas", True),
        ("redis+sentinel://nas/x", False),
        ("rediss+sentinel://nas/x", True),
        ("unix:///run/r.sock", False),
    ],
)
def test_encrypted_addresses(url: str, is_tls: bool) -> None:
    """Those whose scheme has two s."""
    assert split_user_info(url).is_tls is is_tls
