"""Which rights a Redis user lacks, found out without changing anything."""

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import json
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .errors import MissingRightsError, NoQueuesError
from .keys import QueueKeys
from .models import QueueReading, RedisReading
from .permissions import (
    HEAL_RULES,
    PUBLISH_RULES,
    READ_RULES,
    RESTART_CHANNEL,
    RESTART_RULES,
    SCRIPT_RULES,
    WRITE_RULES,
    acl_setuser_line,
    key_rule,
)
from .pipeline import Replies
from .server_info import ServerInfo, server_info
from .translation import (
    CHANNEL_RULE,
    KEY_RULE,
    denied_rule,
    translate,
    translate_errors,
)

__all__ = [
    "HEAL_RULES",
    "READ_RULES",
    "RESTART_CHANNEL",
    "RESTART_RULES",
    "Access",
    "acl_setuser_line",
    "check_access",
]

type _Command = tuple[str | int, ...]

# Answers the positions of the commands that are denied. Redis 6 can't be asked: there
# each command is run on a key of ours, which is taken away again in the same script.
_ASK_SCRIPT = """
local function allowed(command)
  if redis.acl_check_cmd then return redis.acl_check_cmd(unpack(command)) end
  -- On a channel of our own: nobody listens there, and channels had no rules then.
  if command[1] == 'PUBLISH' then command[2] = KEYS[1] end
  local reply = redis.pcall(unpack(command))
  redis.pcall('DEL', KEYS[1])
  return not (type(reply) == 'table' and reply.err)
end
local denied = {}
for position, command in ipairs(cjson.decode(ARGV[1])) do
  if not allowed(command) then
    denied[#denied + 1] = position
    if command[1] == 'DEL' and not redis.acl_check_cmd then return denied end
  end
end
return denied
"""


@dataclass(frozen=True, slots=True)
class Access:
    """What a Redis user may not do, as ACL rules such as `+lrem`."""

    read_missing: tuple[str, ...]
    heal_missing: tuple[str, ...]
    """Of HEAL_RULES, without those for reading."""
    restart_missing: tuple[str, ...]
    """Of RESTART_RULES, without those for healing."""
    server_version: str
    run_id: str

    def require_read(self) -> None:
        """Raise MissingRightsError when not even reading is allowed."""
        if self.read_missing:
            raise MissingRightsError(self.read_missing)


async def check_access(client: Redis, prefix: str) -> Access:
    """Return what the client's user lacks, naming each rule.

    Reading commands are tried on a key under the prefix that doesn't exist; about
    writing ones the server is asked inside a script. When no script may be run, all
    rules for writing count as missing. Raises BullMQError when Redis can't be used.
    """
    key = QueueKeys(prefix, "immich-admin-tools").key("access-check")
    keys = key_rule(prefix)
    with translate_errors():
        read, server = await _denied_reads(client, key, keys)
        # Keys that can't be read can't be written either: nothing more to be said.
        write = (keys,) if keys in read else await _denied_writes(client, key, keys)
    return Access(
        read_missing=read,
        heal_missing=tuple(rule for rule in write if rule not in PUBLISH_RULES),
        restart_missing=tuple(rule for rule in write if rule in PUBLISH_RULES),
        server_version=server.version,
        run_id=server.run_id,
    )


async def _denied_reads(
    client: Redis, key: str, keys: str
) -> tuple[tuple[str, ...], ServerInfo]:
    """Return the missing rules for reading, and which server it is."""
    replies = await _try(
        client,
        {
            "+ping": ("PING",),
            "+info": ("INFO", "server"),
            "+time": ("TIME",),
            "+llen": ("LLEN", key),
            "+zcard": ("ZCARD", key),
            "+lrange": ("LRANGE", key, 0, 0),
            "+lindex": ("LINDEX", key, 0),
            "+hget": ("HGET", key, "name"),
            "+hmget": ("HMGET", key, "name"),
            "+get": ("GET", key),
            "+pttl": ("PTTL", key),
            "+xread": ("XREAD", "COUNT", 1, "STREAMS", key, "0"),
            "+xinfo|stream": ("XINFO STREAM", key),
            "+zrevrange": ("ZREVRANGE", key, 0, 0),
        },
    )
    # MULTI and EXEC frame the reading of all queues as of one moment.
    frame = await _try(client, {"+multi": ("MULTI",), "+exec": ("EXEC",)})
    denied = _denied(replies, keys) + _denied(frame, keys)
    for reply in replies.values():
        if (
            isinstance(reply, ResponseError)
            and denied_rule(reply) is None
            and str(reply) != "no such key"
        ):
            raise translate(reply) from None
    return tuple(dict.fromkeys(denied)), server_info(replies["+info"])


async def _denied_writes(client: Redis, key: str, keys: str) -> tuple[str, ...]:
    """Return the missing rules for changing jobs and for restarting workers."""
    script = hashlib.sha1(_ASK_SCRIPT.encode(), usedforsecurity=False).hexdigest()
    replies = await _try(
        client,
        {
            "+eval": ("EVAL", "return 1", 0),
            "+script|load": ("SCRIPT LOAD", _ASK_SCRIPT),
            "+evalsha": ("EVALSHA", script, 1, key, "[]"),
            "+lrem": ("LREM", key, 0, "1"),
        },
    )
    denied = _denied(replies, keys)
    if keys in denied:
        # Keys that may be read but not written: a `%R~` rule.
        return (keys,)
    known = {rule for rule in SCRIPT_RULES if rule in denied}
    if "+eval" not in denied:
        known |= await _ask(client, ("EVAL", _ASK_SCRIPT), key)
    elif "+evalsha" not in denied and "+script|load" not in denied:
        known |= await _ask(client, ("EVALSHA", script), key)
    else:
        known |= {*WRITE_RULES, *PUBLISH_RULES} - {*SCRIPT_RULES}
    if not known.isdisjoint(PUBLISH_RULES):
        # The server only says that this is not allowed, not whether for the command
        # or for the channel. Trying it would leave a refusal in its log.
        known |= {*PUBLISH_RULES}
    return tuple(rule for rule in WRITE_RULES + PUBLISH_RULES if rule in known)


async def _ask(client: Redis, run: _Command, key: str) -> set[str]:
    """Return the missing rules that only the server itself can tell."""
    commands: dict[str, _Command] = {
        "+del": ("DEL", key),
        "+hexists": ("HEXISTS", key, "name"),
        "+exists": ("EXISTS", key),
        "+lrem": ("LREM", key, 0, "1"),
        "+lpush": ("LPUSH", key, "1"),
        "+rpush": ("RPUSH", key, "1"),
        "+zadd": ("ZADD", key, 0, "1"),
        "+zrem": ("ZREM", key, "1"),
        "+srem": ("SREM", key, "1"),
        "+hset": ("HSET", key, "name", "1"),
        "+hdel": ("HDEL", key, "name"),
        "+hincrby": ("HINCRBY", key, "atm", 1),
        "+xadd": ("XADD", key, "*", "event", "1"),
        "+incr": ("INCR", key),
        f"&{RESTART_CHANNEL}": ("PUBLISH", RESTART_CHANNEL, ""),
    }
    rules = list(commands)
    question = (*run, 1, key, json.dumps(list(commands.values())))
    denied = Replies([*(await _try(client, {"": question})).values()]).take()
    return {rules[position - 1] for position in cast(list[int], denied)}


async def _try(client: Redis, commands: Mapping[str, _Command]) -> dict[str, object]:
    """Run one command per rule, in one trip; a refused one answers its error."""
    async with client.pipeline(transaction=False) as pipeline:
        for command in commands.values():
            pipeline.execute_command(*command)
        replies = await pipeline.execute(raise_on_error=False)
    return dict(zip(commands, replies, strict=True))


def _denied(replies: Mapping[str, object], keys: str) -> tuple[str, ...]:
    """Return the rules that are missing according to the replies."""
    return tuple(
        keys if denied == KEY_RULE else rule
        for rule, reply in replies.items()
        if (denied := denied_rule(reply)) not in (None, CHANNEL_RULE)
    )


def check_queues(reading: RedisReading, prefix: str) -> None:
    """Raise NoQueuesError when a reading found no key of any queue."""
    if not any(_exists(queue) for queue in reading.queues.values()):
        raise NoQueuesError(prefix)


def _exists(queue: QueueReading) -> bool:
    return bool(
        queue.version is not None
        or queue.is_paused
        or queue.job_counter is not None
        or queue.stream
        or queue.heartbeat
        or queue.waiting + queue.active + queue.delayed + queue.failed
        or queue.wrong_types
    )
