"""From JSON objects to the models. Unknown fields and new queues are welcome."""

from .jobs import asset_ids
from .models import (
    About,
    Asset,
    ListedJob,
    MaintenanceStatus,
    QueueCounts,
    ServerConfig,
    SystemConfig,
    User,
    Version,
)
from .replies import JsonObject


def version_of(fields: JsonObject) -> Version:
    """Read `GET /server/version`."""
    return Version(
        fields.number("major"), fields.number("minor"), fields.number("patch")
    )


def about_of(fields: JsonObject) -> About:
    """Read `GET /server/about`."""
    parts = {
        name: value
        for name, value in fields.values.items()
        if isinstance(value, str) and value and not name.lower().endswith("url")
    }
    version = fields.text("version").removeprefix("v")
    return About(version, {n: v for n, v in parts.items() if n != "version"})


def server_config_of(fields: JsonObject) -> ServerConfig:
    """Read `GET /server/config`, which has one field only in maintenance mode."""
    return ServerConfig(
        external_domain=fields.optional_text("externalDomain") or None,
        in_maintenance=fields.optional_flag("maintenanceMode"),
    )


def user_of(fields: JsonObject) -> User:
    """Read `GET /users/me`."""
    return User(fields.text("id"), fields.text("name"), fields.flag("isAdmin"))


def queue_counts_of(fields: JsonObject) -> QueueCounts:
    """Read one queue of `GET /queues`."""
    return _counts(
        fields.text("name"), fields.flag("isPaused"), fields.section("statistics")
    )


def legacy_queue_counts_of(queue: str, fields: JsonObject) -> QueueCounts:
    """Read the reply of `PUT /jobs/{name}`."""
    is_paused = fields.section("queueStatus").flag("isPaused")
    return _counts(queue, is_paused, fields.section("jobCounts"))


def _counts(queue: str, is_paused: bool, counts: JsonObject) -> QueueCounts:
    """Read the counts, which both kinds of reply have alike."""
    return QueueCounts(
        queue=queue,
        is_paused=is_paused,
        active=counts.number("active"),
        waiting=counts.number("waiting"),
        paused=counts.number("paused"),
        delayed=counts.number("delayed"),
        failed=counts.number("failed"),
    )


def job_of(fields: JsonObject) -> ListedJob | None:
    """Read one job of a listing; None for one without an id.

    The data may be anything. Fields after it come with versions after 3.2.
    """
    job_id = fields.values.get("id")
    if isinstance(job_id, int) and not isinstance(job_id, bool):
        job_id = str(job_id)
    if not isinstance(job_id, str) or not job_id:
        return None
    name = fields.text("name")
    assets = asset_ids(name, fields.optional_section("data"))
    return ListedJob(
        job_id=job_id,
        name=name,
        added_at=fields.number("timestamp"),
        asset_id=assets[0] if len(assets) == 1 else None,
        processed_on=fields.optional_number("processedOn"),
        finished_on=fields.optional_number("finishedOn"),
        failed_reason=fields.optional_text("failedReason"),
        attempts_made=fields.optional_number("attemptsMade"),
    )


def asset_of(fields: JsonObject) -> Asset:
    """Read `GET /assets/{id}`. `exifInfo` is missing until Immich read the file."""
    exif = fields.optional_section("exifInfo") or {}
    return Asset(
        asset_id=fields.text("id"),
        file_name=fields.text("originalFileName"),
        path=fields.text("originalPath"),
        type=fields.text("type"),
        size=JsonObject(exif, "exifInfo").optional_number("fileSizeInByte"),
    )


def system_config_of(fields: JsonObject) -> SystemConfig:
    """Read what is used of `GET /system-config`."""
    jobs = fields.section("job")
    concurrency: dict[str, int] = {}
    for queue in jobs.values:
        setting = jobs.optional_section(queue) or {}
        value = JsonObject(setting, f"job.{queue}").optional_number("concurrency")
        if value is not None:
            concurrency[queue] = value
    machine_learning = fields.section("machineLearning")
    urls = machine_learning.texts("urls") if machine_learning.flag("enabled") else ()
    return SystemConfig(concurrency, urls)


def maintenance_status_of(fields: JsonObject) -> MaintenanceStatus:
    """Read `GET /admin/maintenance/status`."""
    return MaintenanceStatus(
        active=fields.flag("active"),
        action=fields.text("action"),
        error=fields.optional_text("error"),
    )
