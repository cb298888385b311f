"""Gives the simulated Immich something to do, so that there is something to see."""

from __future__ import annotations

import random
import time

from .http_json import RequestError
from .immich import Immich

_SPEEDS = {
    "all": 200,
    "thumbnailGeneration": 450,
    "metadataExtraction": 250,
    "smartSearch": 600,
    "faceDetection": 700,
    "facialRecognition": 150,
    "ocr": 900,
    "videoConversion": 15_000,
}
"""ms a job takes: roughly a small always-on box."""

_FIRST_BACKLOG = {
    "thumbnailGeneration": 450,
    "metadataExtraction": 300,
    "smartSearch": 1800,
    "faceDetection": 1200,
    "ocr": 700,
    "videoConversion": 25,
}
"""Jobs that wait when the demo starts: an import of a holiday."""

_NEW_PHOTOS = (5, 40)
_BETWEEN_UPLOADS = (8.0, 25.0)
"""Seconds."""

_LOW, _REFILL = 100, 900
"""When a backlog falls below this, as many jobs come again: the demo never runs dry."""


class Traffic:
    """A phone that uploads photos, and now and then a job that hangs."""

    def __init__(self, immich: Immich) -> None:
        """Send everything to one Immich."""
        self._immich = immich
        self._random = random.Random()
        self._next = 0.0

    def begin(self) -> None:
        """Set the speeds and fill the queues."""
        for queue, milliseconds in _SPEEDS.items():
            self._immich.control("speed", queue=queue, ms=milliseconds, jitter=0.5)
        # One job that never ends: what this integration is for.
        self._immich.control("hang", queue="faceDetection", count=1)
        for queue, count in _FIRST_BACKLOG.items():
            self._immich.control("jobs", queue=queue, count=count)

    def go_on(self) -> None:
        """Upload when it is time; call it about once a second."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._random.uniform(*_BETWEEN_UPLOADS)
        try:
            self._immich.control("upload", count=self._random.randint(*_NEW_PHOTOS))
            self._refill()
        except RequestError:
            # A user of the demo may have stopped something on purpose.
            return

    def _refill(self) -> None:
        for queue, truth in self._immich.truth()["queues"].items():
            if queue in _FIRST_BACKLOG and truth["added"] - truth["started"] < _LOW:
                count = min(_REFILL, _FIRST_BACKLOG[queue])
                self._immich.control("jobs", queue=queue, count=count)
