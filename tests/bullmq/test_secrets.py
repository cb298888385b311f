"""Nothing secret in an error or a log, whatever a server says."""

from collections.abc import Awaitable, Callable, Sequence
import logging
import traceback

import pytest
import pytest_socket
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.access import check_access
from custom_components.immich_admin_tools.bullmq.connection import (
    RedisSettings,
    create_client,
)
from custom_components.immich_admin_tools.bullmq.errors import BullMQError
from custom_components.immich_admin_tools.bullmq.event_listener import EventListener
from custom_components.immich_admin_tools.bullmq.jobs import JobState, QueueListing
from custom_components.immich_admin_tools.bullmq.keys import DEFAULT_PREFIX
from custom_components.immich_admin_tools.bullmq.reader import QueueReader
from custom_components.immich_admin_tools.bullmq.recovery import (
    QueueRecovery,
    WaitingFence,
)
from custom_components.immich_admin_tools.bullmq.workers import (
    connected_workers,
    publish_restart,
)

from .echo_server import COMPLAINTS, Complain, echo_server

USER = "user-that-nobody-needs-to-see"
PASSWORD = "password-that-must-never-be-seen"

ASKED: dict[str, Callable[[Redis], Awaitable[object]]] = {
    "read": lambda client: QueueReader(client).read(["ocr"]),
    "access": lambda client: check_access(client, DEFAULT_PREFIX),
    "list": lambda client: QueueListing(client, DEFAULT_PREFIX).list_jobs(
        "ocr", JobState.FAILED
    ),
    "remove": lambda client: QueueRecovery(client, DEFAULT_PREFIX).remove_waiting_jobs(
        "ocr", [WaitingFence(PASSWORD)]
    ),
    "restart": publish_restart,
    "workers": connected_workers,
    "events": lambda client: EventListener(client, DEFAULT_PREFIX).next({"ocr": "0-0"}),
}


@pytest.fixture(autouse=True)
def _sockets() -> None:
    """Allow sockets where the plugin for Home Assistant's tests blocks them."""
    pytest_socket.enable_socket()


def after_login(words: Sequence[str]) -> bytes | None:
    """Let everybody in, and complain afterwards."""
    return b"+OK\r\n" if words[0] == "AUTH" or words[1:2] == ["SETINFO"] else None


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("lets_in", [False, True])
@pytest.mark.parametrize("complain", COMPLAINTS)
async def test_password_that_a_server_repeats(
    complain: Complain,
    lets_in: bool,
    ask: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in what a user reads nor in a traceback."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "asyncio")
    answers = after_login if lets_in else None
    async with echo_server(complain, answers) as port:
        settings = RedisSettings(
            f"redis://127.0.0.1:{port}", username=USER, password=PASSWORD
        )
        async with create_client(settings, None) as client:
            try:
                shown = repr(await ASKED[ask](client))
            except BullMQError as error:
                shown = "".join(traceback.format_exception(error)) + repr(error)
    # The source lines of a traceback name the constant, not its value.
    assert PASSWORD not in shown + caplog.text
    assert USER not in shown + caplog.text
