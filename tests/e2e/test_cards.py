"""The dashboard and its cards where users find and set them up, and for who is no administrator."""

from playwright.sync_api import expect
import pytest

from .dashboard import CARDS, GPU_HOST, OVERVIEW, QUEUES, immich_queue, quiet_console
from .demo import DOMAIN, PATIENCE, SETTLE, Demo


def test_it_stands_among_the_community_dashboards(demo: Demo) -> None:
    """Nothing is to be configured: two clicks."""
    with demo.visit(
        "/config/lovelace/dashboards", "dashboard-add", height=1000
    ) as page:
        page.get_by_text("Add dashboard").first.click()
        # The card of a dashboard is a button with its name.
        ours = page.get_by_role("button", name="Immich", exact=True).last
        ours.scroll_into_view_if_needed()
        expect(ours).to_be_visible()


@pytest.mark.parametrize("tag", CARDS)
def test_each_card_has_an_editor(demo: Demo, tag: str) -> None:
    """It stands alone on a dashboard of the user's, is edited and saved."""
    path = "e2e-cards"
    with demo.visit(
        "/config/lovelace/dashboards", f"editor-{tag}", height=1100
    ) as page:
        page.wait_for_function("document.querySelector('home-assistant').hass?.states")
        page.evaluate(
            """async ([path, tag]) => {
                const { hass } = document.querySelector("home-assistant");
                const known = await hass.callWS({ type: "lovelace/dashboards/list" });
                if (!known.some(({ url_path }) => url_path === path)) {
                  await hass.callWS({ type: "lovelace/dashboards/create", url_path: path, title: "Cards", mode: "storage" });
                }
                const cards = [{ type: `custom:${tag}` }];
                const config = { views: [{ title: "Cards", type: "sections", sections: [{ type: "grid", cards }] }] };
                await hass.callWS({ type: "lovelace/config/save", url_path: path, config });
            }""",
            [path, tag],
        )
        with quiet_console(page):
            page.goto(f"/{path}/0")
            card = page.locator(tag)
            expect(card.locator("ha-card")).to_be_visible(timeout=PATIENCE)
            page.goto(f"/{path}/0?edit=1")
            page.locator(tag).first.wait_for()
            page.wait_for_timeout(SETTLE)
            page.locator("hui-card-edit-mode").first.hover()
            page.locator("hui-card-edit-mode").first.click()
            dialog = page.locator("hui-dialog-edit-card")
            expect(dialog.locator("ha-form")).to_be_visible(timeout=PATIENCE)
            expect(dialog).to_contain_text("Immich instance")
            demo.take(page, f"editor-{tag}")
            dialog.get_by_text("Immich instance").first.click()
            page.wait_for_timeout(SETTLE)
            demo.take(page, f"editor-{tag}-choice")
            page.get_by_role("option", name="Immich").first.click()
            dialog.get_by_text("Save", exact=True).click()
            expect(dialog.locator("ha-form")).to_have_count(0)
            stored = page.evaluate(
                """(path) => document.querySelector("home-assistant").hass.callWS({ type: "lovelace/config", url_path: path })""",
                path,
            )
        (saved,) = stored["views"][0]["sections"][0]["cards"]
        assert saved["type"] == f"custom:{tag}"
        entry = demo.api(f"/api/config/config_entries/entry?domain={DOMAIN}")[0]
        assert saved["entry_id"] == entry["entry_id"]


def test_who_is_no_admin_sees_and_can_not_act(demo: Demo) -> None:
    """The buttons are absent, and the server refuses."""
    guest = demo.another_user("guest")
    with guest.visit(OVERVIEW, "dashboard-guest", width=1480, height=1300) as page:
        expect(page.locator(QUEUES).get_by_text("idle").first).to_be_visible(
            timeout=PATIENCE
        )
        assert page.locator(QUEUES).get_by_role("button", name="Pause").count() == 0
        assert page.locator(GPU_HOST).get_by_role("button", name="sleep").count() == 0
        refused = page.evaluate(
            """() => document.querySelector("home-assistant").hass
                .callWS({ type: "call_service", domain: "immich_admin_tools", service: "pause", service_data: { queue: "ocr" } })
                .then(() => null, (error) => error.code)"""
        )
        # Core wraps what its services refuse.
        assert refused in ("unauthorized", "home_assistant_error")
    assert immich_queue(demo, "ocr")["isPaused"] is False
