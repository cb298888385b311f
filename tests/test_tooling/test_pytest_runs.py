"""What a run of pytest is told, and how its result is counted."""

from pathlib import Path

import pytest

from tooling import pytest_runs
from tooling.homeassistant_versions import MAIN
from tooling.pytest_runs import Count, PytestRun, counts


def test_counts_of_a_report(tmp_path: Path) -> None:
    """Errors of fixtures count as failed; skipped tests are neither."""
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10"/>'
        '<testsuite name="more" errors="0" failures="0" skipped="0" tests="5"/></testsuites>'
    )
    assert counts(report) == Count(passed=9, failed=3, skipped=3)


def test_failed_tests_are_named(reports: Path) -> None:
    """As pytest takes them, so that one can be run again; a broken file too."""
    source = (
        "import pytest\n@pytest.fixture\ndef broken(): raise KeyError\n"
        "def test_good(): pass\ndef test_bad(): assert 1 == 2\n"
        "@pytest.mark.parametrize('n', [1])\ndef test_it(n, broken): pass\n"
    )
    names = _run(reports, source).names
    assert [name.rpartition("/")[2] for name in names] == [
        "test_it.py::test_bad",
        "test_it.py::test_it[1]",
    ]
    assert "test_it" in _run(reports, "import nothing_of_this_name\n").names[0]


def test_no_report_counts_nothing(tmp_path: Path) -> None:
    """A run that broke off writes none."""
    assert counts(tmp_path / "missing.xml") == Count()


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the reports of a run inside the test's folder."""
    monkeypatch.setattr(pytest_runs, "REPORTS", tmp_path)
    return tmp_path


def _run(tmp_path: Path, source: str, *extra: str) -> Count:
    test = tmp_path / "test_it.py"
    test.write_text(source)
    run = PytestRun("it", MAIN, (str(test), "-p", "no:cacheprovider"), pure=True)
    return run.run({}, extra)


def test_a_real_run(reports: Path) -> None:
    """One passes, one fails."""
    source = "def test_good(): pass\ndef test_bad(): assert 1 == 2\n"
    count = _run(reports, source)
    assert (count.passed, count.failed) == (1, 1)


def test_a_run_that_cannot_start_has_failed(reports: Path) -> None:
    """A broken file is no success with no tests."""
    assert _run(reports, "import nothing_of_this_name\n").failed == 1


def test_no_tests_is_a_failure_unless_some_were_chosen(reports: Path) -> None:
    """An empty stage is a mistake; an expression that matches elsewhere is not."""
    assert _run(reports, "x = 1\n").failed == 1
    assert _run(reports, "def test_good(): pass\n", "-k", "other") == Count()


def test_pure_tests_run_without_the_plugin() -> None:
    """The plugin would import Home Assistant and block sockets."""
    pure = PytestRun("x", MAIN, ("tests/analysis",), pure=True).command(())
    assert "no:homeassistant" in pure
    assert "no:homeassistant" not in PytestRun("x", MAIN, ("tests",)).command(())


def test_extra_arguments_come_last() -> None:
    """They can override the stage's own."""
    run = PytestRun("x", MAIN, ("tests",), workers=2, coverage=True)
    assert run.command(("-n", "0"))[-3:] == ["tests", "-n", "0"]
