"""Runs the stages of the tests: says what is done and how long is left, and sums up what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import BinaryIO

from .common import REPORTS, REPOSITORY, ToolingError, duration, say
from .environments import set_up
from .stages import Stage, all_stages

_LONGEST = 1800
"""Seconds after which a command hangs."""

_PATIENCE = 60
"""Seconds that one which is told to end gets for it."""

_FEW = 5
"""Failed tests that are run once more. More of them is no matter of chance."""

_NO_TESTS = 5
"""pytest's exit code when nothing was selected."""

_TIMES = REPORTS / "stage-times.json"


@dataclass(slots=True)
class Result:
    """How the tests of a stage went."""

    counts: Counter[str] = field(default_factory=Counter)
    """By `passed`, `failed` and `skipped`."""
    names: list[str] = field(default_factory=list)
    """Which failed, as pytest takes them on its command line."""
    repeated: list[str] = field(default_factory=list)
    """Which failed beside other tests and passed alone."""

    def __str__(self) -> str:
        """Say it as test runners do."""
        text = f"{self.counts['passed']} passed, {self.counts['failed']} failed"
        skipped = self.counts["skipped"]
        return f"{text}, {skipped} skipped" if skipped else text


def list_stages() -> None:
    """Print the stages with what they took the last time."""
    times = _times()
    for stage in all_stages():
        took = duration(times[stage.name]) if stage.name in times else ""
        say(f"{stage.name:26} {took:>12}  {stage.title}")


def run_stages(
    names: Sequence[str], *, fast: bool, every: bool, extra: Sequence[str]
) -> bool:
    """Run the named stages, or the fast ones, or all; return whether all is well.

    `every`: also those that are not run unless they are named.
    """
    stages = _choose(names, fast=fast, every=every)
    node = set_up()
    REPORTS.mkdir(exist_ok=True)
    if not names:
        for old in REPORTS.glob("coverage*"):
            old.unlink()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    lines: list[str] = []
    total = Result()
    # What tests leave there goes with it, however they end.
    with tempfile.TemporaryDirectory(
        prefix="immich-admin-tools-test-", ignore_cleanup_errors=True
    ) as temporary:
        # The tests may keep compiled Python files.
        env = {**node.environment, "TMPDIR": temporary, "PYTHONDONTWRITEBYTECODE": ""}
        for index, stage in enumerate(stages):
            left = _left([later.name for later in stages[index:]])
            say(f"\n==> [{index + 1}/{len(stages)}] {stage.name}: {stage.title}{left}")
            begun = time.monotonic()
            result = _run(stage, env, extra)
            seconds = time.monotonic() - begun
            if not extra:
                _remember(stage.name, seconds, good=not result.names)
            lines.append(f"  {stage.name:26} {result}  ({duration(seconds)})")
            log = _log(stage).relative_to(REPOSITORY)
            lines += [f"    FAILED {name}  (log: {log})" for name in result.names]
            lines += [
                f"    FAILED AT FIRST, passed alone: {name}  (log: {log})"
                for name in result.repeated
            ]
            total.counts += result.counts
    say(
        "\n".join(["\nSummary", *lines, f"Took {duration(time.monotonic() - started)}"])
    )
    say(str(total))
    return total.counts["failed"] == 0 and total.counts["passed"] > 0


def _choose(names: Sequence[str], *, fast: bool, every: bool) -> list[Stage]:
    stages = all_stages()
    known = [stage.name for stage in stages]
    if unknown := [name for name in names if name not in known]:
        raise ToolingError(
            f"No stage is called {', '.join(unknown)}. There are: {', '.join(known)}"
        )
    if names:
        return [stage for stage in stages if stage.name in names]
    return [
        stage
        for stage in stages
        if (stage.default or every) and (stage.fast or not fast)
    ]


def _run(stage: Stage, env: Mapping[str, str], extra: Sequence[str]) -> Result:
    _log(stage).unlink(missing_ok=True)
    result = Result()
    for command in stage.commands:
        arguments = [*command, *(extra if stage.is_pytest else ())]
        data = f"coverage.{stage.name}" if stage.is_pytest else "coverage"
        env = {**env, "COVERAGE_FILE": str(REPORTS / data)}
        code, output = stream(arguments, _log(stage), env)
        if stage.is_pytest:
            read_pytest(output, result)
            if code == _NO_TESTS and extra:
                continue
            if stage.repeat and 0 < len(result.names) <= _FEW:
                _repeat(stage, env, result)
        elif code == 0:
            result.counts["passed"] += 1
        if code != 0 and not (
            stage.is_pytest and (result.counts["failed"] or result.repeated)
        ):
            shown = shlex.join(Path(part).name for part in command[:4])
            result.counts["failed"] += 1
            result.names.append(f"{shown} … ended with {code}")
    return result


def _repeat(stage: Stage, env: Mapping[str, str], result: Result) -> None:
    """Run what failed once more, alone; a test that fails again has failed.

    What passes is still named in the summary: it may be too slow, or a race.
    """
    say(f"\n==> {stage.name}: once more, alone: {', '.join(result.names)}")
    again = Result()
    _, output = stream((*stage.repeat, *result.names), _log(stage), env)
    read_pytest(output, again)
    passed = [name for name in result.names if name not in again.names]
    if again.counts["passed"] + again.counts["failed"] != len(result.names):
        # Not all of them ran.
        return
    result.repeated = passed
    result.names = [name for name in result.names if name in again.names]
    result.counts["failed"] -= len(passed)
    result.counts["passed"] += len(passed)


def read_pytest(output: str, result: Result) -> None:
    """Add what pytest says in its last line and in its short summary."""
    last = re.findall(r"^(?:=+ )?(\d+ \w+.*) in [\d.]+s\b", output, re.MULTILINE)
    for number, word in re.findall(r"(\d+) (\w+)", last[-1] if last else ""):
        # A test whose fixture breaks is an error, and an error in a file too.
        name = "failed" if word.startswith("error") else word
        if name in ("passed", "failed", "skipped"):
            result.counts[name] += int(number)
    summary = output.partition("short test summary info")[2]
    failed = re.findall(
        r"^(?:FAILED|ERROR) (\S+\.py.*?)(?: - .*)?$", summary, re.MULTILINE
    )
    result.names += dict.fromkeys(failed)


def stream(
    command: Sequence[str], log: Path, env: Mapping[str, str]
) -> tuple[int, str]:
    """Run a program, show its output and add it to a log; returns its exit code and output."""
    output = bytearray()
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # All that it starts is told when it has to end.
        start_new_session=True,
    )

    def tell(number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    timers = [
        threading.Timer(_LONGEST, tell, [signal.SIGINT]),
        threading.Timer(_LONGEST + _PATIENCE, tell, [signal.SIGKILL]),
    ]
    for timer in timers:
        timer.start()
    try:
        with log.open("ab") as file:
            try:
                _show(process, file, output)
            except BaseException:
                timers.append(threading.Timer(_PATIENCE, tell, [signal.SIGKILL]))
                timers[-1].start()
                tell(signal.SIGINT)
                _show(process, file, output)
                raise
    finally:
        for timer in timers:
            timer.cancel()
        # What it left running, too.
        tell(signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
    return process.returncode, output.decode(errors="replace")


def _show(process: subprocess.Popen[bytes], log: BinaryIO, output: bytearray) -> None:
    """Pass on what a program says until it ends; what outlives it may hold the pipe."""
    assert process.stdout
    pipe = process.stdout.fileno()
    while True:
        ended = process.poll() is not None
        readable, _, _ = select.select([pipe], [], [], 0 if ended else 0.5)
        chunk = os.read(pipe, 65536) if readable else b""
        for target in (log, sys.stdout.buffer):
            target.write(chunk)
            target.flush()
        output += chunk
        if ended and not chunk:
            return
        if readable and not chunk:
            # It has closed its output, but goes on.
            time.sleep(0.1)


def _log(stage: Stage) -> Path:
    return REPORTS / f"{stage.name}.log"


def _times() -> dict[str, float]:
    """Return the seconds of each stage the last time; an unreadable file counts as none."""
    try:
        known = json.loads(_TIMES.read_text())
        return {str(name): float(value) for name, value in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(stage: str, seconds: float, *, good: bool) -> None:
    times = _times()
    # One that failed may have ended early.
    if good or seconds > times.get(stage, 0):
        _TIMES.write_text(json.dumps({**times, stage: round(seconds, 1)}, indent=2))


def _left(stages: Sequence[str]) -> str:
    times = _times()
    known = [times[name] for name in stages if name in times]
    if not known:
        return ""
    new = len(stages) - len(known)
    more = f", without {new} new stages" if new else ""
    return f" (about {duration(sum(known))} left{more})"
