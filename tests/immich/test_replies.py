"""Replies of the wrong shape, and those that are tolerated."""

import json
from typing import Any

import pytest

from custom_components.immich_admin_tools.immich import models
from custom_components.immich_admin_tools.immich.errors import UnexpectedReplyError
from custom_components.immich_admin_tools.immich.replies import JsonObject, Reply

from .recordings import recording


def reply(value: object) -> Reply:
    """Return a reply with a JSON body."""
    return Reply(200, "application/json", json.dumps(value).encode())


def queue(**changes: object) -> dict[str, Any]:
    """Return a recorded queue with some fields changed; Ellipsis removes one."""
    fields = dict(recording("3.1.0", "queue-get").response, **changes)
    return {name: value for name, value in fields.items() if value is not ...}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"\xff", b"[" * 100_000, b"9" * 10_000]
)
def test_no_json(body: bytes) -> None:
    """Whatever it is, it is one kind of error."""
    with pytest.raises(UnexpectedReplyError):
        Reply(200, "application/json", body).json()


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_no_object(value: object) -> None:
    """An object is an object."""
    with pytest.raises(UnexpectedReplyError, match="reply is not an object"):
        reply(value).as_object()


def test_no_list() -> None:
    """A list is a list, and of objects; the place of the wrong one is named."""
    with pytest.raises(UnexpectedReplyError, match="reply is not a list"):
        list(reply({}).as_list())
    with pytest.raises(UnexpectedReplyError, match=r"reply\[1\] is not an object"):
        list(reply([{}, 5]).as_list())


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        (queue(name=...), "reply.name is not a string"),
        (queue(name=None), "reply.name is not a string"),
        (queue(isPaused="yes"), "reply.isPaused is not true or false"),
        (queue(isPaused=1), "reply.isPaused is not true or false"),
        (queue(statistics=...), "reply.statistics is not an object"),
        (queue(statistics=[]), "reply.statistics is not an object"),
        (queue(statistics={}), "reply.statistics.active is not a whole number"),
        (
            queue(statistics={"active": "1"}),
            "reply.statistics.active is not a whole number",
        ),
        (
            queue(statistics={"active": 1.5}),
            "reply.statistics.active is not a whole number",
        ),
        (
            queue(statistics={"active": True}),
            "reply.statistics.active is not a whole number",
        ),
    ],
)
def test_wrong_field(fields: dict[str, object], complaint: str) -> None:
    """The field is named, what stands in it is not repeated."""
    with pytest.raises(UnexpectedReplyError) as caught:
        models.queue_counts_of(reply(fields).as_object())
    assert str(caught.value) == complaint


def test_new_fields_and_queues_are_welcome() -> None:
    """A newer Immich goes on working."""
    fields = queue(name="aiUpscaling", colour="blue")
    fields["statistics"] = {**fields["statistics"], "active": 2.0, "prioritized": 9}
    counts = models.queue_counts_of(reply(fields).as_object())
    assert counts.queue == "aiUpscaling"
    assert counts.active == 2


@pytest.mark.parametrize("value", [None, "x", {"urls": []}, ["a", 1]])
def test_list_of_strings(value: object) -> None:
    """A list of strings holds nothing else."""
    with pytest.raises(UnexpectedReplyError, match=r"r\.urls is not a list"):
        JsonObject({"urls": value}, "r").texts("urls")


def test_details_that_newer_versions_list() -> None:
    """They are used when present, and not missed otherwise."""
    fields: dict[str, object] = {
        "id": 52,
        "name": "Ocr",
        "timestamp": 1795163391956,
        "data": "not an object",
    }
    job = models.job_of(reply(fields).as_object())
    assert job is not None
    assert (job.job_id, job.asset_id, job.processed_on) == ("52", None, None)
    more = {
        "processedOn": 1795163391999,
        "finishedOn": 1795163392000,
        "failedReason": "job stalled more than allowable limit",
        "attemptsMade": 2,
    }
    job = models.job_of(reply(fields | more).as_object())
    assert job is not None
    assert job.processed_on == 1795163391999
    assert job.finished_on == 1795163392000
    assert job.failed_reason == "job stalled more than allowable limit"
    assert job.attempts_made == 2


def test_asset_that_immich_has_not_read_yet() -> None:
    """Its size is unknown."""
    fields = dict(recording("3.1.0", "asset-get").response)
    del fields["exifInfo"]
    assert models.asset_of(reply(fields).as_object()).size is None


def test_system_config_of_other_versions() -> None:
    """Odd sections are left out; machine learning that is off has no address."""
    fields = dict(recording("3.1.0", "system-config-get").response)
    fields["job"] = {"ocr": {"concurrency": 1}, "new": {"batch": 5}, "odd": None}
    fields["machineLearning"] = {**fields["machineLearning"], "enabled": False}
    config = models.system_config_of(reply(fields).as_object())
    assert config.concurrency == {"ocr": 1}
    assert config.machine_learning_urls == ()


def test_external_domain() -> None:
    """The address that Immich itself hands out."""
    fields = dict(recording("3.1.0", "server-config").response)
    fields["externalDomain"] = "https://photos.example.com"
    config = models.server_config_of(reply(fields).as_object())
    assert config.external_domain == "https://photos.example.com"


def test_failed_maintenance() -> None:
    """What went wrong is kept."""
    fields = {"active": True, "action": "restore_database", "error": "no backup"}
    status = models.maintenance_status_of(reply(fields).as_object())
    assert (status.active, status.error) == (True, "no backup")
