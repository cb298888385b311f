"""Runs pytest in one of the environments and counts what it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import xml.etree.ElementTree as ET

from .commands import show
from .homeassistant_versions import HomeAssistantVersion
from .paths import REPOSITORY
from .progress import warn

REPORTS = REPOSITORY / ".reports"
"""Results of the last run: JUnit files, coverage, times."""

_NO_TESTS = 5
"""pytest's exit code when nothing was selected."""

_TOO_LONG = 124


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests of a stage went how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    names: tuple[str, ...] = ()
    """Which failed, as pytest takes them on its command line."""

    def __add__(self, other: Count) -> Count:
        """Sum up two stages."""
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.names + other.names,
        )


@dataclass(frozen=True, slots=True)
class PytestRun:
    """What one run of pytest is to do."""

    name: str
    version: HomeAssistantVersion
    arguments: tuple[str, ...]
    pure: bool = False
    """Without Home Assistant's plugin, which blocks sockets and starts an instance."""
    workers: int = 0
    """Processes that share the tests; 0 runs them in one."""
    coverage: bool = False

    @property
    def coverage_file(self) -> Path:
        """Where the coverage data goes."""
        return REPORTS / f"coverage.{self.name}"

    def command(self, extra: Sequence[str]) -> list[str]:
        """Return the whole command line."""
        command = [str(self.version.python), "-m", "pytest", "-q"]
        command += [f"--junitxml={self._junit}", "-o", "junit_logging=no"]
        if self.pure:
            command += ["-p", "no:homeassistant"]
        if self.workers:
            # Tests of one file share what is dear to start.
            command += ["-n", str(self.workers), "--dist", "loadfile"]
        if self.coverage:
            command += ["--cov", "--cov-report="]
        return [*command, *self.arguments, *extra]

    def run(self, environment: Mapping[str, str], extra: Sequence[str]) -> Count:
        """Run it with its output shown."""
        REPORTS.mkdir(exist_ok=True)
        self._junit.unlink(missing_ok=True)
        env = {**environment, "COVERAGE_FILE": str(self.coverage_file)}
        code = show(self.command(extra), cwd=REPOSITORY, env=env)
        if code == _NO_TESTS and extra:
            return Count()
        count = counts(self._junit)
        if code != 0 and count.failed == 0:
            reason = "took too long" if code == _TOO_LONG else f"ended with {code}"
            warn(f"pytest {reason}")
            return count + Count(failed=1, names=(f"{self.name}: pytest {reason}",))
        return count

    @property
    def _junit(self) -> Path:
        return REPORTS / f"{self.name}.xml"


def counts(junit: Path) -> Count:
    """Read how many tests passed, failed (or broke) and were skipped."""
    if not junit.is_file():
        return Count()
    total = Count()
    for suite in ET.parse(junit).getroot().iter("testsuite"):  # noqa: S314 (our own file)
        number = {
            key: int(suite.get(key, "0"))
            for key in ("tests", "failures", "errors", "skipped")
        }
        failed = number["failures"] + number["errors"]
        total += Count(
            passed=max(0, number["tests"] - failed - number["skipped"]),
            failed=failed,
            skipped=number["skipped"],
            names=tuple(_failed(suite)),
        )
    return total


def _failed(suite: ET.Element) -> Iterator[str]:
    """Yield the tests that failed or broke; one that did both comes once."""
    names: dict[str, None] = {}
    for case in suite.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            module = case.get("classname", "")
            path = f"{module.replace('.', '/')}.py" if module else ""
            names["::".join(part for part in (path, case.get("name", "")) if part)] = (
                None
            )
    yield from names
