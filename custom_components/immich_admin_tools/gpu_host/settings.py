"""What the user set up for one host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..immich.queues import QueueName
from .models import PowerSettings
from .wake import MagicPacket

DEFAULT_QUEUES = (QueueName.SMART_SEARCH, QueueName.FACE_DETECTION, QueueName.OCR)
"""Queues whose jobs Immich sends to its machine learning."""


class Rerun(StrEnum):
    """What to do about photos that were skipped while the host was gone."""

    NEVER = "never"
    ASK = "ask"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One host."""

    host_id: str
    name: str
    ml_url: str
    queues: tuple[str, ...]
    power: PowerSettings
    packet: MagicPacket | None = None
    has_on_action: bool = False
    has_restart_action: bool = False
    pause_offline: bool = True
    rerun_missing: Rerun = Rerun.ASK
    concurrency: Mapping[str, int] = field(default_factory=dict)
    """Jobs at once while the host is on, by queue; others stay as they are."""
