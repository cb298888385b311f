"""Joins the coverage of the stages and holds it to the project's floors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import show
from .homeassistant_versions import MAIN
from .paths import REPOSITORY
from .progress import warn
from .pytest_runs import REPORTS, Count

if TYPE_CHECKING:
    from .stages import Context

_FLOORS = (
    ("everything", (), 95),
    ("the config flow", ("--include=*/config_flow.py",), 100),
)
"""Title, which files, percent: Home Assistant's quality scale asks for these two."""


def check(_: Context) -> Count:
    """Report what isn't covered; each floor counts as one test."""
    data = sorted(
        str(file) for file in REPORTS.glob("coverage.*") if file.suffix != ".json"
    )
    joined = {"COVERAGE_FILE": str(REPORTS / "coverage")}
    tool = [str(MAIN.python), "-m", "coverage"]
    if not data:
        warn("No stage has measured coverage")
        return Count(failed=1)
    if show([*tool, "combine", "--quiet", "--keep", *data], cwd=REPOSITORY, env=joined):
        return Count(failed=1)
    total = Count()
    for title, files, percent in _FLOORS:
        command = [*tool, "report", f"--fail-under={percent}", *files]
        if show(command, cwd=REPOSITORY, env=joined) == 0:
            total += Count(passed=1)
        else:
            warn(f"Coverage of {title} is below {percent} %")
            total += Count(failed=1)
    return total
