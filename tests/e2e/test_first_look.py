"""What a newcomer sees who ran one command."""

from .demo import Demo

INTEGRATION = "/config/integrations/integration/immich_admin_tools"


def test_integration_is_set_up(demo: Demo) -> None:
    """The integration's page shows the server, and no error."""
    seen = demo.visit(
        INTEGRATION,
        {"do": "see", "text": "Immich Admin Tools"},
        {"do": "text"},
        picture="integration",
    )
    assert "Failed to set up" not in seen.results[-2]
    assert [entry for entry in seen.console if entry["level"] == "exception"] == []


def test_queues_have_devices(demo: Demo) -> None:
    """Queues are found among the devices, with their names as Immich shows them."""
    demo.visit(
        "/config/devices/dashboard?domain=immich_admin_tools",
        {"do": "see", "text": "Face detection"},
        {"do": "see", "text": "Smart search"},
        picture="devices",
    )
