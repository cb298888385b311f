"""A finished step runs again when one of its inputs changed."""

from pathlib import Path

from tooling.stamps import Stamp, digest


def test_fresh_after_writing(tmp_path: Path) -> None:
    """The second run has nothing to do."""
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1\n")
    stamp = Stamp(tmp_path / "venv" / ".setup", ["/usr/bin/python3.14", lock])
    assert not stamp.fresh
    stamp.write()
    assert Stamp(tmp_path / "venv" / ".setup", ["/usr/bin/python3.14", lock]).fresh


def test_stale_after_a_change(tmp_path: Path) -> None:
    """A changed file, and another interpreter."""
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1\n")
    file = tmp_path / ".setup"
    Stamp(file, ["python", lock]).write()
    assert not Stamp(file, ["other", lock]).fresh
    lock.write_text("a==2\n")
    assert not Stamp(file, ["python", lock]).fresh


def test_a_change_while_the_step_runs_is_not_lost(tmp_path: Path) -> None:
    """The hash is that of the inputs the step started with."""
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1\n")
    stamp = Stamp(tmp_path / ".setup", [lock])
    lock.write_text("a==2\n")
    stamp.write()
    assert not Stamp(tmp_path / ".setup", [lock]).fresh


def test_removed(tmp_path: Path) -> None:
    """A step that breaks off half-way is not finished."""
    stamp = Stamp(tmp_path / ".setup", ["x"])
    stamp.write()
    stamp.remove()
    assert not stamp.fresh
    stamp.remove()


def test_digest_keeps_parts_apart(tmp_path: Path) -> None:
    """Shifting text between parts, a missing file and an empty one all differ."""
    empty = tmp_path / "empty"
    empty.write_text("")
    hashes = {
        digest(["ab", "c"]),
        digest(["a", "bc"]),
        digest([empty]),
        digest([tmp_path / "missing"]),
        digest([""]),
    }
    assert len(hashes) == 5
