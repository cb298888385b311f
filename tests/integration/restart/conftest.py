"""A quicker pace: the simulator's restarts take a tenth of the time too."""

import pytest

from custom_components.immich_admin_tools.restart import maintenance, restarter


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a tenth, as the simulator's restarts take a tenth."""
    for module, names in (
        (restarter, ("EVERY", "SETTLE", "FIRST_WITHIN", "RESUMES_WITHIN")),
        (maintenance, ("EVERY",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) / 10)
