"""Maintenance mode: whatever happens, there is a way out, or the user is told."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx
import pytest

from custom_components.immich_admin_tools.bullmq.models import JsonValue
from custom_components.immich_admin_tools.healing.errors import (
    LockedOutError,
    MaintenanceTimeoutError,
    NotStoredError,
)
from custom_components.immich_admin_tools.immich.errors import (
    CannotConnectError,
    ConnectionLostError,
    ImmichError,
    MaintenanceModeError,
    MaintenanceTokenError,
    MissingPermissionError,
    NoReplyError,
    NotImmichError,
    RedirectedError,
    ServerError,
    UnexpectedReplyError,
    WrongSchemeError,
)
from custom_components.immich_admin_tools.immich.models import MaintenanceCookie
from custom_components.immich_admin_tools.restart.maintenance import (
    BEGIN_WITHIN,
    END_WITHIN,
    FORGET_AFTER,
    MaintenanceGuard,
)
from tests.support.fake_immich import CrashError, FakeImmich, FakeSection

WALL = 10**12
"""ms that the wall clock is ahead of the one that never jumps."""
RESTART_TAKES = 4_000
"""ms, as on a real server."""


@dataclass(slots=True)
class FakeServer:
    """An Immich whose restarts take time, with a clock that only sleeping moves."""

    steps: FakeImmich = field(default_factory=lambda: FakeImmich({}))
    now: int = 1_000_000
    maintenance: bool = False
    changes: list[tuple[int, bool]] = field(default_factory=list)
    """When it goes away and comes back in another mode."""
    cookie: str | None = None
    begin_error: ImmichError | None = None
    begins_in_spite_of_error: bool = False
    refuses_cookie: bool = False
    ended: int = 0

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * 1000)

    def _state(self) -> bool:
        """Return the mode, or raise while it restarts."""
        for at, mode in self.changes:
            if self.now >= at + RESTART_TAKES:
                self.maintenance = mode
            elif self.now >= at:
                raise CannotConnectError("Nobody answers")
        return self.maintenance

    async def in_maintenance(self) -> bool:
        """Return whether it is in maintenance mode."""
        return self._state()

    async def start_maintenance(
        self, http_factory: Callable[[], httpx.AsyncClient]
    ) -> MaintenanceCookie:
        """Begin it in a second."""
        if self._state():
            raise MaintenanceModeError("Already")
        if self.begin_error is None or self.begins_in_spite_of_error:
            self.cookie = f"cookie of {self.now}"
            self.changes.append((self.now + 1_000, True))
        self.steps.step()
        if self.begin_error is not None:
            raise self.begin_error
        assert self.cookie
        return MaintenanceCookie(self.cookie)

    async def end_maintenance(
        self, cookie: MaintenanceCookie, http_factory: Callable[[], httpx.AsyncClient]
    ) -> None:
        """End it in half a second; does nothing when it is not on."""
        if not self._state():
            return
        if cookie.value != self.cookie or self.refuses_cookie:
            raise MaintenanceTokenError("Invalid JWT Token")
        self.ended += 1
        self.changes.append((self.now + 500, False))
        self.steps.step()

    def out(self) -> bool:
        """Return whether it works normally, some time later."""
        self.now += 20_000
        return not self._state()


@pytest.fixture
def server() -> FakeServer:
    """Return a server in order."""
    return FakeServer()


@pytest.fixture
def section(server: FakeServer) -> FakeSection:
    """Return a store whose writes are steps to a crash as well."""
    return FakeSection(immich=server.steps)


def _guard(server: FakeServer, section: FakeSection) -> MaintenanceGuard:
    return MaintenanceGuard(
        server,
        httpx.AsyncClient,
        section,
        lambda: server.now + WALL,
        lambda: server.now,
        server.sleep,
    )


async def test_goes_in_and_out(server: FakeServer, section: FakeSection) -> None:
    """And says when it was in: signs of workers from before count no more."""
    guard = _guard(server, section)
    begun = server.now
    inside = await guard.restart() - WALL
    assert begun + RESTART_TAKES < inside < server.now
    assert server.ended >= 1
    assert not server.maintenance
    assert not guard.open
    assert section.data == {}


@pytest.mark.parametrize("steps", range(8))
async def test_killed_at_any_step(
    server: FakeServer, section: FakeSection, steps: int
) -> None:
    """Wherever Home Assistant is killed, it gets Immich out after its start.

    Only between Immich's reply and the next write the way out is lost: then the
    user is told, and nothing is claimed.
    """
    server.steps.crash_in = steps
    try:
        await _guard(server, section).restart()
    except CrashError:
        server.steps.crash_in = None
    server.now += 20_000
    guard = _guard(server, section)
    for _ in range(3):
        try:
            await guard.look_after()
        except LockedOutError:
            assert server._state()
            assert steps == 1
            return
        server.now += 30_000
    assert server.out()
    await guard.look_after()
    server.now += int(FORGET_AFTER * 1000)
    await guard.look_after()
    assert section.data == {}
    assert not guard.open


async def test_nothing_is_begun_that_cannot_be_written_down(
    server: FakeServer, section: FakeSection
) -> None:
    """Without a store there may be no way out."""
    section.full = True
    guard = _guard(server, section)
    with pytest.raises(NotStoredError):
        await guard.restart()
    assert server.changes == []
    assert not guard.open


async def test_a_disk_that_is_full_in_the_middle(
    server: FakeServer, section: FakeSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way out is known as long as Home Assistant lives, so it is taken."""
    begin = FakeServer.start_maintenance

    async def then_full(
        self: FakeServer, http_factory: Callable[[], httpx.AsyncClient]
    ) -> MaintenanceCookie:
        section.full = True
        return await begin(self, http_factory)

    monkeypatch.setattr(FakeServer, "start_maintenance", then_full)
    guard = _guard(server, section)
    await guard.restart()
    assert server.out()
    assert not guard.open
    section.full = False
    again = _guard(server, section)
    assert again.open
    server.now += int(FORGET_AFTER * 1000)
    await again.look_after()
    assert not again.open


async def test_maintenance_of_someone_else_is_not_touched(
    server: FakeServer, section: FakeSection
) -> None:
    """The administrator may be restoring a backup."""
    server.maintenance = True
    guard = _guard(server, section)
    with pytest.raises(MaintenanceModeError):
        await guard.restart()
    await guard.look_after()
    assert server.ended == 0
    assert section.data == {}


async def test_a_refusal_leaves_nothing_open(
    server: FakeServer, section: FakeSection
) -> None:
    """Such as a key without the permission."""
    server.begin_error = MissingPermissionError(("maintenance",))
    guard = _guard(server, section)
    with pytest.raises(MissingPermissionError):
        await guard.restart()
    assert not guard.open
    assert section.data == {}


NOT_A_REFUSAL = (
    NoReplyError("Too slow"),
    ConnectionLostError("Gone"),
    CannotConnectError("Immich's proxy can't reach it"),
    ServerError("Status 500"),
    UnexpectedReplyError("No cookie"),
    WrongSchemeError("The server wants http://"),
    NotImmichError("Status 408, but not from Immich"),
    RedirectedError("elsewhere"),
)


@pytest.mark.parametrize("error", NOT_A_REFUSAL, ids=lambda it: type(it).__name__)
async def test_a_lost_reply_that_began_nothing(
    server: FakeServer, section: FakeSection, error: ImmichError
) -> None:
    """It may still begin: that is known until it can be ruled out, also after a crash."""
    server.begin_error = error
    guard = _guard(server, section)
    with pytest.raises(MaintenanceTimeoutError):
        await guard.restart()
    assert guard.open
    server.now += 60_000
    await guard.look_after()
    assert _guard(server, section).open
    server.now += int(FORGET_AFTER * 1000)
    await guard.look_after()
    assert section.data == {}


@pytest.mark.parametrize("error", NOT_A_REFUSAL, ids=lambda it: type(it).__name__)
async def test_any_error_but_a_refusal_may_have_begun_it(
    server: FakeServer, section: FakeSection, error: ImmichError
) -> None:
    """It is looked whether it did, and the user is told."""
    server.begin_error = error
    server.begins_in_spite_of_error = True
    guard = _guard(server, section)
    with pytest.raises(LockedOutError):
        await guard.restart()
    assert guard.open


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_while_it_begins(
    server: FakeServer,
    section: FakeSection,
    monkeypatch: pytest.MonkeyPatch,
    late: bool,
) -> None:
    """A reload, or the end of Home Assistant, waits for the way out and stores it."""
    begin, save = FakeServer.start_maintenance, FakeSection.save
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow_begin(
        self: FakeServer, http_factory: Callable[[], httpx.AsyncClient]
    ) -> MaintenanceCookie:
        cookie = await begin(self, http_factory)
        if not late:
            asked.set()
            await go_on.wait()
        return cookie

    async def slow_save(self: FakeSection, data: Mapping[str, JsonValue]) -> None:
        if late and data.get("cookie"):
            asked.set()
            await go_on.wait()
        await save(self, data)

    monkeypatch.setattr(FakeServer, "start_maintenance", slow_begin)
    monkeypatch.setattr(FakeSection, "save", slow_save)
    restart = asyncio.create_task(_guard(server, section).restart())
    await asked.wait()
    restart.cancel()
    await asyncio.sleep(0)
    assert not restart.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await restart
    assert section.data["cookie"] == server.cookie
    server.now += 20_000
    await _guard(server, section).look_after()
    assert server.out()


async def test_a_lost_reply_that_began_it(
    server: FakeServer, section: FakeSection
) -> None:
    """The way out is gone: said each time, until the user got Immich out."""
    server.begin_error = NoReplyError("Too slow")
    server.begins_in_spite_of_error = True
    guard = _guard(server, section)
    with pytest.raises(LockedOutError):
        await guard.restart()
    with pytest.raises(LockedOutError):
        await guard.look_after()
    with pytest.raises(LockedOutError):
        await _guard(server, section).look_after()
    server.changes.append((server.now, False))
    server.now += 10_000
    again = _guard(server, section)
    await again.look_after()
    assert not again.open
    assert section.data == {}


async def test_a_way_out_that_is_refused(
    server: FakeServer, section: FakeSection
) -> None:
    """Its token lives four hours: after that only the user gets out."""
    server.refuses_cookie = True
    guard = _guard(server, section)
    with pytest.raises(LockedOutError):
        await guard.restart()
    assert guard.open
    server.refuses_cookie = False
    await guard.look_after()
    assert server.out()
    assert not guard.open


async def test_maintenance_that_does_not_begin(
    server: FakeServer, section: FakeSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way out is kept until it can be ruled out that it still begins."""
    begin = FakeServer.start_maintenance

    async def in_vain(
        self: FakeServer, http_factory: Callable[[], httpx.AsyncClient]
    ) -> MaintenanceCookie:
        cookie = await begin(self, http_factory)
        self.changes.clear()
        return cookie

    monkeypatch.setattr(FakeServer, "start_maintenance", in_vain)
    guard = _guard(server, section)
    begun = server.now
    with pytest.raises(MaintenanceTimeoutError):
        await guard.restart()
    assert server.now - begun >= BEGIN_WITHIN * 1000
    with pytest.raises(MaintenanceTimeoutError):
        await guard.restart()
    await guard.look_after()
    assert guard.open
    # Late, but it does.
    server.changes.append((server.now, True))
    server.now += 10_000
    await guard.look_after()
    assert server.out()
    assert not guard.open


async def test_immich_that_does_not_come_out(
    server: FakeServer, section: FakeSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up for the moment, and tried again later, also after a restart."""

    async def deaf(
        self: FakeServer,
        cookie: MaintenanceCookie,
        http_factory: Callable[[], httpx.AsyncClient],
    ) -> None:
        raise NoReplyError("Too slow")

    monkeypatch.setattr(FakeServer, "end_maintenance", deaf)
    guard = _guard(server, section)
    begun = server.now
    with pytest.raises(MaintenanceTimeoutError):
        await guard.restart()
    assert server.now - begun >= END_WITHIN * 1000
    monkeypatch.undo()
    await _guard(server, section).look_after()
    assert server.out()


async def test_looking_after_nothing_asks_nothing(section: FakeSection) -> None:
    """It is called with every look at the server."""
    guard = MaintenanceGuard(
        None,  # type: ignore[arg-type]  # asking it anything would fail
        httpx.AsyncClient,
        section,
        lambda: 0,
        lambda: 0,
    )
    await guard.look_after()
