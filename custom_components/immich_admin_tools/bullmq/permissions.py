"""What an ACL user of Redis has to be allowed to do, and how to allow it."""

import re

from .keys import DEFAULT_PREFIX

RESTART_CHANNEL = "socket.io-request#/#"
"""Channel over which the processes of Immich tell each other to restart."""

READ_RULES = (
    "+ping",
    "+info",
    "+time",
    "+llen",
    "+zcard",
    "+lrange",
    "+lindex",
    "+hget",
    "+hmget",
    "+get",
    "+pttl",
    "+xread",
    "+xinfo|stream",
    "+zrevrange",
    "+multi",
    "+exec",
)
"""Enough to show everything."""

SCRIPT_RULES = ("+eval", "+evalsha", "+script|load")

WRITE_RULES = (
    *SCRIPT_RULES,
    "+hexists",
    "+exists",
    "+lrem",
    "+lpush",
    "+rpush",
    "+del",
    "+zadd",
    "+zrem",
    "+srem",
    "+hset",
    "+hdel",
    "+hincrby",
    "+xadd",
    "+incr",
)
"""What changing jobs needs beyond reading."""

OPTIONAL_RULES = ("+lset",)
"""What makes changes cheaper where it is allowed; nothing fails without it."""

HEAL_RULES = READ_RULES + WRITE_RULES
"""Enough to show everything and to change jobs."""

PUBLISH_RULES = ("+publish", f"&{RESTART_CHANNEL}")
"""What restarting the workers needs beyond healing."""

RESTART_RULES = HEAL_RULES + PUBLISH_RULES
"""Enough to restart the workers as well."""

SELECT_RULE = "+select"
"""Needed in addition for a database other than 0."""


def key_rule(prefix: str = DEFAULT_PREFIX) -> str:
    """Return the rule that opens the keys under a prefix, and no others."""
    return f"~{re.sub(r'([*?\[\]\\])', r'\\\1', prefix)}:*"


def acl_setuser_line(
    user: str, rules: tuple[str, ...], prefix: str = DEFAULT_PREFIX
) -> str:
    """Return the line for a Redis CLI that makes a user, without its password."""
    return " ".join(
        (
            f"ACL SETUSER {user} on >PASSWORD {key_rule(prefix)}",
            "resetchannels -@all",
            *rules,
        )
    )
