"""Typed replies of Immich's API, tolerant of fields and queues that are new."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version of Immich."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Return it as Immich writes it."""
        return f"{self.major}.{self.minor}.{self.patch}"


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

    content: bytes
    content_type: str
