"""Runs the stages of the tests and sums them up."""

from __future__ import annotations

from collections.abc import Sequence
import time

from .errors import ToolingError
from .progress import duration, say
from .pytest_runs import REPORTS, Count
from .setup import set_up
from .stage_times import StageTimes
from .stages import Context, Stage, all_stages


def list_stages() -> None:
    """Print the stages with what they took the last time."""
    times = StageTimes(REPORTS / "stage-times.json")
    for stage in all_stages():
        seconds = times.of(stage.name)
        took = duration(seconds) if seconds is not None else ""
        missing = "" if stage.present else "  (no tests yet)"
        say(f"{stage.name:26} {took:>12}  {stage.title}{missing}")


def run_stages(
    names: Sequence[str], *, fast: bool, every: bool, extra: Sequence[str]
) -> bool:
    """Run the named stages, or the fast ones, or all; return whether all is well.

    `every`: also those that are not run unless they are named.
    """
    chosen = _choose(names, fast=fast, every=every)
    tools = set_up()
    context = Context(tools.node, tuple(extra))
    times = StageTimes(REPORTS / "stage-times.json")
    if not names:
        for old in REPORTS.glob("coverage*"):
            old.unlink()
    started = time.monotonic()
    results: list[tuple[Stage, Count, float]] = []
    for index, stage in enumerate(chosen):
        left = times.left(later.name for later in chosen[index:])
        number = f"[{index + 1}/{len(chosen)}]"
        say(
            f"\n==> {number} {stage.name}: {stage.title}"
            + (f" ({left})" if left else "")
        )
        begun = time.monotonic()
        count = stage.run(context)
        seconds = time.monotonic() - begun
        if not extra:
            times.record(stage.name, seconds, passed=count.failed == 0)
        results.append((stage, count, seconds))
    total = _summary(results, time.monotonic() - started)
    return total.failed == 0 and total.passed > 0


def _choose(names: Sequence[str], *, fast: bool, every: bool) -> list[Stage]:
    stages = all_stages()
    known = {stage.name: stage for stage in stages}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ToolingError(
            f"No stage is called {', '.join(unknown)}. There are: {', '.join(known)}"
        )
    if names:
        return [stage for stage in stages if stage.name in names]
    if not every:
        stages = tuple(stage for stage in stages if stage.default)
    if fast:
        stages = tuple(stage for stage in stages if stage.fast)
    for stage in stages:
        if not stage.present:
            say(f"{stage.name}: no tests yet")
    return [stage for stage in stages if stage.present]


def _summary(results: Sequence[tuple[Stage, Count, float]], seconds: float) -> Count:
    say("\nSummary")
    total = Count()
    for stage, count, took in results:
        skipped = f", {count.skipped} skipped" if count.skipped else ""
        say(
            f"  {stage.name:26} {count.passed:5} passed, {count.failed} failed{skipped}"
            f"  ({duration(took)})"
        )
        total += count
    for name in total.names:
        say(f"  FAILED {name}")
    say(f"Took {duration(seconds)}")
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    say(f"{total.passed} passed, {total.failed} failed{skipped}")
    return total
