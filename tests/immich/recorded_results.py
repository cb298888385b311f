"""What the client must make of recorded replies, worked out by other means."""

from custom_components.immich_admin_tools.immich import models
from custom_components.immich_admin_tools.immich.models import QueueCounts

from .recordings import Recording


def counts(fields: dict[str, object], queue: str | None = None) -> QueueCounts:
    """Return a recorded queue, of either kind of reply."""
    values = fields.get("statistics") or fields["jobCounts"]
    status = fields.get("queueStatus") or fields
    assert isinstance(values, dict)
    assert isinstance(status, dict)
    numbers = {name: values[name] for name in values if name != "completed"}
    return QueueCounts(
        queue=queue or str(fields["name"]), is_paused=status["isPaused"], **numbers
    )


def all_counts(record: Recording) -> tuple[QueueCounts, ...]:
    """Return all recorded queues."""
    assert len(record.response) > 15
    return tuple(counts(fields) for fields in record.response)


def one_counts(record: Recording) -> QueueCounts:
    """Return the recorded queue."""
    return counts(record.response)


def legacy_counts(record: Recording) -> QueueCounts:
    """Return the recorded queue of a reply that doesn't hold its name."""
    return counts(record.response, record.target.rpartition("/")[2])


def jobs(record: Recording) -> tuple[models.ListedJob, ...]:
    """Return the recorded jobs. Jobs about persons have an id that is no asset's."""
    return tuple(
        models.ListedJob(
            fields["id"],
            fields["name"],
            fields["timestamp"],
            None if fields["name"].startswith("Person") else fields["data"]["id"],
        )
        for fields in record.response
    )


def version(record: Recording) -> models.Version:
    """Return the recorded version."""
    return models.Version(
        *(record.response[part] for part in ("major", "minor", "patch"))
    )


def user(record: Recording) -> models.User:
    """Return the recorded user."""
    fields = record.response
    return models.User(fields["id"], fields["name"], fields["isAdmin"])


def asset(record: Recording) -> models.Asset:
    """Return the recorded asset."""
    fields = record.response
    return models.Asset(
        fields["id"],
        fields["originalFileName"],
        fields["originalPath"],
        fields["type"],
        fields["exifInfo"]["fileSizeInByte"],
    )


def image(record: Recording) -> models.Image:
    """Return the recorded picture."""
    return models.Image(str(record.response).encode(), record.content_type)


def system_config(record: Recording) -> models.SystemConfig:
    """Return what is used of the recorded config."""
    fields = record.response
    return models.SystemConfig(
        {queue: setting["concurrency"] for queue, setting in fields["job"].items()},
        tuple(fields["machineLearning"]["urls"]),
    )


def nothing(_: Recording) -> None:
    """Expect no result but no error either."""
