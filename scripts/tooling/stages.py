"""What `scripts/test` runs, the fast first, and what `scripts/lint` checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import sys

from .common import FRONTEND
from .environments import ALL, MAIN, NEWEST, HomeAssistantVersion

PURE = (
    "test_tooling",
    "bullmq",
    "immich",
    "analysis",
    "dashboard",
    "healing",
    "pauses",
    "history",
    "restart",
    "gpu_host",
)
"""Folders whose tests run without Home Assistant's plugin, which blocks sockets."""

REAL_WORKERS = (
    "healing/failure_modes",
    "bullmq/recovery/test_failure_modes.py",
    "analysis/test_against_bullmq.py",
    "bullmq/recovery/test_live_locks.py",
    "bullmq/recovery/test_stress.py",
    "bullmq/test_real_workers.py",
    "immich/test_with_simulator.py",
    "bullmq/test_restart_channel.py",
)
"""Of those, what waits for real workers that are killed, blocked or hung: minutes, the longest first."""

TIMED = ("integration/test_gpu_guard.py",)
"""What counts photos that are lost within milliseconds: other tests must not slow it down."""

BEHAVIOUR = (
    "user_scenarios",
    "integration/healing/test_actions.py",
    "integration/healing/test_activity.py",
    "integration/healing/test_auto_heal.py",
    "integration/healing/test_repairs.py",
    "integration/healing/test_verification.py",
    "integration/restart/test_maintenance.py",
    "integration/restart/test_methods.py",
    "integration/restart/test_workers.py",
    "integration/test_api_health.py",
    "integration/test_counters.py",
    "integration/test_skipped_jobs.py",
    "integration/test_gpu_actions.py",
    "integration/test_gpu_behind_nginx.py",
    "integration/test_gpu_host.py",
    "integration/test_gpu_shared.py",
    "integration/test_jumping_clocks.py",
    "integration/test_leases.py",
    "integration/test_leaving.py",
    "integration/test_leaving_boxes_on.py",
    "integration/test_outages.py",
    "integration/test_quiet.py",
    "integration/test_recorder_rows.py",
    "integration/test_skipped_ledger.py",
    "integration/test_stores_of_0_1_0.py",
    "integration/test_targets.py",
)
"""Real queues and boxes for minutes. What else there is touches every part of Home Assistant that
is used, so `scripts/test` runs these in one release only, and `scripts/test --all` in all."""

STORIES = ("e2e/test_cards.py", "e2e/test_stories.py")
"""Minutes in a browser: run with `--all`, and by the build server of the repository."""

OWN_STAGE = ("simulator", "integration", "user_scenarios", "e2e")
"""Folders that start other programs."""

_EACH_TEST = ("--dist", "load", "--maxschedchunk", "1")
"""Each process takes the next test when it has nothing to do: they share no more than servers."""

_EACH_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
"""Each process takes the next file: its tests share what is dear to start."""

_WAITING = 6
"""Processes for tests that mostly wait for real servers: more than there are cores."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the tests."""

    name: str
    title: str
    commands: Sequence[tuple[str, ...]]
    """What is run; each counts as a test, unless it is pytest and counts its own."""
    is_pytest: bool = True
    fast: bool = False
    """Part of `--fast`."""
    default: bool = True
    """Run without being named."""
    repeat: tuple[str, ...] = ()
    """Runs the tests that are named after it once more, alone; empty: not to be repeated."""


def all_stages() -> tuple[Stage, ...]:
    """Return every stage in the order they run."""
    others = [version for version in ALL if version is not MAIN]
    coverage = (str(MAIN.python), "-m", "coverage")
    return (
        Stage(
            "lint", "ruff, format, spelling, types", lint(), is_pytest=False, fast=True
        ),
        Stage(
            "frontend",
            "cards and dashboard: types, tests, and whether the bundle is what they build",
            frontend_checks(),
            is_pytest=False,
            fast=True,
        ),
        _pytest(
            "unit",
            "packages that know nothing of Home Assistant",
            (*_paths(PURE), *_ignored(REAL_WORKERS)),
            options=("-p", "no:homeassistant", "--cov", "--cov-report=", *_EACH_FILE),
            # Some of them wait for a time-out.
            processes=4,
            fast=True,
        ),
        _pytest(
            "homeassistant",
            f"the integration in Home Assistant {MAIN.version}",
            ("tests", *_ignored((*PURE, *OWN_STAGE))),
            options=("--cov", "--cov-report=", *_EACH_FILE),
            processes=2,
            fast=True,
        ),
        _pytest(
            "workers",
            "real workers that are killed, blocked and hung, and the simulator they run in",
            _paths((*REAL_WORKERS, "simulator")),
            options=("-p", "no:homeassistant", "--cov", "--cov-report=", *_EACH_FILE),
            # Each starts many workers; six would not be done sooner than the longest file.
            processes=4,
        ),
        _pytest(
            "integration",
            "Home Assistant with real queues",
            (*_paths(("user_scenarios", "integration")), *_ignored(TIMED)),
            options=("--cov", "--cov-report=", *_EACH_TEST),
        ),
        _pytest(
            "guard",
            "a GPU box that dies, by itself as milliseconds count",
            _paths(TIMED),
            options=("--cov", "--cov-report="),
            processes=0,
        ),
        Stage(
            "coverage",
            "lines that the tests reach, as Home Assistant's quality scale asks",
            (
                (*coverage, "combine", "--quiet", "--keep"),
                (*coverage, "report", "--fail-under=95"),
                (*coverage, "report", "--fail-under=100", "--include=*/config_flow.py"),
            ),
            is_pytest=False,
        ),
        *(
            _pytest(
                f"homeassistant-{version.version}",
                f"the integration in Home Assistant {version.version}",
                # Everything that is not in another stage: a new folder is never forgotten.
                (
                    "tests",
                    *_ignored((*PURE, *(set(OWN_STAGE) - {"integration"}))),
                    *_ignored((*TIMED, *BEHAVIOUR)),
                ),
                options=_EACH_TEST,
                version=version,
            )
            for version in others
        ),
        _pytest(
            "e2e",
            f"the demo in a browser, Home Assistant {NEWEST.version}",
            (*_paths(("e2e",)), *_ignored(STORIES)),
            options=("-p", "no:homeassistant"),
            processes=0,
        ),
        _pytest(
            "e2e-stories",
            f"long stories in a browser, Home Assistant {NEWEST.version}",
            _paths(STORIES),
            options=("-p", "no:homeassistant"),
            processes=0,
            default=False,
        ),
        *(
            _pytest(
                f"queues-{version.version}",
                f"real queues in Home Assistant {version.version}",
                _paths(BEHAVIOUR),
                options=_EACH_TEST,
                version=version,
                default=False,
            )
            for version in others
        ),
    )


def lint(*, fix: bool = False) -> Sequence[tuple[str, ...]]:
    """Return the static checks, the quick ones first; `fix` repairs what can be repaired."""
    tools = MAIN.venv / "bin"
    ruff, mypy = str(tools / "ruff"), (str(tools / "mypy"), "--no-error-summary")
    scripts = (
        "--strict",
        "--python-version",
        "3.11",
        "--config-file=",
        "scripts/tooling",
    )
    return (
        (ruff, "check", "--quiet", *(("--fix",) if fix else ())),
        (ruff, "format", "--quiet", *(() if fix else ("--check",))),
        (str(tools / "codespell"),),
        (*mypy, *scripts),
        (*mypy, "custom_components", "tests", "scripts/benchmarks"),
    )


def frontend_checks() -> Sequence[tuple[str, ...]]:
    """Return what is checked of the cards."""
    npm = ("npm", "--prefix", FRONTEND.name, "--silent", "run")
    return (
        (*npm, "check"),
        (*npm, "test"),
        (sys.executable, "-m", "scripts.tooling.frontend"),
    )


def _pytest(
    name: str,
    title: str,
    paths: Sequence[str],
    *,
    options: Sequence[str],
    processes: int = _WAITING,
    version: HomeAssistantVersion = MAIN,
    fast: bool = False,
    default: bool = True,
) -> Stage:
    shared = ("-n", str(processes)) if processes else ()
    pytest = (str(version.python), "-m", "pytest", "-q")
    return Stage(
        name,
        title,
        ((*pytest, *shared, *options, *paths),),
        fast=fast,
        default=default,
        # Where real servers are waited for beside other tests, a busy machine may be too slow.
        repeat=() if fast else (*pytest, *options, "--cov-append", "-n", "0"),
    )


def _paths(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"tests/{name}" for name in names)


def _ignored(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"--ignore={path}" for path in sorted(_paths(names)))
