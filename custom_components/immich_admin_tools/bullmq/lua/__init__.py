"""The scripts that run inside Redis."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def script_source(*names: str) -> str:
    """Return the named files joined into one script, the library in front.

    Blocking: called once per script while this package is imported.
    """
    return "\n".join(
        (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")
        for name in ("library", *names)
    )
