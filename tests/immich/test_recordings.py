"""Each reply of two real servers, read as the client would get it."""

from dataclasses import fields

import pytest

from custom_components.immich_admin_tools.immich.client import ImmichClient
from custom_components.immich_admin_tools.immich.models import QueueCounts

from .http_server import HttpServer
from .recorded_cases import CASES
from .recordings import VERSIONS, names, recording

ELSEWHERE: dict[tuple[str, str], str] = {
    ("2.7.5", "queue-delete-failed"): "never sent: it drops the waiting jobs too",
    ("2.7.5", "queue-delete-nobody"): "never sent: Immich 3 wants a body",
    ("2.7.5", "queue-jobs-"): "the client sends no lone question mark",
    ("2.7.5", "queue-jobs-status___failed"): "never sent: Immich ignores it",
    ("2.7.5", "queue-jobs-status_failed"): "never sent: Immich 3 refuses it",
    ("2.7.5", "queue-jobs-status_foo"): "never sent; read in test_failures",
    ("2.7.5", "queue-jobs-status_paused"): "never sent: Immich 3 refuses it",
    ("2.7.5", "queue-pause-bg"): "never sent; read in test_failures",
    ("2.7.5", "queue-put-bad"): "never sent; read in test_failures",
    ("3.1.0", "api-keys-list"): "not used",
    ("3.1.0", "asset-thumb-unknown"): "size left out; read in test_failures",
    ("3.1.0", "assets-statistics"): "not used",
    ("3.1.0", "err403-jobs"): "not used: GET /jobs is older than GET /queues",
    ("3.1.0", "err403-thumb"): "size left out; read in test_failures",
    ("3.1.0", "features"): "not used",
    ("3.1.0", "jobs-bad-command"): "never sent; read in test_failures",
    ("3.1.0", "jobs-legacy-active"): "not used: GET /jobs",
    ("3.1.0", "jobs-legacy-idle"): "not used: GET /jobs",
    ("3.1.0", "jobs-post-bad"): "not used",
    ("3.1.0", "jobs-post-tagcleanup"): "not used",
    ("3.1.0", "jobs-start-notstartable"): "force left out; read in test_failures",
    ("3.1.0", "maint-about"): "test_requests, with the other paths of that state",
    ("3.1.0", "maint-jobs"): "not used: GET /jobs",
    ("3.1.0", "maint-keysme"): "test_requests, with the other paths of that state",
    ("3.1.0", "maint-queues"): "test_requests, with the other paths of that state",
    ("3.1.0", "nonadmin-jobs"): "not used: GET /jobs",
    ("3.1.0", "nonadmin-stat"): "not used",
    ("3.1.0", "nonadmin-storage"): "not used",
    ("3.1.0", "notifications"): "not used",
    ("3.1.0", "ocr-empty-while-worker-dead"): "failed is never sent along",
    ("3.1.0", "qread-deljobs"): "failed is never sent along; read in test_failures",
    ("3.1.0", "qread-jobs-put"): "the client pauses by /queues; read in test_failures",
    ("3.1.0", "queue-clear-failed"): "never sent: it drops the waiting jobs too",
    ("3.1.0", "queue-clear-failed-legacy"): "test_queue_api, with the count before",
    ("3.1.0", "queue-delete-emptyobj"): "test_queue_api, with the count before",
    ("3.1.0", "queue-delete-nobody"): "never sent; read in test_failures",
    ("3.1.0", "queue-empty-paused-ok-404"): "test_queue_api, with the count before",
    ("3.1.0", "queue-jobs-active"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-arr"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-arr-failed"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-arr-two"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-jobs-badstatus"): "never sent; read in test_failures",
    ("3.1.0", "queue-jobs-comma"): "never sent: Immich refuses it",
    ("3.1.0", "queue-jobs-idx"): "never sent: Immich ignores it",
    ("3.1.0", "queue-jobs-paused"): "never sent: Immich refuses a single status",
    ("3.1.0", "queue-jobs-waiting"): "never sent: Immich refuses a single status",
    ("3.1.0", "queue-jobs-waiting2"): "never sent: Immich ignores status[]",
    ("3.1.0", "queue-pause-backgroundTask"): "never sent; read in test_failures",
    ("3.1.0", "queue-put-bad"): "never sent; read in test_failures",
    ("3.1.0", "queue-put-empty"): "never sent",
    ("3.1.0", "queues-ping-bad"): "test_requests",
    ("3.1.0", "server-media-types"): "not used",
    ("3.1.0", "statistics"): "not used",
    ("3.1.0", "storage"): "not used",
    ("3.1.0", "system-config-defaults"): "not used",
    ("3.1.0", "system-config-put"): "test_system_config_api",
    ("3.1.0", "system-config-put-partial"): "never sent; read in test_failures",
    ("3.1.0", "version-check"): "not used",
    ("3.1.0", "version-history"): "not used",
    ("3.1.0", "websocket-events"): "not a request",
}


@pytest.mark.parametrize(("release", "name"), CASES)
async def test_recording_is_read(
    release: str, name: str, server: HttpServer, client: ImmichClient
) -> None:
    """The client sends exactly the recorded request and reads its reply."""
    case = CASES[release, name]
    record = recording(release, name)
    server.answer(record.method, record.target, record.answer())
    if isinstance(case.result, type):
        with pytest.raises(case.result) as caught:
            await case.call(client)
        assert type(caught.value) is case.result
    else:
        assert await case.call(client) == case.result(record)
    assert [(asked.method, asked.target) for asked in server.asked] == [
        (record.method, record.target)
    ]
    if record.body is not None:
        assert server.asked[0].json() == record.body


def test_every_recording_is_accounted_for() -> None:
    """A new recording is read by a test or has its reason why not."""
    recorded = {(version, name) for version in VERSIONS for name in names(version)}
    assert CASES.keys() | ELSEWHERE.keys() == recorded
    assert not CASES.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("release", VERSIONS)
def test_recorded_counts_have_the_fields_of_the_model(release: str) -> None:
    """Nothing of Immich's counts is lost but `completed`, which is always 0."""
    [first, *_] = recording(release, "queues-idle").response
    known = {field.name for field in fields(QueueCounts)} - {"queue", "is_paused"}
    assert known == set(first["statistics"]) - {"completed"}
