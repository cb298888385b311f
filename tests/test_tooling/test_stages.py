"""The stages of `scripts/test`, and how long they take."""

from pathlib import Path

from tooling.paths import REPOSITORY
from tooling.stage_times import StageTimes
from tooling.stages import BEHAVIOUR, OWN_STAGE, PURE, REAL_WORKERS, all_stages


def test_every_home_assistant_version_has_a_stage() -> None:
    """The names are those in the workflows."""
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


def test_no_folder_is_in_two_stages() -> None:
    """A folder is pure or starts other programs."""
    assert not set(PURE) & set(OWN_STAGE)


def test_slow_tests_are_where_the_list_says() -> None:
    """A test that moved would else run among the fast ones."""
    tests = REPOSITORY / "tests"
    assert [it for it in REAL_WORKERS + BEHAVIOUR if not (tests / it).exists()] == []
    assert {name.partition("/")[0] for name in REAL_WORKERS} <= set(PURE)


def test_time_left(tmp_path: Path) -> None:
    """Only what was measured is told; what wasn't is said."""
    file = tmp_path / "times.json"
    times = StageTimes(file)
    assert times.left(["unit", "e2e"]) is None
    times.record("unit", 62.04, passed=True)
    times.record("lint", 3, passed=True)
    again = StageTimes(file)
    assert again.left(["lint", "unit"]) == "about 1 min 05 s left"
    assert again.left(["unit", "e2e"]) == "about 1 min 02 s left, without 1 new stages"
    assert again.of("lint") == 3


def test_a_run_that_broke_off_is_no_measure(tmp_path: Path) -> None:
    """It is shorter than a whole one; a longer one is at least that long."""
    times = StageTimes(tmp_path / "times.json")
    times.record("unit", 100, passed=True)
    times.record("unit", 2, passed=False)
    assert times.of("unit") == 100
    times.record("unit", 140, passed=False)
    assert times.of("unit") == 140
    times.record("unit", 90, passed=True)
    assert times.of("unit") == 90


def test_unreadable_times_are_no_times(tmp_path: Path) -> None:
    """A file cut off in the middle, and one with something else in it."""
    file = tmp_path / "times.json"
    for text in ('{"unit": 6', "[]", '{"unit": "long"}'):
        file.write_text(text)
        assert StageTimes(file).left(["unit"]) is None
