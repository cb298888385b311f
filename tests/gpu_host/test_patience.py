"""What is at stake is paused before the host has answered, but not over and over."""

import asyncio
from dataclasses import dataclass, field

import pytest

from custom_components.immich_admin_tools.analysis.skipped import Answer
from custom_components.immich_admin_tools.gpu_host import guard
from custom_components.immich_admin_tools.gpu_host.guard import (
    LEAST,
    MOST,
    TRUSTED_FOR,
    Patience,
)


@dataclass
class Asked:
    """A host whose answers take so long, and what was paused for it."""

    now: int = 1_000
    pauses: int = 0
    guard: Patience = field(init=False)

    def __post_init__(self) -> None:
        """Trust nobody yet."""
        self.patience = Patience(lambda: self.now)

    async def ask(self, answer: Answer, took: float = 0.0, ms: int = 1) -> int:
        """Ask once; `took`: real seconds, `ms`: those of the clock; return the pauses."""

        async def question() -> Answer:
            await asyncio.sleep(took)
            self.now += ms
            return answer

        async def pause() -> None:
            self.pauses += 1

        before = self.pauses
        assert await self.patience.ask(question, pause) is answer
        return self.pauses - before


@pytest.mark.parametrize("answer", Answer)
async def test_the_first_doubt_pauses_at_once(answer: Answer) -> None:
    """Also beside a host that would answer soon."""
    assert await Asked().ask(answer) == 1


async def test_the_pause_comes_before_the_question() -> None:
    """A box without power says nothing at all."""
    order: list[str] = []

    async def pause() -> None:
        await asyncio.sleep(0)
        order.append("paused")

    async def question() -> Answer:
        order.append("asked")
        return Answer.NO

    assert await Patience(lambda: 0).ask(question, pause) is Answer.NO
    assert order == ["paused", "asked"]


async def test_a_pause_that_takes_long_does_not_hold_up_the_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But it has ended when the answer is told, as it may have to be undone."""
    monkeypatch.setattr(guard, "HEAD_START", 1)
    asked = asyncio.Event()
    paused = False

    async def pause() -> None:
        nonlocal paused
        async with asyncio.timeout(5):
            await asked.wait()
        await asyncio.sleep(0.01)
        paused = True

    async def question() -> Answer:
        asked.set()
        return Answer.YES

    assert await Patience(lambda: 0).ask(question, pause) is Answer.YES
    assert paused


async def test_a_host_that_answered_has_time_to_answer_again() -> None:
    """Fast jobs that are none of an outage pause their queue once."""
    asked = Asked()
    assert await asked.ask(Answer.YES) == 1
    for _ in range(20):
        assert await asked.ask(Answer.YES, took=LEAST / 5000) == 0
    # One that takes longer than usual may be gone.
    assert await asked.ask(Answer.NO, took=LEAST / 1000 * 4) == 1
    # And then it has no time any more.
    assert await asked.ask(Answer.YES) == 1


async def test_a_host_that_is_slow_has_more_time() -> None:
    """As it took last, several times, but not for ever."""
    asked = Asked()
    await asked.ask(Answer.YES, ms=100)
    assert await asked.ask(Answer.YES, took=LEAST / 1000 * 2, ms=60_000) == 0
    assert asked.patience._time == MOST


async def test_trust_ends() -> None:
    """What answered long ago may be gone."""
    asked = Asked()
    await asked.ask(Answer.YES)
    asked.now += TRUSTED_FOR
    assert await asked.ask(Answer.YES) == 1


async def test_whoever_is_cancelled_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the question nor the pause goes on behind the back of an entry's end."""
    monkeypatch.setattr(guard, "HEAD_START", 1)
    begun, ended = set[str](), set[str]()

    async def wait(name: str) -> None:
        begun.add(name)
        try:
            await asyncio.sleep(5)
        finally:
            ended.add(name)

    async def question() -> Answer:
        await wait("question")
        return Answer.YES

    task = asyncio.create_task(Patience(lambda: 0).ask(question, lambda: wait("pause")))
    async with asyncio.timeout(2):
        while len(begun) < 2:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while len(ended) < 2:
            await asyncio.sleep(0.001)
