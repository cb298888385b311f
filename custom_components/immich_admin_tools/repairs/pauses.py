"""The dialogs about queues that are paused and that no GPU box looks after."""

from typing import override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState

from ..data import AdminToolsConfigEntry
from ..healing.errors import NotStoredError
from ..immich.errors import ImmichError
from ..pauses.manager import BoxPauses
from .flow import IssueData


class BoxPauseFlow(RepairsFlow):
    """Offers two ways out; each is taken at once."""

    options: tuple[str, str]

    def __init__(self, data: IssueData) -> None:
        self._entry_id = str(data["entry_id"])
        self._queues = str(data["queues"])

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask what is to become of them."""
        return self.async_show_menu(
            step_id="init",
            menu_options=list(self.options),
            description_placeholders={"queues": self._queues},
        )

    async def _do(self, option: str) -> RepairsFlowResult:
        """Do what was chosen."""
        entry: AdminToolsConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        try:
            await self.act(entry.runtime_data.box_pauses, option)
        except NotStoredError:
            return self.async_abort(reason="not_stored")
        except ImmichError:
            return self.async_abort(reason="immich_away")
        return self.async_create_entry(data={}, description=option)

    async def act(self, pauses: BoxPauses, option: str) -> None:
        """Do what an option says. Raises ImmichError and NotStoredError."""
        raise NotImplementedError


class BoxRemovedFlow(BoxPauseFlow):
    """Queues of a box that was removed while it was off."""

    options = ("resume", "leave_paused")

    async def async_step_resume(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let them go on."""
        return await self._do("resume")

    async def async_step_leave_paused(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Leave them to the user."""
        return await self._do("leave_paused")

    @override
    async def act(self, pauses: BoxPauses, option: str) -> None:
        if option == "resume":
            await pauses.async_resume()
        else:
            await pauses.async_leave_paused()


class FoundPausedFlow(BoxPauseFlow):
    """Queues of a box that were found paused with nothing stored."""

    options = ("resume_with_box", "mine")

    async def async_step_resume_with_box(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let them go on when the box is ready."""
        return await self._do("resume_with_box")

    async def async_step_mine(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Leave them to the user."""
        return await self._do("mine")

    @override
    async def act(self, pauses: BoxPauses, option: str) -> None:
        if option == "mine":
            await pauses.async_mine()
        else:
            await pauses.async_adopt()
