"""No healthy job is lost or doubled by healers that act at random."""

from typing import Literal

import pytest
import pytest_socket

from custom_components.immich_admin_tools.bullmq import recovery
from custom_components.immich_admin_tools.bullmq.recovery import Result
from tests.support.simulator import Simulator
from tests.support.valkey import start_valkey

from .stress import run_stress

JOBS = 2_000


@pytest.mark.timeout(240)
@pytest.mark.parametrize("bullmq", ["5.51", "5.80", "6"])
@pytest.mark.parametrize("compared", [recovery.COMPARED_ENTRIES, 3])
async def test_books_balance(
    bullmq: Literal["5.51", "5.80", "6"],
    compared: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three healers act beside a worker with ten slots, in a line that may be long."""
    monkeypatch.setattr(recovery, "COMPARED_ENTRIES", compared)
    monkeypatch.setattr(recovery, "WINDOW_SIZE", min(compared * 9, 2_000))
    monkeypatch.setattr(recovery, "WINDOW_OVERLAP", min(compared * 3, 100))
    pytest_socket.enable_socket()
    async with start_valkey() as valkey, Simulator(valkey.url, bullmq) as immich:
        report = await run_stress(valkey, immich, jobs=JOBS, healers=3, seed=7)

    assert report.added >= JOBS
    assert report.difference == 0, report
    assert report.finished == report.started
    assert report.left == set()
    assert report.stale_that_did_something == 0
    # Each way was really taken.
    for operation in ("remove", "requeue", "fail", "remove_waiting", "retry", "clear"):
        assert report.count(operation) > 10, (operation, report)
    for operation in ("remove", "requeue", "fail"):
        for refusal in (Result.NOT_ACTIVE, Result.LOCK_CHANGED, Result.RUN_CHANGED):
            assert report.count(operation, refusal) > 0, (operation, refusal, report)
