"""Every word a user reads is there, in both languages, and no word too many."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
import string

import yaml

DOMAIN = "immich_admin_tools"
ROOT = Path(__file__).parent.parent / "custom_components" / DOMAIN
LANGUAGES = ("en", "de")


def _load(language: str) -> dict[str, object]:
    path = ROOT / "translations" / f"{language}.json"
    loaded: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _texts(tree: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _texts(value, here)
        else:
            assert isinstance(value, str)
            yield here, value


TEXTS = {language: dict(_texts(_load(language))) for language in LANGUAGES}
EVERY = {
    (language, path): text
    for language, texts in TEXTS.items()
    for path, text in texts.items()
}
SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))
)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_languages_have_the_same_keys() -> None:
    """German is complete, and has nothing of its own."""
    assert TEXTS["de"].keys() == TEXTS["en"].keys()


def test_languages_have_the_same_placeholders() -> None:
    """A placeholder that is missing in one language would not be filled."""
    assert {
        key: text
        for key, text in TEXTS["de"].items()
        if _placeholders(text) != _placeholders(TEXTS["en"][key])
    } == {}


def test_no_markup_and_no_addresses() -> None:
    """As hassfest wants it: no HTML, no outer blanks."""
    assert {
        where: text
        for where, text in EVERY.items()
        if re.search(r"<[a-zA-Z/]", text) or text != text.strip()
    } == {}


def test_every_message_is_used() -> None:
    """A message that no code names is left over."""
    messages = {
        path.split(".")[1]
        for path in TEXTS["en"]
        if path.startswith(("exceptions.", "issues."))
    }
    assert len(messages) > 20
    assert {key for key in messages if f'"{key}"' not in SOURCE} == set()


def test_every_named_message_is_there() -> None:
    """A key that code names has a text."""
    named = set(re.findall(r'translation_key="(\w+)"', SOURCE))
    known = {part for path in TEXTS["en"] for part in path.split(".")}
    assert named <= known


def test_errors_have_messages() -> None:
    """Each error type of the packages has its own text."""
    keys = re.findall(
        r'Error, "(\w+)"\)', (ROOT / "errors.py").read_text(encoding="utf-8")
    )
    assert len(keys) > 20
    named = {f"exceptions.{key}.message" for key in keys}
    assert named - TEXTS["en"].keys() == set()


def test_actions_are_described() -> None:
    """Each action and each of its fields has a name, a description and an icon."""
    actions = yaml.safe_load((ROOT / "services.yaml").read_text(encoding="utf-8"))
    icons = json.loads((ROOT / "icons.json").read_text(encoding="utf-8"))["services"]
    assert set(icons) == set(actions)
    described = {p.split(".")[1] for p in TEXTS["en"] if p.startswith("services.")}
    assert described == set(actions)
    wanted = {
        f"services.{path}.{part}"
        for name, action in actions.items()
        for path in (name, *(f"{name}.fields.{field}" for field in action["fields"]))
        for part in ("name", "description")
    }
    assert wanted - TEXTS["en"].keys() == set()


def test_entities_have_icons() -> None:
    """Each named entity has an icon, and no icon is left over."""
    icons = json.loads((ROOT / "icons.json").read_text(encoding="utf-8"))["entity"]
    named = {
        tuple(path.split(".")[1:3])
        for path in TEXTS["en"]
        if path.startswith("entity.")
    }
    assert {(domain, key) for domain, keys in icons.items() for key in keys} == named


def test_every_event_has_an_icon() -> None:
    """None of the entity's own events is shown with an empty circle."""
    icons = json.loads((ROOT / "icons.json").read_text(encoding="utf-8"))["entity"]
    shown = icons["event"]["activity"]["state_attributes"]["event_type"]["state"]
    path = "entity.event.activity.state_attributes.event_type.state."
    named = {key.removeprefix(path) for key in TEXTS["en"] if key.startswith(path)}
    assert set(shown) == named


def test_form_fields_are_described() -> None:
    """Each field of each dialog says what to enter."""
    fields = [p for p in TEXTS["en"] if re.match(r"(config|options)\..*\.data\.", p)]
    assert len(fields) > 10
    described = {path.replace(".data.", ".data_description.") for path in fields}
    assert described - TEXTS["en"].keys() == set()


LONGEST_TITLE = 32
"""Characters that a phone shows of the title of a repair's dialog; the rest is cut."""


def test_titles_of_dialogs_fit_a_phone() -> None:
    """A repair's dialog shows its title on one line."""
    titles = {
        where: text
        for where, text in EVERY.items()
        if re.fullmatch(r"issues\.\w+\.fix_flow\.step\.\w+\.title", where[1])
    }
    assert titles
    assert {
        where: text for where, text in titles.items() if len(text) > LONGEST_TITLE
    } == {}


QUOTES = {"en": "“([^”]+)”", "de": "„([^“]+)“"}
NOT_OURS = {"Select all", "Alle auswählen", DOMAIN}
"""What texts name of Immich's own pages, and a folder."""


def test_what_texts_name_is_called_so() -> None:
    """A text that sends the user to a button or a choice names it as it is named there."""
    names = {
        language: {text.casefold() for text in texts.values()}
        for language, texts in TEXTS.items()
    }
    assert {
        (language, path): name
        for (language, path), text in EVERY.items()
        for name in re.findall(QUOTES[language], text)
        if name not in NOT_OURS and name.casefold() not in names[language]
    } == {}


UNWANTED = {
    "en": (
        r"\bby itself\b",
        r"\bby themselves\b",
        r"\bImmichs\b",
        r"\bgiven up\b",
        r"\bput back\b",
        r"\bgoes? on\b",
        r"\bin progress: ",
        r"\bticket\b",
        r"\brights?\b(?! now)",
        r"\bAnswers with\b",
        r"\bauto-heal\b",
        r"\bwent off\b",
        r"\bweb page\b",
        r"\b(API|URL|administrator|log|settings|workers) of Immich\b",
    ),
    "de": (
        r"\bAuftr(a|ä)g",
        r"\bangehalten",
        r"\bvon selbst\b",
        r"\bImmichs\b",
        r"\bSelbstheilung\b",
        r"\bVorschaubild",
        r"\b[Zz]urück(ge)?leg",
        r"\bRechte?n?\b",
        r"\bSchein\b",
        r"\bWebseite\b",
        r"\bSicherung\b",
        r"\bselbst signiert",
        r"Zertifikat prüfen",
        r"\bbeobachtet\b",
        r"\bangelassen\b",
    ),
}
"""Words that Home Assistant and Immich have others for."""


def test_words_are_those_of_home_assistant_and_immich() -> None:
    """One word for one thing, everywhere."""
    unwanted = {
        language: re.compile("|".join(words), re.IGNORECASE)
        for language, words in UNWANTED.items()
    }
    assert {
        (language, path): text
        for (language, path), text in EVERY.items()
        if unwanted[language].search(text)
    } == {}


def test_example_addresses_are_no_links() -> None:
    """Help and descriptions are shown as Markdown, which makes links of addresses."""
    shown = re.compile(r"\.(description|data_description\.\w+)$|^common\.")
    address = re.compile(r"(?<![`\w])[a-z+]+://\w")
    assert {
        where: text
        for where, text in EVERY.items()
        if shown.search(where[1]) and address.search(re.sub(r"`[^`]*`", "", text))
    } == {}


def test_queues_are_called_the_same_everywhere() -> None:
    """The choices of actions and of GPU boxes are the names of the devices."""
    chosen = {
        where: (text, TEXTS[where[0]][f"device.{found[1]}.name"])
        for where, text in EVERY.items()
        if (
            found := re.fullmatch(r"selector\.(?:gpu_)?queue\.options\.(\w+)", where[1])
        )
        and found[1] != "all"
    }
    assert chosen
    assert {where: both for where, both in chosen.items() if both[0] != both[1]} == {}


def test_events_are_called_the_same_everywhere() -> None:
    """The choices of actions are what the entity and the logbook say."""
    said = "entity.event.activity.state_attributes.event_type.state."
    chosen = {
        where: (text, TEXTS[where[0]][said + where[1].rpartition(".")[2]])
        for where, text in EVERY.items()
        if where[1].startswith("selector.event_type.options.")
    }
    assert chosen
    assert {where: both for where, both in chosen.items() if both[0] != both[1]} == {}


def test_choices_of_queues_are_complete() -> None:
    """Each queue whose device has a name can be chosen in an action."""
    actions = yaml.safe_load((ROOT / "services.yaml").read_text(encoding="utf-8"))
    chosen = actions["pause"]["fields"]["queue"]["selector"]["select"]["options"]
    for texts in TEXTS.values():
        devices = {path.split(".")[1] for path in texts if path.startswith("device.")}
        assert set(chosen) - {"all"} == devices
