"""Replies of a pipeline, of which any may be an error."""

import pytest
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from custom_components.immich_admin_tools.bullmq.errors import (
    BullMQError,
    MissingRightsError,
    RedisCannotConnectError,
)
from custom_components.immich_admin_tools.bullmq.pipeline import (
    Replies,
    as_int,
    as_text,
)
from custom_components.immich_admin_tools.bullmq.server_info import server_info

UNKNOWN = ResponseError("unknown command 'XINFO'")
WRONG_TYPE = ResponseError("WRONGTYPE Operation against a key")


def denied(command: str) -> NoPermissionError:
    """Return what a server without the right answers."""
    return NoPermissionError(
        f"this user has no permissions to run the '{command}' command"
    )


@pytest.mark.parametrize(
    ("reply", "number", "text"),
    [
        (None, None, None),
        (7, 7, None),
        (b"7", 7, "7"),
        (b"-7", -7, "-7"),
        (b"7.5", None, "7.5"),
        (b"", None, ""),
        (b"\xff", None, "�"),
        ("seven", None, "seven"),
        ([b"7"], None, None),
    ],
)
def test_values(reply: object, number: int | None, text: str | None) -> None:
    """What is no number or no text is missing."""
    assert as_int(reply) == number
    assert as_text(reply) == text


def test_all_denied_commands_are_named() -> None:
    """Each once, in the order they were sent."""
    with pytest.raises(MissingRightsError) as caught:
        Replies([1, denied("llen"), UNKNOWN, denied("xinfo|stream"), denied("llen")])
    assert caught.value.commands == ("+llen", "+xinfo|stream")


def test_errors_are_raised_when_their_turn_comes() -> None:
    """Those before them can be read."""
    replies = Replies([1, UNKNOWN])
    assert replies.take() == 1
    with pytest.raises(BullMQError, match="doesn't know a command"):
        replies.take()


def test_error_of_a_key() -> None:
    """A wrong type is noted once, a missing key is none."""
    wrong_types: list[str] = []
    replies = Replies(
        [1, WRONG_TYPE, WRONG_TYPE, ResponseError("no such key"), UNKNOWN]
    )
    taken = [replies.take_typed("wait", wrong_types) for _ in range(4)]
    assert taken == [1, None, None, None]
    assert wrong_types == ["wait"]
    with pytest.raises(BullMQError, match="doesn't know a command"):
        replies.take_typed("wait", wrong_types)


def test_error_that_is_no_reply() -> None:
    """Passed on as what it means."""
    with pytest.raises(BullMQError):
        Replies([RedisError("odd")]).take_typed("wait", [])


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ({"redis_version": "7.0.15"}, "Redis 7.0.15"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.1"}, "Valkey 8.1.1"),
        ({"redis_version": "7.4", "dragonfly_version": "df-1"}, "Dragonfly df-1"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_version_names_the_server(info: object, version: str) -> None:
    """By its own version, not by the one it is compatible with."""
    assert server_info(info).version == version
    assert server_info({"run_id": "abc"}).run_id == "abc"


def test_busy_is_not_a_failure_for_good() -> None:
    """A script that runs too long stops nobody for ever."""
    with pytest.raises(RedisCannotConnectError, match="now"):
        Replies([ResponseError("BUSY Redis is busy running a script.")]).take()
