"""The stages of `scripts/test`: what is run, what is told of it, and that nothing is left behind."""

from dataclasses import replace
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

from tooling import runner
from tooling.common import REPOSITORY
from tooling.runner import Result, read_pytest, stream
from tooling.stages import (
    BEHAVIOUR,
    OWN_STAGE,
    PURE,
    REAL_WORKERS,
    TIMED,
    Stage,
    all_stages,
)


def test_every_stage_is_in_the_workflow() -> None:
    """By its name."""
    names = [stage.name for stage in all_stages()]
    assert len(set(names)) == len(names)
    workflow = (REPOSITORY / ".github" / "workflows" / "test.yml").read_text()
    in_workflow = {
        name
        for line in workflow.splitlines()
        if line.strip().startswith("stages:")
        for name in line.split(":")[1].split()
    }
    assert in_workflow == set(names)


def test_slow_tests_are_where_the_lists_say() -> None:
    """A test that moved would else run among the fast ones."""
    tests = REPOSITORY / "tests"
    listed = (*PURE, *REAL_WORKERS, *TIMED, *BEHAVIOUR, *OWN_STAGE)
    assert [name for name in listed if not (tests / name).exists()] == []
    assert {name.partition("/")[0] for name in REAL_WORKERS} <= set(PURE)
    assert not set(PURE) & set(OWN_STAGE)


@pytest.mark.parametrize(
    ("output", "counts", "names"),
    [
        ("....\n4 passed, 2 warnings in 1.23s\n", {"passed": 4}, []),
        (
            "===== short test summary info =====\n"
            "FAILED tests/a/test_x.py::test_y[a b] - AssertionError: ERROR tests/z.py\n"
            "ERROR tests/a/test_x.py::test_z - KeyError\n"
            "ERROR tests/test_broken.py\n"
            "1 failed, 3 passed, 1 skipped, 2 errors in 61.93s (0:01:01)\n",
            {"passed": 3, "failed": 3, "skipped": 1},
            [
                "tests/a/test_x.py::test_y[a b]",
                "tests/a/test_x.py::test_z",
                "tests/test_broken.py",
            ],
        ),
        (
            "ERROR tests/x.py is what a program said\n1 passed in 0.01s\n",
            {"passed": 1},
            [],
        ),
        ("Fatal Python error\n", {}, []),
    ],
    ids=["good", "bad", "said by a test", "broken off"],
)
def test_what_pytest_says(
    output: str, counts: dict[str, int], names: list[str]
) -> None:
    """Failed tests are named as pytest takes them; errors of fixtures count as failed."""
    result = Result()
    read_pytest(output, result)
    assert result.counts == counts
    assert result.names == names


def test_a_real_run(tmp_path: Path) -> None:
    """As pytest says it in this release, and it goes into the log too."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.fixture\ndef broken(): raise KeyError\n"
        "def test_good(): pass\ndef test_bad(): assert 1 == 2\ndef test_it(broken): pass\n"
    )
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:homeassistant")
    log, result = tmp_path / "log", Result()
    # Not ours: its plugins would have to be loaded first.
    plain = ("-c", "/dev/null", "-p", "no:cacheprovider", "-p", "no:xdist")
    code, output = stream([*command, *plain, str(tmp_path)], log, {})
    read_pytest(output, result)
    assert code == 1
    assert result.counts == {"passed": 1, "failed": 2}
    assert [name.rpartition("::")[2] for name in result.names] == [
        "test_bad",
        "test_it",
    ]
    assert log.read_text() == output


CHILD = "import time; time.sleep(60)"
PARENT = (
    "import subprocess, sys; "
    f"child = subprocess.Popen([sys.executable, '-c', {CHILD!r}]); "
    "print(child.pid, flush=True)"
)


def test_what_outlives_a_stage_is_ended(tmp_path: Path) -> None:
    """It holds the pipe, which must not be waited for."""
    code, output = stream([sys.executable, "-c", PARENT], tmp_path / "log", {})
    assert code == 0
    assert _gone(int(output))


def test_an_interrupt_ends_all_and_lets_it_clean_up(tmp_path: Path) -> None:
    """Ctrl-C is for the runner, which tells what it runs."""
    cleaned = tmp_path / "cleaned"
    # Whoever runs the tests in the background lets them ignore Ctrl-C, which is inherited.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program = (
        f"{heed}import pathlib, time\ntry:\n {PARENT}\n"
        # Not one long sleep: an interrupt just before it is not seen until it ends.
        " while True: time.sleep(0.05)\n"
        f"finally: pathlib.Path({str(cleaned)!r}).touch()"
    )
    script = (
        f"{heed}import sys; from pathlib import Path; from tooling.runner import stream\n"
        f"stream([sys.executable, '-c', {program!r}], Path({str(tmp_path / 'log')!r}), {{}})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=REPOSITORY / "scripts",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    process.stdout.close()
    assert cleaned.exists()
    assert _gone(child)


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the times of the last run are kept."""
    file = tmp_path / "times.json"
    monkeypatch.setattr(runner, "_TIMES", file)
    return file


@pytest.mark.usefixtures("times")
def test_time_left() -> None:
    """Only what was measured is told; what wasn't is said; a run that broke off is no measure."""
    assert runner._left(["unit", "e2e"]) == ""
    runner._remember("unit", 62.04, good=True)
    runner._remember("lint", 3, good=True)
    runner._remember("lint", 1, good=False)
    assert runner._left(["lint", "unit"]) == " (about 1 min 05 s left)"
    assert runner._left(["unit", "e2e"]) == (
        " (about 1 min 02 s left, without 1 new stages)"
    )
    runner._remember("unit", 140, good=False)
    assert runner._times() == {"lint": 3, "unit": 140}


def test_unreadable_times_are_no_times(times: Path) -> None:
    """A file cut off in the middle, and one with something else in it."""
    for text in ('{"unit": 6', "[]", '{"unit": "long"}'):
        times.write_text(text)
        assert runner._left(["unit"]) == ""


_FLAKY = """
from pathlib import Path
def test_flaky():
    mark = Path(__file__).with_name("ran_before")
    before = mark.exists()
    mark.touch()
    assert before
def test_broken():
    raise KeyError
def test_good():
    pass
"""


def test_what_failed_is_run_once_more_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What passes then is named all the same; what fails again has failed."""
    monkeypatch.setattr(runner, "_log", lambda _: tmp_path / "log")
    test = tmp_path / "test_it.py"
    test.write_text(_FLAKY)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:homeassistant")
    own = ("-c", os.devnull, f"--rootdir={tmp_path}")
    stage = Stage("x", "", ((*command, *own, str(test)),), repeat=(*command, *own))
    monkeypatch.setattr(runner, "REPOSITORY", tmp_path)
    result = runner._run(stage, {}, ())
    assert result.counts == {"passed": 2, "failed": 1}
    assert [name.partition("::")[2] for name in result.names] == ["test_broken"]
    assert [name.partition("::")[2] for name in result.repeated] == ["test_flaky"]

    (tmp_path / "ran_before").unlink()
    once = runner._run(replace(stage, repeat=()), {}, ())
    assert once.counts == {"passed": 1, "failed": 2}
    assert once.repeated == []
