"""Changing one number of a config that is written as a whole."""

import asyncio
import copy
from typing import Any

import pytest

from custom_components.immich_admin_tools.immich import errors
from custom_components.immich_admin_tools.immich.client import ImmichClient

from .http_server import HttpServer, json_answer
from .recordings import recording

PATH = "/api/system-config"
CONFIG = recording("3.1.0", "system-config-get").response


def config(**concurrency: int) -> dict[str, Any]:
    """Return the recorded config with other numbers."""
    changed = copy.deepcopy(dict(CONFIG))
    for queue, jobs in concurrency.items():
        changed["job"][queue]["concurrency"] = jobs
    return changed


async def test_set_concurrency(server: HttpServer, client: ImmichClient) -> None:
    """All else is written back as it was read, also what is unknown here."""
    before = config(ocr=1)
    before["futureSection"] = {"job": {"ocr": {"concurrency": 9}}}
    before["job"]["ocr"]["futureField"] = [None, 1.5, "ü"]
    after = copy.deepcopy(before)
    after["job"]["ocr"]["concurrency"] = 4
    server.answer("GET", PATH, json_answer(before), json_answer(after))
    server.answer("PUT", PATH, json_answer(after))
    await client.set_concurrency("ocr", 4)
    assert [asked.method for asked in server.asked] == ["GET", "PUT", "GET"]
    assert server.asked[1].json() == after


async def test_recorded_change(server: HttpServer, client: ImmichClient) -> None:
    """The real server took this body and answered with it."""
    record = recording("3.1.0", "system-config-put")
    before = copy.deepcopy(record.response)
    jobs = before["job"]["ocr"]["concurrency"]
    before["job"]["ocr"]["concurrency"] = jobs + 1
    server.answer("GET", PATH, json_answer(before), json_answer(record.response))
    server.answer("PUT", PATH, record.answer())
    await client.set_concurrency("ocr", jobs)
    assert server.asked[1].json() == record.body


async def test_nothing_to_change(server: HttpServer, client: ImmichClient) -> None:
    """Nothing is written then."""
    server.answer("GET", PATH, json_answer(config(ocr=3)))
    await client.set_concurrency("ocr", 3)
    assert [asked.method for asked in server.asked] == ["GET"]


async def test_someone_else_writes_too(
    server: HttpServer, client: ImmichClient
) -> None:
    """Immich has no lock: the check afterwards tells that the change is gone."""
    server.answer("GET", PATH, json_answer(config(ocr=1)))
    server.answer("PUT", PATH, json_answer(config(ocr=2)))
    with pytest.raises(errors.ConfigConflictError):
        await client.set_concurrency("ocr", 2)


async def test_own_changes_wait_for_each_other(
    server: HttpServer, client: ImmichClient
) -> None:
    """Two at once do not overwrite one another."""
    server.answer(
        "GET",
        PATH,
        json_answer(config(ocr=1, smartSearch=2)),
        json_answer(config(ocr=5, smartSearch=2)),
        json_answer(config(ocr=5, smartSearch=2)),
        json_answer(config(ocr=5, smartSearch=6)),
    )
    server.answer("PUT", PATH, json_answer({}))
    await asyncio.gather(
        client.set_concurrency("ocr", 5), client.set_concurrency("smartSearch", 6)
    )
    methods = [asked.method for asked in server.asked]
    assert methods == ["GET", "PUT", "GET"] * 2
    assert server.asked[4].json() == config(ocr=5, smartSearch=6)


@pytest.mark.parametrize("queue", ["facialRecognition", "backupDatabase", "nope"])
async def test_queue_without_the_setting(
    queue: str, server: HttpServer, client: ImmichClient
) -> None:
    """Those queues run one job at a time."""
    server.answer("GET", PATH, json_answer(CONFIG))
    with pytest.raises(errors.FixedConcurrencyError):
        await client.set_concurrency(queue, 2)
    assert [asked.method for asked in server.asked] == ["GET"]


@pytest.mark.parametrize("jobs", [0, -1])
async def test_number_that_immich_refuses(
    jobs: int, server: HttpServer, client: ImmichClient
) -> None:
    """It is refused before anything is asked."""
    with pytest.raises(ValueError, match="at least one"):
        await client.set_concurrency("ocr", jobs)
    assert not server.asked


async def test_config_from_a_file(server: HttpServer, client: ImmichClient) -> None:
    """The server says so, and it has its own type; the next change works."""
    server.answer("GET", PATH, json_answer(config(ocr=1)))
    words = "Cannot update configuration while IMMICH_CONFIG_FILE is in use"
    server.answer("PUT", PATH, json_answer({"message": words}, 400))
    for _ in range(2):
        with pytest.raises(errors.ConfigFileError):
            await client.set_concurrency("ocr", 2)


async def test_reading(server: HttpServer, client: ImmichClient) -> None:
    """The two views of the config."""
    server.answer("GET", PATH, json_answer(CONFIG))
    assert (await client.concurrency())["metadataExtraction"] == 5
    assert await client.machine_learning_urls() == ("http://127.0.0.1:3003",)
