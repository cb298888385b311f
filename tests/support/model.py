"""The contract with the frontend, as its own source says it."""

from pathlib import Path
import re

MODEL = Path(__file__).parents[2] / "frontend" / "src" / "model.ts"


def fields_of(interface: str) -> set[str]:
    """Return the fields of one interface."""
    (body,) = re.findall(
        rf"export interface {interface} \{{\n(.*?)\n\}}",
        MODEL.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    return set(re.findall(r"^  (\w+)\??:", body, re.MULTILINE))
