"""From a call to the work and back to an answer, alike for all actions."""

from collections.abc import Callable, Coroutine
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.json import JsonObjectType

from ..const import DOMAIN
from ..data import AdminToolsConfigEntry
from ..errors import translated_errors
from .targets import QueueTarget, async_queue_targets

type Handler = Callable[[ServiceCall], Coroutine[None, None, ServiceResponse]]
type EntryAction = Callable[
    [QueueTarget, ServiceCall], Coroutine[None, None, JsonObjectType]
]
type QueueAction = Callable[
    [AdminToolsConfigEntry, str, ServiceCall], Coroutine[None, None, JsonObjectType]
]


def for_all_queues(action: EntryAction, *, looks_only: bool = False) -> Handler:
    """Return a handler that does the action once per Immich that the call means.

    `looks_only`: it changes nothing, so naming no queue means all of them.
    """

    async def handle(call: ServiceCall) -> ServiceResponse:
        """Do it, then look at the queues again."""
        answers: dict[str, Any] = {}
        targets = async_queue_targets(call.hass, call.data, all_by_default=looks_only)
        if call.return_response and len(targets) > 1:
            # Queues of two Immich instances have the same names: one answer would hide the other.
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="one_immich_only"
            )
        for target in targets:
            try:
                with translated_errors():
                    answers.update(await action(target, call))
            finally:
                if not looks_only:
                    await target.entry.runtime_data.queues.async_request_refresh()
        return {"queues": answers}

    return handle


def for_each_queue(action: QueueAction) -> Handler:
    """Return a handler that does the action for each queue that the call means.

    One queue that fails does not keep the others from being done; what failed is
    said at the end.
    """

    async def do_all(target: QueueTarget, call: ServiceCall) -> JsonObjectType:
        """Do it queue by queue."""
        answers: JsonObjectType = {}
        failed: dict[str, HomeAssistantError] = {}
        for queue in target.queues:
            try:
                with translated_errors():
                    answers[queue] = await action(target.entry, queue, call)
            except HomeAssistantError as err:
                if len(target.queues) == 1:
                    raise
                failed[queue] = err
        if failed:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="some_queues_failed",
                translation_placeholders={
                    "done": ", ".join(answers) or "–",
                    "failed": "; ".join(f"{key}: {err}" for key, err in failed.items()),
                },
            )
        return answers

    return for_all_queues(do_all)
