"""What `scripts/test` runs, the fast first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import coverage_floor
from .checks import static_checks
from .commands import show
from .homeassistant_versions import ALL, MAIN, NEWEST
from .node import Node
from .paths import FRONTEND, REPOSITORY
from .progress import warn
from .pytest_runs import REPORTS, Count, PytestRun, counts

PURE = (
    "test_tooling",
    "bullmq",
    "immich",
    "analysis",
    "healing",
    "pauses",
    "history",
    "restart",
    "gpu_host",
)
"""Folders whose tests run without Home Assistant's plugin."""

WAITING_WORKERS = 4
"""Test processes for tests that mostly wait for real servers: more than there are cores."""

SLEEPING_WORKERS = 4
"""The same for tests that wait half a minute and longer for a lock to run out."""

REAL_WORKERS = (
    "analysis/test_against_bullmq.py",
    "bullmq/recovery/test_failure_modes.py",
    "bullmq/recovery/test_live_locks.py",
    "bullmq/recovery/test_stress.py",
    "bullmq/test_real_workers.py",
    "bullmq/test_restart_channel.py",
    "healing/failure_modes",
    "immich/test_with_simulator.py",
)
"""Of those, what waits for real workers that are killed, blocked or hung: minutes, not seconds."""

TIMED = ("integration/test_gpu_guard.py",)
"""What counts photos that are lost within milliseconds: other tests must not slow it down."""

BEHAVIOUR = (
    "integration/healing/test_actions.py",
    "integration/healing/test_activity.py",
    "integration/healing/test_auto_heal.py",
    "integration/healing/test_repairs.py",
    "integration/healing/test_verification.py",
    "integration/restart/test_maintenance.py",
    "integration/restart/test_workers.py",
    "integration/test_api_health.py",
    "integration/test_burn.py",
    "integration/test_gpu_actions.py",
    "integration/test_gpu_host.py",
    "integration/test_gpu_shared.py",
    "integration/test_jumping_clocks.py",
    "integration/test_leaving.py",
    "integration/test_leaving_boxes_on.py",
    "integration/test_outages.py",
    "integration/test_quiet.py",
    "integration/test_recorder_rows.py",
    "integration/test_skipped_ledger.py",
    "integration/test_stores_of_0_1_0.py",
    "integration/test_targets.py",
    "user_scenarios",
)
"""Real queues and boxes for minutes. What else there is touches every part of Home Assistant that
is used, so `scripts/test` runs these in one release only, and `scripts/test --all` in all."""

OWN_STAGE = ("simulator", "integration", "user_scenarios", "e2e")
"""Folders that start other programs."""

_TESTS = REPOSITORY / "tests"


@dataclass(frozen=True, slots=True)
class Context:
    """What the stages are given."""

    node: Node
    extra: tuple[str, ...] = ()
    """Arguments for pytest."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment of the tests: they start `node`, and may keep compiled Python files."""
        return {**self.node.environment, "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the tests."""

    name: str
    title: str
    run: Callable[[Context], Count]
    fast: bool = False
    """Part of `--fast`."""
    present: bool = True
    """Whether there is anything to run yet."""
    default: bool = True
    """Run without being named."""


def all_stages() -> tuple[Stage, ...]:
    """Return every stage in the order they run."""
    others = [version for version in ALL if version is not MAIN]
    return (
        Stage("lint", "ruff, format and types", _lint, fast=True),
        _pytest_stage(
            PytestRun("unit", MAIN, _unit(), pure=True, workers=2, coverage=True),
            "packages that know nothing of Home Assistant",
            fast=True,
        ),
        _frontend_stage(),
        _pytest_stage(
            PytestRun(
                "homeassistant", MAIN, _home_assistant(), workers=2, coverage=True
            ),
            f"the integration in Home Assistant {MAIN.version}",
            fast=True,
        ),
        _pytest_stage(
            PytestRun(
                "workers",
                MAIN,
                _paths(REAL_WORKERS),
                pure=True,
                workers=SLEEPING_WORKERS,
                coverage=True,
            ),
            "real workers that are killed, blocked and hung",
        ),
        _pytest_stage(
            PytestRun(
                "simulator",
                MAIN,
                _paths(("simulator",)),
                pure=True,
                workers=WAITING_WORKERS,
            ),
            "the simulator against recordings of a real Immich",
        ),
        _pytest_stage(
            PytestRun(
                "integration",
                MAIN,
                (*_paths(("integration", "user_scenarios")), *_ignored(TIMED)),
                workers=WAITING_WORKERS,
                coverage=True,
            ),
            "Home Assistant with real queues",
        ),
        _pytest_stage(
            PytestRun("guard", MAIN, _paths(TIMED), coverage=True),
            "a GPU box that dies, by itself as milliseconds count",
        ),
        Stage("coverage", "lines that the tests reach", coverage_floor.check),
        *(
            _pytest_stage(
                PytestRun(
                    f"homeassistant-{version.version}",
                    version,
                    (*_home_assistant(real_queues=True), *_ignored(BEHAVIOUR)),
                    workers=WAITING_WORKERS,
                ),
                f"the integration in Home Assistant {version.version}",
            )
            for version in others
        ),
        _pytest_stage(
            PytestRun("e2e", NEWEST, _paths(("e2e",)), pure=True),
            f"the demo in a browser, Home Assistant {NEWEST.version}",
        ),
        *(
            _pytest_stage(
                PytestRun(
                    f"queues-{version.version}",
                    version,
                    _paths(BEHAVIOUR),
                    workers=WAITING_WORKERS,
                ),
                f"real queues in Home Assistant {version.version}",
                default=False,
            )
            for version in others
        ),
    )


def _pytest_stage(
    run: PytestRun, title: str, *, fast: bool = False, default: bool = True
) -> Stage:
    return Stage(
        run.name,
        title,
        lambda context: run.run(context.environment, context.extra),
        fast=fast,
        present=any(_has_tests(argument) for argument in run.arguments),
        default=default,
    )


def _lint(_: Context) -> Count:
    total = Count()
    for check in static_checks():
        passed = check.passes()
        if not passed:
            warn(f"Not clean: {check.title} ({check.advice})")
        total += Count(passed=1) if passed else Count(failed=1, names=(check.title,))
    return total


def _frontend_stage() -> Stage:
    report = REPORTS / "frontend.xml"

    def run(context: Context) -> Count:
        report.unlink(missing_ok=True)
        reporters = (
            "--reporter=default",
            "--reporter=junit",
            f"--outputFile.junit={report}",
        )
        code = show(
            [*context.node.npm, "test", "--", *reporters],
            cwd=FRONTEND,
            env=context.node.environment,
        )
        count = counts(report)
        return count + Count(failed=1) if code and not count.failed else count

    return Stage(
        "frontend",
        "cards and dashboard",
        run,
        fast=True,
        present=(FRONTEND / "package.json").is_file(),
    )


def _paths(names: Sequence[str]) -> tuple[str, ...]:
    """Return the folders and files that exist, as arguments for pytest."""
    return tuple(f"tests/{name}" for name in names if (_TESTS / name).exists())


def _unit() -> tuple[str, ...]:
    return (*_paths(PURE), *_ignored(REAL_WORKERS))


def _ignored(names: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments that leave folders and files out."""
    return tuple(f"--ignore={path}" for path in _paths(names))


def _home_assistant(*, real_queues: bool = False) -> tuple[str, ...]:
    """Return everything that is not in another stage: a new folder is never forgotten."""
    ignored = [*PURE, *OWN_STAGE]
    if real_queues:
        ignored.remove("integration")
    return (
        "tests",
        *(f"--ignore=tests/{name}" for name in ignored),
        *(_ignored(TIMED) if real_queues else ()),
    )


def _has_tests(argument: str) -> bool:
    path = REPOSITORY / argument
    if argument == "tests":
        return any(_belongs_to_home_assistant(file) for file in path.rglob("test_*.py"))
    return path.is_file() or any(path.rglob("test_*.py"))


def _belongs_to_home_assistant(file: Path) -> bool:
    return file.relative_to(_TESTS).parts[0] not in (*PURE, *OWN_STAGE)
