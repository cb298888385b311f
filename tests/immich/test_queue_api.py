"""Commands to queues: what is sent, and how often."""

import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import JobStatus

from .http_server import Answer, HttpServer, json_answer
from .recordings import recording


def queue(name: str, **numbers: int) -> Answer:
    """Return the answer to `GET /queues/{name}`."""
    counts = dict.fromkeys(("active", "waiting", "paused", "delayed", "failed"), 0)
    fields = {"name": name, "isPaused": False, "statistics": counts | numbers}
    return json_answer(fields)


def legacy(**numbers: int) -> Answer:
    """Return the answer to `PUT /jobs/{name}`."""
    counts = dict.fromkeys(("active", "waiting", "paused", "delayed", "failed"), 0)
    status = {"isPaused": False, "isActive": False}
    return json_answer({"queueStatus": status, "jobCounts": counts | numbers})


def sent(server: HttpServer) -> list[tuple[str, str]]:
    """Return methods and paths of the requests."""
    return [(asked.method, asked.target) for asked in server.asked]


@pytest.mark.parametrize(
    ("statuses", "query"),
    [
        ((), ""),
        ([JobStatus.ACTIVE], "?status=active&status=active"),
        (("failed",), "?status=failed&status=failed"),
        (
            [JobStatus.WAITING, JobStatus.PAUSED],
            "?status=waiting&status=paused",
        ),
    ],
)
async def test_filter_of_jobs(
    statuses: tuple[str, ...], query: str, server: HttpServer, client: ImmichClient
) -> None:
    """A single state is sent twice, as Immich 3.1 refuses it otherwise."""
    server.answer("GET", f"/api/queues/ocr/jobs{query}", json_answer([]))
    assert await client.jobs("ocr", statuses) == ()


async def test_odd_jobs(server: HttpServer, client: ImmichClient) -> None:
    """Jobs without an id are left out, doubles too; ids need not be numbers."""
    base = {"name": "FacialRecognitionQueueAll", "timestamp": 5, "data": {}}
    ids = ["FacialRecognitionQueueAll", 7, None, "", True, "7", "../x"]
    server.answer(
        "GET",
        "/api/queues/ocr/jobs",
        json_answer([{**base, "id": job_id} for job_id in ids] + [base]),
    )
    jobs = await client.jobs("ocr")
    assert [job.job_id for job in jobs] == ["FacialRecognitionQueueAll", "7", "../x"]


async def test_job_of_many_assets(server: HttpServer, client: ImmichClient) -> None:
    """None of them is named as the one."""
    assets = [f"fa1ce28a-f37f-40e4-bef2-2edb3151383{digit}" for digit in range(2)]
    job = {"id": "1", "name": "LibrarySyncAssets", "timestamp": 5}
    job_of_two = {**job, "data": {"assetIds": assets}}
    job_of_one = {**job, "id": "2", "data": {"assetIds": assets[:1]}}
    server.answer(
        "GET", "/api/queues/library/jobs", json_answer([job_of_two, job_of_one])
    )
    jobs = await client.jobs("library")
    assert [job.asset_id for job in jobs] == [None, assets[0]]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("a b/c?d#e", "/api/queues/a%20b%2Fc%3Fd%23e"),
        ("..", "/api/queues/%2E%2E"),
        ("../users/me", "/api/queues/%2E%2E%2Fusers%2Fme"),
        ("größe", "/api/queues/gr%C3%B6%C3%9Fe"),
    ],
)
async def test_odd_names_stay_names(
    name: str, target: str, server: HttpServer, client: ImmichClient
) -> None:
    """A name never leads to another path."""
    record = recording("3.1.0", "queue-unknown")
    server.answer("GET", target, record.answer())
    with pytest.raises(errors.UnknownQueueError):
        await client.queue(name)


async def test_clear_waiting(server: HttpServer, client: ImmichClient) -> None:
    """With the empty body that Immich 3 wants; a paused backlog counts too."""
    record = recording("3.1.0", "queue-delete-emptyobj")
    server.answer(
        "GET",
        "/api/queues/thumbnailGeneration",
        queue("thumbnailGeneration", waiting=3, paused=40, failed=7, active=2),
    )
    server.answer(record.method, record.target, record.answer())
    assert await client.clear_waiting("thumbnailGeneration") == 43
    assert sent(server)[1:] == [("DELETE", record.target)]
    assert server.asked[1].json() == record.body == {}


async def test_clear_waiting_of_an_unknown_queue(
    server: HttpServer, client: ImmichClient
) -> None:
    """Nothing is deleted."""
    record = recording("3.1.0", "queue-empty-paused-ok-404")
    server.answer("GET", "/api/queues/nope", record.answer())
    with pytest.raises(errors.UnknownQueueError):
        await client.clear_waiting("nope")
    assert sent(server) == [("GET", "/api/queues/nope")]


async def test_clear_failed(server: HttpServer, client: ImmichClient) -> None:
    """By the command that leaves waiting jobs alone."""
    record = recording("3.1.0", "queue-clear-failed-legacy")
    server.answer("GET", "/api/queues/ocr", queue("ocr", waiting=500, failed=1))
    server.answer(record.method, record.target, record.answer())
    assert await client.clear_failed("ocr") == 1
    assert sent(server)[1:] == [("PUT", "/api/jobs/ocr")]
    assert server.asked[1].json() == record.body == {"command": "clear-failed"}


async def test_clear_many_failed(server: HttpServer, client: ImmichClient) -> None:
    """Immich clears a thousand at a time."""
    server.answer("GET", "/api/queues/ocr", queue("ocr", failed=2300))
    server.answer(
        "PUT", "/api/jobs/ocr", legacy(failed=1300), legacy(failed=300), legacy()
    )
    assert await client.clear_failed("ocr") == 2300
    assert len(server.asked) == 4


async def test_clear_failed_ends(server: HttpServer, client: ImmichClient) -> None:
    """Also when jobs fail as fast as they are cleared, or none can be cleared."""
    server.answer("GET", "/api/queues/ocr", queue("ocr", failed=50))
    server.answer("PUT", "/api/jobs/ocr", legacy(failed=50))
    assert await client.clear_failed("ocr") == 0
    server.answer("PUT", "/api/jobs/ocr", legacy(failed=60))
    assert await client.clear_failed("ocr") == 0
    server.answer("GET", "/api/queues/ocr", queue("ocr"))
    assert await client.clear_failed("ocr") == 0
    assert [asked.method for asked in server.asked].count("PUT") == 2


@pytest.mark.parametrize("force", [True, False])
async def test_start(force: bool, server: HttpServer, client: ImmichClient) -> None:
    """All anew or what is missing."""
    server.answer("PUT", "/api/jobs/ocr", legacy(waiting=1))
    assert (await client.start("ocr", force=force)).waiting == 1
    assert server.asked[0].json() == {"command": "start", "force": force}


async def test_start_of_a_queue_that_cannot(
    server: HttpServer, client: ImmichClient
) -> None:
    """The recorded refusal has its own type."""
    record = recording("3.1.0", "jobs-start-notstartable")
    server.answer(record.method, record.target, record.answer())
    with pytest.raises(errors.NotStartableError):
        await client.start("backgroundTask", force=False)
