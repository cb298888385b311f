"""What of stuck jobs is offered, and how much of it is sent."""

from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.immich_admin_tools.analysis.models import (
    JobView,
    Source,
    StuckKind,
)
from custom_components.immich_admin_tools.dashboard.snapshot import (
    MOST_STUCK,
    ActFacts,
    AssetFacts,
    HostFacts,
    Named,
    QueueFacts,
    actions_of,
    host_item,
    key_of,
    queue_item,
    shown_stuck,
    stuck_item,
)
from custom_components.immich_admin_tools.gpu_host.models import (
    Connectivity,
    Hold,
    HostState,
    Power,
    PowerSettings,
)
from custom_components.immich_admin_tools.gpu_host.settings import HostSettings
from custom_components.immich_admin_tools.gpu_host.work import HostWork
from custom_components.immich_admin_tools.immich.models import Asset
from tests.support.model import fields_of
from tests.support.views import ASSET, job_view, queue_view, server_view

ALL = ActFacts(may_act=True, restart=True)
NO_RESTART = ActFacts(may_act=True, restart=False)
NO_RIGHTS = ActFacts(may_act=False, restart=True)
NOTHING = ActFacts(may_act=False, restart=False)

HUNG = job_view()
LONG = job_view(kind=StuckKind.LONG_RUNNING)
ORPHANED = job_view(kind=StuckKind.ORPHANED)
GHOST = job_view(kind=StuckKind.GHOST)


@pytest.mark.parametrize(
    ("job", "facts", "actions"),
    [
        (HUNG, ALL, ["clear", "clear_and_restart", "ignore"]),
        (HUNG, NO_RESTART, ["clear", "ignore"]),
        (HUNG, NO_RIGHTS, ["restart", "ignore"]),
        (HUNG, NOTHING, ["ignore"]),
        (LONG, ALL, ["ignore", "clear"]),
        (LONG, NO_RIGHTS, ["ignore", "restart"]),
        (ORPHANED, ALL, ["requeue", "clear"]),
        (ORPHANED, NO_RIGHTS, []),
        (GHOST, ALL, ["clear"]),
        (GHOST, NOTHING, []),
    ],
)
def test_what_would_work(job: JobView, facts: ActFacts, actions: list[str]) -> None:
    """The best first; a job that a worker holds is never put back."""
    assert actions_of(job, queue_view(jobs=[job]), facts) == actions


def test_nobody_works_there() -> None:
    """Then only a restart helps, if there is one."""
    queue = queue_view(jobs=[HUNG], worker=False)
    assert actions_of(HUNG, queue, ALL) == ["restart"]
    assert actions_of(HUNG, queue, NO_RESTART) == []


def test_a_queue_that_can_only_be_watched() -> None:
    """Its layout is not known."""
    queue = queue_view(jobs=[HUNG], writable=False)
    assert actions_of(HUNG, queue, ALL) == ["restart", "ignore"]


def test_without_redis() -> None:
    """Single jobs can't be touched."""
    job = job_view(source=Source.API, token=None, processed_on=None)
    queue = queue_view(jobs=[job], source=Source.API, worker=None, writable=False)
    assert actions_of(job, queue, NO_RIGHTS) == ["restart", "ignore"]


def test_the_longest_running_are_named() -> None:
    """Of a thousand; all are counted elsewhere."""
    jobs = [job_view(str(number), age=number) for number in range(1_000)]
    named = shown_stuck(server_view(queue_view(jobs=jobs)))
    assert [job.job_id for job in named] == [
        str(number) for number in range(999, 999 - MOST_STUCK, -1)
    ]


def test_runs_have_keys_of_their_own() -> None:
    """Another run of the same job is another item."""
    assert key_of(HUNG) != key_of(replace(HUNG, processed_on=5))
    assert key_of(GHOST) == "faceDetection/1/"


def test_any_text_goes_through() -> None:
    """Long, and with HTML in it: showing it safely is for who shows it."""
    path = f"/usr/src/app/{'x' * 4_000}"
    asset = Asset(ASSET, '<img src=x onerror="alert(1)">.jpg', path, "IMAGE", None)
    item = stuck_item(
        HUNG, AssetFacts(asset), times_stuck=1, actions=[], under_way=False
    )
    assert item["path"] == path
    assert json.loads(json.dumps(item))["file_name"] == asset.file_name


def test_the_contract() -> None:
    """What is sent is what the frontend knows, no more and no less."""
    facts = QueueFacts(Named("OCR"), 0, 1, 300, None, None, None)
    assert queue_item(queue_view(), facts, may_act=True).keys() == fields_of("Queue")
    item = stuck_item(HUNG, AssetFacts(), times_stuck=1, actions=[], under_way=False)
    assert item.keys() == fields_of("StuckJob")


def host(power: Power, **more: Any) -> dict[str, Any]:
    """Return a box as it is sent; a second of its clock is a second of the wall's."""
    settings = HostSettings(
        host_id="box",
        name="Box",
        ml_url="http://box:3003",
        queues=("ocr",),
        power=PowerSettings(
            can_wake=True,
            can_switch_off=True,
            wake_backlog=100,
            wake_age=0,
            boot_timeout=300_000,
            wake_retries=2,
            retry_delay=60_000,
            idle_time=900_000,
            minimum_on=0,
            cool_down=0,
        ),
    )
    facts: dict[str, Any] = {
        "settings": settings,
        "named": Named("Box"),
        "power": power,
        "shown": lambda at: None if at is None else at + 1_000_000,
        "reach": Connectivity.OFFLINE,
        "automatic": True,
        "work": None,
        "active": 0,
        "reason": None,
        "went_off_unasked": False,
        "wake_at_latest": None,
        "allowed_from": None,
        "allowed_to": None,
        "allowed_at": None,
        "expected_run": None,
        "usual_boot": None,
        "mac": None,
    }
    return host_item(HostFacts(**{**facts, **more}))


def test_a_box() -> None:
    """Deadlines where they are waited for; what is not known is not 0."""
    booting = host(Power(HostState.BOOTING, since=1, deadline=5, signalled_at=2))
    assert (booting["deadline"], booting["signalled_at"]) == (1_000_005, 1_000_002)
    assert booting["backlog"] is None
    assert booting["online"] is False
    off = host(Power(HostState.OFF, deadline=5), reach=Connectivity.UNKNOWN)
    assert (off["deadline"], off["online"], off["since"]) == (None, None, None)
    ready = Power(HostState.READY, idle_since=10, deadline=5)
    assert host(ready)["goes_off_at"] == 1_900_010
    assert host(ready, automatic=False)["goes_off_at"] is None
    assert host(replace(ready, hold=Hold.ON))["goes_off_at"] is None


def test_a_box_that_was_lost() -> None:
    """Only with work: else nobody misses it."""
    off = Power(HostState.OFF)
    work = HostWork(backlog=5, startable=5, waited=0, busy=False)
    assert not host(off, went_off_unasked=True)["lost"]
    assert host(off, went_off_unasked=True, work=work)["lost"]
    assert host(off, went_off_unasked=True, skipped={"ocr": 3})["lost"]
    assert not host(Power(HostState.READY), went_off_unasked=True, work=work)["lost"]
    assert not host(off, work=work)["lost"]
