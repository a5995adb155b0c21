"""Start the real app as a program of its own, on a free port with an empty home, and stop it with its children."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample"


@dataclass(frozen=True)
class App:
    """A running app: where it answers, what it keeps, what it wrote, and the process itself."""

    url: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]

    def tail(self, lines: int = 40) -> str:
        """The last lines of what the app printed, for a failing test to show."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def descendants(self) -> list[int]:
        """Process ids below the app (workers), the deepest last."""
        return descendants(self.process.pid)


@contextmanager
def running(
    home: Path, *, script: Path = ROOT / "app.py", env: Mapping[str, str] | None = None, wait: float = 60
) -> Iterator[App]:
    """The app of ``script`` with LIMELIGHT_HOME = ``home``; healthy on entry, gone with its children on exit."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = home.parent / f"{home.name}-app.log"
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "LIMELIGHT_HOME": str(home), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    app = App(f"http://127.0.0.1:{port}", home, log, process)
    try:
        _wait_until_healthy(app, wait)
        yield app
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all below it: politely, then after five seconds by force."""
    family = [process.pid, *descendants(process.pid)]
    for pid in family:
        _signal(pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    for pid in family[::-1]:
        _signal(pid, signal.SIGKILL)
    process.wait(10)


def descendants(pid: int) -> list[int]:
    """The ids of all processes below ``pid``, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for own, parent in _processes():
        children.setdefault(parent, []).append(own)
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(0), [])
        found += below
        todo += below
    return found


def _processes() -> list[tuple[int, int]]:
    """(id, parent's id) of every process: from /proc where there is one (a bare Linux has no ps), else from ps."""
    proc = Path("/proc")
    if not (proc / "self" / "stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        return [(int(own), int(parent)) for own, parent in map(str.split, listed.splitlines())]
    found = []
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            stat = (folder / "stat").read_text("utf-8", "replace")
            found.append((int(folder.name), int(stat.rpartition(")")[2].split()[1])))
    return found


def held(app: App) -> int:
    """Bytes of memory that the app itself holds now; from /proc, so on Linux only."""
    status = Path(f"/proc/{app.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def load_sample(home: Path) -> None:
    """Load data/sample into ``home``/sample.duckdb through the command line; raises with its words if refused."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "core", "load", "--workspace", str(home / "sample.duckdb"), "--json"]
    for role, name in (("events", "events.csv.gz"), ("items", "items.csv"), ("users", "users.csv")):
        command += [f"--{role}", str(SAMPLE / name)]
    env = {**os.environ, "LIMELIGHT_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"the sample did not load (exit {done.returncode}):\n{done.stdout}\n{done.stderr}")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _wait_until_healthy(app: App, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if app.process.poll() is not None:
            raise RuntimeError(f"the app ended by itself (exit {app.process.returncode}):\n{app.tail()}")
        try:
            with urllib.request.urlopen(f"{app.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the app was not healthy within {seconds:.0f} s:\n{app.tail()}")


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
