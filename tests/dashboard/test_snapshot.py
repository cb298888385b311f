"""What of stuck jobs is offered, and how much of it is sent."""

from dataclasses import replace
import json
from pathlib import Path
import re

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
    Named,
    QueueFacts,
    actions_of,
    key_of,
    queue_item,
    shown_stuck,
    stuck_item,
)
from custom_components.immich_admin_tools.immich.models import Asset
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


def _fields(interface: str) -> set[str]:
    """Return the fields that the contract has."""
    model = Path(__file__).parents[2] / "frontend" / "src" / "model.ts"
    (body,) = re.findall(
        rf"export interface {interface} \{{\n(.*?)\n\}}", model.read_text(), re.DOTALL
    )
    return set(re.findall(r"^  (\w+)\??:", body, re.MULTILINE))


def test_the_contract() -> None:
    """What is sent is what the frontend knows, no more and no less."""
    facts = QueueFacts(Named("OCR"), 0, 1, 300, None, None, None)
    assert queue_item(queue_view(), facts, may_act=True).keys() == _fields("Queue")
    item = stuck_item(HUNG, AssetFacts(), times_stuck=1, actions=[], under_way=False)
    assert item.keys() == _fields("StuckJob")
