"""What users of 0.1.0 built upon is still there: entities, actions, events, texts' keys.

The fixture lists what 0.1.0 had. More may come; nothing may go without a migration.
"""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any, cast

import yaml

from custom_components.immich_admin_tools.history.events import EventType

TESTS = Path(__file__).parent
COMPONENT = TESTS.parent / "custom_components" / "immich_admin_tools"
CONTRACT: dict[str, Any] = json.loads(
    (TESTS / "fixtures" / "contract-0.1.0.json").read_text(encoding="utf-8")
)
SNAPSHOT = TESTS / "integration" / "__snapshots__" / "test_entities.ambr"


def _paths(texts: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for key, text in texts.items():
        path = f"{before}.{key}" if before else key
        if isinstance(text, dict):
            yield from _paths(text, path)
        else:
            yield path


def _translations() -> dict[str, Any]:
    file = COMPONENT / "translations" / "en.json"
    return cast("dict[str, Any]", json.loads(file.read_text(encoding="utf-8")))


def test_unique_ids() -> None:
    """By platform and key, as `test_entities` finds them in Home Assistant."""
    found = re.findall(r"^    '(\w+\.\w+)': dict\(", SNAPSHOT.read_text(), re.MULTILINE)
    assert set(CONTRACT["entities"]) - set(found) == set()


def test_actions_and_their_fields() -> None:
    """Automations name them."""
    services = yaml.safe_load((COMPONENT / "services.yaml").read_text())
    for service, fields in CONTRACT["services"].items():
        assert set(fields) - set(services[service].get("fields", {})) == set(), service


def test_types_of_events() -> None:
    """Triggers of automations name them."""
    assert set(CONTRACT["event_types"]) - set(EventType) == set()


def test_issues() -> None:
    """Ids of repairs that may stand in a user's registry."""
    assert set(CONTRACT["issues"]) - set(_translations()["issues"]) == set()


def test_keys_of_texts() -> None:
    """Names of entities, states, options and fields."""
    assert set(CONTRACT["translations"]) - set(_paths(_translations())) == set()
