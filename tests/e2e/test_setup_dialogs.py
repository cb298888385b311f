"""Setting it up as a newcomer does, in the browser: two questions, each checked."""

import urllib.request

from .demo import OPEN, Demo

DOMAIN = "immich_admin_tools"
ADD = f"/config/integrations/dashboard/add?domain={DOMAIN}"

FOCUS_FIRST_FIELD = """
const input = (node) => node.matches?.('input') ? node
  : [...(node.shadowRoot?.children ?? []), ...node.children].map(input).find(Boolean);
input(window.__look.all('ha-selector-text')[0]).focus();
"""


def _remove_entries(demo: Demo) -> None:
    for entry in demo.api(f"/api/config/config_entries/entry?domain={DOMAIN}"):
        request = urllib.request.Request(
            f"{demo.ready['url']}/api/config/config_entries/entry/{entry['entry_id']}",
            headers={"Authorization": f"Bearer {demo.ready['tokens']['access_token']}"},
            method="DELETE",
        )
        OPEN(request, timeout=30).close()


def test_two_questions(demo: Demo) -> None:
    """Wrong answers are named, right ones lead to the queues."""
    _remove_entries(demo)
    pictures = demo.pictures

    def picture(name: str) -> dict[str, str]:
        return {"do": "screenshot", "path": str(pictures / f"{name}.png")}

    demo.visit(
        ADD,
        {"do": "see", "text": "Do you want to set up Immich Admin Tools?"},
        {"do": "click", "text": "OK", "exact": True},
        {"do": "see", "text": "Connect to Immich"},
        {"do": "wait", "ms": 800},
        {"do": "click", "selector": "input[type=url]"},
        {"do": "type", "text": f"{demo.ready['immich_url']}/"},
        {"do": "click", "selector": "input[type=password]"},
        {"do": "type", "text": "wrong"},
        {"do": "wait", "ms": 500},
        picture("flow-immich"),
        {"do": "click", "text": "Next", "exact": True},
        {"do": "see", "text": "Immich does not accept this API key"},
        picture("flow-wrong-key"),
        {
            "do": "evaluate",
            "script": "window.__look.all('input[type=password]')[0].select()",
        },
        {"do": "type", "text": demo.ready["immich_api_key"]},
        {"do": "click", "text": "Next", "exact": True},
        {"do": "see", "text": "Choose data sources"},
        {"do": "wait", "ms": 800},
        picture("flow-menu"),
        {"do": "click", "text": "Connect to Redis (recommended)"},
        {"do": "see", "text": "Enter the Redis server that Immich uses"},
        {"do": "wait", "ms": 800},
        {"do": "evaluate", "script": FOCUS_FIRST_FIELD},
        {"do": "type", "text": demo.ready["redis_url"]},
        picture("flow-redis"),
        {"do": "click", "text": "Next", "exact": True},
        {"do": "see", "text": "(19 queues"},
        picture="flow-done",
    )
    entries = demo.api(f"/api/config/config_entries/entry?domain={DOMAIN}")
    assert [entry["state"] for entry in entries] == ["loaded"]
