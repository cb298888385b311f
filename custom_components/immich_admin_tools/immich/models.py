"""Typed replies of Immich's API, tolerant of fields and queues that are new."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


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
