"""The README and docs/ say what is there: links, permissions, rules, actions, events."""

import json
from pathlib import Path
import re

import pytest
import yaml

from custom_components.immich_admin_tools.bullmq.permissions import (
    HEAL_RULES,
    PUBLISH_RULES,
    READ_RULES,
)
from custom_components.immich_admin_tools.history.events import EventType
from custom_components.immich_admin_tools.immich.permissions import OPTIONAL, REQUIRED

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
INTEGRATION = ROOT / "custom_components" / "immich_admin_tools"
PAGES = (README, ROOT / "info.md", *sorted(DOCS.glob("*.md")))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    """Return what the headings of a page are called in links, as GitHub does it."""
    headings = re.findall(r"^#+ (.+)$", _text(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Pages, their headings and pictures."""
    for link in re.findall(r"\]\(([^)]+)\)", _text(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_every_page_and_picture_is_found() -> None:
    """None of them is left over."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)]+)\)", _text(page))
        if "://" not in link
    }
    files = {*DOCS.glob("*.md"), *(DOCS / "images").iterdir()}
    assert {path.resolve() for path in files} - linked == set()


def test_permissions_of_the_api_key() -> None:
    """All that are asked for are listed, and the optional ones are called so."""
    table = re.search(
        r"\| permission \| what for \|\n(.+?)\n\n", _text(README), re.DOTALL
    )
    assert table
    listed: dict[bool, set[str]] = {True: set(), False: set()}
    for row in table[1].splitlines():
        optional = "| optional: " in row
        listed[optional] |= set(re.findall(r"`([\w.]+)`", row.split("|")[1]))
    assert listed == {False: set(REQUIRED), True: set(OPTIONAL)}


def test_rules_of_the_redis_users() -> None:
    """Whoever pastes them may do all that is needed, and no more."""
    text = _text(DOCS / "redis.md")
    users = {
        user: set(rules.split())
        for user, rules in re.findall(
            r"^ACL SETUSER (\w+) on >PASSWORD ~immich_bull:\* resetchannels -@all (.+)$",
            text,
            re.MULTILINE,
        )
    }
    assert users == {"ha_heal": set(HEAL_RULES), "ha_ro": set(READ_RULES)}
    assert f"`{' '.join(PUBLISH_RULES)}`" in text


def test_actions_are_documented() -> None:
    """Each has its row."""
    actions = yaml.safe_load(
        _text(ROOT / "custom_components" / "immich_admin_tools" / "services.yaml")
    )
    rows = re.findall(r"^\| (`.+?) \|", _text(DOCS / "actions.md"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(actions)


def test_events_are_documented() -> None:
    """Each type of event has its row."""
    first = _text(DOCS / "events.md").partition("| field |")[0]
    rows = re.findall(r"^\| (`.+?) \|", first, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", " ".join(rows))) - {"type"}
    assert named == set(EventType)


def test_entities_are_documented() -> None:
    """Each by its name, as a user reads it."""
    names = json.loads(_text(INTEGRATION / "translations" / "en.json"))["entity"]
    told = _text(DOCS / "entities.md") + _text(DOCS / "gpu-box.md")
    assert [
        f"{platform}.{key}: {entity['name']}"
        for platform, keys in names.items()
        for key, entity in keys.items()
        if not re.search(rf"\b{re.escape(entity['name'])}\b", told, re.IGNORECASE)
    ] == []
