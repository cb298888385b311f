"""What an analyst has learned of how long jobs take, without having watched for hours."""

from custom_components.immich_admin_tools.analysis.analyst import Analyst
from custom_components.immich_admin_tools.analysis.durations import (
    ENOUGH,
    DurationStatistics,
)


def learn(analyst: Analyst, queue: str, name: str, milliseconds: int = 50) -> None:
    """Let it know the jobs of a name, so that one that lasts can be called hung."""
    durations = analyst._memory(queue).durations
    for known in (
        durations.whole,
        durations.by_name.setdefault(name, DurationStatistics()),
    ):
        for _ in range(ENOUGH):
            known.add(milliseconds)
