"""What is known of the queues in advance."""

import pytest

from custom_components.immich_admin_tools.immich.queues import (
    MACHINE_LEARNING,
    PIPELINE,
    QueueName,
    default_stuck_threshold,
)

from .recordings import recording


@pytest.mark.parametrize(
    ("queue", "seconds"),
    [
        ("videoConversion", 30 * 60),
        ("thumbnailGeneration", 2 * 60),
        ("metadataExtraction", 3 * 60),
        ("backupDatabase", 6 * 60 * 60),
        ("smartSearch", 5 * 60),
        ("aQueueOfTheFuture", 5 * 60),
    ],
)
def test_default_threshold(queue: str, seconds: int) -> None:
    """Seconds until a job is called stuck, for new queues too."""
    assert default_stuck_threshold(queue) == seconds


def test_names_are_those_of_a_real_server() -> None:
    """All of them, in its order, and none more."""
    queues = recording("3.1.0", "queues-idle").response
    assert [queue["name"] for queue in queues] == list(QueueName)


def test_groups_hold_queues_that_exist() -> None:
    """And the queues of the machine learning are part of the pipeline."""
    assert MACHINE_LEARNING < PIPELINE < frozenset(QueueName)
