"""Typed replies of Immich's API, tolerant of fields and queues that are new."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .queues import asset_ids
from .replies import JsonObject


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version of Immich."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Return it as Immich writes it."""
        return f"{self.major}.{self.minor}.{self.patch}"


MINIMUM_VERSION = Version(2, 4, 0)
"""The first version with the Queues API."""


@dataclass(frozen=True, slots=True)
class About:
    """Versions of the server and of its parts, for diagnostics."""

    version: str
    parts: Mapping[str, str]
    """Such as `nodejs`, `ffmpeg`, `libvips`, `build`."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What Immich tells anybody, also without a key."""

    external_domain: str | None
    """Where its web pages are, as set in Immich; None when not set."""
    in_maintenance: bool


@dataclass(frozen=True, slots=True)
class SystemConfig:
    """The part of the system config that is used here; never its secrets."""

    concurrency: Mapping[str, int]
    """Jobs at once, by queue. Queues without the setting run one at a time."""
    machine_learning_urls: tuple[str, ...]
    """In Immich's order of preference; empty when machine learning is off."""


@dataclass(frozen=True, slots=True)
class User:
    """The owner of the API key."""

    user_id: str
    name: str
    is_admin: bool


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """One queue, as `GET /queues` shows it.

    While paused, Immich reports the backlog as `paused` and `waiting` as 0.
    """

    queue: str
    is_paused: bool
    active: int
    waiting: int
    paused: int
    delayed: int
    failed: int

    @property
    def backlog(self) -> int:
        """Return all who wait, whether or not the queue is paused."""
        return self.waiting + self.paused


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One job of `GET /queues/{name}/jobs`."""

    job_id: str
    name: str
    added_at: int
    """ms since the epoch: when the job was added, not when it started."""
    asset_id: str | None
    """The asset, when the job works on exactly one."""
    processed_on: int | None = None
    """ms since the epoch by the worker's clock; None as Immich 3.1 doesn't tell."""
    finished_on: int | None = None
    failed_reason: str | None = None
    attempts_made: int | None = None


class JobStatus(StrEnum):
    """States that job listings can be filtered by."""

    ACTIVE = "active"
    WAITING = "waiting"
    PAUSED = "paused"
    DELAYED = "delayed"
    FAILED = "failed"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Asset:
    """A photo or video, as far as its admin wants to know it."""

    asset_id: str
    file_name: str
    path: str
    type: str
    """IMAGE, VIDEO, AUDIO or OTHER."""
    size: int | None
    """Bytes; None when Immich has not read the file yet."""


@dataclass(frozen=True, slots=True)
class Image:
    """A thumbnail."""

    content: bytes = field(repr=False)
    content_type: str


class ThumbnailSize(StrEnum):
    """Sizes of thumbnails: about 250 and 1440 pixels."""

    THUMBNAIL = "thumbnail"
    PREVIEW = "preview"


class MachineLearning(StrEnum):
    """What a probe of the machine learning through Immich found."""

    ANSWERS = "answers"
    FAILS = "fails"
    """Refused or answered with an error."""
    HANGS = "hangs"


@dataclass(frozen=True, slots=True)
class MaintenanceStatus:
    """State of maintenance mode."""

    active: bool
    action: str
    """What Immich is doing or did last: `start`, `end`, `restore_database` …"""
    error: str | None


@dataclass(frozen=True, slots=True)
class MaintenanceCookie:
    """The only thing that ends maintenance mode. Valid for 4 hours; a secret."""

    value: str = field(repr=False)


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
