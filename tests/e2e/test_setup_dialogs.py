"""The dialogs that set the integration up, in a browser as a newcomer does it."""

from .demo import DOMAIN, SETTLE, Demo

ADD = f"/config/integrations/dashboard/add?domain={DOMAIN}"
ENTRIES = f"/api/config/config_entries/entry?domain={DOMAIN}"


def test_two_questions(demo: Demo) -> None:
    """Wrong answers are named, right ones lead to the queues."""
    for entry in demo.api(ENTRIES):
        path = f"/api/config/config_entries/entry/{entry['entry_id']}"
        demo.api(path, method="DELETE")
    with demo.visit(ADD, "flow-done") as page:
        page.get_by_text("Do you want to set up Immich Admin Tools?").wait_for()
        page.get_by_text("OK", exact=True).click()
        page.get_by_text("Connect to Immich").first.wait_for()
        page.locator("input[type=url]").fill(f"{demo.ready['immich_url']}/")
        page.locator("input[type=password]").fill("wrong")
        page.wait_for_timeout(SETTLE)
        demo.take(page, "flow-immich")
        page.get_by_text("Next", exact=True).click()
        page.get_by_text("Immich does not accept this API key").wait_for()
        demo.take(page, "flow-wrong-key")
        page.locator("input[type=password]").fill(demo.ready["immich_api_key"])
        page.get_by_text("Next", exact=True).click()
        page.get_by_text("Choose data sources").wait_for()
        page.wait_for_timeout(SETTLE)
        demo.take(page, "flow-menu")
        page.get_by_text("Connect to Redis (recommended)").click()
        page.get_by_text("Enter the Redis server that Immich uses").wait_for()
        page.locator("ha-selector-text input").first.fill(demo.ready["redis_url"])
        page.wait_for_timeout(SETTLE)
        demo.take(page, "flow-redis")
        page.get_by_text("Next", exact=True).click()
        page.get_by_text("(19 queues").wait_for()
    assert [entry["state"] for entry in demo.api(ENTRIES)] == ["loaded"]
