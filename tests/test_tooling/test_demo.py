"""The demo's parts that decide something."""

from pathlib import Path
import signal
import socket
import sys
import time

import pytest

from tooling.common import ToolingError
from tooling.demo import processes
from tooling.demo.folder import DemoFolder
from tooling.demo.home_assistant import fill_in
from tooling.demo.processes import Children, is_free, port_to_use, preferred_or_free

FORM = [
    {"name": "url", "required": True, "selector": {"text": {}}},
    {"name": "verify_ssl", "required": True, "default": True},
    {"name": "username", "optional": True},
    {
        "name": "more",
        "type": "expandable",
        "required": True,
        "schema": [{"name": "prefix", "required": True, "default": "immich_bull"}],
    },
]


def test_a_form_is_filled_in_as_a_user_does() -> None:
    """Known answers, defaults, nothing for what may be left out, and sections."""
    reply = fill_in(FORM, {"url": "http://127.0.0.1:2283"})
    assert reply == {
        "url": "http://127.0.0.1:2283",
        "verify_ssl": True,
        "more": {"prefix": "immich_bull"},
    }


def test_a_form_that_asks_for_something_new_is_noticed() -> None:
    """The demo would else send something wrong."""
    with pytest.raises(ToolingError, match="asks for url"):
        fill_in(FORM, {})


def test_a_taken_port_is_replaced() -> None:
    """Another program has the usual one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert not is_free(taken)
        assert preferred_or_free(taken) != taken
    assert preferred_or_free(taken) == taken


def test_a_port_that_somebody_named_is_not_replaced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That somebody would look for the demo in vain; the usual one is replaced aloud."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(ToolingError, match=f"Port {taken} is taken.*--port"):
            port_to_use(taken)
        monkeypatch.setattr(processes, "USUAL_PORT", taken)
        port = port_to_use(None)
        assert port != taken
        assert f"Port {taken} is taken" in capsys.readouterr().out
    assert port_to_use(taken) == taken
    assert port_to_use(0)


def test_one_demo_in_a_folder(tmp_path: Path) -> None:
    """A second one says where the first is, before it touches anything of it."""
    folder, second = DemoFolder(tmp_path / "demo"), DemoFolder(tmp_path / "demo")
    with folder.alone():
        folder.remember_running({"url": "http://127.0.0.1:8123"})
        said = "at http://127.0.0.1:8123.*--folder"
        with pytest.raises(ToolingError, match=said), second.alone():
            pass
        folder.reset()
        with pytest.raises(ToolingError, match="runs in"), second.alone():
            pass
    with second.alone():
        pass


def test_password_is_simple_on_this_machine_only(tmp_path: Path) -> None:
    """Others could reach a demo that listens on the network."""
    folder = DemoFolder(tmp_path / "a")
    assert folder.password(host="127.0.0.1") == "demo"
    with pytest.raises(ToolingError, match="--reset"):
        folder.password(host="0.0.0.0")
    folder.reset()
    chosen = folder.password(host="0.0.0.0")
    assert len(chosen) >= 12
    assert folder.password(host="127.0.0.1") == chosen
    assert (folder.path / "login.json").stat().st_mode & 0o077 == 0


def test_connection_is_remembered(tmp_path: Path) -> None:
    """A second start sets up nothing when everything is where it was."""
    folder = DemoFolder(tmp_path)
    assert not folder.connection()
    connection = {"url": "http://127.0.0.1:1", "redis_url": "redis://127.0.0.1:2/0"}
    folder.remember(connection)
    assert DemoFolder(tmp_path).connection() == connection


def test_no_running_demo(tmp_path: Path) -> None:
    """The message says what to start."""
    folder = DemoFolder(tmp_path)
    with pytest.raises(ToolingError, match="scripts/develop"):
        folder.running()
    folder.remember_running({"url": "http://127.0.0.1:8123"})
    assert folder.running()["url"] == "http://127.0.0.1:8123"
    folder.remember_running(None)
    folder.remember_running(None)


SLEEP = "import time; print('awake', flush=True); time.sleep(60)"


def _start(children: Children, name: str, program: str):
    child = children.start(name, [sys.executable, "-c", program])
    deadline = time.monotonic() + 10
    while "awake" not in child.tail() and time.monotonic() < deadline:
        time.sleep(0.02)
    return child


def test_every_child_is_stopped(tmp_path: Path) -> None:
    """Also when the body fails."""
    started = []

    def fail_while_they_run() -> None:
        with Children(tmp_path) as children:
            started.append(_start(children, "first", SLEEP))
            started.append(_start(children, "second", SLEEP))
            children.must_run()
            raise KeyError

    with pytest.raises(KeyError):
        fail_while_they_run()
    assert [child.exit_code for child in started] == [-signal.SIGTERM] * 2


def test_a_child_that_ends_is_reported_with_its_log(tmp_path: Path) -> None:
    """The user sees why."""
    with Children(tmp_path) as children:
        child = children.start(
            "broken",
            [sys.executable, "-c", "raise SystemExit('no room')"],
        )
        child.process.wait(10)
        with pytest.raises(ToolingError, match=r"(?s)broken ended \(1\).*no room"):
            children.must_run()


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """Nobody is left to stop them then."""
    script = tmp_path / "parent.py"
    tooling = Path(__file__).parents[2] / "scripts"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(tooling)!r})\n"
        "from pathlib import Path\n"
        "from tooling.demo.processes import Children\n"
        f"with Children(Path({str(tmp_path)!r})) as children:\n"
        f"    child = children.start('child', [sys.executable, '-c', {SLEEP!r}])\n"
        "    print(child.process.pid, flush=True)\n"
        "    child.process.wait()\n"
    )
    with Children(tmp_path / "logs") as children:
        parent = children.start("parent", [sys.executable, script], read_output=True)
        assert parent.process.stdout
        pid = int(parent.process.stdout.readline())
        while "awake" not in (tmp_path / "child.log").read_text():
            time.sleep(0.02)
        parent.process.kill()
        parent.process.wait(10)
        deadline = time.monotonic() + 10
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _alive(pid)


def _alive(pid: int) -> bool:
    """Whether a process runs; one that waits for its exit to be read doesn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
