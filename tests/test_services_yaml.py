"""The descriptions of the actions are as hassfest wants them of a custom integration."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import validate_selector
import pytest
import voluptuous as vol
import yaml

ROOT = Path(__file__).parent.parent / "custom_components" / "immich_admin_tools"

_FIELD = vol.Schema(
    {
        vol.Optional("required"): bool,
        vol.Optional("advanced"): bool,
        vol.Optional("default"): vol.NotIn([None]),
        vol.Optional("example"): vol.NotIn([None]),
        vol.Optional("selector"): validate_selector,
    }
)
# Unlike those of the core, actions of custom integrations may have no `.anchors`.
SERVICES = vol.Schema({cv.slug: {vol.Optional("fields"): {str: _FIELD}}})


def _services() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(
        (ROOT / "services.yaml").read_text(encoding="utf-8")
    )
    return loaded


def test_hassfest_would_accept_it() -> None:
    """Names are slugs, selectors are known, and nothing else is in there."""
    SERVICES(_services())


@pytest.mark.parametrize(
    "refused",
    [
        {".device_id": {"fields": {}}},
        {"pause": {"fields": {"queue": {"selector": {"nothing": {}}}}}},
        {"pause": {"fields": {"queue": {"default": None}}}},
    ],
)
def test_the_check_sees_what_hassfest_refuses(refused: Mapping[str, Any]) -> None:
    """It would catch each."""
    with pytest.raises(vol.Invalid):
        SERVICES(refused)


def test_choices_have_words() -> None:
    """Each select of each field is translated, choice by choice."""
    words = json.loads((ROOT / "translations" / "en.json").read_text(encoding="utf-8"))
    missing = {
        (name, choice)
        for name, action in _services().items()
        for field in action["fields"].values()
        if (select := field["selector"].get("select")) is not None
        for choice in select["options"]
        if choice not in words["selector"][select["translation_key"]]["options"]
    }
    assert missing == set()
