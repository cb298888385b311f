"""What a newcomer sees who ran one command."""

from playwright.sync_api import Error, expect

from .demo import DOMAIN, INTEGRATION, PATIENCE, Demo


def test_integration_is_set_up(demo: Demo) -> None:
    """The integration's page shows the server, and no error."""
    errors: list[Error] = []
    with demo.visit(INTEGRATION, "integration") as page:
        page.on("pageerror", lambda error: errors.append(error))
        page.reload()
        expect(page.get_by_text("Immich Admin Tools").first).to_be_visible(
            timeout=PATIENCE
        )
        expect(page.get_by_text("Add GPU box").first).to_be_visible(timeout=PATIENCE)
        assert page.get_by_text("Failed to set up").count() == 0
    assert errors == []


def test_queues_have_devices(demo: Demo) -> None:
    """Queues are found among the devices, with their names as Immich shows them."""
    with demo.visit(f"/config/devices/dashboard?domain={DOMAIN}", "devices") as page:
        page.get_by_text("Face detection").first.wait_for()
        page.get_by_text("Smart search").first.wait_for()
