"""Static checks: ruff, its formatter, and mypy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .commands import show
from .homeassistant_versions import MAIN
from .paths import REPOSITORY

_SCRIPTS = "scripts/tooling"
_OPTIONAL = "scripts/benchmarks"
"""Also typed; it needs Home Assistant's environment, unlike the other scripts."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it is called and what is run."""

    title: str
    command: tuple[str, ...]
    advice: str = "`scripts/lint --fix` repairs what can be repaired"

    def passes(self) -> bool:
        """Run it with its output shown."""
        return show(self.command, cwd=REPOSITORY) == 0


def static_checks(*, fix: bool = False) -> Sequence[Check]:
    """Return all checks, the quick ones first; `fix` repairs what can be repaired."""
    binaries = MAIN.venv / "bin"
    ruff, mypy = str(binaries / "ruff"), str(binaries / "mypy")
    more_typed = [_OPTIONAL] if (REPOSITORY / _OPTIONAL).is_dir() else []
    return (
        Check("ruff", (ruff, "check", "--quiet", *(("--fix",) if fix else ()))),
        Check("format", (ruff, "format", "--quiet", *(() if fix else ("--check",)))),
        Check(
            "spelling",
            (str(binaries / "codespell"),),
            "see [tool.codespell] for exceptions",
        ),
        Check(
            "types of the scripts",
            (
                *(mypy, "--strict", "--python-version", "3.11", "--config-file="),
                *("--no-error-summary", _SCRIPTS),
            ),
            "mypy says what doesn't fit",
        ),
        Check(
            "types",
            (mypy, "--no-error-summary", "custom_components", "tests", *more_typed),
            "mypy says what doesn't fit",
        ),
    )
