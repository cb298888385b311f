"""Data of jobs, which may hold anything."""

import json

import pytest
from redis.asyncio import Redis

from custom_components.immich_admin_tools.bullmq.models import (
    MAX_DATA_SIZE,
    ActiveJob,
    DataProblem,
)
from custom_components.immich_admin_tools.bullmq.reader import QueueReader

from .recovery.made_queue import QUEUE, MadeQueue


@pytest.fixture
async def queue(client: Redis) -> MadeQueue:
    """Return an empty queue of BullMQ 5."""
    made = MadeQueue(client, "bullmq:5.80.5")
    await made.create()
    return made


async def read_job(client: Redis) -> ActiveJob:
    """Return the only active job."""
    (job,) = (await QueueReader(client).read([QUEUE])).queues[QUEUE].jobs
    return job


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("{not json", DataProblem.NOT_JSON),
        ("", DataProblem.NOT_JSON),
        (b"\x00\xff\xfe", DataProblem.NOT_JSON),
        ('{"id": NaN}', DataProblem.NOT_JSON),
        ("[" * 100_000, DataProblem.NOT_JSON),
        ("1" * 5_000, DataProblem.NOT_JSON),
        ("[1, 2]", DataProblem.NOT_AN_OBJECT),
        ("null", DataProblem.NOT_AN_OBJECT),
        (json.dumps({"id": "x" * MAX_DATA_SIZE}), DataProblem.TOO_LARGE),
        (json.dumps({"id": "x" * 1_000_000}), DataProblem.TOO_LARGE),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_unreadable_data_is_told_and_the_job_still_shown(
    queue: MadeQueue, data: str | bytes, problem: DataProblem
) -> None:
    """Whatever a client put there."""
    await queue.start("7")
    await queue.client.hset(queue.keys.job("7"), "data", data)
    job = await read_job(queue.client)
    assert (job.data, job.data_problem) == (None, problem)
    assert job.name == "AssetDetectFaces"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (r'{"a": "\ud800x", "\udfff": 1}', {"a": "?x", "?": 1}),
        (r'{"a": "\ud83d\ude00"}', {"a": "😀"}),
        ('{"a": [123456789012345678901234567890]}', {"a": [1.2345678901234568e29]}),
        (b'{"a": "\xff"}', {"a": "�"}),
        ('{"a": {"b": [true, null, 1.5]}}', {"a": {"b": [True, None, 1.5]}}),
    ],
    ids=["lone surrogate", "pair", "big number", "not UTF-8", "nested"],
)
async def test_data_can_be_shown_whatever_it_holds(
    queue: MadeQueue, data: str | bytes, expected: object
) -> None:
    """What Home Assistant's JSON writer refuses is replaced."""
    await queue.start("7")
    await queue.client.hset(queue.keys.job("7"), "data", data)
    assert (await read_job(queue.client)).data == expected
