"""Asks whether the machine learning answers: itself, not just its machine."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
import socket
from typing import Protocol

import httpx

from ..immich.errors import ImmichError
from ..immich.models import MachineLearning
from .models import Connectivity

OFFLINE_AFTER = 10_000
"""ms of nothing but no until the host counts as off: a ping may flap (a choice)."""
ANSWERS_NEEDED = 2
"""Answers in a row until jobs may be begun again."""
MISSES_NEEDED = 2
"""Times no in a row, however long they lasted, until the host counts as off."""
SLOW_NEEDED = 2
"""Probes in a row without an answer in time until a pause is called for."""


class Probe(StrEnum):
    """What one probe found."""

    ANSWERS = "answers"
    GONE = "gone"
    """Refused, no such address, or the proxy in front says that nobody is there."""
    SLOW = "slow"
    """Connected, and no answer in time: it may only be busy."""
    FAILS = "fails"
    """It answers a ping, and fails at its work."""
    OTHER = "other"
    """Something answers that is not Immich's machine learning."""
    UNKNOWN = "unknown"
    """Who was to be asked about it is in trouble."""


_SAYS = {
    Probe.ANSWERS: True,
    Probe.GONE: False,
    Probe.OTHER: False,
    # The box is on: an on action that toggles would switch it off.
    Probe.FAILS: None,
    Probe.SLOW: None,
    Probe.UNKNOWN: None,
}
"""Whether the host is there: yes, no, or not known."""


@dataclass(frozen=True, slots=True)
class Availability:
    """What the last probes say."""

    reach: Connectivity = Connectivity.UNKNOWN
    """Whether the host is on, after short gaps are left out."""
    safe: bool | None = None
    """Whether jobs may be begun; None before that is known.

    One refusal suffices to stop them, before Immich skips photos. It is also what is
    shown as online.
    """
    last: Probe | None = None
    answers: int = 0
    """Answers in a row."""
    misses: int = 0
    """Probes in a row without an answer."""
    gone_since: int | None = None
    """Since when each probe said no (monotonic ms)."""

    def after(self, probe: Probe, now: int) -> Availability:
        """Return what is known after one more probe; `now` in monotonic ms."""
        if probe is Probe.UNKNOWN:
            return replace(self, last=probe)
        says = _SAYS[probe]
        if says:
            answers = self.answers + 1
            sure = answers >= ANSWERS_NEEDED
            return Availability(
                reach=Connectivity.ONLINE
                if sure or self.reach is Connectivity.UNKNOWN
                else self.reach,
                safe=sure or self.safe is not False,
                last=probe,
                answers=answers,
            )
        misses = self.misses + 1
        stops = probe is not Probe.SLOW or misses >= SLOW_NEEDED
        safe = False if stops else self.safe
        if says is None:
            # Somebody is there after all, so it is not known to be off.
            there = self.reach is Connectivity.OFFLINE
            reach = Connectivity.UNKNOWN if there else self.reach
            return Availability(
                reach, safe, probe, misses=misses, gone_since=self.gone_since
            )
        since = now if self.gone_since is None else self.gone_since
        # Who was never known to be on has no gap to be left out.
        lasted = self.reach is Connectivity.UNKNOWN or now - since >= OFFLINE_AFTER
        gone = misses >= MISSES_NEEDED and lasted
        reach = Connectivity.OFFLINE if gone else self.reach
        return Availability(reach, safe, probe, misses=misses, gone_since=since)


TIMEOUT = httpx.Timeout(3.8, connect=2.0)
"""A proxy in front of a host that is off gives up on it after 3 s, as the README has it;
what says nothing for longer may be on."""

LONGEST_ANSWER = 64
"""Bytes; the answer is `pong`."""

CLOSE = {"Connection": "close"}
"""The machine learning closes a kept connection after 2 s, which is how often it is
asked: a question that meets the close looks like a host that is gone."""

_NOBODY_THERE = frozenset({502, 503, 504})
"""What a proxy says for a host that it can't reach."""


class HostProbe(Protocol):
    """What finds out whether a host is well."""

    async def __call__(self) -> Probe:
        """Ask once. Never raises, and takes some seconds at most."""

    async def thoroughly(self) -> Probe:
        """Ask as somebody doubts that it does its work, and ask so until it does."""


class PingProbe:
    """Asks the machine learning for `/ping`.

    Where its name is known inside Immich's own network only, Immich is asked instead;
    that costs it a small search, so `indirect` tells to ask less often. A ping is also
    answered by a machine learning that fails at everything else: where that is in doubt,
    Immich is asked as well.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        through_immich: Callable[[], Awaitable[MachineLearning]],
    ) -> None:
        """Take the address as Immich has it, such as `http://gpu:3003`."""
        self.indirect = False
        self._in_doubt = False
        self._pinged = False
        self._http = http
        self._url = f"{url.rstrip('/')}/ping"
        self._through_immich = through_immich

    async def thoroughly(self) -> Probe:
        """Ask as somebody doubts that it does its work, and ask so until it does."""
        self._in_doubt = True
        return await self()

    async def __call__(self) -> Probe:
        """Ask once."""
        probe = await self._reach()
        self._pinged = probe is Probe.ANSWERS
        if not self._in_doubt or self.indirect or not self._pinged:
            return probe
        try:
            found = await self._through_immich()
        except ImmichError:
            # Nobody can tell, such as with smart search switched off.
            found = MachineLearning.ANSWERS
        # One that takes long may be loading its model.
        self._in_doubt = found is MachineLearning.FAILS
        return Probe.FAILS if self._in_doubt else probe

    @property
    def costly(self) -> bool:
        """Return whether a probe asks Immich; a ping that fails is never costly."""
        return self.indirect or (self._in_doubt and self._pinged)

    async def _reach(self) -> Probe:
        """Ask the machine learning itself, or Immich where its name is not known."""
        try:
            try:
                return await self._ping()
            except httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError:
                # A connection that others have kept may be at its end: ask on a new one.
                return await self._ping()
        except httpx.ConnectError as error:
            self.indirect = _is_unknown_name(error)
            return await self._ask_immich() if self.indirect else Probe.GONE
        except httpx.ConnectTimeout:
            return Probe.GONE
        except httpx.TimeoutException:
            return Probe.SLOW
        except httpx.RemoteProtocolError as error:
            return Probe.GONE if "disconnected" in str(error) else Probe.OTHER
        except httpx.NetworkError:
            return Probe.GONE
        except httpx.HTTPError, httpx.InvalidURL:
            return Probe.OTHER

    async def _ping(self) -> Probe:
        """Read no more of the answer than a right one has."""
        async with self._http.stream(
            "GET",
            self._url,
            headers=CLOSE,
            timeout=TIMEOUT,
            follow_redirects=False,
        ) as response:
            self.indirect = False
            if response.status_code in _NOBODY_THERE:
                return Probe.GONE
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LONGEST_ANSWER:
                    return Probe.OTHER
            right = response.status_code == 200 and body.strip(b' "\r\n') == b"pong"
            return Probe.ANSWERS if right else Probe.OTHER

    async def _ask_immich(self) -> Probe:
        """Let Immich ask its machine learning."""
        try:
            found = await self._through_immich()
        except ImmichError:
            # Immich is in trouble itself: that tells nothing of the host.
            return Probe.UNKNOWN
        match found:
            case MachineLearning.ANSWERS:
                return Probe.ANSWERS
            case MachineLearning.FAILS:
                return Probe.GONE
            case MachineLearning.HANGS:
                return Probe.SLOW


def _is_unknown_name(error: BaseException) -> bool:
    """Return whether an address could not be connected to as nobody knows its name."""
    return any(isinstance(cause, socket.gaierror) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
